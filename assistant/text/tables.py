"""Tables in Markdown: their rows, the column names above a row, and a row as it is spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.types import Cell, Span
from assistant.text.marks import unmarked

_BAR = re.compile(r"(?<!\\)\|")
_COLUMNS = re.compile(r"^[ \t]*(\|?[^\n]*\|[^\n]*)\n[ \t]*\|?[ \t]*:?-+[-:| \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the range of the document that it takes, and its cells."""

    span: Span
    cells: tuple[str, ...]
    places: tuple[Span, ...] = ()
    """Where each cell stands with its name, where that is a line of its own."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a document, each row as wide as its column names."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    header: Span


def is_row(text: str) -> bool:
    """Whether the text is one row of a table."""
    return len(text) > 1 and text.startswith("|") and text.endswith("|")


def column_rows(text: str) -> list[str]:
    """The rows of column names in a text: those followed by a row of dashes."""
    return [match[1].strip() for match in _COLUMNS.finditer(text)]


def columns_above(text: str, at: int) -> str | None:
    """The row of column names nearest above the position `at` of a text."""
    rows = column_rows(text[:at])
    return rows[-1] if rows else None


def tables(text: str) -> Iterator[Table]:
    """The tables of a text, in order. Rows that have more or fewer cells than that are left out."""
    for names in _COLUMNS.finditer(text):
        columns = tuple(map(unmarked, cells(names[1])))
        start = names.start(1)
        rows = tuple(row for row in _rows(text, names.end() + 1) if len(row.cells) == len(columns))
        yield Table(columns, rows, Span(start, start + len(names[1].strip())))


def _rows(text: str, at: int) -> Iterator[Row]:
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        if "|" not in line:
            return
        start = at + len(line) - len(line.lstrip())
        yield Row(Span(start, at + len(line.rstrip())), tuple(map(unmarked, cells(line))))
        at = end + 1


def spoken(names: Sequence[Cell]) -> str:
    """Cells as a sentence: each with its column's name, or alone where it has none."""
    by = "; " if any(cell.name for cell in names) else ", "
    said = by.join(f"{cell.name}: {cell.value}" if cell.name else cell.value for cell in names if cell.value)
    return said if said.endswith((".", "!", "?", "。", "।")) else f"{said}."


def named(row: str, columns: str | None) -> tuple[Cell, ...]:
    """The cells of a row that hold something, with the names of their columns where these fit."""
    values = [unmarked(cell) for cell in cells(row)]
    names = [unmarked(cell) for cell in cells(columns)] if columns else []
    if len(names) != len(values):
        names = [""] * len(values)
    return tuple(Cell(name, value) for name, value in zip(names, values, strict=True) if value)


def cells(row: str) -> list[str]:
    """The cells of a row, as they are written."""
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row.strip().strip("|"))]
