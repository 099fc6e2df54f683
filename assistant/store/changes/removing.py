"""Removal of documents, with the conversation turns that quote them and their originals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sqlalchemy as sql

from assistant.store import conversations, erasable
from assistant.store.changes import touched
from assistant.store.database import delete_among, select_among, upsert
from assistant.store.duplicates.pairs import set_canonicals
from assistant.store.records import LedgerChange
from assistant.store.schema import TRACES, documents, meta, passages, sources

CHANGE_NUMBER = "change"
"""The note of the number of the last change."""
Canonicals = Mapping[str, str | None]
"""Near-duplicate documents with their canonical ones; None for a document that is canonical itself."""


def remove_unnamed(
    db: sql.Connection, candidates: set[str], canonicals: Canonicals, ready: Iterable[str] = ()
) -> LedgerChange:
    """Remove the candidates that have no name left; one that lost its main name gets another of its own.

    `ready` are the documents that become answerable in the same change.
    """
    named = select_ids(db, sources.c.document_id, sources.c.document_id, candidates)
    change = replace(remove(db, candidates - named, canonicals, ready), renamed=tuple(named))
    names = sql.select(sources.c.source).where(sources.c.document_id == documents.c.id)
    is_lost = ~names.where(sources.c.source == documents.c.source).exists()
    other = sql.select(sql.func.min(sources.c.source)).where(sources.c.document_id == documents.c.id)
    lost = select_among(db, sql.select(documents.c.id).where(is_lost), documents.c.id, candidates)
    rename = documents.update().where(documents.c.id == sql.bindparam("of"))
    if lost:
        db.execute(rename.values(source=other.scalar_subquery()), [{"of": ident} for (ident,) in lost])
    return change


def remove(
    db: sql.Connection, removed: set[str], canonicals: Canonicals, ready: Iterable[str] = ()
) -> LedgerChange:
    """Remove documents with all that goes with them, and number the change."""
    set_canonicals(db, canonicals)
    number_change(db, {*removed, *canonicals, *ready})
    if not removed:
        return LedgerChange()
    keys = select_among(db, sql.select(passages.c.key), passages.c.document_id, removed)
    originals = select_among(db, sql.select(documents.c.sha256), documents.c.id, removed)
    erasable.mark(db, [sha256 for (sha256,) in originals])
    delete_among(db, documents, documents.c.id, removed)
    conversations.delete_quoting(db, removed)
    note(db, TRACES, "yes")
    return LedgerChange(tuple(key for (key,) in keys), tuple(sha256 for (sha256,) in originals))


def documents_named(db: sql.Connection, names: Iterable[str]) -> set[str]:
    """Return the ids of the documents that have one of the names."""
    return select_ids(db, sources.c.document_id, sources.c.source, names)


def select_ids(
    db: sql.Connection, ids: sql.Column[str], column: sql.Column[str], values: Iterable[str]
) -> set[str]:
    """Return the ids of the rows in which a column has one of the values."""
    return {ident for (ident,) in select_among(db, sql.select(ids), column, values)}


def number_change(db: sql.Connection, document_ids: Iterable[str]) -> None:
    """Number a change, and note the passages of the documents that it touches; before they are removed."""
    number = int(db.scalar(sql.select(meta.c.value).where(meta.c.key == CHANGE_NUMBER)) or 0) + 1
    note(db, CHANGE_NUMBER, str(number))
    keys = select_among(db, sql.select(passages.c.key), passages.c.document_id, document_ids)
    touched.note(db, number, {key for (key,) in keys})


def note(db: sql.Connection, key: str, value: str) -> None:
    """Note a value under a key."""
    upsert(db, meta, {"key": key, "value": value})
