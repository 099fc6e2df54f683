"""The database of the ledger, SQLite or PostgreSQL: its engine, its errors, upserts, and erasing of deleted
data from the disk."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.functions import FunctionElement

from assistant.core.errors import LedgerError, StoreBusy, StoreError, StoreUnreachable
from assistant.store.schema import tables

MAX_VALUES = 5_000
"""Values in one statement."""
_DAMAGE_CODES = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
"""SQLite's codes for a damaged file; the first is that of a missing table."""
_UNDECODABLE = "Could not decode"
_DAMAGE_STATES = ("42P01", "42703", "XX001", "XX002")
"""PostgreSQL's codes for a missing table or column, and for damage that it finds."""
_AWAY_STATES = ("08", "53300", "57P")
"""Prefixes of PostgreSQL's error codes for a lost or refused connection."""
CONNECT_SECONDS = 5
OWNER = 0x61737369
"""The advisory lock that the process holds which owns the store in a PostgreSQL database."""
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""INSERT statements with ON CONFLICT, by dialect."""


def open_engine(url: str | sql.URL) -> sql.Engine:
    """Return the engine of the database at a SQLAlchemy URL; create missing tables.

    Raises:
        StoreError: the database cannot be opened. Every later failure, such as a full disk, raises it too.
        StoreUnreachable: its server does not answer; as later.
    """
    url = sql.make_url(url)
    if url.get_backend_name() == "sqlite":
        engine = sql.create_engine(url)
        event.listen(engine, "connect", _configure_sqlite)
    else:
        engine = _served_engine(url)
    event.listen(engine, "handle_error", _raise_store_error)
    tables.create_all(engine)
    return engine


def _served_engine(url: sql.URL) -> sql.Engine:
    """Return the engine of a database on a server, which may be started again meanwhile."""
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    return sql.create_engine(url, pool_pre_ping=True, connect_args=waits)


class Ownership:
    """The ownership of the store in a PostgreSQL database: that of the process which holds a lock in it, or
    of all those that share it."""

    def __init__(self, url: sql.URL, *, shared: bool = False) -> None:
        """Take the ownership, alone or `shared`.

        Raises:
            StoreBusy: another process has it.
            StoreUnreachable: the server does not answer.
        """
        self._engine = _served_engine(url)
        event.listen(self._engine, "handle_error", _raise_store_error)
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taking = sql.func.pg_try_advisory_lock_shared if shared else sql.func.pg_try_advisory_lock
        if not self._connection.scalar(sql.select(taking(OWNER))):
            self.release()
            raise StoreBusy("Another process has the database open; end it, then try again.")

    def require_alone(self) -> None:
        """Check that nobody shares the ownership.

        Raises:
            StoreBusy: another process does.
        """
        others = sql.text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = :owner "
            "AND granted AND pid <> pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        if self._connection.scalar(others, {"owner": OWNER}):
            raise StoreBusy("Another process has the database open; end it, then try again.")

    def release(self) -> None:
        """Give the ownership back."""
        if not self._connection.closed:
            # Not into the pool: the lock goes with the connection.
            self._connection.invalidate()
            self._connection.close()
        self._engine.dispose()


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


class Raw(FunctionElement[bytes]):
    """The bytes of a text or JSON column, which can be read where its text is damaged."""

    type = sql.LargeBinary()
    inherit_cache = True


@compiles(Raw)
def _raw_in_sqlite(element: Raw, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BLOB)"


@compiles(Raw, "postgresql")
def _raw_in_postgresql(element: Raw, compiler: Any, **options: Any) -> str:
    return f"convert_to(CAST({compiler.process(element.clauses, **options)} AS TEXT), 'UTF8')"


def erase_deleted(engine: sql.Engine) -> bool:
    """Erase deleted data from the disk; return False if a reader prevented it.

    SQLite overwrites deleted rows, but rows that it moved from page to page leave a copy (about 1 document of
    300). So the file is written anew, and then the write-ahead log is emptied. PostgreSQL frees the space of
    deleted rows for others; what that leaves in its files is told in docs/security.md.
    """
    if not _is_sqlite(engine):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.exec_driver_sql(f"VACUUM {', '.join(table.name for table in tables.sorted_tables)}")
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
    if context.sqlalchemy_exception is None or context.is_pre_ping:
        return
    fault = context.original_exception
    if context.dialect.name == "postgresql":
        raise _of_postgresql(fault) from fault
    if str(fault).startswith(_UNDECODABLE):
        # The rest of SQLite's message is the text.
        raise LedgerError.of("a row holds no text any more") from fault
    if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _DAMAGE_CODES:
        raise LedgerError.of(str(fault)) from fault
    raise StoreError(f"The ledger cannot be used ({fault}); check the home folder and its disk.") from fault


def _of_postgresql(fault: BaseException) -> StoreError | StoreUnreachable:
    """Return our error for one of psycopg. Of the server's message only the first line is told, as the others
    hold values of rows."""
    said = getattr(getattr(fault, "diag", None), "message_primary", None) or str(fault)
    reason, state = said.strip().partition("\n")[0], getattr(fault, "sqlstate", None)
    is_away = type(fault).__name__ == "OperationalError" if state is None else state.startswith(_AWAY_STATES)
    if is_away:
        return StoreUnreachable(
            f"The database does not answer ({reason}); start it, or check ASSISTANT_DATABASE, then try again."
        )
    if state in _DAMAGE_STATES:
        return LedgerError.of(reason)
    return StoreError(f"The database refuses this ({reason}); check it and its disk.")
