"""Marks of originals that may be erased: those of removed documents, and of additions not yet acknowledged.

A mark is made in the transaction that removes the record, or that begins one which may never be acknowledged.
An original without a mark stays, with or without a record.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sql

from assistant.store.database import delete_among
from assistant.store.schema import documents, erasable


class ErasableOriginals:
    """The marks in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def hashes(self) -> set[str]:
        """Return the hashes of marked originals that have no record."""
        is_recorded = sql.select(documents).where(documents.c.sha256 == erasable.c.sha256).exists()
        with self._engine.connect() as db:
            return set(db.scalars(sql.select(erasable.c.sha256).where(~is_recorded)))

    def clear(self, sha256s: Iterable[str]) -> None:
        """Remove the marks of originals that have been erased."""
        with self._engine.begin() as db:
            unmark(db, sha256s)


def mark(db: sql.Connection, sha256s: Iterable[str]) -> None:
    """Mark the originals with these hashes."""
    hashes = set(sha256s)
    unmark(db, hashes)
    if hashes:
        db.execute(erasable.insert(), [{"sha256": sha256} for sha256 in hashes])


def unmark(db: sql.Connection, sha256s: Iterable[str]) -> None:
    """Remove the marks of these originals; their documents are acknowledged, or they are erased."""
    delete_among(db, erasable, erasable.c.sha256, sha256s)
