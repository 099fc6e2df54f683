"""The tables of the best passages' documents, and the rows that a question names, to be quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.answering.aggregates import Aggregate, aggregate
from assistant.answering.look_up import ROWS, Found, Placed, look_up
from assistant.answering.question import Question, meets, tokens
from assistant.answering.units import Candidate, Sighted
from assistant.core.types import Cell, Document, Span
from assistant.text.tables import Row, Table, spoken, tables
from assistant.text.values import years

LONGEST = 1_000_000
"""Characters of a document at most in which tables are looked through."""
MOST = 5_000
"""Rows of a table at most that are looked through."""
WHOLE = 4_000
"""Characters that a quote of many rows may have."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What is certain by rule: the rows to be quoted; or that a row is named which holds no answer."""

    question: Question
    chosen: tuple[Candidate, ...] = ()
    named: bool = False
    unknown: frozenset[str] = frozenset()

    def allowed(self, found: Sequence[Candidate]) -> list[Candidate]:
        """The candidates that may answer all the same. Where a row is named without what is asked for, no row
        is an answer, and a sentence has to hold a word that asks for it, beside the name. Where somebody is
        asked for who is in no row, only what names him is one."""
        left = [unit for unit in found if not self.unknown or meets(self.unknown, tokens(unit.terms))]
        if not self.named:
            return left
        names = self.question.names
        asked = [w for w in self.question.telling if w not in names and w not in self.question.known.generic]
        others = (unit for unit in left if unit.kind != "row")
        return [unit for unit in others if not asked or meets(asked, tokens(f"{unit.above} {unit.quote}"))]


def ruled(question: Question, seen: Sequence[Sighted]) -> Ruled:
    """What the tables of the passages' documents answer by rule."""
    placed = list(_tables(seen))
    reckoned = aggregate(question, placed)
    if reckoned is not None:
        return Ruled(question, tuple(_reckoned(reckoned)))
    looked = look_up(question, placed)
    if not looked.found:
        return Ruled(question, named=looked.named, unknown=looked.unknown)
    # A table of more matching rows or a row that is named less fully tells less.
    best = max(looked.found, key=lambda found: (len(found.keys), -len(found.rows)))
    return Ruled(question, tuple(_shown(best)))


def _tables(seen: Sequence[Sighted]) -> Iterator[Placed]:
    """Each table once, with the passage it was found by."""
    done: set[tuple[str, int]] = set()
    for sight in seen:
        for table in [*_in_bars(sight.document), *sight.structure.records()]:
            key = (sight.document.id, table.rows[0].span.start)
            if key not in done:
                done.add(key)
                yield _placed(sight, table)


def _in_bars(document: Document) -> list[Table]:
    if len(document.text) > LONGEST or "|" not in document.text:
        return []
    return [table for table in _parsed(document.text) if 0 < len(table.rows) <= MOST]


@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[Table, ...]:
    return tuple(tables(text))


def _placed(sight: Sighted, table: Table) -> Placed:
    at = table.rows[0].span.start
    path: dict[int, str] = {}
    for heading in sight.document.headings:
        if heading.start > at:
            break
        path = {level: title for level, title in path.items() if level < heading.level}
        path[heading.level] = heading.title
    above = [sight.document.title, *path.values()]
    said = frozenset(word for line in above for word in tokens(line))
    return Placed(table, sight, said, frozenset().union(*map(years, above)))


def _shown(found: Found) -> Iterator[Candidate]:
    for row in found.rows[:ROWS]:
        left = len(found.rows) - ROWS
        more = f" (+ {left})" if left > 0 and row is found.rows[ROWS - 1] else ""
        yield _candidate(found, row, more)


def _candidate(found: Found, row: Row, more: str = "") -> Candidate:
    cells = found.cells(row)
    unit = found.placed.sight.candidate(_span(found, row), f"{spoken(cells)}{more}", 0.0, "row")
    return replace(unit, cells=cells, certain=True)


def _span(found: Found, row: Row) -> Span:
    """The row; of lines with names those that are shown and what is between them."""
    if not row.places:
        return row.span
    places = [row.places[at] for at in sorted({*found.keys, *found.columns})]
    return Span(places[0].start, places[-1].end)


def _reckoned(answer: Aggregate) -> Iterator[Candidate]:
    """The rows that were chosen; or, with what was counted or summed, all of them in a quote if short."""
    found = answer.found
    if not answer.value:
        yield from _shown(found)
        return
    whole = Span(found.rows[0].span.start, found.rows[-1].span.end)
    rows = "; ".join(_values(found, row) for row in found.rows[: 2 * ROWS])
    more = f"; + {len(found.rows) - 2 * ROWS}" if len(found.rows) > 2 * ROWS else ""
    short = whole.end - whole.start <= WHOLE
    unit = found.placed.sight.candidate(
        whole if short else found.rows[0].span, f"{answer.value} ({rows}{more}).", 0.0, "row"
    )
    yield replace(unit, cells=(Cell(answer.name, answer.value),), certain=True)


def _values(found: Found, row: Row) -> str:
    return ", ".join(row.cells[at] for at in sorted(set(found.columns)) if row.cells[at])
