"""Tables that are drawn: level and upright lines to a grid, and the words in its cells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.ingest.readers.grid import Merge
from assistant.ingest.readers.pdf.aligned import cell_text, column_edges, rows_in
from assistant.ingest.readers.pdf.columns import rows_of, runs, unjustified
from assistant.ingest.readers.pdf.shapes import Rule, Run, Table, Word

_TOUCH = 3.0
"""Points within which two lines are one, or meet."""
_RULES = 3000
"""Drawn lines from which on a page has pictures, not tables."""
_PROSE = 250
"""Characters of a cell from which on a few cells are a layout, not a table."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Lines that meet each other."""

    level: tuple[Rule, ...]
    upright: tuple[Rule, ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        lines = (*self.level, *self.upright)
        return (
            min(line.left for line in lines),
            min(line.top for line in lines),
            max(line.right for line in lines),
            max(line.bottom for line in lines),
        )


def drawn_tables(found: Sequence[Run], rules: Sequence[Rule]) -> tuple[list[Table], list[Run]]:
    """Return the tables that are drawn on a page, and the runs that are in none of them."""
    if not 2 <= len(rules) <= _RULES:
        return [], list(found)
    tables: list[Table] = []
    rest = list(found)
    for grid in _grids(rules):
        left, top, right, bottom = grid.box
        inside = [run for run in rest if _is_within(run, left, top, right, bottom)]
        table = _table(grid, inside) if len(inside) > 3 else None
        if table is not None:
            tables.append(table)
            taken = set(map(id, inside))
            rest = [run for run in rest if id(run) not in taken]
    return tables, rest


def _is_within(run: Run, left: float, top: float, right: float, bottom: float) -> bool:
    x, y = (run.left + run.right) / 2, (run.top + run.bottom) / 2
    return left - _TOUCH <= x <= right + _TOUCH and top - _TOUCH <= y <= bottom + _TOUCH


def _grids(rules: Sequence[Rule]) -> list[_Grid]:
    """Return groups of lines that meet, or lie below each other with equal ends; the largest first."""
    level = _merged([rule for rule in rules if rule.top == rule.bottom])
    upright = [
        _swapped(rule) for rule in _merged([_swapped(rule) for rule in rules if rule.left == rule.right])
    ]
    groups = [_Grid(*group) for group in _meeting(level, upright)]
    crossed = [grid for grid in groups if len(grid.level) > 1 and len(grid.upright) > 1]
    taken = {id(line) for grid in crossed for line in grid.level}
    alone = [line for line in level if id(line) not in taken]
    found = [*crossed, *_stacked(alone)]
    return sorted(found, key=lambda grid: -(grid.box[2] - grid.box[0]) * (grid.box[3] - grid.box[1]))


def _swapped(rule: Rule) -> Rule:
    return Rule(rule.top, rule.left, rule.bottom, rule.right)


def _merged(level: Iterable[Rule]) -> list[Rule]:
    """Join level lines that go on in each other: the edges of neighbouring cells, or double lines."""
    found: list[Rule] = []
    rows: list[list[Rule]] = []
    for rule in sorted(level, key=lambda rule: rule.top):
        if rows and rule.top - rows[-1][0].top < _TOUCH:
            rows[-1].append(rule)
        else:
            rows.append([rule])
    for row in rows:
        row.sort(key=lambda rule: rule.left)
        left, right, top = row[0].left, row[0].right, row[0].top
        for rule in row[1:]:
            if rule.left > right + _TOUCH:
                found.append(Rule(left, top, right, top))
                left, right = rule.left, rule.right
            right = max(right, rule.right)
        found.append(Rule(left, top, right, top))
    return found


def _meeting(
    level: Sequence[Rule], upright: Sequence[Rule]
) -> Iterator[tuple[tuple[Rule, ...], tuple[Rule, ...]]]:
    """Yield the level and upright lines of each group of lines that meet."""
    lines = [*level, *upright]
    group = list(range(len(lines)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for a, one in enumerate(level):
        for b, other in enumerate(upright, len(level)):
            meets = one.left - _TOUCH <= other.left <= one.right + _TOUCH
            if meets and other.top - _TOUCH <= one.top <= other.bottom + _TOUCH:
                group[root(b)] = root(a)
    members: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for at, line in enumerate(lines):
        members.setdefault(root(at), ([], []))[at >= len(level)].append(line)
    for pair in members.values():
        yield tuple(pair[0]), tuple(pair[1])


def _stacked(level: Sequence[Rule]) -> Iterator[_Grid]:
    """Yield level lines with equal ends below each other, as above and below a table and its names."""
    groups: list[list[Rule]] = []
    for rule in level:
        for group in groups:
            last = group[-1]
            if abs(last.left - rule.left) < _TOUCH and abs(last.right - rule.right) < _TOUCH:
                group.append(rule)
                break
        else:
            groups.append([rule])
    for group in groups:
        if len(group) > 2:
            yield _Grid(tuple(group), ())


def _table(grid: _Grid, inside: Sequence[Run]) -> Table | None:
    """Return the table in a grid; None if it is a frame, a picture or a layout of prose."""
    left, top, right, bottom = grid.box
    xs = _places([line.left for line in grid.upright] + ([left, right] if grid.upright else []))
    ys = _places([line.top for line in grid.level] + [top, bottom])
    xs = _with_aligned(xs if grid.upright else [left, right], inside)
    if len(xs) < 3:
        return None
    words = [word for run in inside for word in run.words]
    bands = [(a, b, _between(words, a, b)) for a, b in pairwise(ys)]
    rows: list[list[str]] = []
    merges: list[Merge] = []
    for a, b, band in bands:
        for y, part in rows_in(band, xs, is_open=len(bands) < 4 and not grid.upright):
            middle = (a + b) / 2 if y is None else y
            beside = [line for line in grid.upright if line.top - 1 < middle < line.bottom + 1]
            row, spans = _row(part, xs, beside)
            merges += [Merge(len(rows), first, len(rows), last) for first, last in spans]
            rows.append(row)
    filled = [row for row in rows if any(row)]
    if len(filled) < 2 or _is_layout(filled):
        return None
    at = min(run.at for run in inside)
    return Table(tuple(map(tuple, rows)), left, top, right, bottom, tuple(merges), at=at)


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
        if not places or value - places[-1] > _TOUCH:
            places.append(value)
    return places


def _between(words: Iterable[Word], top: float, bottom: float) -> list[Word]:
    return [word for word in words if top <= (word.top + word.bottom) / 2 < bottom]


def _row(
    words: Sequence[Word], xs: Sequence[float], upright: Sequence[Rule]
) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the cells of a row, and the first and last columns of those that no line parts."""
    cells: list[list[Word]] = [[] for _ in pairwise(xs)]
    for word in words:
        at = bisect_right(xs, (word.left + word.right) / 2) - 1
        cells[min(max(at, 0), len(cells) - 1)].append(word)
    spans: list[tuple[int, int]] = []
    first = 0
    for at in range(1, len(cells) + 1 if upright else 0):
        if at == len(cells) or any(abs(line.left - xs[at]) <= _TOUCH for line in upright):
            spans += _merged_cells(cells, xs, first, at)
            first = at
    return [cell_text(cell) for cell in cells], spans


def _merged_cells(
    cells: list[list[Word]], xs: Sequence[float], first: int, end: int
) -> Iterator[tuple[int, int]]:
    """Put words that reach over the columns from `first` to `end`, which no line parts, into one cell.

    Where a column has words of its own too, they reach into it from a cell that is too narrow for them.
    """
    inside = [word for cell in cells[first:end] for word in cell]
    wide: list[tuple[int, int]] = []
    reaching: set[Word] = set()
    for run in runs(sorted(inside, key=lambda word: (round(word.top), word.left))) if end - first > 1 else ():
        left, right = bisect_right(xs, run.left + _TOUCH) - 1, bisect_right(xs, run.right - _TOUCH) - 1
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
            merged = [word for cell in cells[left : right + 1] for word in cell]
            cells[left : right + 1] = [merged, *([] for _ in range(left, right))]
            yield left, right


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans with those put together that overlap."""
    united: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if united and left <= united[-1][1]:
            united[-1] = united[-1][0], max(right, united[-1][1])
        else:
            united.append((left, right))
    return united
