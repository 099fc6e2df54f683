"""Titles and headings of documents, from which the first page names topics."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sql

from assistant.store.schema import documents, duplicates

MOST = 2_000
"""Documents whose headings are read at most."""
HEADINGS = 200
"""Headings of a document that are read at most."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The title of a document, and its headings in reading order."""

    title: str
    headings: tuple[str, ...] = ()


def outlines(engine: sql.Engine, most: int = MOST) -> list[Outline]:
    """Return the outlines of answerable documents, without near-duplicates.

    Of more than `most` they are those with the lowest ids, which have nothing to do with the subject.
    """
    is_duplicate = sql.select(duplicates).where(duplicates.c.document_id == documents.c.id).exists()
    query = sql.select(documents.c.title, documents.c.structure).where(documents.c.ready, ~is_duplicate)
    with engine.connect() as db:
        rows = db.execute(query.order_by(documents.c.id).limit(most)).all()
    return [Outline(row.title, _headings(row.structure)) for row in rows]


def _headings(structure: object) -> tuple[str, ...]:
    found = structure.get("headings", ()) if isinstance(structure, dict) else ()
    return tuple(str(heading["title"]) for heading in found[:HEADINGS])
