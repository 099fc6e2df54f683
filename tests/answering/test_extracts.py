"""Questions of several parts: each is searched for and answered, and what is not answered is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import given as sources
from model_server import serve

from assistant.assistant import Assistant
from assistant.core import config

BRIDGE = """# Selma bridge

The Selma bridge was opened in 1931. The city of Tarn paid for it with a loan of 4 million crowns.
"""
KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds. It weighs 1.2 kilograms.\n"
BOTH = "When was the Selma bridge opened, and how fast does the Arvo kettle boil a litre?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with Assistant.open(
        replace(config.load({}), home=tmp_path_factory.mktemp("parts"), corpus=None)
    ) as opened:
        list(opened.add(sources(bridge=BRIDGE, kettle=KETTLE)))
        yield opened


def test_each_part_is_answered_from_its_own_document(assistant: Assistant) -> None:
    answer = assistant.ask(BOTH)
    assert answer.answered
    assert "1931" in answer.text
    assert "95 seconds" in answer.text
    assert [citation.number for citation in answer.citations] == [*range(1, len(answer.citations) + 1)]
    assert len({citation.document_id for citation in answer.citations}) == 2


def test_a_later_part_is_understood_by_the_one_before(assistant: Assistant) -> None:
    answer = assistant.ask("When was the Selma bridge opened and who paid for it?")
    assert "1931" in answer.text
    assert "Tarn" in answer.text


def test_a_part_that_is_not_answered_is_named(assistant: Assistant) -> None:
    answer = assistant.ask("When was the Selma bridge opened? Who wrote Pride and Prejudice?")
    assert "1931" in answer.text
    assert "Who wrote Pride and Prejudice?" in (answer.notice or "")


def test_a_quote_that_answers_two_parts_is_shown_once(assistant: Assistant) -> None:
    answer = assistant.ask(
        "Which city paid for the Selma bridge? How large was the loan of the Selma bridge?"
    )
    quotes = [citation.quote for citation in answer.citations]
    assert len(quotes) == len(set(quotes))


def test_where_no_part_is_answered_nothing_is(assistant: Assistant) -> None:
    assert not assistant.ask("Who wrote Pride and Prejudice? What is the capital of Mongolia?").answered


def test_a_model_is_given_passages_for_each_part(assistant: Assistant) -> None:
    with serve("The Selma bridge was opened in 1931 [1].") as server:
        settings = replace(assistant.settings, model="small", base_url=server.url)
        settings = replace(settings, home=settings.home.with_name("parts-by-model"))
        with Assistant.open(settings) as written:
            list(written.add(sources(bridge=BRIDGE, kettle=KETTLE)))
            written.ask(BOTH)
    assert "opened in 1931" in server.prompts[-1]
    assert "95 seconds" in server.prompts[-1]


def test_a_part_without_a_name_is_about_what_the_part_before_names(assistant: Assistant) -> None:
    answer = assistant.ask("When was the Hanko bridge opened and who paid for the work?")
    assert "Tarn" not in answer.text
