"""Answers as JSON by a schema: read as they grow, and passed on where an endpoint ignores the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import Reply, serve
from test_generative import PASSAGES, model

from assistant.answering.model.generative import PartialAnswer, compose
from assistant.answering.model.structured import NOT_FOUND, SCHEMA, as_text

TEXTS = st.lists(st.tuples(st.text(min_size=1), st.lists(st.integers(1, 9), max_size=3)), max_size=4)


def replied(sentences: Sequence[tuple[str, Sequence[int]]], indent: int | None = None) -> str:
    rows = [{"text": text, "passages": [*numbers]} for text, numbers in sentences]
    return json.dumps({"sentences": rows}, indent=indent)


def read(pieces: Sequence[str]) -> list[str]:
    def stream() -> Iterator[str]:
        yield from pieces

    return [*as_text(stream())]  # type: ignore[arg-type]


@given(TEXTS, st.integers(1, 7), st.sampled_from([None, 2]))
def test_sentences_are_read_however_the_reply_is_cut(
    sentences: list[tuple[str, list[int]]], size: int, indent: int | None
) -> None:
    reply = replied(sentences, indent)
    pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
    told = [f"{text.strip()} {''.join(f'[{n}]' for n in numbers)}\n" for text, numbers in sentences]
    assert read(pieces) == (told or [NOT_FOUND])


def test_each_sentence_comes_once_it_is_whole() -> None:
    reply = replied([("Cod was sold.", [1]), ("Oil was not.", [1])])
    middle = reply.index("}") + 1
    stream = as_text(piece for piece in (reply[:middle], reply[middle:]))
    assert next(stream) == "Cod was sold. [1]\n"


@pytest.mark.parametrize("reply", ["Cod was sold. [1]", "NOT FOUND", "[1] says so.", " \n Cod."])
def test_a_reply_of_another_form_is_passed_on(reply: str) -> None:
    assert "".join(read([*reply])).strip() == reply.strip()


def test_json_of_another_form_is_passed_on() -> None:
    assert read(['{"answer": ', '"Cod."}']) == ['{"answer": "Cod."}']


def test_a_reply_that_breaks_off_keeps_its_whole_sentences() -> None:
    reply = replied([("Cod was sold.", [1]), ("Oil was not.", [1])])
    assert read([reply[:-9]]) == ["Cod was sold. [1]\n"]


def last(reply: Reply | str) -> tuple[PartialAnswer, dict[str, object]]:
    with serve(reply) as server:
        *_, draft = compose("What was sold?", PASSAGES, replace(model(server), structured=True))
        return draft, server.requests[-1]


def test_a_model_is_asked_by_the_schema_and_its_sentences_are_checked() -> None:
    draft, request = last(replied([("Norway sold 3 billion dollars of fish to Portugal in 2021.", [1])]))
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA  # type: ignore[index]
    assert (draft.answered, len(draft.citations)) == (True, 1)


def test_without_sentences_the_passages_do_not_answer() -> None:
    draft, _ = last(replied([]))
    assert (draft.answered, draft.not_found) == (False, True)


def test_an_endpoint_that_refuses_the_schema_is_asked_without_it() -> None:
    refusal = Reply(status=400, body='{"error": {"message": "response_format is not supported"}}')
    with serve([refusal, "Norway sold 3 billion dollars of fish to Portugal in 2021. [1]"]) as server:
        small = replace(model(server), name="refuses schemas", structured=True)
        *_, draft = compose("What was sold?", PASSAGES, small)
        assert ["response_format" in request for request in server.requests] == [True, False]
    assert draft.answered
