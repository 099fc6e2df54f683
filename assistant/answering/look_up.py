"""A question that names a row and a column of a table -> that row, by rule.

A row is named by the words, the date or the number of one of its cells; a column by its name, by a word for
the same kind of thing, or by what is asked for (who, when). Lines `Owner: Ola Dahl` are a table of one row.
Where a name, a number or a year of the question is neither in the row nor in what stands above the table, the
row is not the one that was asked for; no other row is given in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.answering.question import Question, alike, kin, meets, tokens
from assistant.answering.units import Sighted
from assistant.core.types import Cell
from assistant.text.tables import Row, Table
from assistant.text.values import amount, moments, numbers, years
from assistant.text.words import folded, stem

KEY = 8
"""Words of a cell at most that a question repeats to name its row."""
ROWS = 5
"""Rows that are shown at most where several match."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A table with the passage it was found by and the words that stand above it: title and headings."""

    table: Table
    sight: Sighted
    above: frozenset[str]
    years: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """The rows that a question names, and the places of the columns that it asks for."""

    placed: Placed
    rows: tuple[Row, ...]
    columns: tuple[int, ...]
    keys: frozenset[int] = frozenset()
    """The places of the columns by which the rows are named."""

    def cells(self, row: Row) -> tuple[Cell, ...]:
        """What is shown of a row: the cells that name it, and those that were asked for."""
        places = sorted({*self.keys, *self.columns})
        names = self.placed.table.columns
        return tuple(Cell(names[at], row.cells[at]) for at in places if row.cells[at])


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the tables hold for certain, and what they are asked for in vain."""

    found: tuple[Found, ...] = ()
    named: bool = False
    """Whether a row is named by its first cell, but nothing that it holds is asked for."""
    unknown: frozenset[str] = frozenset()
    """Names of the question that are in no row of a table of which it names a column."""


def look_up(question: Question, tables: Sequence[Placed]) -> LookUp:
    """What the tables hold for certain."""
    if question.is_glued:
        return LookUp()
    found: list[Found] = []
    named, unknown = False, frozenset[str]()
    for placed in tables:
        hits = _hits(question, placed.table)
        rows = _rows(question, placed, hits)
        columns = _asked(question, placed, frozenset(hits)) if rows else None
        if rows and len(placed.table.rows) > 1 and 0 in hits and not columns:
            named |= bool(_left(question, placed, frozenset(hits)))
        if (
            not rows
            and len(placed.table.rows) > 1
            and any(_words_in(question, c) for c in placed.table.columns)
        ):
            unknown |= _unknown(question, placed)
        rows = [row for row in rows if columns and any(row.cells[at] for at in columns)]
        if rows and columns:
            found.append(Found(placed, tuple(rows), columns, frozenset(hits)))
    return LookUp(tuple(found), named, unknown)


# -- rows --------------------------------------------------------------------------------------------


def _hits(question: Question, table: Table) -> Mapping[int, Collection[str]]:
    """The cells that the question repeats, by the place of their column."""
    hits: dict[int, set[str]] = {}
    table = _near(question, table)
    for row in table.rows:
        for at, cell in enumerate(row.cells):
            if cell and cell not in hits.get(at, ()) and _repeats(question, table, at, cell):
                hits.setdefault(at, set()).add(cell)
    for at, cells in hits.items():
        hits[at] = {c for c in cells if not any(set(tokens(c)) < set(tokens(other)) for other in cells)}
    return hits or _by_part(question, table)


def _near(question: Question, table: Table) -> Table:
    """The table with those rows alone that hold a word or a figure of the question."""
    needles = {stem(w) for w in question.telling if w not in question.known.generic} | question.years
    needles |= {day[8:].lstrip("0") for day in question.days}
    said = ((row, folded(" ".join(row.cells))) for row in table.rows)
    numbered = bool(question.numbers)
    near = (
        row
        for row, text in said
        if any(w in text for w in needles) or (numbered and _has_number(question, row))
    )
    return Table(table.columns, tuple(near), table.header)


def _has_number(question: Question, row: Row) -> bool:
    return any(
        not question.numbers.isdisjoint(numbers(cell)) for cell in row.cells if any(map(str.isdigit, cell))
    )


def _repeats(question: Question, table: Table, at: int, cell: str) -> bool:
    days = moments(cell)
    if days:
        return bool(question.days) and not question.days.isdisjoint(days)
    phrase = tokens(cell)
    if len(phrase) > KEY:
        return False
    if any(map(str.isalpha, cell)):
        return _is_key(question, table, phrase) and (question.says(phrase) or _says_code(question, cell))
    value = numbers(cell)
    if question.numbers.isdisjoint(value):
        return False
    return _is_named(question, table.columns[at]) or not value.isdisjoint(question.years) or len(cell) > 3


def _says_code(question: Question, cell: str) -> bool:
    """Whether the question writes the same name otherwise: N4, n-4, N 4."""
    squeezed = "".join(c for c in cell.casefold() if c.isalnum())
    digits = any(map(str.isdigit, squeezed)) and len(squeezed) <= 12
    return digits and squeezed in {
        "".join(pair) for pair in zip(question.words, (*question.words[1:], ""), strict=True)
    }


def _is_key(question: Question, table: Table, phrase: Sequence[str]) -> bool:
    """Whether words may name a row: they are not only words that any question has, or names of columns."""
    columns = {word for name in table.columns for word in tokens(name)}
    telling = [w for w in phrase if w not in question.function and w not in question.known.generic]
    return any(word not in columns for word in telling)


def _by_part(question: Question, table: Table) -> Mapping[int, Collection[str]]:
    """The names of which the question says a part that stands in one alone: "Berg" of "Ann Berg"."""
    said = {w for w in question.telling if len(w) > 2 and w not in question.known.generic}
    said = said & question.names if question.names else said
    said -= column_words(table)
    hits: dict[int, set[str]] = {}
    for at in range(len(table.columns)):
        names = {row.cells[at] for row in table.rows if _is_name(row.cells[at])}
        for word in said:
            holding = [name for name in names if word in tokens(name)]
            if len(holding) == 1:
                hits.setdefault(at, set()).add(holding[0])
    return hits if all(_are_apart(question, cells) for cells in hits.values()) else {}


def _are_apart(question: Question, cells: Collection[str]) -> bool:
    """Whether the question names these one by one, rather than parts of several as one: "Ann Lee"."""
    of = {word: {cell for cell in cells if word in tokens(cell)} for word in question.words}
    pairs = zip(question.words, question.words[1:], strict=False)
    return not any(of[one] and of[other] and not of[one] & of[other] for one, other in pairs)


def _is_name(cell: str) -> bool:
    """Whether a cell is like the name of a person or a ship: two or three words, all with a capital."""
    said = cell.split()
    return 2 <= len(said) <= 3 and all(word[0].isupper() and word.isalpha() for word in said)


def _rows(question: Question, placed: Placed, hits: Mapping[int, Collection[str]]) -> list[Row]:
    """The rows that the question names: in each column in which it names a cell, they have one of these."""
    table = placed.table
    if not hits:
        return _only(question, placed)
    rows = [row for row in table.rows if all(row.cells[at] in cells for at, cells in hits.items())]
    if not rows and len(hits) > 1:
        return []
    return rows if _covers(question, placed, rows) else []


def _unknown(question: Question, placed: Placed) -> frozenset[str]:
    """The names of the question that stand nowhere in a table, nor above it."""
    there = placed.above.union(
        column_words(placed.table), *(tokens(c) for r in placed.table.rows for c in r.cells)
    )
    return frozenset(name for name in question.names if not meets([name, *kin(name)], there))


def _only(question: Question, placed: Placed) -> list[Row]:
    """The row of a table that has but one, where what stands above it is named."""
    rows = list(placed.table.rows)
    above = placed.above - question.function
    if len(rows) != 1 or not meets([w for w in question.telling if w not in question.known.generic], above):
        return []
    return rows if _covers(question, placed, rows) else []


def _covers(question: Question, placed: Placed, rows: Sequence[Row]) -> bool:
    """Whether every name, number and year of the question is told by the rows or stands above them."""
    if not rows:
        return False
    texts = [cell for row in rows for cell in row.cells] + list(placed.table.columns)
    there = placed.above.union(*(tokens(text) for text in texts))
    held = frozenset().union(*(numbers(text) | years(text) for text in texts), placed.years)
    held |= {word for word in there if word.isdecimal()}
    if not all(meets([name, *kin(name)], there) for name in question.names if question.says([name])):
        return False
    days = frozenset().union(*(moments(text) for text in texts))
    return (question.numbers | question.years) <= held and (not question.days or bool(question.days & days))


# -- columns -----------------------------------------------------------------------------------------


def _asked(question: Question, placed: Placed, keys: frozenset[int]) -> tuple[int, ...] | None:
    """The columns that are asked for; None where the table has none such."""
    table = placed.table
    named = [at for at in named_columns(question, table) if at not in keys]
    if named and question.asks("how_many"):
        named = [at for at in named if any(amount(row.cells[at]) is not None for row in table.rows[:20])]
        return tuple(named) or None
    if named:
        return tuple(named) if not _speaks_of_more(question, placed, keys) else None
    asked = tuple(at for at in _by_kind(question, table) if at not in keys)
    if asked:
        return asked if not _speaks_of_more(question, placed, keys) else None
    others = tuple(at for at in range(len(table.columns)) if at not in keys)
    of_a_kind = question.asks("how_many", "when", "where", "how_much", "why", "how_to")
    return None if of_a_kind or _left(question, placed, keys) else others


def named_columns(question: Question, table: Table) -> list[int]:
    """The columns that the question names most fully; by words for the same kind of thing where by none."""
    for same in (_words_in, _kinds_in):
        said = {at: same(question, name) for at, name in enumerate(table.columns)}
        full = {at: words for at, words in said.items() if words}
        best = [at for at, words in full.items() if not any(words < other for other in full.values())]
        if best:
            return best
    return []


def _is_named(question: Question, column: str) -> bool:
    return bool(_words_in(question, column) or _kinds_in(question, column))


def _words_in(question: Question, column: str) -> frozenset[str]:
    telling = [w for w in tokens(column) if w not in question.function]
    found = frozenset(w for w in telling if question.holds(w) or _holds_compound(question, w))
    return found if 2 * len(found) >= len(telling) else frozenset()


def _holds_compound(question: Question, word: str) -> bool:
    """Whether the word is a part of a longer one of the question, as in German or Chinese."""
    return len(word) >= 5 and any(word in own and own != word for own in question.words)


def _kinds_in(question: Question, column: str) -> frozenset[str]:
    return frozenset(
        w for w in tokens(column) if any(alike(k, own) for k in kin(w) for own in question.telling)
    )


def _by_kind(question: Question, table: Table) -> Iterator[int]:
    """The columns of what the question word asks for, where the names of the columns tell which that is."""
    for kind, holds in (("when", "date"), ("who", "person"), ("where", "place"), ("how_much", "price")):
        if question.asks(kind):
            named = [at for at, name in enumerate(table.columns) if meets(kin(holds), tokens(name))]
            if holds == "date":
                named = [at for at in range(len(table.columns)) if _is_of_dates(table, at)] or named
            if holds == "person":
                named = named[:1]
            yield from named
            return


@lru_cache(maxsize=256)
def _is_of_dates(table: Table, at: int) -> bool:
    filled = [row.cells[at] for row in table.rows[:50] if row.cells[at]]
    return bool(filled) and all(moments(cell) for cell in filled)


def _left(question: Question, placed: Placed, keys: frozenset[int]) -> list[str]:
    """The telling words of the question that neither the keys, the columns, nor what stands above tell."""
    table = placed.table
    known = {word for name in table.columns for word in tokens(name)} | placed.above
    known |= {w for row in table.rows for at in keys for w in tokens(row.cells[at]) if question.holds(w)}
    left = (
        w
        for w in question.telling
        if w not in question.known.generic and not meets([w], question.known.generic)
    )
    return [w for w in left if not meets([w, *kin(w)], known) and not any(map(str.isdigit, w))]


def _speaks_of_more(question: Question, placed: Placed, keys: frozenset[int]) -> bool:
    """Whether the question names a thing besides, so that its row is not certain: "for the sauna"."""
    left = set(_left(question, placed, keys))
    pairs = zip(question.words, question.words[1:], strict=False)
    return any(word in left and before in question.known.before_nouns for before, word in pairs)


def column_words(table: Table) -> frozenset[str]:
    """The words of the names of its columns."""
    return frozenset(word for name in table.columns for word in tokens(name))


def condition(question: Question, placed: Placed) -> dict[int, Collection[str]] | None:
    """The cells, by column, that a question over all rows narrows them to: pilots, North, in May 2024.

    None where a name, a number or a day of it is told by no cell and stands nowhere above the table.
    """
    table = placed.table
    hits: dict[int, Collection[str]] = {}
    for at in range(len(table.columns)):
        cells = {row.cells[at] for row in table.rows if row.cells[at]}
        said = {cell for cell in cells if _narrows(question, table, cell)}
        if said:
            hits[at] = said
    rows = [row for row in table.rows if all(row.cells[at] in said for at, said in hits.items())]
    days_are_told = not (question.days or question.years) or any(
        moments(cell) or years(cell) for said in hits.values() for cell in said
    )
    return hits if days_are_told and _covers(question, placed, rows) else None


def _narrows(question: Question, table: Table, cell: str) -> bool:
    if moments(cell):
        within = question.days or question.years
        return any(moment.startswith(day) for moment in moments(cell) for day in within)
    phrase = tokens(cell)
    if not 0 < len(phrase) <= KEY or not any(map(str.isalpha, cell)) or not _is_key(question, table, phrase):
        return cell.isdigit() and cell in question.years
    return question.says(phrase)
