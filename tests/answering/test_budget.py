"""Tokens of answers: counted by the server or estimated, summed by day, limited, and priced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import Run
from conftest import given as sources
from model_server import ModelServer, Reply, serve

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import ConfigError
from assistant.core.types import Price, Usage
from assistant.text.turns import turn_html

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
HOW_FAST = "How fast does the Arvo kettle boil a litre?"
TRUE = Reply(("The Arvo kettle boils one litre in 95 seconds [1].",), counted=(700, 40))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serve(TRUE) as running:
        yield running


def opened(settings: Settings, server: ModelServer, **changes: object) -> Assistant:
    """An assistant over a manual, with a model."""
    made = Assistant.open(replace(settings, model="small", base_url=server.url, **changes))
    list(made.add(sources(kettle=KETTLE)))
    return made


def test_an_answer_has_the_tokens_that_the_server_counted(settings: Settings, server: ModelServer) -> None:
    with opened(settings, server) as assistant:
        answer = assistant.ask(HOW_FAST, "trip")
        assert answer.usage == Usage(700, 40)
        assert assistant.turns("trip")[0].answer.usage == answer.usage
        assert "740 tokens" in turn_html(HOW_FAST, answer)


def test_tokens_are_estimated_where_the_server_does_not_count(settings: Settings) -> None:
    with serve("The Arvo kettle boils one litre in 95 seconds [1].") as server:
        with opened(settings, server) as assistant:
            used = assistant.ask(HOW_FAST).usage
        assert used is not None
        assert len(server.prompts[0]) / 6 < used.prompt < len(server.prompts[0])
        assert 0 < used.reply < 50


def test_a_reply_that_is_ended_early_is_counted(settings: Settings) -> None:
    again = "The Arvo kettle boils one litre in 95 seconds [1]. "
    with serve(Reply((again,) * 200, fault="hang")) as server, opened(settings, server) as assistant:
        used = assistant.ask(HOW_FAST).usage
        assert used is not None
        assert used.reply > 0
        assert [day.usage for day in assistant.usage()] == [used]


def test_the_day_is_the_sum_of_its_answers(settings: Settings, server: ModelServer) -> None:
    with opened(settings, server, model_price=Price(1.0, 10.0)) as assistant:
        for _ in range(3):
            assistant.ask(HOW_FAST)
        [day] = assistant.usage()
    assert (day.model, day.usage.prompt, day.usage.reply) == ("small", 2100, 120)
    assert day.usage.cost == pytest.approx((2100 * 1.0 + 120 * 10.0) / 1_000_000)


def test_once_the_tokens_of_a_day_are_used_up_answers_are_quotes(
    settings: Settings, server: ModelServer
) -> None:
    with opened(settings, server, daily_tokens=700) as assistant:
        assert assistant.ask(HOW_FAST).mode == "model"
        answer = assistant.ask(HOW_FAST)
        assert (answer.mode, answer.answered, answer.usage) == ("extractive", True, None)
        assert "700 tokens a day" in (answer.notice or "")
        assert len(server.prompts) == 1


def test_a_limit_of_nothing_calls_no_model(settings: Settings, server: ModelServer) -> None:
    with opened(settings, server, daily_tokens=0) as assistant:
        assert assistant.ask(HOW_FAST).mode == "extractive"
    assert server.prompts == []


def test_without_a_model_nothing_is_counted(settings: Settings) -> None:
    with Assistant.open(settings) as assistant:
        list(assistant.add(sources(kettle=KETTLE)))
        assert assistant.ask(HOW_FAST).usage is None
        assert assistant.usage() == []


def test_usage_is_listed_by_day(
    run: Run, settings: Settings, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(settings, server) as assistant:
        assistant.ask(HOW_FAST)
    monkeypatch.setenv("ASSISTANT_HOME", str(settings.home))
    assert run("models", "usage").out.endswith("  small: 700 read, 40 written\n")
    [day] = run("models", "usage", "--json").rows[0]
    assert day["usage"] == {"prompt": 700, "reply": 40, "cost": None}


@pytest.mark.parametrize("price", ["free", "1/2/3", "-1", "nan", ""])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    environ = {"ASSISTANT_MODEL_PRICE": price}
    if price:
        with pytest.raises(ConfigError, match="ASSISTANT_MODEL_PRICE"):
            config.load(environ)
    else:
        assert config.load(environ).model_price is None


def test_one_price_is_for_both() -> None:
    assert config.load({"ASSISTANT_MODEL_PRICE": "2.5"}).model_price == Price(2.5, 2.5)
