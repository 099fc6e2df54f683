"""The conversations in the ledger: their turns, whose browser began them, and what their readers thought."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql

from assistant.core import serialization
from assistant.core.types import ConversationInfo, KeptTurn, Turn
from assistant.store import database
from assistant.store.database import insert_missing, select_among, upsert
from assistant.store.schema import TRACES, conversations, meta, shares, turns, verdicts

DIGEST = "digest"
"""The key of a turn's digest, by which damage to its row is noticed; earlier versions wrote none."""
_DOCUMENT_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")


class Conversations:
    """All conversations in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def turns(self, conversation: str) -> list[Turn]:
        """Return the turns of a conversation, oldest first."""
        return [kept.turn for kept in self.kept(conversation)]

    def kept(self, conversation: str) -> list[KeptTurn]:
        """Return the turns of a conversation as they are kept, oldest first."""
        query = sql.select(turns.c.number, turns.c.at, turns.c.turn, verdicts.c.verdict)
        query = query.select_from(turns.outerjoin(verdicts)).where(turns.c.conversation == conversation)
        with self._engine.connect() as db:
            rows = db.execute(query.order_by(turns.c.number))
            return [KeptTurn(number, at, _to_turn(row), verdict) for number, at, row, verdict in rows]

    def append(self, conversation: str, turn: Turn, prompt_documents: Iterable[str] = ()) -> None:
        """Append a turn to a conversation. It is deleted with any document that it cites, and with any of
        `prompt_documents`, which were in the prompt of the model that wrote it."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        row = serialization.turn(turn) | {"given": sorted(set(prompt_documents))}
        row[DIGEST] = _digest(conversation, row)
        with self._engine.begin() as db:
            db.execute(turns.insert().values(conversation=conversation, at=at, turn=row))

    # -- of a browser ----------------------------------------------------------------------------

    def claim(self, conversation: str, owner: str) -> bool:
        """Make a conversation that is nobody's that of `owner`; return True if it is theirs."""
        row = {"id": conversation, "owner": owner, "pinned": False}
        with self._engine.begin() as db:
            insert_missing(db, conversations, row)
            return bool(db.scalar(_owner_of(conversation)) == owner)

    def owner(self, conversation: str) -> str | None:
        """Return the owner of a conversation; None if it is nobody's."""
        with self._engine.connect() as db:
            owner: str | None = db.scalar(_owner_of(conversation))
            return owner

    def owned(self, owner: str) -> list[str]:
        """Return the conversations of an owner, those without turns too."""
        with self._engine.connect() as db:
            query = sql.select(conversations.c.id).where(conversations.c.owner == owner)
            return list(db.scalars(query.order_by(conversations.c.id)))

    def name(self, conversation: str) -> str:
        """Return the name of a conversation: that given by its owner, or its first question."""
        with self._engine.connect() as db:
            given = db.scalar(sql.select(conversations.c.name).where(conversations.c.id == conversation))
        return given or next((kept.turn.question for kept in self.kept(conversation)), "Conversation")

    def listed(self, owner: str, sought: str = "") -> list[ConversationInfo]:
        """Return the conversations of an owner that have turns, newest first.

        Each word of `sought` is in the name, a question or an answer of each.
        """
        of_owner = conversations.c.owner == owner
        ends = sql.select(
            conversations,
            sql.func.min(turns.c.number).label("first"),
            sql.func.max(turns.c.at).label("at"),
            sql.func.count().label("turns"),
        )
        ends = ends.join_from(conversations, turns, turns.c.conversation == conversations.c.id).where(
            of_owner
        )
        with self._engine.connect() as db:
            # By number, as several turns may be of the same second.
            latest = ends.group_by(conversations.c.id).order_by(sql.func.max(turns.c.number).desc())
            rows = db.execute(latest).all()
            query = sql.select(turns.c.number, turns.c.turn)
            first = dict(select_among(db, query, turns.c.number, [row.first for row in rows]))
            found = _find(db, of_owner, sought.casefold().split())
            query = sql.select(shares.c.conversation, shares.c.id)
            links = dict(select_among(db, query, shares.c.conversation, [row.id for row in rows]))
        return [
            ConversationInfo(
                row.id,
                row.name or first[row.first]["question"],
                row.at,
                row.turns,
                row.pinned,
                links.get(row.id),
            )
            for row in rows
            if found is None or row.id in found
        ]

    def change(self, conversation: str, name: str | None = None, pinned: bool | None = None) -> None:
        """Name or pin a conversation; an empty name gives it that of its first question again."""
        values: dict[str, Any] = {} if name is None else {"name": name or None}
        values |= {} if pinned is None else {"pinned": pinned}
        if values:
            with self._engine.begin() as db:
                db.execute(conversations.update().where(conversations.c.id == conversation).values(**values))

    def judge(self, number: int, verdict: str | None) -> None:
        """Keep what a reader thinks of a turn; None takes it back."""
        with self._engine.begin() as db:
            if verdict is None:
                db.execute(verdicts.delete().where(verdicts.c.turn == number))
            else:
                upsert(db, verdicts, {"turn": number, "verdict": verdict})

    def delete(self, conversation: str) -> None:
        """Delete a conversation, and note that its traces must be erased from the disk."""
        with self._engine.begin() as db:
            db.execute(turns.delete().where(turns.c.conversation == conversation))
            db.execute(conversations.delete().where(conversations.c.id == conversation))
            upsert(db, meta, {"key": TRACES, "value": "yes"})

    # -- links -----------------------------------------------------------------------------------

    def share(self, conversation: str) -> str:
        """Return the id of the link that opens a conversation for reading; it is made if there is none."""
        query = sql.select(shares.c.id).where(shares.c.conversation == conversation)
        with self._engine.begin() as db:
            known: str | None = db.scalar(query)
            if known is None:
                known = secrets.token_hex(16)
                db.execute(shares.insert().values(id=known, conversation=conversation))
            return known

    def unshare(self, conversation: str) -> None:
        """Take the link to a conversation back."""
        with self._engine.begin() as db:
            db.execute(shares.delete().where(shares.c.conversation == conversation))

    def shared(self, link: str) -> str | None:
        """Return the conversation that a link opens; None if there is no such link."""
        with self._engine.connect() as db:
            found: str | None = db.scalar(sql.select(shares.c.conversation).where(shares.c.id == link))
            return found

    def remove_quoting(self, document_ids: Iterable[str]) -> None:
        """Remove the turns that quote any of these documents."""
        with self._engine.begin() as db:
            delete_quoting(db, document_ids)

    # -- damage ----------------------------------------------------------------------------------

    def damaged(self) -> list[tuple[int, str]]:
        """Return number and conversation of each turn that is not as it was written."""
        raw = (database.Raw(turns.c[name]) for name in ("conversation", "turn"))
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


