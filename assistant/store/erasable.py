"""The originals that may go, each by an explicit note: those of removed documents, and of half-added ones.

A note is made in the transaction that takes the record away, or that begins a record which may never be
acknowledged. An original without a note stays, whether a record of it is there or not.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sql

from assistant.store.database import delete
from assistant.store.schema import documents, erasable


class Erasable:
    """The notes in one database. Safe to use from several threads."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def hashes(self) -> set[str]:
        """The hashes of the originals that may go now: those that no record names."""
        recorded = sql.select(documents).where(documents.c.sha256 == erasable.c.sha256).exists()
        with self._engine.connect() as db:
            return set(db.scalars(sql.select(erasable.c.sha256).where(~recorded)))

    def clear(self, sha256s: Iterable[str]) -> None:
        """Forgets the notes of these originals, after they went."""
        with self._engine.begin() as db:
            withdraw(db, sha256s)


def note(db: sql.Connection, sha256s: Iterable[str]) -> None:
    """Notes that the originals of these hashes may go."""
    new = set(sha256s)
    withdraw(db, new)
    if new:
        db.execute(erasable.insert(), [{"sha256": sha256} for sha256 in new])


def withdraw(db: sql.Connection, sha256s: Iterable[str]) -> None:
    """Takes the notes of these hashes back: their documents are acknowledged."""
    delete(db, erasable, erasable.c.sha256, sha256s)
