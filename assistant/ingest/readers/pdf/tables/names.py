"""Names over several columns, which are in the middle above them and have no lines of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.ingest.readers.grid import Merge
from assistant.ingest.readers.pdf.shapes import Run, Table
from assistant.ingest.readers.pdf.tables.cells import is_number

_CENTRED = 0.1
"""The way of a name from the middle of its columns, as a share of their width."""
_ABOVE = 2.2
"""The way from a name to what it names, in heights of its line."""

Edges = Sequence[tuple[float, float]]
"""Left and right of what is in each column."""


def with_names(
    table: Table, above: Sequence[Run], rows: Sequence[Sequence[Run]], edges: Edges
) -> Table | None:
    """Return a table with the row above it as names over several of its columns; None if it is none."""
    high = max(run.height for run in above)
    if min(run.top for row in rows[:1] for run in row) - max(run.bottom for run in above) > _ABOVE * high:
        return None
    if any(is_number(cell) and not _is_year(cell) for cell in table.rows[0]):
        return None
    spans = spread([(run.left, run.right) for run in above], edges)
    if spans is None or all(first == last for first, last in spans):
        return None
    names = [""] * len(edges)
    for run, (first, _) in zip(above, spans, strict=True):
        names[first] = run.text
    moved = tuple(replace(m, top=m.top + 1, bottom=m.bottom + 1) for m in table.merges)
    wide = tuple(Merge(0, first, 0, last) for first, last in spans if last > first)
    top = min(run.top for run in above)
    return replace(table, rows=(tuple(names), *table.rows), merges=(*wide, *moved), top=top)


def _is_year(cell: str) -> bool:
    return len(cell) == 4 and cell.isdecimal() and 1800 < int(cell) < 2200


def spread(names: Sequence[tuple[float, float]], edges: Edges) -> list[tuple[int, int]] | None:
    """Return the first and last columns of each name; None if the names are not in the middle of theirs.

    The last name ends with the last column, and none of the columns between is left out.
    """
    end = len(edges) - 1
    for first in range(len(edges)):
        spans = _spans(names, edges, first, end)
        if spans is not None:
            return spans
    return None


def _spans(
    names: Sequence[tuple[float, float]], edges: Edges, first: int, end: int
) -> list[tuple[int, int]] | None:
    """Return the columns of the names from the column `first` to `end`."""
    if not names:
        return [] if first > end else None
    left, right = names[0]
    for last in range(first, end + 1):
        wide = edges[last][1] - edges[first][0]
        away = abs(left + right - edges[first][0] - edges[last][1]) / 2
        over = last + 1 <= end and right > edges[last + 1][0]
        if over or away > _CENTRED * wide + 2 or right - left > wide + 6:
            continue
        rest = _spans(names[1:], edges, last + 1, end)
        if rest is not None:
            return [(first, last), *rest]
    return None
