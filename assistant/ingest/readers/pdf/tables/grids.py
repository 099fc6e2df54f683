"""Tables that are drawn: level and upright lines to a grid, and the words in its cells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.ingest.readers.grid import Merge
from assistant.ingest.readers.pdf.columns import rows_of, runs, share_line, unjustified
from assistant.ingest.readers.pdf.shapes import Rule, Run, Table, Word
from assistant.ingest.readers.pdf.tables.cells import cell_text, is_number, rows_in, without_leader
from assistant.ingest.readers.pdf.tables.gaps import column_edges, numbers_apart
from assistant.ingest.readers.pdf.tables.lines import TOUCH, Grid, grids_of
from assistant.ingest.readers.pdf.tables.names import spread

_RULES = 3000
"""Drawn lines from which on a page has pictures, not tables."""
_INNER = 40
"""Grids within another that are looked at, the largest first."""
_LONG = 8
"""Words of a line of running text."""
_CENTRED = 0.12
"""The way of a text from the middle of the columns that it is the name of, as a share of their width."""
_PROSE = 250
"""Characters of a cell from which on a few cells are a layout, not a table."""


def drawn_tables(
    found: Sequence[Run], rules: Sequence[Rule], turned: Sequence[Word] = ()
) -> tuple[list[Table], list[Run], list[Word]]:
    """Return the tables that are drawn on a page, and the runs and the turned words that are in none of them.

    A grid whose words are mostly in tables within it is a frame.
    """
    if not 2 <= len(rules) <= _RULES:
        return [], list(found), list(turned)
    tables: list[Table] = []
    rest, aside = list(found), list(turned)
    grids = [part for grid in grids_of(rules) for part in _without_text(grid, found)]
    for grid in grids:
        inside = [run for run in rest if grid.holds(run)]
        upright = [word for word in aside if grid.holds(word)]
        if len(inside) + len(upright) < 4 or _is_frame(grid, grids, inside):
            continue
        table = _table(grid, inside, upright)
        if table is not None:
            tables.append(table)
            taken = set(map(id, [*inside, *upright]))
            rest = [run for run in rest if id(run) not in taken]
            aside = [word for word in aside if id(word) not in taken]
    return tables, rest, aside


def _without_text(grid: Grid, found: Sequence[Run]) -> Iterator[Grid]:
    """Yield the parts of a grid of level lines between which there is no running text."""
    if grid.upright:
        yield grid
        return
    inside = [run for run in found if grid.holds(run)]
    part = [grid.level[0]]
    for above, below in pairwise(grid.level):
        between = [run for run in inside if above.top <= (run.top + run.bottom) / 2 < below.top]
        if _is_text(between):
            if len(part) > 2:
                yield Grid(tuple(part), ())
            part = []
        part.append(below)
    if len(part) > 2:
        yield Grid(tuple(part), ())


def _is_text(between: Sequence[Run]) -> bool:
    """True if most lines are whole, and one has many words."""
    rows = [unjustified(row) for row in rows_of(between)]
    whole = [row for row in rows if len(row) == 1]
    return len(whole) * 2 > len(rows) and max(len(row[0].words) for row in whole) > _LONG


def _is_frame(grid: Grid, grids: Sequence[Grid], inside: Sequence[Run]) -> bool:
    """True if most of the words in a grid are in tables that are drawn within it."""
    left, top, right, bottom = grid.box
    total = sum(len(run.words) for run in inside)
    tried = 0
    for inner in grids:
        x0, y0, x1, y1 = inner.box
        is_within = left <= x0 and x1 <= right and top <= y0 and y1 <= bottom
        if inner is grid or not is_within:
            continue
        held = [run for run in inside if inner.holds(run)]
        if len(held) > 3 and _table(inner, held) is not None:
            total -= 2 * sum(len(run.words) for run in held)
        tried += 1
        if total < 0 or tried == _INNER:
            break
    return total < 0


def _table(grid: Grid, inside: Sequence[Run], turned: Sequence[Word] = ()) -> Table | None:
    """Return the table in a grid; None if it is a frame, a picture or a layout of prose."""
    left, top, right, bottom = grid.box
    xs = _places([line.left for line in grid.upright] + ([left, right] if grid.upright else []))
    ys = _places([line.top for line in grid.level] + [top, bottom])
    xs = _with_aligned(xs if grid.upright else [left, right], inside)
    if len(xs) < 3:
        return None
    bands = _bands(grid, xs, ys, [*(word for run in inside for word in run.words), *turned])
    merges = _merged_down(bands)
    lines = [[line for line in grid.upright if abs(line.left - x) <= TOUCH] for x in xs]
    for at, band in enumerate(bands):
        spans = _merged_across(band, xs, lines) if grid.upright else _under_names(band, xs, grid)
        merges += [
            Merge(at, first, at, last) for first, last in spans or (() if at else _over_columns(bands))
        ]
    rows = [[without_leader(cell_text(cell)) for cell in band.cells] for band in bands]
    filled = [row for row in rows if any(row)]
    if len(filled) < 2 or _is_layout(filled):
        return None
    at = min((run.at for run in inside), default=0)
    return Table(tuple(map(tuple, rows)), left, top, right, bottom, tuple(merges), at=at)


@dataclass(slots=True)
class _Band:
    """A row of a grid: its middle, the words of its cells, and the columns without a line to the next row."""

    middle: float
    bottom: float
    cells: list[list[Word]]
    open: frozenset[int]


def _bands(grid: Grid, xs: Sequence[float], ys: Sequence[float], words: Sequence[Word]) -> list[_Band]:
    middles = [(a + b) / 2 for a, b in pairwise(xs)]
    left, _, right, _ = grid.box
    whole = [line for line in grid.level if line.left < left + TOUCH and line.right > right - TOUCH]
    is_open = len(whole) < 5 and not grid.upright
    found: list[_Band] = []
    for a, b in pairwise(ys):
        lines = [line for line in grid.level if abs(line.top - b) <= TOUCH]
        parted = {n for n, x in enumerate(middles) if any(line.left <= x <= line.right for line in lines)}
        parts = rows_in(_between(words, a, b), xs, is_open=is_open)
        for y, part in parts:
            cells: list[list[Word]] = [[] for _ in middles]
            for word in part:
                at = bisect_right(xs, (word.left + word.right) / 2) - 1
                cells[min(max(at, 0), len(cells) - 1)].append(word)
            found.append(_Band((a + b) / 2 if y is None else y, b, cells, frozenset()))
        found[-1].open = frozenset(range(len(middles))) - parted
    return found


def _merged_down(bands: Sequence[_Band]) -> list[Merge]:
    """Put what is in a cell over several rows to the first of them."""
    merges: list[Merge] = []
    for column in range(len(bands[0].cells)):
        first = 0
        for at, band in enumerate(bands):
            if column in band.open and at + 1 < len(bands):
                continue
            part = bands[first : at + 1]
            if len(part) > 1 and not (_are_rows_beside(part, column) or _are_numbered(part, column)):
                words = [word for one in part for word in one.cells[column]]
                for one in part:
                    one.cells[column] = []
                part[0].cells[column] = words
                merges.append(Merge(first, column, at, column))
            first = at + 1
    return merges


def _are_rows_beside(bands: Sequence[_Band], column: int) -> bool:
    """True if what is in a column has no lines between its rows, but is a text for each row of the others."""
    filled = [band for band in bands if band.cells[column]]
    return len(filled) > 1 and all(
        any(
            word.way == 0 and share_line(word, other)
            for word in band.cells[column]
            for at, cell in enumerate(band.cells)
            for other in cell
            if at not in band.open and at != column
        )
        for band in filled
    )


def _with_aligned(xs: Sequence[float], inside: Sequence[Run]) -> list[float]:
    """Return the places of upright lines, with those where white space parts columns between two of them."""
    places = [xs[0]]
    for left, right in pairwise(xs):
        between = [run for run in inside if left <= (run.left + run.right) / 2 < right]
        places += [*column_edges([unjustified(row) for row in rows_of(between)]), right]
    return places


def _is_layout(rows: Sequence[Sequence[str]]) -> bool:
    """True if the cells hold paragraphs: few cells, and long ones."""
    cells = [cell for row in rows for cell in row if cell]
    columns = [at for at in range(len(rows[0])) if any(row[at] for row in rows)]
    return len(columns) < 2 or sum(map(len, cells)) > _PROSE * len(cells)


def _places(values: Iterable[float]) -> list[float]:
    """Return the distinct values, from the smallest."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > TOUCH:
            places.append(value)
    return places


