"""The JSON forms of our nouns: what the command line prints, the server answers and the ledger keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from assistant.core.errors import QuestionError
from assistant.core.limits import MAX_QUESTION
from assistant.core.types import (
    Answer,
    Cell,
    Citation,
    Document,
    Entry,
    Heading,
    Health,
    Outcome,
    Page,
    Sentence,
    Step,
    Turn,
)

Json = dict[str, Any]


def writable(text: str) -> str:
    """The text with a question mark for each half of a surrogate pair, which UTF-8 does not hold.

    Such halves come from browsers, and from bytes of a command line that are no UTF-8.
    """
    return text.encode("utf-8", "replace").decode()


def asked(question: str) -> str:
    """The question as it is asked: trimmed, and such as can be written down.

    Raises:
        QuestionError: it is empty or too long.
    """
    question = writable(question.replace("\0", " ")).strip()
    if not question:
        raise QuestionError("The question is empty; type one.")
    if len(question) > MAX_QUESTION:
        raise QuestionError(f"The question has {len(question):,} characters; shorten it to {MAX_QUESTION:,}.")
    return question


def answer(value: Answer) -> Json:
    """`answer` is the whole text with numbers; `sentences` the same, cut, for who renders it."""
    return {
        "question": value.question,
        "search_query": value.search_query,
        "answered": value.answered,
        "answer": value.text,
        "sentences": [asdict(sentence) for sentence in value.sentences],
        "citations": [asdict(citation) for citation in value.citations],
        "related": [asdict(citation) for citation in value.related],
        "evidence": [asdict(citation) for citation in value.evidence],
        "mode": value.mode,
        "model": value.model,
        "notice": value.notice,
        "understood": value.understood,
        "timings_ms": dict(value.timings_ms),
    }


def to_answer(given: Mapping[str, Any]) -> Answer:
    """The answer that `answer` wrote."""
    return Answer(
        question=given["question"],
        search_query=given["search_query"],
        answered=given["answered"],
        sentences=tuple(
            Sentence(s["text"], tuple(s["citations"]), s.get("is_whole", True)) for s in given["sentences"]
        ),
        citations=_citations(given["citations"]),
        related=_citations(given["related"]),
        evidence=_citations(given.get("evidence", ())),
        mode=given["mode"],
        model=given["model"],
        notice=given["notice"],
        timings_ms=given["timings_ms"],
        understood=given.get("understood"),
    )


def _citations(given: Iterable[Mapping[str, Any]]) -> tuple[Citation, ...]:
    """Citations as they were written; those of older answers have no cells."""
    return tuple(
        Citation(**{**c, "cells": tuple(Cell(**cell) for cell in c.get("cells", ()))}) for c in given
    )


def document(value: Document) -> Json:
    """The document with its whole text, which all offsets count in."""
    return asdict(value) | {"metadata": dict(value.metadata)}


def to_document(given: Mapping[str, Any]) -> Document:
    """The document that `document` wrote."""
    return Document(
        id=given["id"],
        title=given["title"],
        source=given["source"],
        media_type=given["media_type"],
        text=given["text"],
        headings=tuple(Heading(**h) for h in given["headings"]),
        pages=tuple(Page(**p) for p in given["pages"]),
        metadata=given["metadata"],
    )


def entry(value: Entry) -> Json:
    """One line of the list of documents."""
    return asdict(value)


def to_entry(given: Mapping[str, Any]) -> Entry:
    """The line that `entry` wrote."""
    return Entry(**{**given, "sources": tuple(given["sources"])})


def step(value: Step) -> Json:
    """How far the adding of one source has come."""
    return asdict(value)


def to_step(given: Mapping[str, Any]) -> Step:
    """The step that `step` wrote."""
    return Step(**given)


def outcome(value: Outcome) -> Json:
    """What became of one source."""
    return asdict(value)


def to_outcome(given: Mapping[str, Any]) -> Outcome:
    """The outcome that `outcome` wrote."""
    return Outcome(**given)


def health(value: Health) -> Json:
    """What `check` found."""
    return asdict(value) | {"problems": list(value.problems), "repaired": list(value.repaired)}


def to_health(given: Mapping[str, Any]) -> Health:
    """The finding that `health` wrote."""
    return Health(**{**given, "problems": tuple(given["problems"]), "repaired": tuple(given["repaired"])})


def turn(value: Turn) -> Json:
    """One turn of a conversation."""
    return {
        "question": value.question,
        "search_query": value.search_query,
        "answer": answer(value.answer),
    }


def event(name: str, data: Json) -> str:
    """A server-sent event. In ASCII, for there are readers to whom U+2028 and the like end a line."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def events(lines: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """The events that `event` wrote, from the lines of a reply as they come."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
