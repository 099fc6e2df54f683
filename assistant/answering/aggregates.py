"""Questions over all rows of one table, answered by rule: the largest, the latest, how many, the sum.

A rule is followed only where every word of the question is told by the table: by a column, a cell, a heading
above it, or a word that fits any record; and where every cell of the column that counts is a plain number or
date. In any other case there is no answer by rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from assistant.answering.look_up import Found, Placed, column_words, condition, named_columns
from assistant.answering.question import Question, kin, meets, tokens
from assistant.text.tables import Row
from assistant.text.values import amount, moments

LEAST = 2
"""Rows that a table must have."""
_EXTREMES = (("largest", max), ("smallest", min), ("latest", max), ("earliest", min))


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The rows that a rule chose or counted; `value` is what was counted or summed, in words, or empty."""

    found: Found
    value: str = ""
    name: str = ""
    """The column that was reckoned over; empty where rows were counted."""


def aggregate(question: Question, tables: Sequence[Placed]) -> Aggregate | None:
    """The answer of the one table that gives one."""
    answers = [
        answer for placed in tables if len(placed.table.rows) >= LEAST if (answer := _of(question, placed))
    ]
    return answers[0] if len(answers) == 1 else None


def _of(question: Question, placed: Placed) -> Aggregate | None:
    rule = _extreme(question) or _counted(question)
    if rule is None or question.is_glued:
        return None
    hits = condition(question, placed)
    if hits is None or not _is_told(question, placed, hits):
        return None
    rows = [row for row in placed.table.rows if all(row.cells[at] in cells for at, cells in hits.items())]
    return rule(question, placed, rows, frozenset(hits)) if rows else None


Rule = Callable[[Question, Placed, Sequence[Row], frozenset[int]], "Aggregate | None"]


def _extreme(question: Question) -> Rule | None:
    """The rule for the row with the most or the least of something."""
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
    placed: Placed,
    rows: Sequence[Row],
    keys: frozenset[int],
    choose: Callable[[Sequence[str | Decimal]], str | Decimal],
    dated: bool,
) -> Aggregate | None:
    table = placed.table
    places = [at for at in range(len(table.columns)) if at not in keys]
    named = [at for at in named_columns(question, table) if at in places]
    value = _date if dated else _number
    fitting = [at for at in (named or places) if _all(rows, at, value)]
    if not fitting and named and dated:
        fitting = [at for at in places if _all(rows, at, value)]
    if len(fitting) != 1 or (not named and not dated):
        return None
    at = fitting[0]
    held = {row: value(row.cells[at]) for row in rows if row.cells[at]}
    most = choose([v for v in held.values() if v is not None])
    chosen = tuple(row for row, v in held.items() if v == most)
    shown = {at, *named} | ({0} if len({at, *named}) == 1 else set())
    return Aggregate(Found(placed, chosen, tuple(sorted(shown)), keys))


def _count(question: Question, placed: Placed, rows: Sequence[Row], keys: frozenset[int]) -> Aggregate | None:
    """Count the rows. No answer if the question names a column of numbers, which may be meant instead."""
    named = [at for at in named_columns(question, placed.table) if at not in keys]
    if any(_all(rows, at, _number) for at in named):
        return None
    if not named and not keys and not meets(_ROWS, question.words):
        return None
    shown = tuple(sorted({0, *named}))
    distinct = {row.cells[at] for row in rows for at in named[:1]}
    if named and len(distinct) < len(rows):
        return None
    return Aggregate(Found(placed, tuple(rows), shown, keys), str(len(rows)))


_ROWS = (
    "row",
    "rows",
    "entries",
    "entry",
    "records",
    "lines",
    "zeilen",
    "filas",
    "lignes",
    "linhas",
    "строк",
    "行",
)


def _sum(question: Question, placed: Placed, rows: Sequence[Row], keys: frozenset[int]) -> Aggregate | None:
    return _over(question, placed, rows, keys, lambda amounts: sum(amounts, Decimal(0)))


def _mean(question: Question, placed: Placed, rows: Sequence[Row], keys: frozenset[int]) -> Aggregate | None:
    return _over(question, placed, rows, keys, lambda amounts: sum(amounts, Decimal(0)) / len(amounts))


def _over(
    question: Question,
    placed: Placed,
    rows: Sequence[Row],
    keys: frozenset[int],
    reckon: Callable[[Sequence[Decimal]], Decimal],
) -> Aggregate | None:
    fitting = [
        at for at in named_columns(question, placed.table) if at not in keys and _all(rows, at, _number)
    ]
    if len(fitting) != 1:
        return None
    amounts = [number for row in rows if (number := _number(row.cells[fitting[0]])) is not None]
    value = reckon(amounts)
    said = format(value.normalize() if value == value.to_integral() else round(value, 2), ",f")
    return Aggregate(
        Found(placed, tuple(rows), (0, fitting[0]), keys), said, placed.table.columns[fitting[0]]
    )


def _all(rows: Sequence[Row], at: int, value: Callable[[str], object]) -> bool:
    """True if all cells of a column that are not empty hold such a value."""
    filled = [row.cells[at] for row in rows if row.cells[at]]
    return bool(filled) and all(value(cell) is not None for cell in filled)


def _number(cell: str) -> Decimal | None:
    return amount(cell)


def _date(cell: str) -> str | None:
    days = [moment for moment in moments(cell) if len(moment) == 10]
    return days[0] if len(days) == 1 else None


def _is_told(question: Question, placed: Placed, hits: dict[int, Collection[str]]) -> bool:
    """True if the table and the words of the rule account for every word of the question."""
    known = (
        column_words(placed.table)
        | placed.above
        | {w for cells in hits.values() for c in cells for w in tokens(c)}
    )
    ruled = {
        w
        for kind in _RULED
        for found in question.known.phrases[kind].finditer(question.folded)
        for w in tokens(found.group())
    }
    left = [w for w in question.telling if w not in ruled and not meets([w], question.known.generic)]
    return all(meets([w, *kin(w)], known) or meets([w], _ROWS) or any(map(str.isdigit, w)) for w in left)


_RULED = ("largest", "smallest", "latest", "earliest", "total", "average", "how_many", "lists")
