"""The audit log: who did what and when, where a login is demanded. No text of questions or documents."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql

from assistant.core.errors import StoreError, StoreUnreachable
from assistant.core.serialization import Json, writable
from assistant.store.schema import deeds
from assistant.users.roles import Visitor
from assistant.users.tokens import DAY, Clock

LONGEST = 500
"""Characters of what a deed is about."""
SWEEP = 3_600
"""Seconds between two removals of what is older than is kept."""
MOST = 1_000
"""Deeds that are listed at once, the latest."""
REMOVED = "(removed)"
"""The name of a user who was removed, in what they did."""


class Audit:
    """The log in one database, of which `days` are kept. Thread-safe."""

    def __init__(self, engine: sql.Engine, days: int, clock: Clock = time.time) -> None:
        self._engine = engine
        self._days = days
        self._clock = clock
        self._swept = 0.0

    def note(self, visitor: Visitor | None, deed: str, about: str = "") -> None:
        """Note a deed. A full disk, or a database that is away, undoes no deed that was done."""
        now = self._clock()
        who = {"user": visitor.user, "name": visitor.name} if visitor else {"user": "", "name": ""}
        row = {"at": int(now), **who, "deed": deed, "about": writable(about)[:LONGEST]}
        with contextlib.suppress(StoreError, StoreUnreachable), self._engine.begin() as db:
            db.execute(deeds.insert().values(**row))
            if now - self._swept > SWEEP:
                self._swept = now
                db.execute(deeds.delete().where(deeds.c.at <= self._oldest()))

    def listed(self, user: str | None = None, most: int = MOST) -> list[Json]:
        """Return the deeds of all, or of one user by id, the latest first."""
        query = sql.select(deeds).where(deeds.c.at > self._oldest())
        if user is not None:
            query = query.where(deeds.c.user == user)
        with self._engine.connect() as db:
            return [_told(row) for row in db.execute(query.order_by(deeds.c.number.desc()).limit(most))]

    def forget(self, user: str) -> None:
        """Take the name of a user from what they did."""
        with self._engine.begin() as db:
            db.execute(deeds.update().where(deeds.c.user == user).values(user="", name=REMOVED))

    def _oldest(self) -> int:
        return int(self._clock()) - self._days * DAY


@dataclass(frozen=True, slots=True)
class Noting:
    """The log as one request may write to it."""

    audit: Audit
    visitor: Visitor | None

    def __call__(self, deed: str, about: str = "") -> None:
        """Note a deed of the visitor."""
        self.audit.note(self.visitor, deed, about)


def _told(row: Any) -> Json:
    at = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds")
    return {"at": at, "name": row.name, "deed": row.deed, "about": row.about}
