"""The tables of the ledger, for SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql

from assistant.core.errors import LedgerError

VERSION = "1"
"""The version of the schema, noted in the store."""
UNSKETCHED = 0
"""The band of a document whose text is too short or too long for a sketch."""
TRACES = "owed"
"""The note that removed text may still be in files."""


class Json(sql.TypeDecorator[Any]):
    """JSON that raises a LedgerError if it is damaged."""

    impl = sql.JSON
    cache_ok = True

    def result_processor(self, dialect: sql.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return the processor of the base type with its errors translated."""
        process = super().result_processor(dialect, coltype)

        def process_safely(value: Any) -> Any:
            try:
                return process(value) if process else value
            except (ValueError, TypeError, RecursionError) as fault:
                raise LedgerError.of("a row cannot be read") from fault

        return process_safely


# By code points in every database, as orders and smallest names are part of answers.
STRING = sql.String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")
tables = sql.MetaData()
meta = sql.Table("meta", tables, sql.Column("key", STRING, primary_key=True), sql.Column("value", STRING))
documents = sql.Table(
    "documents",
    tables,
    sql.Column("id", STRING, primary_key=True),
    sql.Column("title", STRING, nullable=False),
    sql.Column("source", STRING, nullable=False),
    sql.Column("media_type", STRING, nullable=False),
    sql.Column("sha256", STRING, nullable=False),
    sql.Column("size", sql.Integer, nullable=False),
    sql.Column("added", STRING, nullable=False),
    # Without an index: SQLite would begin each search for passages with it, and go through all documents.
    sql.Column("ready", sql.Boolean, nullable=False),
    # Last, as a column after a long text is slow to read.
    sql.Column("structure", Json, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
)
sources = sql.Table(
    "sources",
    tables,
    sql.Column("source", STRING, primary_key=True),
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
)
tags = sql.Table(
    "tags",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("tag", STRING, primary_key=True, index=True),
)
passages = sql.Table(
    "passages",
    tables,
    sql.Column("key", sql.Integer, primary_key=True),
    sql.Column("id", STRING, nullable=False, unique=True),
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("start", sql.Integer, nullable=False),
    sql.Column("end", sql.Integer, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("context", sql.Text, nullable=False),
    sql.Column("details", Json, nullable=False),
    # Keys are never reused, so a removed key that an index still has finds nothing.
    sqlite_autoincrement=True,
)
vectors = sql.Table(
    "vectors",
    tables,
    sql.Column("key", sql.ForeignKey("passages.key", ondelete="CASCADE"), primary_key=True),
    sql.Column("passage", sql.LargeBinary, nullable=False),
    sql.Column("sentences", sql.LargeBinary, nullable=False),
)
# Apart from the others, of which a search reads many more. Empty if the embedder gives no vectors of words.
word_vectors = sql.Table(
    "word_vectors",
    tables,
    sql.Column("key", sql.ForeignKey("vectors.key", ondelete="CASCADE"), primary_key=True),
    sql.Column("words", sql.LargeBinary, nullable=False),
)
# The bands of each document's sketch, by which near-duplicates are found.
sketches = sql.Table(
    "sketches",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("band", sql.BigInteger, primary_key=True, index=True, autoincrement=False),
)
# Near-duplicates, which are not indexed while their canonical document is.
duplicates = sql.Table(
    "duplicates",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("original_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
)
# Originals that may be erased, by hash: those of removed and of unacknowledged documents.
erasable = sql.Table("erasable", tables, sql.Column("sha256", STRING, primary_key=True))
# What was not taken, until it is taken or dismissed.
rejections = sql.Table(
    "rejections",
    tables,
    sql.Column("source", STRING, primary_key=True),
    sql.Column("reason", STRING, nullable=False),
    sql.Column("at", STRING, nullable=False),
)
# What is followed by address: the version of each item that was taken, and how each source's last run ended.
remote_items = sql.Table(
    "remote_items",
    tables,
    sql.Column("source", STRING, primary_key=True),
    sql.Column("name", STRING, primary_key=True),
    # Empty while the item is announced only: whoever is killed before it is taken finds it by its name.
    sql.Column("version", STRING, nullable=False),
    sql.Column("refused", sql.Boolean, nullable=False),
)
remote_runs = sql.Table(
    "remote_runs",
    tables,
    sql.Column("source", STRING, primary_key=True),
    sql.Column("at", STRING, nullable=False),
    sql.Column("counts", Json, nullable=False),
    # Empty if it went well.
    sql.Column("fault", STRING, nullable=False),
)
digests = sql.Table(
    "digests",
    tables,
    sql.Column("document_id", sql.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("digest", STRING, nullable=False),
)
turns = sql.Table(
    "turns",
    tables,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("conversation", STRING, nullable=False, index=True),
    sql.Column("at", STRING, nullable=False),
    sql.Column("turn", Json, nullable=False),
)
# Conversations of the page: whose browser began them, and what their owner made of them. Those of the API and
# the command line have turns only.
conversations = sql.Table(
    "conversations",
    tables,
    sql.Column("id", STRING, primary_key=True),
    sql.Column("owner", STRING, nullable=False, index=True),
    # Null while the first question is the name.
    sql.Column("name", STRING),
    sql.Column("pinned", sql.Boolean, nullable=False, default=False),
)
usage = sql.Table(
    "usage",
    tables,
    sql.Column("day", STRING, primary_key=True),
    sql.Column("model", STRING, primary_key=True),
    sql.Column("prompt", sql.BigInteger, nullable=False),
    sql.Column("reply", sql.BigInteger, nullable=False),
    # Null without a price.
    sql.Column("cost", sql.Float),
)
# Links that open a conversation for reading. They go with it.
shares = sql.Table(
    "shares",
    tables,
    sql.Column("id", STRING, primary_key=True),
    sql.Column(
        "conversation", sql.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
)
verdicts = sql.Table(
    "verdicts",
    tables,
    sql.Column("turn", sql.ForeignKey("turns.number", ondelete="CASCADE"), primary_key=True),
    sql.Column("verdict", STRING, nullable=False),
)
# The passages that each change touched, for the other processes of a store that several have open.
touched = sql.Table(
    "touched",
    tables,
    sql.Column("change", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("passage_keys", Json, nullable=False),
)
# Who may log in where others reach the server. Names are folded, so that no two differ in case alone.
users = sql.Table(
    "users",
    tables,
    # Random: whoever gets the name of somebody removed gets nothing of theirs.
    sql.Column("id", STRING, primary_key=True),
    sql.Column("name", STRING, nullable=False, unique=True),
    sql.Column("role", STRING, nullable=False),
    # A hash by argon2; empty for one of the environment that it names no longer.
    sql.Column("password", STRING, nullable=False),
    sql.Column("added", STRING, nullable=False),
    # True for one that the environment names.
    sql.Column("fixed", sql.Boolean, nullable=False),
)
# Browsers that are logged in, by the hash of what their cookie holds. Times are in seconds since 1970.
sessions = sql.Table(
    "sessions",
    tables,
    sql.Column("hash", STRING, primary_key=True),
    sql.Column("user", sql.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("began", sql.BigInteger, nullable=False),
    sql.Column("used", sql.BigInteger, nullable=False),
)
# Tokens of programs, by hash.
api_tokens = sql.Table(
    "api_tokens",
    tables,
    sql.Column("id", STRING, primary_key=True),
    sql.Column("hash", STRING, nullable=False, unique=True),
    sql.Column("user", sql.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("role", STRING, nullable=False),
    sql.Column("made", sql.BigInteger, nullable=False),
    sql.Column("expires", sql.BigInteger, nullable=False),
)
# What was done on a server that others reach: who, when, and to what. No text of questions.
deeds = sql.Table(
    "deeds",
    tables,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("at", sql.BigInteger, nullable=False, index=True),
    # Empty for whoever has the home folder, and once the user is removed.
    sql.Column("user", STRING, nullable=False, index=True),
    sql.Column("name", STRING, nullable=False),
    sql.Column("deed", STRING, nullable=False),
    sql.Column("about", STRING, nullable=False),
)
