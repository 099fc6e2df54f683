"""Windows of models: what is learned from refusals and counts, and how prompts are made to fit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count

import pytest
from model_server import Reply, serve
from test_generative import PASSAGES, passage

from assistant.answering.model import prompting, windows
from assistant.answering.model.generative import compose
from assistant.answering.model.language_model import Model
from assistant.core.errors import ModelError

PROMPT = "word " * 3000
_numbers = count()


@dataclass(frozen=True)
class Named:
    name: str
    url: str = "http://127.0.0.1:1/v1"


def new() -> Named:
    return Named(f"model-{next(_numbers)}")


@pytest.mark.parametrize(
    ("said", "tokens", "per_token"),
    [
        ("This model's maximum context length is 4096 tokens. However, you requested 5256 tokens (5000 in "
         "the messages, 256 in the completion). Please reduce the length.", 4096, 3.0),
        ('{"error": {"code": 400, "message": "the request exceeds the available context size, try increasing '
         'it", "type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 2048}}', 2048, 3.0),
        ("The decoder prompt (length 5000) is longer than the maximum model length of 2048.", 2048, 3.0),
        ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens", 4096, 3.0),
        ("Trying to keep the first 5000 tokens; the model is loaded with context length of only 4096 tokens",
         4096, None),
        ("input length exceeds the context length", 3333, None),
    ],
)  # fmt: skip
def test_a_refusal_for_length_tells_the_window(said: str, tokens: int, per_token: float | None) -> None:
    assert windows.is_about_length(said)
    model = new()
    windows.refused(model, PROMPT, said)
    known = windows.of(model)
    assert (known.tokens, known.per_token) == (tokens, per_token)
    assert known.characters is not None
    assert known.characters < len(PROMPT)


@pytest.mark.parametrize("said", ["Incorrect API key provided", "The model `m` does not exist", "no"])
def test_other_refusals_are_not_about_length(said: str) -> None:
    assert not windows.is_about_length(said)


def test_a_refusal_without_numbers_leads_to_ever_less() -> None:
    model, before = new(), len(PROMPT)
    for _ in range(3):
        windows.refused(model, PROMPT[:before], "too many tokens")
        characters = windows.of(model).characters
        assert characters is not None
        assert characters < before
        before = characters


def test_a_count_that_is_too_small_tells_that_a_prompt_was_cut() -> None:
    model = new()
    windows.counted(model, PROMPT, 3750)
    assert windows.of(model).cut == ""
    windows.counted(model, PROMPT * 2, 4096)
    known = windows.of(model)
    assert (known.tokens, known.cut) == (4096, PROMPT * 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("qwen2.5:0.5b", True), ("gemma-3-270m-it", True), ("Llama-3.2-3B-Instruct", True),
     ("gpt-4o-mini", False), ("mixtral-8x7b", False), ("llama3.1:70b", False), ("small", False)],
)  # fmt: skip
def test_a_small_model_is_known_by_its_name(name: str, expected: bool) -> None:
    assert windows.is_small(name) is expected


# -- prompts ---------------------------------------------------------------------------------------


def test_a_prompt_begins_the_same_for_the_same_passages() -> None:
    for short in (False, True):
        first, second = (
            prompting.answer_prompt(question, PASSAGES, form="short" if short else "text", few=short)
            for question in ("What was sold?", "Why?")
        )
        same = next(at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
        assert first[:same].endswith("Question: Wh")


def test_a_heading_stands_once_in_a_prompt() -> None:
    body = "## Mayors\n\nShe visited Canada."
    asked = prompting.answer_prompt("Who?", [passage(body, 1, "Uppsala", ("Mayors",))])
    assert asked.count("Mayors") == 1
    assert "Uppsala / Mayors\n\nShe visited Canada." in asked


def test_as_many_passages_are_given_as_there_is_room_for() -> None:
    some = [passage(f"The ship {number} is red. " * 20, number) for number in range(1, 9)]
    whole = prompting.answer_prompt("Which?", some)
    fewer = prompting.answer_prompt("Which?", some, characters=len(whole) - 700)
    assert "The ship 4" in fewer
    assert "The ship 8" not in fewer
    assert len(fewer) <= len(whole) - 700
    assert "The ship 1 is red." in prompting.answer_prompt("Which?", some, characters=10)


REFUSAL = "the request exceeds the available context size, try increasing it"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": REFUSAL, "type": "exceed_context_size_error"}}),
        (400, {"object": "error", "message": "This model's maximum context length is 700 tokens. However, "
               "you requested 1500 tokens (900 in the messages, 600 in the completion)."}),
        (500, {"error": {"message": "input length exceeds the context length"}}),
    ],
)  # fmt: skip
def test_a_refusal_for_length_is_asked_again_with_less(status: int, body: dict[str, object]) -> None:
    some = [*PASSAGES, *(passage("Ships are red. " * 60, number) for number in range(4, 9))]

    def reply(prompt: str) -> Reply | str:
        if len(prompt) > 3000:
            return Reply(status=status, body=json.dumps(body))
        return "Most of it was cod [1]."

    with serve(reply) as server:
        *_, draft = compose("What was sold?", some, Model("m", server.url, seconds=120))
    assert draft.answered
    lengths = [len(prompt) for prompt in server.prompts]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] <= 3000 < lengths[0]


def test_a_window_that_holds_nothing_is_told() -> None:
    refusal = Reply(status=400, body=json.dumps({"error": {"message": REFUSAL}}))
    with serve(refusal) as server, pytest.raises(ModelError, match="cannot read so much"):
        list(compose("What was sold?", PASSAGES, Model("m", server.url, seconds=120)))


@pytest.mark.parametrize("word", ["max_completion_tokens", "stream_options"])
def test_a_server_that_knows_not_all_options_is_asked_without_them(word: str) -> None:
    refusal = Reply(status=400, body=json.dumps({"error": {"message": f"Unsupported parameter: use {word}"}}))
    with serve([refusal, "Yes."]) as server:
        assert Model("m", server.url, seconds=120).complete("Why?") == "Yes."
    assert server.requests[0]["max_tokens"] == windows.REPLY
    assert "max_tokens" not in server.requests[1]
