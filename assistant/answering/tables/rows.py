"""Answers from tables: quotes of the rows that a question names, in the documents of the best passages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.answering.question import Question, any_in, tokens
from assistant.answering.tables.aggregates import Aggregate, aggregate
from assistant.answering.tables.look_up import ROWS, PlacedTable, RowMatch, column_words, look_up
from assistant.answering.units import Candidate, Context
from assistant.core.types import Cell, Document, Span
from assistant.text.tables import Row, Table, as_sentence, tables
from assistant.text.values import moments, years

LONGEST = 1_000_000
"""Limit on the characters of a document whose tables are searched."""
MAX_ROWS = 5_000
"""Limit on the rows of a table that is searched."""
ABOVE, PARAGRAPHS, CAPTION = 2_000, 2, 80
"""A caption is in the last paragraphs of so many characters above a row, and has at most so many itself."""
MAX_QUOTE = 4_000
"""Limit on the characters of a quote of many rows."""


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """The rows to quote, or what the tables lack (see `LookUp`)."""

    question: Question
    chosen: tuple[Candidate, ...] = ()
    is_row_incomplete: bool = False
    unknown_names: frozenset[str] = frozenset()

    def allowed(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates that may still answer.

        If a named row lacks what is asked for, no row answers, and a sentence needs another word of the
        question than a name. If a name is in no row, candidates need that name.
        """
        unknown = self.unknown_names
        left = [unit for unit in found if not unknown or any_in(unknown, tokens(unit.terms))]
        if not self.is_row_incomplete:
            return left
        asked = [w for w in self.question.specific_words if w not in self.question.names]
        others = (unit for unit in left if unit.kind != "row")
        return [unit for unit in others if not asked or any_in(asked, tokens(f"{unit.above} {unit.quote}"))]


def answer_by_rows(question: Question, contexts: Sequence[Context]) -> RowAnswer:
    """Answer from the tables in the documents of the passages, by rule."""
    placed = list(_tables(contexts))
    aggregated = aggregate(question, placed)
    if aggregated is not None:
        return RowAnswer(question, tuple(_aggregate_candidates(aggregated)))
    looked_up = look_up(question, placed)
    if not looked_up.matches:
        return RowAnswer(question, (), looked_up.is_row_incomplete, looked_up.unknown_names)
    # Fewer matching rows, named by more cells, are the better match, then columns named by more words.
    best = max(looked_up.matches, key=lambda match: (len(match.keys), -len(match.rows), match.words))
    return RowAnswer(question, tuple(_row_candidates(best)))


def _tables(contexts: Sequence[Context]) -> Iterator[PlacedTable]:
    """Yield each table once."""
    done: set[tuple[str, int]] = set()
    for context in contexts:
        records = ((table, column_words(table)) for table in context.structure.records())
        for table, words in [*_in_bars(context.document), *records]:
            key = (context.document.id, table.rows[0].span.start)
            if key not in done:
                done.add(key)
                yield _place(context, table, words)


def _in_bars(document: Document) -> Sequence[tuple[Table, frozenset[str]]]:
    return _parse_tables(document.text) if len(document.text) <= LONGEST and "|" in document.text else ()


@lru_cache(maxsize=8)
def _parse_tables(text: str) -> Sequence[tuple[Table, frozenset[str]]]:
    """Return the tables of a text, with the words of their columns and of the other parts of a wide table.

    The parts of a wide table have the same first column.
    """
    found = [table for table in tables(text) if 0 < len(table.rows) <= MAX_ROWS]
    subjects = [(table.columns[0], *(row.cells[0] for row in table.rows)) for table in found]
    words = defaultdict[tuple[str, ...], set[str]](set)
    for table, subject in zip(found, subjects, strict=True):
        words[subject] |= column_words(table)
    return [(table, frozenset(words[subject])) for table, subject in zip(found, subjects, strict=True)]


def _place(context: Context, table: Table, words: frozenset[str]) -> PlacedTable:
    document, at = context.document, table.rows[0].span.start
    path: dict[int, str] = {}
    start = max(0, at - ABOVE)
    for heading in document.headings:
        if heading.start > at:
            break
        path = {level: title for level, title in path.items() if level < heading.level}
        path[heading.level] = heading.title
        start = max(start, heading.end)
    lines = [document.title, *path.values()]
    above = frozenset(word for line in [*lines, *_captions(document.text[start:at])] for word in tokens(line))
    days = frozenset(day for line in lines for day in moments(line))
    return PlacedTable(table, context, above, frozenset().union(*map(years, lines)), days, words)


def _captions(before: str) -> list[str]:
    """Return the short lines among the last paragraphs before a table, which may say what it is on."""
    lines = [line for line in before.splitlines() if line.strip() and not line.lstrip().startswith("|")]
    return [line for line in lines[-PARAGRAPHS:] if len(line) <= CAPTION and line.rstrip()[-1:] != "."]


def _row_candidates(found: RowMatch) -> Iterator[Candidate]:
    """Yield a candidate for each of the first rows that say different things."""
    rows = [*{found.cells(row): row for row in reversed(found.rows)}.values()][::-1]
    for row in rows[:ROWS]:
        left = len(rows) - ROWS
        more = f" (+ {left})" if left > 0 and row is rows[ROWS - 1] else ""
        yield _candidate(found, row, more)


def _candidate(found: RowMatch, row: Row, more: str = "") -> Candidate:
    cells = found.cells(row)
    unit = found.placed.context.candidate(_span(found, row), f"{as_sentence(cells)}{more}", 0.0, "row")
    return replace(unit, cells=cells, certain=True)


def _span(found: RowMatch, row: Row) -> Span:
    """Return the range of a row; of `name: value` lines, from the first to the last that is displayed."""
    if not row.places:
        return row.span
    places = [row.places[at] for at in sorted({*found.keys, *found.columns})]
    return Span(places[0].start, places[-1].end)


def _aggregate_candidates(answer: Aggregate) -> Iterator[Candidate]:
    """Yield the chosen rows; or the computed value with a quote of all its rows, if they are short."""
    found = answer.found
    if not answer.value:
        yield from _row_candidates(found)
        return
    whole = Span(found.rows[0].span.start, found.rows[-1].span.end)
    quote = whole if whole.end - whole.start <= MAX_QUOTE else found.rows[0].span
    rows = "; ".join(_values(found, row) for row in found.rows[: 2 * ROWS])
    more = f"; + {len(found.rows) - 2 * ROWS}" if len(found.rows) > 2 * ROWS else ""
    unit = found.placed.context.candidate(quote, f"{answer.value} ({rows}{more}).", 0.0, "row")
    yield replace(unit, cells=(Cell(answer.name, answer.value),), certain=True)


def _values(found: RowMatch, row: Row) -> str:
    return ", ".join(row.cells[at] for at in sorted(set(found.columns)) if row.cells[at])
