"""The tables of the ledger, for SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sql

from assistant.core.errors import LedgerError

VERSION = "1"
"""Noted in the store, so that a later form is told from this one."""
UNJUDGED = 0
"""The band of a document whose text is too short, or too long, to be told from others by a sketch."""


class Json(sql.TypeDecorator[Any]):
    """JSON whose damage is an error that a person understands."""

    impl = sql.JSON
    cache_ok = True

    def result_processor(self, dialect: sql.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """As of the type itself."""
        process = super().result_processor(dialect, coltype)

        def processed(value: Any) -> Any:
            try:
                return process(value) if process else value
            except (ValueError, TypeError, RecursionError) as fault:
                raise LedgerError.of("a row cannot be read") from fault

        return processed


tables = sql.MetaData()
meta = sql.Table(
    "meta", tables, sql.Column("key", sql.String, primary_key=True), sql.Column("value", sql.String)
)
documents = sql.Table(
    "documents",
    tables,
    sql.Column("id", sql.String, primary_key=True),
    sql.Column("title", sql.String, nullable=False),
    sql.Column("source", sql.String, nullable=False),
    sql.Column("media_type", sql.String, nullable=False),
    sql.Column("sha256", sql.String, nullable=False),
    sql.Column("size", sql.Integer, nullable=False),
    sql.Column("added", sql.String, nullable=False),
    # Without an index: SQLite would begin each search for passages with it, and go through all documents.
    sql.Column("ready", sql.Boolean, nullable=False),
    # Last, as what stands behind a long text is slow to read.
    sql.Column("structure", Json, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
)
sources = sql.Table(
    "sources",
    tables,
    sql.Column("source", sql.String, primary_key=True),
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
)
passages = sql.Table(
    "passages",
    tables,
    sql.Column("key", sql.Integer, primary_key=True),
    sql.Column("id", sql.String, nullable=False, unique=True),
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("start", sql.Integer, nullable=False),
    sql.Column("end", sql.Integer, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("context", sql.Text, nullable=False),
    sql.Column("details", Json, nullable=False),
    # A number once given is never given again: an index that still holds a removed key finds nothing.
    sqlite_autoincrement=True,
)
vectors = sql.Table(
    "vectors",
    tables,
    sql.Column("key", sql.ForeignKey("passages.key", ondelete="CASCADE"), primary_key=True),
    sql.Column("passage", sql.LargeBinary, nullable=False),
    sql.Column("sentences", sql.LargeBinary, nullable=False),
)
# What tells near-duplicates: the bands of each document's sketch.
sketches = sql.Table(
    "sketches",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("band", sql.BigInteger, primary_key=True, index=True, autoincrement=False),
)
# Documents that are not in the index while another stands for them.
duplicates = sql.Table(
    "duplicates",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("original_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
)
# Originals that may go, by their hash: of removed documents, and of some that were never acknowledged.
erasable = sql.Table("erasable", tables, sql.Column("sha256", sql.String, primary_key=True))
digests = sql.Table(
    "digests",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("digest", sql.String, nullable=False),
)
turns = sql.Table(
    "turns",
    tables,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("conversation", sql.String, nullable=False, index=True),
    sql.Column("at", sql.String, nullable=False),
    sql.Column("turn", Json, nullable=False),
)
