"""Aggregation over the rows of a table, by rule: the largest, the latest, the count, the sum.

A rule applies only if the table accounts for every word of the question (by a column, a cell, a heading, or a
word that fits any record), and if every cell of the aggregated column is a plain number or date.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from assistant.answering.question import Question, any_in, synonyms, tokens
from assistant.answering.tables.look_up import (
    PlacedTable,
    RowMatch,
    column_words,
    filter_cells,
    matching_rows,
    named_columns,
)
from assistant.text.tables import Row
from assistant.text.values import amount, moments

MIN_ROWS = 2
"""Rows that a table must have."""
_EXTREMES = (("largest", max), ("smallest", min), ("latest", max), ("earliest", min))


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The rows that a rule chose or aggregated; `value` is the count, sum or mean, if any."""

    found: RowMatch
    value: str = ""
    name: str = ""
    """The aggregated column; empty if rows were counted."""


def aggregate(question: Question, tables: Sequence[PlacedTable]) -> Aggregate | None:
    """Return the aggregate if exactly one table gives one."""
    large = (placed for placed in tables if len(placed.table.rows) >= MIN_ROWS)
    answers = [answer for placed in large if (answer := _aggregate_table(question, placed))]
    return answers[0] if len(answers) == 1 else None


def _aggregate_table(question: Question, placed: PlacedTable) -> Aggregate | None:
    rule = _extreme(question) or _counted(question)
    if rule is None or question.is_follow_up:
        return None
    hits = filter_cells(question, placed)
    if hits is None or not _accounts_for(question, placed, hits):
        return None
    rows = matching_rows(placed.table, hits)
    return rule(question, placed, rows, frozenset(hits)) if rows else None


Rule = Callable[[Question, PlacedTable, Sequence[Row], frozenset[int]], "Aggregate | None"]


def _extreme(question: Question) -> Rule | None:
    """Return the rule for the row with the largest or smallest value."""
    for kind, choose in _EXTREMES:
        if question.asks(kind):
            dated = kind in ("latest", "earliest")
            return lambda q, placed, rows, keys: _best(q, placed, rows, keys, choose, dated)
    return None


def _counted(question: Question) -> Rule | None:
    if question.asks("total"):
        return _sum
    if question.asks("average"):
        return _mean
    return _count if question.asks("how_many") else None


def _best(
    question: Question,
    placed: PlacedTable,
    rows: Sequence[Row],
    keys: frozenset[int],
    choose: Callable[[Sequence[str | Decimal]], str | Decimal],
    dated: bool,
) -> Aggregate | None:
    table = placed.table
    places = [at for at in range(len(table.columns)) if at not in keys]
    named = [at for at in named_columns(question, table) if at in places]
    value = _date if dated else amount
    fitting = [at for at in (named or places) if _all(rows, at, value)]
    if not fitting and named and dated:
        fitting = [at for at in places if _all(rows, at, value)]
    if len(fitting) != 1 or (not named and not dated):
        return None
    at = fitting[0]
    values = {row: value(row.cells[at]) for row in rows if row.cells[at]}
    extreme = choose([v for v in values.values() if v is not None])
    chosen = tuple(row for row, v in values.items() if v == extreme)
    columns = {at, *named} | ({0} if len({at, *named}) == 1 else set())
    return Aggregate(RowMatch(placed, chosen, tuple(sorted(columns)), keys))


def _count(
    question: Question, placed: PlacedTable, rows: Sequence[Row], keys: frozenset[int]
) -> Aggregate | None:
    """Count the rows. No answer if the question names a column of numbers, which may be meant instead, or a
    single row by its first cell: "how many points are given for the ears"."""
    named = [at for at in named_columns(question, placed.table) if at not in keys]
    if any(_all(rows, at, amount) for at in named):
        return None
    if not named and not keys and not any_in(question.vocabulary.rows, question.words):
        return None
    if keys == {0} and len(rows) == 1:
        return None
    distinct = {row.cells[at] for row in rows for at in named[:1]}
    if named and len(distinct) < len(rows):
        return None
    return Aggregate(RowMatch(placed, tuple(rows), tuple(sorted({0, *named})), keys), str(len(rows)))


def _sum(
    question: Question, placed: PlacedTable, rows: Sequence[Row], keys: frozenset[int]
) -> Aggregate | None:
    return _over(question, placed, rows, keys, lambda amounts: sum(amounts, Decimal(0)))


def _mean(
    question: Question, placed: PlacedTable, rows: Sequence[Row], keys: frozenset[int]
) -> Aggregate | None:
    return _over(question, placed, rows, keys, lambda amounts: sum(amounts, Decimal(0)) / len(amounts))


def _over(
    question: Question,
    placed: PlacedTable,
    rows: Sequence[Row],
    keys: frozenset[int],
    compute: Callable[[Sequence[Decimal]], Decimal],
) -> Aggregate | None:
    named = [at for at in named_columns(question, placed.table) if at not in keys]
    fitting = [at for at in named if _all(rows, at, amount)]
    if len(fitting) != 1:
        return None
    [column] = fitting
    value = compute([number for row in rows if (number := amount(row.cells[column])) is not None])
    text = format(value.normalize() if value == value.to_integral() else round(value, 2), ",f")
    return Aggregate(RowMatch(placed, tuple(rows), (0, column), keys), text, placed.table.columns[column])


def _all(rows: Sequence[Row], at: int, value: Callable[[str], object]) -> bool:
    """Return True if all non-empty cells of a column have such a value."""
    filled = [row.cells[at] for row in rows if row.cells[at]]
    return bool(filled) and all(value(cell) is not None for cell in filled)


def _date(cell: str) -> str | None:
    days = [moment for moment in moments(cell) if len(moment) == 10]
    return days[0] if len(days) == 1 else None


def _accounts_for(question: Question, placed: PlacedTable, hits: dict[int, Collection[str]]) -> bool:
    """Return True if the table and the words of the rule account for every word of the question."""
    cell_words = {word for cells in hits.values() for cell in cells for word in tokens(cell)}
    explained = column_words(placed.table) | placed.above | cell_words
    phrases = (
        found for kind in _RULES for found in question.vocabulary.phrases[kind].finditer(question.folded)
    )
    rule_words = {word for phrase in phrases for word in tokens(phrase.group())}
    left = [
        w
        for w in question.content_words
        if w not in rule_words and not any_in([w], question.vocabulary.generic)
    ]
    return all(
        any_in([w, *synonyms(w)], explained)
        or any_in([w], question.vocabulary.rows)
        or any(map(str.isdigit, w))
        for w in left
    )


_RULES = ("largest", "smallest", "latest", "earliest", "total", "average", "how_many", "lists")
