"""Markdown tables: their rows, the column names above a row, and a row as a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.types import Cell, Span
from assistant.text.marks import unmarked

_UNNAMED = re.compile(r"Column [A-Z]{1,3}")
_BAR = re.compile(r"(?<!\\)\|")
_COLUMNS = re.compile(r"^[ \t]*(\|?[^\n]*\|[^\n]*)\n[ \t]*\|?[ \t]*:?-+[-:| \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its range in the document, and its cells."""

    span: Span
    cells: tuple[str, ...]
    places: tuple[Span, ...] = ()
    """The range of each cell with its name, for rows whose cells are separate lines."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a document; each row has as many cells as `columns`."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    header: Span


def is_row(text: str) -> bool:
    """Return True if the text is one row of a table."""
    return len(text) > 1 and text.startswith("|") and text.endswith("|")


def column_rows(text: str) -> list[str]:
    """Return the header rows of a text: those followed by a row of dashes."""
    return [match[1].strip() for match in _COLUMNS.finditer(text)]


def columns_above(text: str, at: int) -> str | None:
    """Return the nearest header row above the position `at` of a text."""
    rows = column_rows(text[:at])
    return rows[-1] if rows else None


def tables(text: str) -> Iterator[Table]:
    """Yield the tables of a text, in order, without rows that have more or fewer cells than columns."""
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


def unnamed(letter: str) -> str:
    """Return what stands in for the name of a column that has none, by its letter in a spreadsheet."""
    return f"Column {letter}"


def as_sentence(row: Sequence[Cell]) -> str:
    """Return cells as a sentence: each with the name of its column, if it has one of its own."""
    named = [("" if _UNNAMED.fullmatch(cell.name) else cell.name, cell.value) for cell in row if cell.value]
    separator = "; " if any(name for name, _ in named) else ", "
    text = separator.join(f"{name}: {value}" if name else value for name, value in named)
    return text if text.endswith((".", "!", "?", "。", "।")) else f"{text}."


def named_cells(row: str, columns: str | None) -> tuple[Cell, ...]:
    """Return the non-empty cells of a row; with the names of their columns if there are as many."""
    values = [unmarked(cell) for cell in cells(row)]
    names = [unmarked(cell) for cell in cells(columns)] if columns else []
    if len(names) != len(values):
        names = [""] * len(values)
    return tuple(Cell(name, value) for name, value in zip(names, values, strict=True) if value)


def cells(row: str) -> list[str]:
    """Return the cells of a row, with their markup."""
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row.strip().strip("|"))]