def _to_turn(row: Mapping[str, Any]) -> Turn:
    return Turn(row["question"], row["search_query"], serialization.to_answer(row["answer"]))


def _owner_of(conversation: str) -> sql.Select[Any]:
    return sql.select(conversations.c.owner).where(conversations.c.id == conversation)


def _find(db: sql.Connection, condition: sql.ColumnElement[bool], words: Sequence[str]) -> set[str] | None:
    """Return the conversations with all words in name, questions and answers; None without words."""
    if not words:
        return None
    query = sql.select(conversations.c.id, conversations.c.name, turns.c.turn)
    query = query.join_from(conversations, turns, turns.c.conversation == conversations.c.id).where(condition)
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for ident, name, turn in db.execute(query):
        texts[ident] |= {name or "", turn["question"], turn["answer"]["answer"]}
    said = {ident: " ".join(some).casefold() for ident, some in texts.items()}
    return {ident for ident, text in said.items() if all(word in text for word in words)}


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
        # A name that a person gave may quote them too.
        has_turns = sql.select(turns.c.number).where(turns.c.conversation == conversations.c.id).exists()
        db.execute(conversations.delete().where(~has_turns))


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


def import_owned(engine: sql.Engine, rows: Iterable[Sequence[object]]) -> None:
    """Import whose the conversations of another ledger are (id, owner, name, pinned)."""
    with engine.begin() as db:
        for ident, owner, name, pinned in rows:
            if isinstance(ident, str) and isinstance(owner, str):
                row = {"id": ident, "owner": owner, "name": name, "pinned": bool(pinned)}
                insert_missing(db, conversations, row)


def _document_ids(turn: object) -> set[str]:
    return set(_DOCUMENT_ID.findall(json.dumps(turn)))
