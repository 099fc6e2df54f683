"""Tables without lines: cells aligned below each other by white space."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from assistant.ingest.readers.pdf.columns import line_of, rows_of, unjustified
from assistant.ingest.readers.pdf.shapes import Line, Run, Table, Word
from assistant.ingest.readers.pdf.tables.cells import (
    Cell,
    cell_text,
    ends_label,
    goes_on,
    is_number,
    without_leader,
)
from assistant.ingest.readers.pdf.tables.gaps import further_lines, numbers_apart
from assistant.ingest.readers.pdf.tables.names import spread, with_names

_MARKER = re.compile(
    r"[•‣◦▪●·*–-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]|\[\d+\]|\d{1,2}(?:\.\d{1,2}){1,3}\.?"
)
_LEADER = re.compile(r"\.{4,}|(?:\. ){4,}|…{2,}|_{4,}")
_TALL = 2.2
"""The way from row to row that ends a table, in heights of its lines."""
_WORDS = 9
"""Words of an average cell from which on there is no table but text in columns."""

_Edges = list[tuple[float, float]]


def with_tables(column: Sequence[Run], number: int) -> Iterator[Line | Table]:
    """Yield the lines of a column from above, those that are rows of a table as one."""
    rows = [unjustified(row) for row in rows_of(column)]
    at = tried = 0
    above: Sequence[Run] = ()
    while at < len(rows):
        end, edges = _table_from(rows, at) if at >= tried else (at, [])
        table = _made(rows[at:end], edges, number) if end > at else None
        if table is None:
            # What looks like a table is one from its first, second or third row on, or from none.
            tried = end if at >= tried + 2 else tried
            if above:
                yield line_of(above, number)
            above = rows[at]
            at += 1
        else:
            named = with_names(table, above, rows[at:end], edges) if above else None
            if above and named is None:
                yield line_of(above, number)
            yield named or table
            above = ()
            at = tried = end
    if above:
        yield line_of(above, number)


def _table_from(rows: list[list[Run]], start: int) -> tuple[int, _Edges]:
    """Return where the table ends that begins with a row, and the edges of its columns."""
    edges: _Edges = [(run.left, run.right) for run in rows[start]]
    if len(edges) < 2:
        return start, edges
    end = start + 1
    for at in range(start + 1, len(rows)):
        row, last = rows[at], rows[at - 1]
        high = max(run.height for run in row)
        if min(run.top for run in row) - max(run.bottom for run in last) > _TALL * high:
            break
        if at <= start + 2 and (_are_parted(edges, row) or _are_named(rows[at - 1], row)):
            return start, edges  # the rows above are names over several columns
        wider = _widened(edges, row)
        if wider is None and len(row) > 1:
            rows[at] = row = [part for run in row for part in numbers_apart(run)]
            wider = _widened(edges, row)
        if wider is None or (len(row) == 1 and not _is_further_line(rows, at, edges)):
            break
        edges = wider
        if len(row) > 1 or at - end < 1:
            end = at + 1
    while end > start + 1 and len(rows[end - 1]) == 1 and rows[end - 1][0].left < edges[0][1]:
        end -= 1
    return end, edges


def _are_parted(edges: _Edges, row: Sequence[Run]) -> bool:
    """True if a row has several cells in each of two columns, or in one and no column has more."""
    inside = [sum(left < run.right and run.left < right for run in row) for left, right in edges]
    return max(inside) > 1 and len(row) > len(edges)


def _are_named(names: Sequence[Run], row: Sequence[Run]) -> bool:
    """True if a row has fewer runs than the one below it, each in the middle above some of those."""
    if not 1 < len(names) < len(row):
        return False
    spans = spread(*([(run.left, run.right) for run in line] for line in (names, row)))
    return spans is not None and any(last > first for first, last in spans)


def _is_further_line(rows: Sequence[Sequence[Run]], at: int, edges: _Edges) -> bool:
    """True if a row of one run is within the table: a cell has a second line, or a row just one cell."""
    run = rows[at][0]
    if run.left > edges[0][1]:
        return True
    return at + 1 < len(rows) and len(rows[at + 1]) > 1 and _widened(edges, rows[at + 1]) is not None


def _widened(edges: _Edges, row: Sequence[Run]) -> _Edges | None:
    """Return the edges of the columns with those of a row; None if a run of it reaches over two columns."""
    wider = list(edges)
    for run in row:
        hit = [at for at, (left, right) in enumerate(wider) if run.left < right and run.right > left]
        if len(hit) > 1:
            return None
        if hit:
            left, right = wider[hit[0]]
            wider[hit[0]] = min(left, run.left), max(right, run.right)
        else:
            wider.append((run.left, run.right))
            wider.sort()
    for (_, right), (left, _) in pairwise(wider):
        if left < right:
            return None
    return wider


def _made(rows: Sequence[Sequence[Run]], edges: _Edges, number: int) -> Table | None:
    """Return the table of these rows; None if they are text in columns, a list, or lines with gaps."""
    every = [run for row in rows for run in row]
    several = sum(len(row) > 1 for row in rows)
    if several < 3 or several * 2 < len(rows) - further_lines(rows):
        return None
    if sum(len(run.words) for run in every) > _WORDS * len(every):
        return None
    cells = _cells(rows, [(a[1] + b[0]) / 2 for a, b in pairwise(edges)])
    if not _is_table(cells, len(edges)):
        return None
    cells = [[without_leader(cell) for cell in row] for row in cells]
    return Table(
        tuple(map(tuple, cells)),
        min(run.left for run in every),
        min(run.top for run in every),
        max(run.right for run in every),
        max(run.bottom for run in every),
        column=number,
    )


def _cells(rows: Sequence[Sequence[Run]], xs: Sequence[float]) -> list[list[str]]:
    """Return the cells of each row; further lines of cells are put to the row that they belong to."""
    parts: list[list[list[Word]]] = []
    for at, row in enumerate(rows):
        cells: list[list[Word]] = [[] for _ in range(len(xs) + 1)]
        for run in row:
            cells[bisect_right(xs, (run.left + run.right) / 2)] += run.words
        found = _filled(cells)
        above = _filled(parts[-1]) if parts else []
        is_second = at == 1 and not parts[0][0] and _is_names(found) and len(rows) > 3
        is_further = ends_label(found, above) or (goes_on(found, above) and len(found) <= len(above))
        if parts and (is_second or is_further):
            for cell, more in zip(parts[-1], cells, strict=True):
                cell += more
        else:
            parts.append(cells)
    return [[cell_text(cell) for cell in row] for row in parts]


def _filled(cells: Sequence[Sequence[Word]]) -> list[Cell]:
    return [Cell(n + 1, cell_text(cell)) for n, cell in enumerate(cells) if cell]


def _is_names(cells: Sequence[Cell]) -> bool:
    return not any(char.isdecimal() for cell in cells for char in cell.text)


def _is_table(rows: Sequence[Sequence[str]], columns: int) -> bool:
    """True if cells are those of a table: short, in most rows, and not the marks and texts of a list."""
    full = [row for row in rows if sum(map(bool, row)) > 1]
    if len(full) < 3 or len(full) * 3 < len(rows) * 2:
        return False
    if any(_LEADER.search(cell) for row in rows for cell in row[0 if columns < 3 else 1 :]):
        return False  # it is a list of contents
    marks = [row[0] for row in rows if row[0]]
    if sum(_MARKER.fullmatch(mark) is not None for mark in marks) * 2 > len(marks) and columns < 4:
        return False
    used = [sum(bool(row[at]) for row in rows) for at in range(columns)]
    if min(used) * 4 < len(rows) and columns < 3:
        return False
    return columns > 2 or _has_values(rows)


def _has_values(rows: Sequence[Sequence[str]]) -> bool:
    """True if a column of two has numbers below a name, or each row is a key that ends in a colon."""
    keys = sum(row[0].endswith(":") for row in rows)
    if keys * 3 > len(rows) * 2:
        return True
    names, body = rows[0], rows[1:]
    return all(names) and any(
        not is_number(names[at]) and sum(is_number(row[at]) for row in body) * 3 > 2 * len(body)
        for at in range(2)
    )
