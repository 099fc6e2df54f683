"""The blocks of a page in reading order: drawn tables first, then columns, then lines and tables in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from statistics import median

from assistant.ingest.readers.pdf.columns import columns, rows_of, runs, unjustified
from assistant.ingest.readers.pdf.shapes import Layout, Line, Rule, Run, Table, Word, run_of
from assistant.ingest.readers.pdf.tables.aligned import with_tables
from assistant.ingest.readers.pdf.tables.cells import is_number
from assistant.ingest.readers.pdf.tables.grids import drawn_tables

_NUMBERED = 8
"""Lines from which on numbers beside them can be those of the lines."""


def page_items(
    words: Sequence[Word], rules: Sequence[Rule], turned: Sequence[Word] = ()
) -> tuple[list[Line | Table], list[Word]]:
    """Return the lines and tables of a page in reading order, and the turned words that are in no table."""
    tables, rest, aside = drawn_tables(runs(without_line_numbers(words)), rules, turned)
    # In the search for columns, a table is one run of its size.
    stands = [(_stand(table), table) for table in tables]
    known = {id(stand): table for stand, table in stands}
    parts = columns([*rest, *(stand for stand, _ in stands)])
    return [item for number, part in enumerate(parts) for item in _items(part, known, number)], aside


def _stand(table: Table) -> Run:
    text = " ".join(cell for row in table.rows for cell in row)
    return run_of([Word(text, table.left, table.top, table.right, table.bottom)], table.at)


def _items(part: Sequence[Run], known: dict[int, Table], number: int) -> Iterator[Line | Table]:
    """Yield what is in a column: each table after the lines that begin above it."""
    tables = sorted((known[id(run)] for run in part if id(run) in known), key=lambda table: table.top)
    rest = [run for run in part if id(run) not in known]
    for table in tables:
        above = [run for run in rest if run.top < table.top]
        rest = [run for run in rest if run.top >= table.top]
        yield from with_tables(above, number)
        yield replace(table, column=number)
    yield from with_tables(rest, number)


def named(pages: Sequence[Layout]) -> list[Layout]:
    """Return the pages with the names of its columns above what is left of a table on the next page."""
    found: list[Layout] = []
    above: Table | None = None
    for page in pages:
        first = page.items[0] if page.items else None
        if above is not None and isinstance(first, Table) and _goes_on(above, first):
            moved = tuple(replace(m, top=m.top + 1, bottom=m.bottom + 1) for m in first.merges)
            merges = (*(m for m in above.merges if m.bottom == 0), *moved)
            first = replace(first, rows=(above.rows[0], *first.rows), merges=merges)
            page = replace(page, items=(first, *page.items[1:]))
        last = page.items[-1] if page.items else None
        above = last if isinstance(last, Table) else None
        found.append(page)
    return found


def _goes_on(above: Table, table: Table) -> bool:
    """True if a table at the top of a page is the rest of the last one, without its names."""
    names, row = above.rows[0], table.rows[0]
    if len(names) != len(row) or names == row or any(map(is_number, names)) or not all(names):
        return False
    has_edges = abs(above.left - table.left) < 6 and abs(above.right - table.right) < 6
    return has_edges or any(map(is_number, row))


def without_line_numbers(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words of a page without the numbers of its lines, beside the text."""
    numbers = [word for word in words if word.text.isdecimal() and len(word.text) < 4]
    if len(numbers) < _NUMBERED:
        return words
    columns_of_numbers = [
        sorted((word for word in numbers if abs(side(word) - edge) < 2), key=attrgetter("top"))
        for side in (attrgetter("right"), attrgetter("left"))
        for edge in {round(side(number)) for number in numbers}
    ]
    for beside in sorted(columns_of_numbers, key=len, reverse=True):
        if len(beside) >= _NUMBERED and _counts(beside) and _is_outside(beside, words):
            known = set(map(id, beside))
            return [word for word in words if id(word) not in known]
    return words


def _counts(numbers: Sequence[Word]) -> bool:
    """True if the numbers go up by one, or by as much each time, all but a few."""
    steps = [int(b.text) - int(a.text) for a, b in pairwise(numbers)]
    usual = max(set(steps), key=steps.count)
    return usual in (1, 2, 5, 10) and steps.count(usual) * 10 >= len(steps) * 8


def _is_outside(numbers: Sequence[Word], words: Sequence[Word]) -> bool:
    """True if beside each number there is one line of text at most, and most are long."""
    left, right = min(word.left for word in numbers), max(word.right for word in numbers)
    top, bottom = numbers[0].top, numbers[-1].bottom
    known = set(map(id, numbers))
    others = [w for w in words if id(w) not in known and top <= (w.top + w.bottom) / 2 <= bottom]
    if any(word.left < right and word.right > left for word in others):
        return False
    rows = [unjustified(row) for row in rows_of(runs(others))]
    if sum(map(len, rows)) > 1.2 * len(rows):
        return False
    return median([sum(len(run.words) for run in row) for row in rows] or [0]) > 4
