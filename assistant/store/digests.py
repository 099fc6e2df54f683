"""Digests of all that the ledger records of a document, by which damaged rows are found."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sql

from assistant.store.schema import digests, documents, passages, vectors, word_vectors

# JSON as text, since the drivers of databases give it otherwise, and a store may move to another.
_DOCUMENT = sql.select(
    *(documents.c[name] for name in ("id", "title", "media_type", "sha256", "size", "text")),
    sql.cast(documents.c.structure, sql.Text),
)
_PASSAGES = (
    sql.select(
        *(passages.c[name] for name in ("key", "id", "position", "start", "end", "text", "context")),
        sql.cast(passages.c.details, sql.Text),
        vectors.c.passage,
        vectors.c.sentences,
    )
    .join_from(passages, vectors, isouter=True)
    .order_by(passages.c.position)
)

# Apart, so that the digests of documents recorded before there were any stay the same.
_WORDS = (
    sql.select(word_vectors.c.words)
    .join_from(passages, word_vectors, word_vectors.c.key == passages.c.key)
    .order_by(passages.c.position)
)


def write(db: sql.Connection, document_id: str) -> None:
    """Write the digest of a document as it is recorded now."""
    db.execute(digests.delete().where(digests.c.document_id == document_id))
    db.execute(digests.insert().values(document_id=document_id, digest=_digest(db, document_id)))


def is_intact(db: sql.Connection, document_id: str) -> bool:
    """True if the rows of a document still match its digest.

    Raises:
        StoreError: a row cannot be read at all.
    """
    written = db.scalar(sql.select(digests.c.digest).where(digests.c.document_id == document_id))
    return written is not None and written == _digest(db, document_id)


def write_missing(engine: sql.Engine) -> None:
    """Write the digests of documents that an earlier version recorded."""
    missing = ~sql.select(digests).where(digests.c.document_id == documents.c.id).exists()
    with engine.begin() as db:
        for document_id in db.scalars(sql.select(documents.c.id).where(documents.c.ready, missing)).all():
            write(db, document_id)


def _digest(db: sql.Connection, document_id: str) -> str:
    digest = hashlib.sha256()
    for row in db.execute(_DOCUMENT.where(documents.c.id == document_id)):
        _update(digest, row)
    for query in (_PASSAGES, _WORDS):
        for row in db.execute(query.where(passages.c.document_id == document_id)):
            _update(digest, row)
    return digest.hexdigest()


def _update(digest: Any, row: Any) -> None:
    for value in row:
        data = value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
        digest.update(len(data).to_bytes(8))
        digest.update(data)
