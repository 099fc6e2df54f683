"""The rows of two ledgers, of any two databases: copied, compared, and numbered on from where they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql

from assistant.store.changes.writing import MARK
from assistant.store.schema import documents, meta, tables, touched

PAGE, PAGE_OF_DOCUMENTS = 500, 50
"""Rows that are read at a time; the text of a document may be a book."""
OWN_NOTES = ("schema", "generation", MARK)
"""The notes that are not copied: each store has its own."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a page of a table is to be changed by to be that of another: rows that it lacks, keys that it has
    too many."""

    missing: Sequence[Row]
    extra: Sequence[tuple[Any, ...]]
    rows: int
    """The rows of the page as it should be."""


def counts(db: sql.Connection) -> dict[str, int]:
    """Return the number of rows of each table that are copied."""
    return {
        table.name: db.scalar(sql.select(sql.func.count()).select_from(table).where(_is_copied(table))) or 0
        for table in tables.sorted_tables
    }


def copy(source: sql.Connection, target: sql.Engine, *, is_begun: bool) -> Iterator[int]:
    """Make the rows of `target` those of `source`; yield the number of rows of each page that is.

    Where an earlier copy `is_begun`, rows are removed first that are not, or not so, in the source any more.
    """
    for table in reversed(tables.sorted_tables) if is_begun else ():
        for page in differences(source, target, table):
            _remove(target, table, page.extra)
    for table in tables.sorted_tables:
        for page in differences(source, target, table):
            if page.missing:
                with target.begin() as db:
                    db.execute(table.insert(), page.missing)
            yield page.rows
        _number_on(source, target, table)


def differences(source: sql.Connection, target: sql.Engine, table: sql.Table) -> Iterator[Difference]:
    """Yield what parts a table of `target` from that of `source`, by pages in the order of its key."""
    after: tuple[Any, ...] | None = None
    while True:
        rows = _page(source, table, after)
        until = _key(table, rows[-1]) if rows else None
        wanted = {_key(table, row): row for row in rows}
        with target.connect() as db:
            found = {_key(table, row): row for row in _between(db, table, after, until)}
        yield Difference(
            missing=[row for key, row in wanted.items() if found.get(key) != row],
            extra=[key for key, row in found.items() if wanted.get(key) != row],
            rows=len(rows),
        )
        if until is None:
            return
        after = until


def _page(db: sql.Connection, table: sql.Table, after: tuple[Any, ...] | None) -> Sequence[Row]:
    size = PAGE_OF_DOCUMENTS if table is documents else PAGE
    query = _ordered(table).where(_is_after(table, after)).limit(size)
    return [dict(row) for row in db.execute(query).mappings()]


def _between(
    db: sql.Connection, table: sql.Table, after: tuple[Any, ...] | None, until: tuple[Any, ...] | None
) -> Iterator[Row]:
    query = _ordered(table).where(_is_after(table, after))
    if until is not None:
        query = query.where(_key_of(table) <= _values(table, until))
    return (dict(row) for row in db.execute(query).mappings())


def _ordered(table: sql.Table) -> sql.Select[Any]:
    return sql.select(table).where(_is_copied(table)).order_by(*table.primary_key.columns)


def _is_copied(table: sql.Table) -> sql.ColumnElement[bool]:
    if table is meta:
        return meta.c.key.not_in(OWN_NOTES)
    # What other processes follow is of one database.
    return sql.false() if table is touched else sql.true()


def _is_after(table: sql.Table, after: tuple[Any, ...] | None) -> sql.ColumnElement[bool]:
    return sql.true() if after is None else _key_of(table) > _values(table, after)


def _key_of(table: sql.Table) -> sql.ColumnElement[Any]:
    return sql.tuple_(*table.primary_key.columns)


def _values(table: sql.Table, values: tuple[Any, ...]) -> sql.ColumnElement[Any]:
    columns = table.primary_key.columns
    return sql.tuple_(*(sql.literal(v, c.type) for v, c in zip(values, columns, strict=True)))


def _key(table: sql.Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _remove(target: sql.Engine, table: sql.Table, keys: Sequence[tuple[Any, ...]]) -> None:
    if keys:
        with target.begin() as db:
            for key in keys:
                db.execute(table.delete().where(_key_of(table) == _values(table, key)))


def _number_on(source: sql.Connection, target: sql.Engine, table: sql.Table) -> None:
    """Let the target number its next row as the source would: a number that is gone is never given again."""
    column = table.autoincrement_column
    if column is None:
        return
    last = max(_last_number(source, column), source.scalar(sql.select(sql.func.max(column))) or 0)
    with target.begin() as db:
        if last and db.dialect.name == "postgresql":
            db.execute(sql.select(sql.func.setval(_sequence(column), last)))
        elif table.dialect_options["sqlite"]["autoincrement"]:
            named = {"name": table.name, "last": last}
            db.execute(sql.text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
            db.execute(sql.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), named)


def _last_number(db: sql.Connection, column: sql.Column[int]) -> int:
    """Return the last number that a database has given in a column; 0 if it keeps none."""
    if db.dialect.name == "postgresql":
        state = sql.func.pg_sequence_last_value(sql.cast(_sequence(column), postgresql.REGCLASS))
        return int(db.scalar(sql.select(state)) or 0)
    if not column.table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    query = sql.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(db.scalar(query, {"name": column.table.name}) or 0)


def _sequence(column: sql.Column[int]) -> sql.ColumnElement[str]:
    return sql.func.pg_get_serial_sequence(column.table.name, column.name)
