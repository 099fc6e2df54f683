"""The keys of passages that each change of documents touched, by which other processes follow.

A row a change: who holds the words as of change 7 needs the keys of 8 and later, and asks the ledger which of
them are to be indexed now. So it does not matter what the changes were, nor whether one is followed twice.
Only PostgreSQL keeps them, as a file has one process.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sql

from assistant.store.schema import touched

KEPT = 10_000
"""Changes; who is further behind compares all keys."""


def note(db: sql.Connection, change: int, keys: Collection[int]) -> None:
    """Note which passages a change touches, in its transaction."""
    if db.dialect.name == "postgresql":
        db.execute(touched.insert().values(change=change, passage_keys=sorted(keys)))
        db.execute(touched.delete().where(touched.c.change <= change - KEPT))


def since(engine: sql.Engine, change: int, until: int) -> set[int] | None:
    """Return the keys that the changes after `change` touched; None if one of them is not known any more."""
    query = sql.select(touched.c.passage_keys).where(touched.c.change > change, touched.c.change <= until)
    with engine.connect() as db:
        rows = db.scalars(query).all()
    return {key for keys in rows for key in keys} if len(rows) == until - change else None
