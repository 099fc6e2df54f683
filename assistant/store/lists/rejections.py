"""Sources that were rejected, with the reason, until they are added or dismissed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sql

from assistant.core.errors import StoreError
from assistant.core.serialization import writable
from assistant.core.types import AddResult
from assistant.store.database import delete_among, upsert
from assistant.store.schema import rejections

MOST = 1_000
"""Rejections that are kept; the oldest go."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A source that was not taken, the reason in one sentence, and when (ISO 8601, UTC)."""

    source: str
    reason: str
    at: str


class Rejections:
    """The rejections in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def listed(self) -> list[Rejection]:
        """Return all rejections, the latest first."""
        query = sql.select(rejections).order_by(rejections.c.at.desc(), rejections.c.source)
        with self._engine.connect() as db:
            return [Rejection(row.source, row.reason, row.at) for row in db.execute(query)]

    def note(self, results: Sequence[AddResult]) -> None:
        """Keep those of `results` that were rejected, and forget those that are taken now.

        A full disk that has no room for them refuses nothing else.
        """
        with contextlib.suppress(StoreError):
            self._note(results)

    def _note(self, results: Sequence[AddResult]) -> None:
        # A file may have a name that is no UTF-8.
        refused = {
            writable(result.source): writable(result.reason or "")
            for result in results
            if result.status == "rejected"
        }
        taken = [writable(result.source) for result in results if result.status != "rejected"]
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._engine.begin() as db:
            if db.scalar(sql.select(rejections.c.source).limit(1)) is not None:
                delete_among(db, rejections, rejections.c.source, taken)
            for source, reason in refused.items():
                upsert(db, rejections, {"source": source, "reason": reason, "at": at})
            if refused:
                newest = sql.select(rejections.c.source).order_by(rejections.c.at.desc()).limit(MOST)
                db.execute(rejections.delete().where(rejections.c.source.not_in(newest)))

    def dismiss(self, sources: Iterable[str]) -> int:
        """Forget rejections; return how many there were."""
        known = {each.source for each in self.listed()} & set(sources)
        with self._engine.begin() as db:
            delete_among(db, rejections, rejections.c.source, known)
        return len(known)