def _between(words: Iterable[Word], top: float, bottom: float) -> list[Word]:
    return [word for word in words if top <= (word.top + word.bottom) / 2 < bottom]


def _are_numbered(bands: Sequence[_Band], column: int) -> bool:
    """True if what is in a column has no lines between its rows, but some column has a number in each."""
    filled = [band for band in bands if band.cells[column]]
    return len(filled) > 1 and any(
        all(at in band.open for band in bands[:-1])
        and all(is_number(cell_text(band.cells[at])) for band in filled)
        for at in range(len(bands[0].cells))
    )


def _merged_across(
    band: _Band, xs: Sequence[float], lines: Sequence[Sequence[Rule]]
) -> list[tuple[int, int]]:
    """Put words over several columns into one cell; return the first and last columns of each such cell.

    `lines` are those at each place between columns.
    """
    middle, end = band.middle, len(xs) - 1
    spans: list[tuple[int, int]] = []
    first = 0
    for at in range(1, len(xs)):
        if at == end or any(line.top - 1 < middle < line.bottom + 1 for line in lines[at]):
            if at - first > 1:
                spans += _merged_cells(band.cells, xs, first, at)
                if any(lines[first + 1 : at]) and _is_centred(band.cells, xs, first, at):
                    spans = [span for span in spans if span[0] < first]
                    spans.append(_joined(band.cells, first, at - 1))
            first = at
    return spans


