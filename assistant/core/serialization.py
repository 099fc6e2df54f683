"""JSON forms of the core types, shared by the command line, the server and the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from assistant.core.errors import QuestionError
from assistant.core.limits import MAX_QUESTION
from assistant.core.types import (
    AddResult,
    Answer,
    Cell,
    Citation,
    Document,
    DocumentInfo,
    Heading,
    Health,
    Page,
    ProgressStep,
    Sentence,
    Turn,
    Usage,
)

Json = dict[str, Any]


def writable(text: str) -> str:
    """Replace unpaired surrogates, which UTF-8 cannot encode, with question marks.

    They come from browsers, and from command lines that are not UTF-8.
    """
    return text.encode("utf-8", "replace").decode()


def asked(question: str) -> str:
    """Return the question trimmed and encodable.

    Raises:
        QuestionError: it is empty or too long.
    """
    question = writable(question.replace("\0", " ")).strip()
    if not question:
        raise QuestionError("The question is empty. Type a question.")
    if len(question) > MAX_QUESTION:
        raise QuestionError(f"The question has {len(question):,} characters. Shorten it to {MAX_QUESTION:,}.")
    return question


def answer(value: Answer) -> Json:
    """Return an answer. `answer` is the text with citation numbers; `sentences` is the same, split."""
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
        "confidence": value.confidence,
        "usage": value.usage and asdict(value.usage),
        "timings_ms": dict(value.timings_ms),
    }


def to_answer(data: Mapping[str, Any]) -> Answer:
    """Parse an answer."""
    return Answer(
        question=data["question"],
        search_query=data["search_query"],
        answered=data["answered"],
        sentences=tuple(
            Sentence(s["text"], tuple(s["citations"]), s.get("is_whole", True)) for s in data["sentences"]
        ),
        citations=_citations(data["citations"]),
        related=_citations(data["related"]),
        evidence=_citations(data.get("evidence", ())),
        mode=data["mode"],
        model=data["model"],
        notice=data["notice"],
        timings_ms=data["timings_ms"],
        understood=data.get("understood"),
        confidence=data.get("confidence"),
        usage=Usage(**data["usage"]) if data.get("usage") else None,
    )


def _citations(data: Iterable[Mapping[str, Any]]) -> tuple[Citation, ...]:
    """Parse citations; those of older answers have no cells."""
    return tuple(Citation(**{**c, "cells": tuple(Cell(**cell) for cell in c.get("cells", ()))}) for c in data)


def document(value: Document) -> Json:
    """Return a document with its whole text, in which all offsets count."""
    return asdict(value) | {"metadata": dict(value.metadata)}


def to_document(data: Mapping[str, Any]) -> Document:
    """Parse a document."""
    return Document(
        id=data["id"],
        title=data["title"],
        source=data["source"],
        media_type=data["media_type"],
        text=data["text"],
        headings=tuple(Heading(**h) for h in data["headings"]),
        pages=tuple(Page(**p) for p in data["pages"]),
        metadata=data["metadata"],
    )


def entry(value: DocumentInfo) -> Json:
    """Return one row of the list of documents."""
    return asdict(value)


def to_document_info(data: Mapping[str, Any]) -> DocumentInfo:
    """Parse one row of the list of documents."""
    return DocumentInfo(**{**data, "sources": tuple(data["sources"]), "tags": tuple(data.get("tags", ()))})


def step(value: ProgressStep) -> Json:
    """Return the progress of one source."""
    return asdict(value)


def to_step(data: Mapping[str, Any]) -> ProgressStep:
    """Parse the progress of one source."""
    return ProgressStep(**data)


def outcome(value: AddResult) -> Json:
    """Return the result of adding one source."""
    return asdict(value)


def to_add_result(data: Mapping[str, Any]) -> AddResult:
    """Parse the result of adding one source."""
    return AddResult(**data)


def health(value: Health) -> Json:
    """Return the result of a check."""
    return asdict(value) | {"problems": list(value.problems), "repaired": list(value.repaired)}


def to_health(data: Mapping[str, Any]) -> Health:
    """Parse the result of a check."""
    return Health(**{**data, "problems": tuple(data["problems"]), "repaired": tuple(data["repaired"])})


def turn(value: Turn) -> Json:
    """Return one turn of a conversation."""
    return {
        "question": value.question,
        "search_query": value.search_query,
        "answer": answer(value.answer),
    }


def event(name: str, data: Json) -> str:
    """Format a server-sent event in ASCII: some clients take U+2028 for the end of a line."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def events(lines: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """Parse server-sent events from the lines of a response as they arrive."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
