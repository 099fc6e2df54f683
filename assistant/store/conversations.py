"""The turns of conversations in the ledger."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql

from assistant.core import serialization
from assistant.core.types import Turn
from assistant.store.schema import turns

DIGEST = "digest"
"""The key of a turn's digest, by which damage to its row is noticed; earlier versions wrote none."""
_DOCUMENT_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")


class Conversations:
    """All conversations in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def turns(self, conversation: str) -> list[Turn]:
        """Return the turns of a conversation, oldest first."""
        query = sql.select(turns.c.turn).where(turns.c.conversation == conversation).order_by(turns.c.number)
        with self._engine.connect() as db:
            return [
                Turn(row["question"], row["search_query"], serialization.to_answer(row["answer"]))
                for row in db.scalars(query)
            ]

    def append(self, conversation: str, turn: Turn, prompt_documents: Iterable[str] = ()) -> None:
        """Append a turn to a conversation. It is deleted with any document that it cites, and with any of
        `prompt_documents`, which were in the prompt of the model that wrote it."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        row = serialization.turn(turn) | {"given": sorted(set(prompt_documents))}
        row[DIGEST] = _digest(conversation, row)
        with self._engine.begin() as db:
            db.execute(turns.insert().values(conversation=conversation, at=at, turn=row))

    def damaged(self) -> list[tuple[int, str]]:
        """Return number and conversation of each turn that is not as it was written."""
        raw = (sql.cast(turns.c[name], sql.LargeBinary) for name in ("conversation", "turn"))
        with self._engine.connect() as db:
            rows = db.execute(sql.select(turns.c.number, *raw).order_by(turns.c.number)).all()
        decoded = ((number, *(_decoded(value) for value in values)) for number, *values in rows)
        return [(number, name) for number, name, text in decoded if not _is_whole(name, text)]

    def remove(self, numbers: Iterable[int]) -> None:
        """Remove turns by their numbers."""
        rows = [{"of": number} for number in numbers]
        if rows:
            with self._engine.begin() as db:
                db.execute(turns.delete().where(turns.c.number == sql.bindparam("of")), rows)


def _decoded(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _is_whole(conversation: str, text: str) -> bool:
    try:
        row = json.loads(text)
        return DIGEST not in row or row[DIGEST] == _digest(conversation, row)
    except (ValueError, TypeError, RecursionError):
        return False


def _digest(conversation: str, row: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in row.items() if key != DIGEST}
    return hashlib.sha256(json.dumps([conversation, kept], sort_keys=True).encode()).hexdigest()


def delete_quoting(db: sql.Connection, document_ids: Iterable[str]) -> None:
    """Delete the turns that quote any of these documents, or were written from them."""
    removed = set(document_ids)
    if not removed:
        return
    rows = db.execute(sql.select(turns.c.number, turns.c.turn))
    numbers = [{"of": number} for number, turn in rows if not removed.isdisjoint(_document_ids(turn))]
    if numbers:
        db.execute(turns.delete().where(turns.c.number == sql.bindparam("of")), numbers)


def import_turns(engine: sql.Engine, rows: Iterable[Sequence[object]], document_ids: Set[str]) -> int:
    """Import turns of another ledger (conversation, time, JSON) and return the number of those imported.

    Damaged turns, and turns that were written from any other document, are left out.
    """
    count = 0
    with engine.begin() as db:
        for conversation, at, text in rows:
            with contextlib.suppress(ValueError, TypeError):
                turn = json.loads(text)  # type: ignore[arg-type]
                if _is_whole(str(conversation), str(text)) and _document_ids(turn) <= document_ids:
                    db.execute(turns.insert().values(conversation=conversation, at=at, turn=turn))
                    count += 1
    return count


def _document_ids(turn: object) -> set[str]:
    return set(_DOCUMENT_ID.findall(json.dumps(turn)))
