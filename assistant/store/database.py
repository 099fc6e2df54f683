"""The database of the ledger: its engine, its errors, upserts, and erasing of deleted data from the disk."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import ConnectionPoolEntry

from assistant.core.errors import LedgerError, StoreError
from assistant.store.schema import tables

MAX_VALUES = 5_000
"""Values in one statement."""
_DAMAGE_CODES = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
"""SQLite's codes for a damaged file; the first is that of a missing table."""
_UNDECODABLE = "Could not decode"
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""INSERT statements with ON CONFLICT, by dialect."""


def open_engine(url: str | sql.URL) -> sql.Engine:
    """Return the engine of the database at a SQLAlchemy URL; create missing tables.

    Raises:
        StoreError: the database cannot be opened. Every later failure, such as a full disk, raises it too.
    """
    engine = sql.create_engine(url)
    event.listen(engine, "handle_error", _raise_store_error)
    if _is_sqlite(engine):
        event.listen(engine, "connect", _configure_sqlite)
    tables.create_all(engine)
    return engine


def sqlite_url(path: Path) -> sql.URL:
    """Return the URL of the SQLite database in a file."""
    return sql.URL.create("sqlite", database=str(path))


def insert_missing(db: sql.Connection, table: sql.Table, row: Mapping[str, Any]) -> None:
    """Insert a row unless its primary key exists; atomic."""
    db.execute(_INSERTS[db.dialect.name](table).values(**row).on_conflict_do_nothing())


def upsert(db: sql.Connection, table: sql.Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or update the one with its primary key; atomic."""
    key = [column.name for column in table.primary_key]
    insert = _INSERTS[db.dialect.name](table).values(**row)
    changes = {name: insert.excluded[name] for name in row if name not in key}
    db.execute(insert.on_conflict_do_update(index_elements=key, set_=changes))


def erase_deleted(engine: sql.Engine) -> bool:
    """Erase deleted data from the disk; return False if a reader prevented it.

    SQLite overwrites deleted rows, but rows that it moved from page to page leave a copy (about 1 document of
    300). So the file is written anew, and then the write-ahead log is emptied.
    """
    if not _is_sqlite(engine):
        return True
    # First, as a log that a failed change has grown leaves its space to the new file.
    empty_log(engine)
    with engine.connect() as db:
        db.exec_driver_sql("VACUUM")
    return empty_log(engine)


def empty_log(engine: sql.Engine) -> bool:
    """Write the log to the database and free its space; return False if a reader prevented it."""
    if not _is_sqlite(engine):
        return True
    with engine.connect() as db:
        return bool(db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0)


def find_faults(engine: sql.Engine) -> list[str]:
    """Return the faults that the database finds in its own file, at most three."""
    if not _is_sqlite(engine):
        return []
    with engine.connect() as db:
        found = list(db.exec_driver_sql("PRAGMA integrity_check(3)").scalars())
    return [] if found == ["ok"] else [str(fault) for fault in found]


def select_among(
    db: sql.Connection,
    query: sql.Select[Any],
    column: sql.ColumnElement[Any],
    values: Iterable[Any] | None,
) -> list[Any]:
    """Return the rows of a query in which a column has one of any number of values; all if these are None."""
    if values is None:
        return list(db.execute(query))
    return [row for batch in _batches(values) for row in db.execute(query.where(column.in_(batch)))]


def delete_among(
    db: sql.Connection, table: sql.Table, column: sql.ColumnElement[Any], values: Iterable[Any]
) -> None:
    """Delete the rows in which a column has one of any number of values."""
    for batch in _batches(values):
        db.execute(table.delete().where(column.in_(batch)))


def _batches(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the values in batches, as a database limits the values in one statement."""
    remaining = iter(values)
    while batch := list(itertools.islice(remaining, MAX_VALUES)):
        yield batch


def _is_sqlite(engine: sql.Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _configure_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # A thread may wait for another that records a document as long as a book.
    connection.execute("PRAGMA busy_timeout=60000")


def _raise_store_error(context: sql.engine.ExceptionContext) -> None:
    """Raise a database error as ours, without its statement, which contains text of documents."""
    if context.sqlalchemy_exception is None:
        return
    fault = context.original_exception
    if str(fault).startswith(_UNDECODABLE):
        # The rest of SQLite's message is the text.
        raise LedgerError.of("a row holds no text any more") from fault
    if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _DAMAGE_CODES:
        raise LedgerError.of(str(fault)) from fault
    raise StoreError(f"The ledger cannot be used ({fault}); check the home folder and its disk.") from fault
