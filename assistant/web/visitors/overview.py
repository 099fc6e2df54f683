"""What the first page tells of the corpus: kinds of documents, the newest, topics, accuracy as measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from fastapi import APIRouter

from assistant.assistant import Assistant
from assistant.core.serialization import Json
from assistant.core.types import DocumentInfo
from assistant.evaluation.runs import records
from assistant.store.lists.outlines import outlines
from assistant.store.lists.topics import topics
from assistant.web.evaluation_api import run_summary

NEWEST = 3
"""Documents that are named as the newest."""
KINDS = {
    "application/pdf": "pdf",
    "text/markdown": "markdown",
    "text/plain": "text",
    "text/html": "web",
    "application/xhtml+xml": "web",
    "message/rfc822": "mail",
    "application/vnd.ms-outlook": "mail",
    "application/epub+zip": "book",
    "application/rtf": "word",
    "text/csv": "sheet",
    "text/tab-separated-values": "sheet",
}
"""The kinds of documents by media type."""
OFFICE = {
    "wordprocessing": "word",
    "opendocument.text": "word",
    "presentation": "slides",
    "spreadsheet": "sheet",
}
"""The kinds of documents by a part of the media type."""


def router(assistant: Assistant) -> APIRouter:
    """Return the route of the overview."""
    routes = APIRouter(prefix="/api")

    @lru_cache(maxsize=1)
    def about(change: int) -> Json:
        return _about(assistant)

    @routes.get("/overview")
    def overview() -> Json:
        return about(assistant.library.ledger.change_number) | {"measured": _measured(assistant)}

    return routes


def _about(assistant: Assistant) -> dict[str, Any]:
    entries = assistant.list()
    counts = Counter(kind(entry.media_type) for entry in entries)
    lines = [(outline.title, *outline.headings) for outline in outlines(assistant.library.ledger.engine)]
    return {
        "documents": len(entries),
        "kinds": dict(counts.most_common()),
        "newest": [
            {"id": entry.id, "title": entry.title, "at": entry.date or entry.added}
            for entry in _newest(entries)
        ],
        "topics": topics(lines),
    }


def kind(media_type: str) -> str:
    """Return the kind of documents of a media type: `pdf`, `slides`; `other` for one without a name."""
    found = (name for part, name in OFFICE.items() if part in media_type)
    return KINDS.get(media_type) or next(found, "other")


def _newest(entries: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents that were added on the last day, of these the ones with the last date first."""
    ranked = sorted(
        entries, key=lambda entry: (entry.added[:10], entry.date or "", entry.added), reverse=True
    )
    return ranked[:NEWEST]


def _measured(assistant: Assistant) -> Json | None:
    """Return the first figure of the last run that can be read; None if nothing was measured yet."""
    home = assistant.settings.home
    summaries = (run_summary(home, ident) for ident in reversed(records.list_ids(home)))
    last = next((summary for summary in summaries if summary and summary["figures"]), None)
    if last is None:
        return None
    name, figure = next(iter(last["figures"].items()))
    corpus = records.hash_corpus(assistant.list())
    return {
        "run": last["run"],
        "figure": name,
        "written": figure["written"],
        "questions": figure["questions"],
        "current": last["conditions"].get("corpus") == corpus,
    }
