"""What is followed by address: the version of each item that was taken, and how each last run ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sql

from assistant.store.database import upsert
from assistant.store.schema import remote_items, remote_runs, sources

MOST = 50
"""Sources whose last run is kept; the one that ran longest ago goes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The version of an item that was taken; empty if it is announced only."""

    version: str = ""
    is_refused: bool = False
    """True if this version cannot be read, so that it is not fetched again."""


@dataclass(frozen=True, slots=True)
class Run:
    """The last run of a source: when it ended (ISO 8601, UTC), results by status, and what ended it early."""

    source: str
    at: str
    counts: Mapping[str, int]
    fault: str = ""


class Remotes:
    """The followed sources in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def taken(self, source: str) -> dict[str, Taken]:
        """Return the items of a source by name."""
        query = sql.select(remote_items).where(remote_items.c.source == source)
        with self._engine.connect() as db:
            return {row.name: Taken(row.version, row.refused) for row in db.execute(query)}

    def note(self, source: str, items: Mapping[str, Taken]) -> None:
        """Note items of a source, all or none."""
        with self._engine.begin() as db:
            for name, taken in items.items():
                row = {
                    "source": source,
                    "name": name,
                    "version": taken.version,
                    "refused": taken.is_refused,
                }
                upsert(db, remote_items, row)

    def forget(self, source: str, names: Iterable[str]) -> None:
        """Forget items of a source."""
        with self._engine.begin() as db:
            for name in names:
                is_it = (remote_items.c.source == source) & (remote_items.c.name == name)
                db.execute(remote_items.delete().where(is_it))

    def ended(self, source: str, counts: Mapping[str, int], fault: str = "") -> None:
        """Note that a run of a source ended now."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"source": source, "at": at, "counts": dict(counts), "fault": fault}
        with self._engine.begin() as db:
            upsert(db, remote_runs, row)
            newest = sql.select(remote_runs.c.source).order_by(remote_runs.c.at.desc()).limit(MOST)
            db.execute(remote_runs.delete().where(remote_runs.c.source.not_in(newest)))

    def runs(self) -> list[Run]:
        """Return the last runs of the sources that the corpus has items of, by source."""
        held = sql.select(remote_items.c.source).join(sources, sources.c.source == remote_items.c.name)
        query = sql.select(remote_runs).where(remote_runs.c.source.in_(held)).order_by(remote_runs.c.source)
        with self._engine.connect() as db:
            return [Run(row.source, row.at, row.counts, row.fault) for row in db.execute(query)]
