"""Metadata of passages and quotes for other frameworks: title, source, and place in the document."""

from __future__ import annotations

from typing import Any

from assistant.core.types import Citation, ScoredPassage

PLACE = ("document_id", "start", "end")
"""The keys for programs, which no model is shown."""


def of_passage(scored: ScoredPassage) -> dict[str, Any]:
    """Return the metadata of a passage; `page` is None where there are no pages."""
    passage = scored.passage
    return {
        "title": scored.title,
        "source": scored.source,
        "document_id": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
    }


def of_citation(citation: Citation) -> dict[str, Any]:
    """Return the metadata of a quote, with its number in the answer."""
    return {
        "number": citation.number,
        "title": citation.title,
        "source": citation.source,
        "document_id": citation.document_id,
        "start": citation.start,
        "end": citation.end,
        "page": citation.page,
    }
