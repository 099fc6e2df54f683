"""The database of the ledger: opened, its faults told, and what was deleted from it erased."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from assistant.core.errors import LedgerError, StoreError
from assistant.store.schema import tables

SLICE = 5_000
"""Values in one statement."""
_DAMAGED = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
"""What SQLite says of files that are not as it wrote them; the first of a schema that lacks a table."""
_UNDECODED = "Could not decode"


def opened(url: str | sql.URL) -> sql.Engine:
    """The database at `url`, with all tables, made where they are not there.

    Raises:
        StoreError: it cannot be opened. Whatever is done with it later raises this where the database fails:
            a full disk, say.
    """
    engine = sql.create_engine(url)
    event.listen(engine, "handle_error", _tell)
    if _is_sqlite(engine):
        event.listen(engine, "connect", _set_up_sqlite)
    tables.create_all(engine)
    return engine


def in_file(path: Path) -> sql.URL:
    """The address of the SQLite database in a file."""
    return sql.URL.create("sqlite", database=str(path))


def erase(engine: sql.Engine) -> bool:
    """Makes the database forget on disk what was deleted from it; False where a reader stood in the way.

    SQLite overwrites what is deleted, but rows that it moved from page to page leave a copy where they were
    (about 1 document of 300). So the file is written anew, and then the write-ahead log is emptied.
    """
    if not _is_sqlite(engine):
        return True
    # First, so that a log grown by a change that failed leaves its room to the new file.
    empty_log(engine)
    with engine.connect() as db:
        db.exec_driver_sql("VACUUM")
    return empty_log(engine)


def empty_log(engine: sql.Engine) -> bool:
    """Write the log into the database and give its room back; False where a reader stood in the way."""
    if not _is_sqlite(engine):
        return True
    with engine.connect() as db:
        return bool(db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0)


def faults(engine: sql.Engine) -> list[str]:
    """What the database finds wrong with its own file."""
    if not _is_sqlite(engine):
        return []
    with engine.connect() as db:
        found = list(db.exec_driver_sql("PRAGMA integrity_check(3)").scalars())
    return [] if found == ["ok"] else [str(fault) for fault in found]


def among(
    db: sql.Connection, query: sql.Select[Any], column: sql.ColumnElement[Any], values: Iterable[Any]
) -> list[Any]:
    """The rows of a query where a column is among the values, however many these are."""
    return [row for some in _slices(values) for row in db.execute(query.where(column.in_(some)))]


def delete(
    db: sql.Connection, table: sql.Table, column: sql.ColumnElement[Any], values: Iterable[Any]
) -> None:
    """Deletes the rows where a column is among the values."""
    for some in _slices(values):
        db.execute(table.delete().where(column.in_(some)))


def _slices(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values, some at a time: a database takes only so many in one statement."""
    left = iter(values)
    while some := list(itertools.islice(left, SLICE)):
        yield some


def _is_sqlite(engine: sql.Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # One thread may wait for another that records a document as long as a book.
    connection.execute("PRAGMA busy_timeout=60000")


def _tell(context: sql.engine.ExceptionContext) -> None:
    """A fault of the database in a sentence; without the statement, which holds the text of documents."""
    if context.sqlalchemy_exception is None:
        return
    fault = context.original_exception
    if str(fault).startswith(_UNDECODED):
        # SQLite's own words go on with the text.
        raise LedgerError.of("a row holds no text any more") from fault
    if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
        raise LedgerError.of(str(fault)) from fault
    raise StoreError(f"The ledger cannot be used ({fault}); check the home folder and its disk.") from fault
