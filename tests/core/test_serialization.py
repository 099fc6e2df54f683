"""The JSON forms: every value survives a round trip."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistant.core import serialization
from assistant.core.types import (
    AddResult,
    Answer,
    Cell,
    Citation,
    Document,
    DocumentInfo,
    Health,
    Sentence,
    Turn,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def sent(value: Any) -> Any:
    """Return the value after a round trip through JSON, as a pipe, a connection or the ledger does it."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode().decode())


SENTENCE = st.builds(Sentence, TEXT, st.lists(st.integers(), max_size=3).map(tuple))
"""Complete, as in every stored answer."""


@given(
    st.builds(
        Answer,
        question=TEXT,
        search_query=TEXT,
        sentences=st.lists(SENTENCE, max_size=3).map(tuple),
        mode=st.sampled_from(["extractive", "model"]),
    )
)
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert serialization.to_answer(sent(serialization.answer(answer))) == answer


@given(st.from_type(Document))
def test_a_document_comes_back_as_it_was(document: Document) -> None:
    assert serialization.to_document(sent(serialization.document(document))) == document


@given(st.from_type(Health))
def test_health_comes_back_as_it_was(health: Health) -> None:
    assert serialization.to_health(sent(serialization.health(health))) == health


@given(st.from_type(DocumentInfo), st.from_type(AddResult))
def test_entries_and_outcomes_come_back_as_they_were(entry: DocumentInfo, outcome: AddResult) -> None:
    assert serialization.to_document_info(sent(serialization.entry(entry))) == entry
    assert serialization.to_add_result(sent(serialization.outcome(outcome))) == outcome


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.dictionaries(st.text(), st.text()))))
def test_events_come_back_as_they_were_told(told: list[tuple[str, dict[str, str]]]) -> None:
    written = "".join(serialization.event(name, data) for name, data in told)
    assert list(serialization.events(written.splitlines())) == told


def test_an_answer_has_the_fields_that_programs_are_promised() -> None:
    quote = Citation(1, "d", "p", "Title", "source.md", None, 120, 126, "Quote.")
    answer = Answer("Q?", "q", True, (Sentence("Said.", (1,)), Sentence("Not borne out.")), (quote,))
    written = serialization.answer(answer)
    promised = (
        "question search_query answered answer citations related evidence mode model timings_ms".split()
    )
    assert set(promised) <= written.keys()
    assert written["answer"] == "Said. [1] Not borne out."
    assert written["citations"] == [
        {
            "number": 1,
            "document_id": "d",
            "passage_id": "p",
            "title": "Title",
            "source": "source.md",
            "page": None,
            "start": 120,
            "end": 126,
            "quote": "Quote.",
            "cells": (),
        }
    ]


def test_the_cells_of_a_citation_are_kept_with_their_names() -> None:
    row = Citation(1, "d", "p", "T", "s.csv", None, 0, 9, "| A | 7 |", (Cell("Boat", "A"), Cell("Fee", "7")))
    answer = Answer("Q?", "q", True, (Sentence("Fee: 7.", (1,)),), (row,), evidence=(row,))
    kept = sent(serialization.answer(answer))
    assert kept["citations"][0]["cells"][1] == {"name": "Fee", "value": "7"}
    assert serialization.to_answer(kept) == answer


def test_an_outcome_has_the_fields_that_programs_are_promised() -> None:
    written = serialization.outcome(AddResult("a.md", "added"))
    assert {"source", "status", "document_id", "title", "passages", "reason"} <= written.keys()


def test_a_turn_is_kept_with_all_that_was_answered() -> None:
    turn = Turn("And there?", "And in Cuba?", Answer("And there?", "And in Cuba?", False, (Sentence("No."),)))
    kept = sent(serialization.turn(turn))
    assert Turn(kept["question"], kept["search_query"], serialization.to_answer(kept["answer"])) == turn


@given(st.text(st.characters(), max_size=20))
def test_any_text_can_be_made_writable_and_keeps_its_length(text: str) -> None:
    assert len(serialization.writable(text).encode().decode()) == len(text)
    assert serialization.writable(serialization.writable(text)) == serialization.writable(text)


def test_only_halves_of_characters_are_replaced() -> None:
    assert serialization.writable("caf\udce9 \N{GRINNING FACE} é") == "caf? \N{GRINNING FACE} é"
