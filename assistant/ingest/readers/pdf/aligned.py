"""Tables without lines: cells aligned below each other by white space."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from assistant.ingest.readers.pdf.columns import is_from_right, line_of, rows_of, runs, unjustified
from assistant.ingest.readers.pdf.hyphens import joined
from assistant.ingest.readers.pdf.shapes import Line, Run, Table, Word

_NUMBER = re.compile(r"[-+(~<>≤≥±]?\s?[$€£¥]?\s?[-+−]?\d[\d.,\s'’/:-]*\s?[%‰$€£¥]?\)?\W?\s?[^\W\d_]{0,3}\.?")
_MARKER = re.compile(
    r"[•‣◦▪●·*–-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]|\[\d+\]|\d{1,2}(?:\.\d{1,2}){1,3}\.?"
)
_LEADER = re.compile(r"\.{4,}|(?:\. ){4,}|…{2,}|_{4,}")
_TALL = 2.2
"""The way from row to row that ends a table, in heights of its lines."""
_WORDS = 9
"""Words of an average cell from which on there is no table but text in columns."""

_Edges = list[tuple[float, float]]


def cell_text(words: Sequence[Word]) -> str:
    """Return the words of a cell as one line."""
    if len(words) < 2:
        return words[0].text if words else ""
    first = words[0]
    if all(first.top < (word.top + word.bottom) / 2 < first.bottom for word in words):
        words = sorted(words, key=lambda word: word.left)
    written = ""
    for row in rows_of(words):
        line = " ".join(word.text for word in row)
        if is_from_right(line):
            line = " ".join(word.text for word in reversed(row))
        written = joined(written, line, frozenset()) if written else line
    return written


def with_tables(column: Sequence[Run], number: int) -> Iterator[Line | Table]:
    """Yield the lines of a column from above, those that are rows of a table as one."""
    rows = [unjustified(row) for row in rows_of(column)]
    at = tried = 0
    while at < len(rows):
        end, edges = _table_from(rows, at) if at >= tried else (at, [])
        table = _made(rows[at:end], edges, number) if end > at else None
        if table is None:
            # What looks like a table is one from its first, second or third row on, or from none.
            tried = end if at >= tried + 2 else tried
            yield line_of(rows[at], number)
            at += 1
        else:
            yield table
            at = tried = end


def column_edges(rows: Sequence[Sequence[Run]]) -> list[float]:
    """Return the places between the columns of a table that is framed by lines; none for text.

    They are where most rows with several runs have a gap, and hardly any row has a run.
    """
    several = [row for row in rows if len(row) > 1]
    if len(several) < 3 or len(several) * 2 < len(rows):
        return []
    gaps = sorted(
        [(a.right, 1) for row in several for a, _ in pairwise(row)]
        + [(b.left, -1) for row in several for _, b in pairwise(row)]
    )
    edges: list[float] = []
    open_gaps = best = 0
    for at, (x, step) in enumerate(gaps):
        open_gaps += step
        if step > 0 and open_gaps > best and open_gaps * 5 >= len(several) * 3:
            best, place = open_gaps, (x + gaps[at + 1][0]) / 2
        if open_gaps * 5 < len(several) * 3 and best:
            crossing = sum(run.left < place < run.right for row in rows for run in row)
            edges += [place] if crossing * 7 <= len(rows) else []
            best = 0
    return edges


def rows_in(
    words: Sequence[Word], xs: Sequence[float], *, is_open: bool
) -> list[tuple[float | None, Sequence[Word]]]:
    """Split the content between two lines of a table into rows: one, or one per line of text if open."""
    rows = rows_of(words)
    if not (_are_rows(rows, xs) if is_open else _are_full_rows(rows, xs) or _are_wrapped_rows(rows, xs)):
        return [(None, words)]
    parts: list[list[Word]] = []
    for row in rows:
        cells = [_Cell(_place(xs, word), word.text) for word in row]
        if parts and (_goes_on(cells) or (not is_open and _is_rest(row, xs))):
            parts[-1] += row
        else:
            parts.append(list(row))
    return [((min(w.top for w in part) + max(w.bottom for w in part)) / 2, part) for part in parts]


def _are_rows(rows: Sequence[Sequence[Word]], xs: Sequence[float]) -> bool:
    """True if most lines of text have words in several columns."""
    several = sum(len({_place(xs, word) for word in row}) > 1 for row in rows)
    return len(rows) > 2 and several * 3 >= len(rows) * 2


def _are_full_rows(rows: Sequence[Sequence[Word]], xs: Sequence[float]) -> bool:
    """True if each line of text has a number in the same column, and words in most others."""
    if len(rows) < 2:
        return False
    filled = [{_place(xs, word) for word in row} for row in rows]
    numbers = [{_place(xs, word) for word in row if _NUMBER.fullmatch(word.text)} for row in rows]
    every = set().union(*filled)
    always = set.intersection(*filled)
    return len(always) * 10 > len(every) * 6 and len(always) > 1 and bool(set.intersection(*numbers))


def _are_wrapped_rows(rows: Sequence[Sequence[Word]], xs: Sequence[float]) -> bool:
    """True if several lines of text are full rows, the first among them, and the others go on in one cell."""
    full = [row for row in rows if not _is_rest(row, xs)]
    return len(full) > 2 and full[0] is rows[0] and _are_full_rows(full, xs)


def _is_rest(row: Sequence[Word], xs: Sequence[float]) -> bool:
    """True if a row is one run of words that begins behind the first column."""
    found = list(runs(sorted(row, key=lambda word: word.left)))
    return len(found) == 1 and bisect_right(xs, found[0].left + 1) > 1


def _place(xs: Sequence[float], word: Word) -> int:
    return bisect_right(xs, (word.left + word.right) / 2)


class _Cell:
    __slots__ = ("column", "text")

    def __init__(self, column: int, text: str) -> None:
        self.column, self.text = column, text


def _goes_on(row: Sequence[_Cell]) -> bool:
    """True if a row has only further lines of the cells above it: text, and nothing in its first column."""
    first = min(cell.column for cell in row)
    if any(_NUMBER.fullmatch(cell.text) for cell in row):
        return False
    return first > 1 or (row[0].text[:1].islower() and len({cell.column for cell in row}) == 1)


def _table_from(rows: Sequence[Sequence[Run]], start: int) -> tuple[int, _Edges]:
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
        wider = _widened(edges, row)
        if wider is None or (len(row) == 1 and not _is_further_line(rows, at, edges)):
            break
        edges = wider
        if len(row) > 1 or at - end < 1:
            end = at + 1
    while end > start + 1 and len(rows[end - 1]) == 1 and rows[end - 1][0].left < edges[0][1]:
        end -= 1
    return end, edges


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
    if several < 3 or several * 2 < len(rows) or sum(len(run.words) for run in every) > _WORDS * len(every):
        return None
    cells = _cells(rows, [(a[1] + b[0]) / 2 for a, b in pairwise(edges)])
    if not _is_table(cells, len(edges)):
        return None
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
        found = [_Cell(n + 1, cell_text(cell)) for n, cell in enumerate(cells) if cell]
        is_second = at == 1 and not parts[0][0] and _is_names(found) and len(rows) > 3
        if parts and (is_second or (_goes_on(found) and len(found) <= sum(map(bool, parts[-1])))):
            for cell, more in zip(parts[-1], cells, strict=True):
                cell += more
        else:
            parts.append(cells)
    return [[cell_text(cell) for cell in row] for row in parts]


def is_number(cell: str) -> bool:
    """True if a cell is a number, an amount or a date."""
    return _NUMBER.fullmatch(cell) is not None


def _is_names(cells: Sequence[_Cell]) -> bool:
    return all(not _NUMBER.fullmatch(cell.text) for cell in cells)


def _is_table(rows: Sequence[Sequence[str]], columns: int) -> bool:
    """True if cells are those of a table: short, in most rows, and not the marks and texts of a list."""
    full = [row for row in rows if sum(map(bool, row)) > 1]
    if len(full) < 3 or len(full) * 3 < len(rows) * 2:
        return False
    if any(_LEADER.search(cell) for row in rows for cell in row):
        return False
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
        not _NUMBER.fullmatch(names[at])
        and sum(_NUMBER.fullmatch(row[at]) is not None for row in body) * 3 > 2 * len(body)
        for at in range(2)
    )
