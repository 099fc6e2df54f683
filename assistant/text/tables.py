"""Tables in Markdown: their rows, the column names above a row, and a row as it is spoken."""

from __future__ import annotations

import re

_BAR = re.compile(r"(?<!\\)\|")
_COLUMNS = re.compile(r"^[ \t]*(\|?[^\n]*\|[^\n]*)\n[ \t]*\|?[ \t]*:?-+[-:| \t]*$", re.MULTILINE)


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


def spoken(row: str, columns: str | None) -> str:
    """A row as a sentence: each cell with its column's name, or the cells alone where names do not fit."""
    cells, names = _cells(row), _cells(columns) if columns else []
    if len(names) != len(cells):
        return ", ".join(cell for cell in cells if cell) + "."
    return "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True) if cell) + "."


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row.strip().strip("|"))]
