"""Models of an endpoint: listed, tried, and what is wrong in words."""

from __future__ import annotations

import pytest
from conftest import Run
from model_server import refused, serve

from assistant.answering.model import offers
from assistant.core.errors import ModelError


def test_the_models_of_an_endpoint_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("Yes.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("ASSISTANT_MODEL", "small")
        done = run("models")
    assert done.code == 0
    assert done.out.splitlines() == ["  large", "* small  4,096 tokens"]
    assert done.err == ""


def test_a_model_that_is_not_among_them_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("Yes.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("ASSISTANT_MODEL", "other")
        assert "other is not among them" in run("models").err


def test_a_server_of_this_machine_is_noticed_and_not_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("Yes.") as server:
        monkeypatch.setattr(offers, "HERE", {"Ollama": server.url, "LM Studio": refused()})
        done = run("models")
        assert server.prompts == []
    assert done.out == f"Ollama answers at {server.url}: large, small\n"
    assert "OPENAI_BASE_URL" in done.err


def test_without_any_server_that_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "HERE", {"Ollama": refused()})
    done = run("models")
    assert (done.code, done.out) == (0, "")
    assert "no model server answers" in done.err


@pytest.mark.parametrize(
    ("url", "words"),
    [(refused(), "cannot be reached"), ("http://model.invalid/v1", "not found")],
    ids=["refused", "unknown"],
)
def test_what_is_wrong_is_told_in_words(url: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        offers.offers(url, "sk-secret")


@pytest.mark.slow
def test_a_model_is_tried_on_golden_questions(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("Iran's exports to Venezuela currently amount to 3 billion dollars. [1]") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.delenv("ASSISTANT_CORPUS")
        done = run("models", "try", "small")
    assert done.code == 0
    assert len(done.out.splitlines()) == 4
    assert done.out.splitlines()[-1].endswith("of 3 right.")
    assert {request["model"] for request in server.requests} == {"small"}