def _under_names(band: _Band, xs: Sequence[float], grid: Grid) -> list[tuple[int, int]]:
    """Put names over several columns into one cell each: the line below them tells which."""
    left, _, right, _ = grid.box
    spans: list[tuple[int, int]] = []
    for line in grid.level:
        is_part = line.left > left + TOUCH or line.right < right - TOUCH
        if is_part and abs(line.top - band.bottom) <= TOUCH:
            under = [n for n, (a, b) in enumerate(pairwise(xs)) if line.left <= (a + b) / 2 <= line.right]
            if len(under) > 1:
                spans.append(_joined(band.cells, under[0], under[-1]))
    filled = [cell for cell in band.cells if cell]
    if not spans and len(filled) > 1 and len(runs(word for cell in filled for word in cell)) == 1:
        return [_joined(band.cells, 0, len(band.cells) - 1)]  # a title within the table
    return spans


def _over_columns(bands: Sequence[_Band]) -> list[tuple[int, int]]:
    """Put the names of the first row that are in the middle above several columns into one cell each."""
    cells = bands[0].cells
    named = [at for at, cell in enumerate(cells) if cell]
    below = [[word for band in bands[1:] for word in band.cells[at]] for at in range(len(cells))]
    if not 0 < len(named) < len(cells) or not all(below):
        return []
    if any(is_number(cell_text(cell)) for cell in bands[1].cells):
        return []
    spans = spread([_sides(cells[at]) for at in named], [_sides(words) for words in below])
    if spans is None or not all(first <= at <= last for at, (first, last) in zip(named, spans, strict=True)):
        return []
    return [_joined(cells, first, last) for first, last in spans if last > first]


def _sides(words: Sequence[Word]) -> tuple[float, float]:
    return min(word.left for word in words), max(word.right for word in words)


def _is_centred(cells: Sequence[Sequence[Word]], xs: Sequence[float], first: int, end: int) -> bool:
    """True if there is one text in the columns from `first` to `end`, in the middle of them."""
    filled = [cell for cell in cells[first:end] if cell]
    if len(filled) != 1:
        return False
    left, right = _sides(filled[0])
    return abs(left + right - xs[first] - xs[end]) < 2 * _CENTRED * (xs[end] - xs[first])


def _joined(cells: list[list[Word]], first: int, last: int) -> tuple[int, int]:
    """Put the words of several cells into the first of them."""
    cells[first : last + 1] = [
        [word for cell in cells[first : last + 1] for word in cell],
        *([] for _ in range(first, last)),
    ]
    return first, last


def _merged_cells(
    cells: list[list[Word]], xs: Sequence[float], first: int, end: int
) -> Iterator[tuple[int, int]]:
    """Put words that reach over the columns from `first` to `end`, which no line parts, into one cell.

    Where a column has words of its own too, they reach into it from a cell that is too narrow for them.
    """
    inside = [word for cell in cells[first:end] for word in cell]
    wide: list[tuple[int, int]] = []
    reaching: set[Word] = set()
    ordered = sorted(inside, key=lambda word: (round(word.top), word.left))
    for run in (part for whole in runs(ordered) for part in numbers_apart(whole)):
        left, right = bisect_right(xs, run.left + TOUCH) - 1, bisect_right(xs, run.right - TOUCH) - 1
        if right > left:
            wide.append((max(left, first), min(right, end - 1)))
            reaching.update(run.words)
    for left, right in _united(wide):
        own = [[word for word in cell if word not in reaching] for cell in cells[left + 1 : right + 1]]
        top = min((word.top for cell in own for word in cell), default=None)
        over = [word for cell in cells[left : right + 1] for word in cell if word in reaching]
        if top is not None and top < min(word.top for word in over) - 1:
            cells[left : right + 1] = [[*(w for w in cells[left] if w not in reaching), *over], *own]
        else:
            yield _joined(cells, left, right)


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans with those put together that overlap."""
    united: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if united and left <= united[-1][1]:
            united[-1] = united[-1][0], max(right, united[-1][1])
        else:
            united.append((left, right))
    return united
