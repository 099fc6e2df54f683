"""Models of an endpoint: listed, tried, and what is wrong in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

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


def test_check_finds_nothing_wrong_with_a_model_that_is_there(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve("Yes.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("ASSISTANT_MODEL", "small")
        done = run("check")
        assert server.prompts == []
    assert (done.code, done.out.splitlines()[-1]) == (0, "No problems.")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        (
            "ASSISTANT_MODEL",
            "other",
            "has no model other; set ASSISTANT_MODEL to one that it has: large, small.",
        ),
        ("OPENAI_BASE_URL", refused(), "cannot be reached; start it, or check OPENAI_BASE_URL."),
        ("ASSISTANT_RERANK_URL", refused(), "cannot be reached (ConnectError); check ASSISTANT_RERANK_URL."),
    ],
    ids=["no such model", "no server", "no reranker"],
)
def test_check_says_what_is_wrong_with_an_endpoint(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    with serve("Yes.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("ASSISTANT_MODEL", "small")
        monkeypatch.setenv(variable, value)
        done = run("check")
    assert done.code == 1
    assert done.out.splitlines()[-1].endswith(words)


def test_a_window_without_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("Yes.") as server:
        assert offers.problem("small", server.url) is None
        monkeypatch.setattr(offers, "LEAST", 5000)
        told = offers.problem("small", server.url)
    assert told == (
        "The model small reads 4,096 tokens at once, too few for passages and an answer; "
        "choose one that reads 5,000."
    )


@pytest.fixture
def shipped_home(filled: Path, environment: dict[str, str]) -> None:
    """The home of the commands holds the shipped corpus."""
    shutil.copytree(filled, environment["ASSISTANT_HOME"])


@pytest.mark.slow
@pytest.mark.usefixtures("shipped_home")
def test_a_model_is_tried_on_golden_questions(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("Iran's exports to Venezuela currently amount to 3 billion dollars. [1]") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.delenv("ASSISTANT_CORPUS")
        done = run("models", "try", "small")
    assert done.code == 0
    assert len(done.out.splitlines()) == 9
    assert "of 3 right by a schema.\n" in done.out
    assert done.out.endswith("Its answers are asked for as plain sentences.\n")
    assert {request["model"] for request in server.requests} == {"small"}
    assert {"response_format" in request for request in server.requests} == {False, True}


@pytest.mark.slow
@pytest.mark.usefixtures("shipped_home")
def test_a_model_that_gains_by_a_schema_is_asked_by_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "Iran's exports to Venezuela currently amount to 3 billion dollars."
    with serve(lambda prompt: as_json(told) if '{"sentences"' in prompt else "Bananas.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("ASSISTANT_MODEL", "small")
        monkeypatch.delenv("ASSISTANT_CORPUS")
        assert "as JSON by a schema" in run("models", "try", "small").out
        server.requests.clear()
        assert run("ask", "How much does Iran export to Venezuela?").code == 0
        assert "response_format" in server.requests[-1]


def as_json(text: str) -> str:
    return json.dumps({"sentences": [{"text": text, "passages": [1]}]})
