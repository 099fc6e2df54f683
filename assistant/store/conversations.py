"""The turns of conversations, as the ledger keeps them."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Sequence, Set
from datetime import UTC, datetime

import sqlalchemy as sql

from assistant.core import serialization
from assistant.core.types import Turn
from assistant.store.schema import turns

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")


class Conversations:
    """All conversations in one database. Safe to use from several threads."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def turns(self, conversation: str) -> list[Turn]:
        """The turns of a conversation, oldest first."""
        query = sql.select(turns.c.turn).where(turns.c.conversation == conversation).order_by(turns.c.number)
        with self._engine.connect() as db:
            return [
                Turn(row["question"], row["search_query"], serialization.to_answer(row["answer"]))
                for row in db.scalars(query)
            ]

    def keep(self, conversation: str, turn: Turn, given: Iterable[str] = ()) -> None:
        """Adds a turn to a conversation. It goes when one of the documents `given` to a model for it goes,
        even one that it cites nowhere."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        row = serialization.turn(turn) | {"given": sorted(set(given))}
        with self._engine.begin() as db:
            db.execute(turns.insert().values(conversation=conversation, at=at, turn=row))


def forget(db: sql.Connection, documents: Iterable[str]) -> None:
    """Removes the turns that quote these documents, or were made from them."""
    gone = set(documents)
    if not gone:
        return
    rows = db.execute(sql.select(turns.c.number, turns.c.turn))
    numbers = [{"of": number} for number, turn in rows if not gone.isdisjoint(_ID.findall(json.dumps(turn)))]
    if numbers:
        db.execute(turns.delete().where(turns.c.number == sql.bindparam("of")), numbers)


def take_over(engine: sql.Engine, rows: Iterable[Sequence[object]], documents: Set[str]) -> int:
    """Keeps turns as another ledger had them: conversation, time, JSON. Those that are damaged, or were made
    from others than these documents, are left out; gives how many were kept."""
    number = 0
    with engine.begin() as db:
        for conversation, at, text in rows:
            with contextlib.suppress(ValueError, TypeError):
                turn = json.loads(text)  # type: ignore[arg-type]
                if set(_ID.findall(json.dumps(turn))) <= documents:
                    db.execute(turns.insert().values(conversation=conversation, at=at, turn=turn))
                    number += 1
    return number
