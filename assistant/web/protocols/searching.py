"""Passages found for a question, as JSON."""

from __future__ import annotations

from fastapi import APIRouter

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.core.serialization import Json
from assistant.core.types import Query, ScoredPassage
from assistant.retrieval.retriever import LIMIT

MOST = 50
"""Limit on the passages of one search."""


def router(assistant: Assistant) -> APIRouter:
    """Return the route of a search."""
    routes = APIRouter(prefix="/api")

    @routes.get("/search")
    def found(question: str, limit: int = LIMIT) -> list[Json]:
        return search(assistant, question, limit)

    return routes


def search(assistant: Assistant, question: str, limit: int) -> list[Json]:
    """Return the best passages for a question, best first.

    Raises:
        QuestionError: it is empty or too long.
    """
    query = Query(serialization.asked(question))
    with assistant.library.question_priority.first():
        found = assistant.retriever.retrieve(query, min(max(1, limit), MOST))
    return [_passage(scored) for scored in found]


def _passage(scored: ScoredPassage) -> Json:
    passage = scored.passage
    return {
        "document_id": passage.document_id,
        "title": scored.title,
        "source": scored.source,
        "headings": list(passage.headings),
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "score": round(scored.score, 4),
    }
