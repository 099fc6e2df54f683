"""The tokens that models used, by day: what was sent to whom is not in it, only how much."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sql

from assistant.core.types import DailyUsage, Usage
from assistant.store.database import insert_missing
from assistant.store.schema import usage as table

DAYS = 31
"""The number of days that are listed."""


class UsageLog:
    """What each model used on each day, in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def add(self, model: str, spent: Usage) -> None:
        """Add what an answer used to the sum of today."""
        row = {"day": today(), "model": model}
        with self._engine.begin() as db:
            insert_missing(db, table, row | {"prompt": 0, "reply": 0})
            here = (table.c.day == row["day"]) & (table.c.model == model)
            sums: dict[str, Any] = {
                "prompt": table.c.prompt + spent.prompt,
                "reply": table.c.reply + spent.reply,
            }
            if spent.cost is not None:
                sums["cost"] = sql.func.coalesce(table.c.cost, 0.0) + spent.cost
            db.execute(table.update().where(here).values(**sums))

    def tokens_today(self) -> int:
        """Return the tokens that all models used today."""
        query = sql.select(sql.func.sum(table.c.prompt + table.c.reply)).where(table.c.day == today())
        with self._engine.connect() as db:
            return int(db.scalar(query) or 0)

    def by_day(self) -> list[DailyUsage]:
        """Return the sums of the last days, newest first."""
        query = sql.select(table).order_by(table.c.day.desc(), table.c.model)
        with self._engine.connect() as db:
            rows = db.execute(query.where(table.c.day > _earliest())).all()
        return [DailyUsage(row.day, row.model, Usage(row.prompt, row.reply, row.cost)) for row in rows]


def today() -> str:
    """Return the date in UTC, ISO 8601."""
    return datetime.now(UTC).date().isoformat()


def _earliest() -> str:
    return date.fromordinal(datetime.now(UTC).date().toordinal() - DAYS).isoformat()
