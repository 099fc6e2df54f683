"""Table lookup: a question that names a row and a column -> that row, by rule.

A row is named by the words, the date or the number of one of its cells; a column by its name, by a synonym,
or by a question word (who, when). Lines such as `Owner: Ola Dahl` are a table of one row. A row does not
answer if a name, a number or a year of the question is neither in it nor in the headings above the table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.answering.question import Question, any_in, same_word, synonyms, tokens
from assistant.answering.units import Context
from assistant.core.types import Cell
from assistant.text.tables import Row, Table
from assistant.text.values import amount, moments, numbers, years
from assistant.text.words import folded, stem

KEY = 8
"""Limit on the words of a cell that can name a row."""
MOMENT = 30
"""Limit on the characters of a cell that is a date; a longer one mentions it."""
PART = 3
"""The least number of letters of a word in a name of several written together, or of initials."""
BESIDES = 2
"""Limit on the words that a table need not explain where a question word alone tells the column."""
ROWS = 5
"""Limit on the matching rows that are displayed."""
# The mark of a footnote, "Hires (1)", or a unit, "SEER (Btu/Wh)".
_ASIDE = re.compile(r"(?<=\S)\s*\([^()]{1,12}\)\s*$|\(\w\)")


@dataclass(frozen=True, slots=True)
class PlacedTable:
    """A table in its document, with the words, years and days of the title and headings above it."""

    table: Table
    context: Context
    above: frozenset[str]
    years: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    column_words: frozenset[str] = frozenset()
    """The words of the names of its columns, and of those of a wide table's other parts."""


@dataclass(frozen=True, slots=True)
class RowMatch:
    """The rows that a question names, and the indices of the columns that it asks for."""

    placed: PlacedTable
    rows: tuple[Row, ...]
    columns: tuple[int, ...]
    keys: frozenset[int] = frozenset()
    """The indices of the columns whose cells name the rows."""
    words: int = 0
    """Number of words of the question that name the columns."""

    def cells(self, row: Row) -> tuple[Cell, ...]:
        """Return the cells of a row that name it or were asked for."""
        places = sorted({*self.keys, *self.columns})
        names = self.placed.table.columns
        return tuple(Cell(names[at], row.cells[at]) for at in places if row.cells[at])


@dataclass(frozen=True, slots=True)
class LookUp:
    """The rows that answer a question, and what the tables lack."""

    matches: tuple[RowMatch, ...] = ()
    is_row_incomplete: bool = False
    """True if a row is named by its first cell, but lacks what is asked for."""
    unknown_names: frozenset[str] = frozenset()
    """Names of the question that are in no row of a table of which it names a column."""


def look_up(question: Question, tables: Sequence[PlacedTable]) -> LookUp:
    """Look the question up in the tables."""
    if question.is_follow_up:
        return LookUp()
    matches: list[RowMatch] = []
    is_row_incomplete, unknown_names = False, frozenset[str]()
    for placed in tables:
        hits = _named_cells(question, placed)
        keys, has_several = frozenset(hits), len(placed.table.rows) > 1
        rows = _named_rows(question, placed, hits)
        columns = _asked_columns(question, placed, keys, rows) if rows else None
        if rows and has_several and 0 in hits and not columns:
            others = [at for at in range(len(placed.table.columns)) if at not in keys]
            is_row_incomplete |= bool(_unexplained_words(question, placed, keys, rows, others))
        if not rows and has_several and any(_words_in(question, c) for c in placed.table.columns):
            unknown_names |= _unknown_names(question, placed)
        rows = [row for row in rows if columns and any(row.cells[at] for at in columns)]
        if rows and columns:
            matches.append(RowMatch(placed, tuple(rows), columns, keys, _naming(question, placed, columns)))
    return LookUp(tuple(matches), is_row_incomplete, unknown_names)


# -- rows --------------------------------------------------------------------------------------------


def _named_cells(question: Question, placed: PlacedTable) -> Mapping[int, Collection[str]]:
    """Return the cells that the question names, by the index of their column."""
    hits: dict[int, set[str]] = {}
    table = _near_rows(question, placed.table)
    for row in table.rows:
        for at, cell in enumerate(row.cells):
            if cell and cell not in hits.get(at, ()) and _names_cell(question, placed, at, cell):
                hits.setdefault(at, set()).add(cell)
    for at, cells in hits.items():
        hits[at] = {c for c in cells if not any(set(tokens(c)) < set(tokens(other)) for other in cells)}
    return hits or _cells_by_part(question, placed, table)


def _near_rows(question: Question, table: Table) -> Table:
    """Return the table with only those rows that have a word or a figure of the question."""
    needles = {stem(word) for word in question.specific_words} | question.years
    needles |= {day[8:].lstrip("0") for day in question.days}

    def is_near(row: Row) -> bool:
        text = folded(" ".join(row.cells))
        has_needle = any(needle in text for needle in needles)
        return has_needle or (bool(question.numbers) and _has_number(question, row))

    return Table(table.columns, tuple(filter(is_near, table.rows)), table.header)


def _has_number(question: Question, row: Row) -> bool:
    return any(
        not question.numbers.isdisjoint(numbers(cell)) for cell in row.cells if any(map(str.isdigit, cell))
    )


def _names_cell(question: Question, placed: PlacedTable, at: int, cell: str) -> bool:
    days = moments(cell)
    if days:
        return bool(question.days) and not question.days.isdisjoint(days)
    phrase = tokens(cell)
    if len(phrase) > KEY:
        return False
    if any(map(str.isalpha, cell)):
        is_named = question.has_phrase(phrase) or _has_code(question, cell)
        return is_named and _is_key(question, placed, phrase)
    value = numbers(cell)
    if question.numbers.isdisjoint(value):
        return False
    return (
        _is_named(question, placed.table.columns[at]) or not value.isdisjoint(question.years) or len(cell) > 3
    )


def _has_code(question: Question, cell: str) -> bool:
    """Return True if the question has a spelling variant of the code: N4, n-4, N 4."""
    squeezed = "".join(c for c in cell.casefold() if c.isalnum())
    digits = any(map(str.isdigit, squeezed)) and len(squeezed) <= 12
    return digits and squeezed in {
        "".join(pair) for pair in zip(question.words, (*question.words[1:], ""), strict=True)
    }


def _is_key(question: Question, placed: PlacedTable, phrase: Sequence[str]) -> bool:
    """Return True if words may name a row: any is neither a function word, nor generic, nor a column name."""
    common = question.function_words | question.vocabulary.generic | placed.column_words
    return any(word not in common for word in phrase)


def _cells_by_part(question: Question, placed: PlacedTable, table: Table) -> Mapping[int, Collection[str]]:
    """Return the names of which the question has a part that occurs in no other: "Berg" of "Ann Berg"."""
    if len(placed.table.rows) == 1:
        # There is no other to be told from.
        return {}
    parts = {word for word in question.specific_words if len(word) > 2} - placed.column_words
    parts = parts & question.names if question.names else parts
    hits: dict[int, set[str]] = {}
    for at in range(len(table.columns)):
        if not _has_names(placed.table, at):
            continue
        names = {row.cells[at] for row in table.rows if _is_name(row.cells[at])}
        for word in parts:
            holding = [name for name in names if word in tokens(name)]
            if len(holding) == 1:
                hits.setdefault(at, set()).add(holding[0])
    return hits if all(_are_apart(question, cells) for cells in hits.values()) else {}


def _are_apart(question: Question, cells: Collection[str]) -> bool:
    """Return False if the question combines parts of two cells into one name: "Ann Lee"."""
    holders = {word: {cell for cell in cells if word in tokens(cell)} for word in question.words}
    pairs = zip(question.words, question.words[1:], strict=False)
    return not any(
        holders[word] and holders[following] and not holders[word] & holders[following]
        for word, following in pairs
    )


@lru_cache(maxsize=256)
def _has_names(table: Table, at: int) -> bool:
    """Return True if most cells of a column look like the names of people or ships."""
    filled = [row.cells[at] for row in table.rows[:50] if row.cells[at]]
    return 2 * sum(map(_is_name, filled)) > len(filled)


def _is_name(cell: str) -> bool:
    """Return True if a cell looks like the name of a person or a ship: two or three capitalised words."""
    parts = cell.split()
    return 2 <= len(parts) <= 3 and all(word[0].isupper() and word.isalpha() for word in parts)


def _named_rows(question: Question, placed: PlacedTable, hits: Mapping[int, Collection[str]]) -> list[Row]:
    """Return the rows that have a named cell in each column in which the question names one."""
    table = placed.table
    if not hits:
        return _only_row(question, placed)
    rows = matching_rows(table, hits)
    return rows if _covers(question, placed, rows) else []


def _unknown_names(question: Question, placed: PlacedTable) -> frozenset[str]:
    """Return the names of the question that are neither in a table nor in the headings above it."""
    cell_words = (tokens(cell) for row in placed.table.rows for cell in row.cells)
    present = placed.above.union(placed.column_words, *cell_words)
    return frozenset(name for name in question.names if not any_in([name, *synonyms(name)], present))


def _only_row(question: Question, placed: PlacedTable) -> list[Row]:
    """Return the row of a table of one row if the question names the headings above it."""
    rows = list(placed.table.rows)
    if len(rows) != 1 or not any_in(question.specific_words, placed.above - question.function_words):
        return []
    return rows if _covers(question, placed, rows) else []


def _covers(question: Question, placed: PlacedTable, rows: Sequence[Row]) -> bool:
    """Return True if the rows and headings have every name, number and year of the question."""
    if not rows:
        return False
    texts = [cell for row in rows for cell in row.cells] + list(placed.table.columns)
    present = placed.above.union(*(tokens(text) for text in texts))
    figures = frozenset().union(*(numbers(text) | years(text) for text in texts), placed.years)
    figures |= {word for word in present if word.isdecimal()}
    if not all(
        any_in([name, *synonyms(name)], present) for name in question.names if question.has_phrase([name])
    ):
        return False
    days = placed.days.union(*(moments(text) for text in texts))
    has_day = not question.days or not question.days.isdisjoint(days)
    return has_day and question.numbers | question.years <= figures


# -- columns -----------------------------------------------------------------------------------------


def _asked_columns(
    question: Question, placed: PlacedTable, keys: frozenset[int], rows: Sequence[Row]
) -> tuple[int, ...] | None:
    """Return the columns that are asked for; None if the table lacks them."""
    table = placed.table
    named = [at for at in named_columns(question, table) if at not in keys]
    if named and question.asks("how_many"):
        named = [at for at in named if any(_is_count(row.cells[at]) for row in table.rows[:20])]
        counted = [at for at in named if _counts(question, table.columns[at])]
        left = _unexplained_words(question, placed, keys, rows, named)
        return tuple(counted or named) if not _counts_another_thing(question, left) else None
    asked = tuple(at for at in _columns_by_question_word(question, table) if at not in keys)
    is_by_whom = bool(asked) and question.asks("who") and not _is_led(question, table, named)
    chosen = asked if is_by_whom or not named else tuple(named)
    if chosen:
        return chosen if _is_explained(question, placed, keys, rows, chosen) else None
    others = tuple(at for at in range(len(table.columns)) if at not in keys)
    of_a_kind = question.asks("how_many", "when", "where", "how_much", "why", "how_to")
    if of_a_kind or not (keys or len(others) > 1):
        return None
    return others if not _unexplained_words(question, placed, keys, rows, others) else None


def _is_explained(
    question: Question, placed: PlacedTable, keys: frozenset[int], rows: Sequence[Row], columns: Sequence[int]
) -> bool:
    """Return True if the table leaves no word of the question that may make it one on another thing.

    A row that only the headings name has to explain every word. A column that no word names directly lets the
    table leave one.
    """
    left = _unexplained_words(question, placed, keys, rows, columns)
    if not keys:
        return not left
    is_direct = _naming(question, placed, columns) > 0
    return (is_direct or len(left) <= BESIDES) and not _names_another_thing(question, left)


def named_columns(question: Question, table: Table) -> list[int]:
    """Return the columns that the question names most fully; by synonyms if it names none directly."""
    for match in (_words_in, _synonyms_in):
        named = {at: words for at, name in enumerate(table.columns) if (words := match(question, name))}
        best = [at for at, words in named.items() if not any(words < other for other in named.values())]
        if best:
            return best
    return []


def _naming(question: Question, placed: PlacedTable, columns: Sequence[int]) -> int:
    """Return the number of words of the question that name any of the columns directly."""
    names = frozenset().union(*(_words_in(question, placed.table.columns[at]) for at in columns))
    return sum(any_in([word], names) for word in question.content_words)


def _is_named(question: Question, column: str) -> bool:
    return bool(_words_in(question, column) or _synonyms_in(question, column))


def _words_in(question: Question, column: str) -> frozenset[str]:
    name = [w for w in tokens(_ASIDE.sub("", column) or column) if w not in question.function_words]
    found = frozenset(w for w in name if _is_meant(question, w))
    return found if 2 * len(found) >= len(name) else frozenset()


def _is_meant(question: Question, word: str) -> bool:
    """Return True if the question has a word of a column's name, in any of the forms that such words take."""
    is_own = question.has(word) or _has_compound(question, word)
    return is_own or bool(_joined(question, word) or _by_initials(question, word))


def _has_compound(question: Question, word: str) -> bool:
    """Return True if the word is a part of a longer one in the question, as in German or Chinese."""
    return len(word) >= 5 and any(word in own and own != word for own in question.words)


def _joined(question: Question, word: str) -> frozenset[str]:
    """Return the words of the question that a name writes together: win, percentage of "winpercent"."""
    for first in question.content_words:
        rest = word.removeprefix(first)
        is_split = len(first) >= PART and PART <= len(rest) < len(word)
        if is_split and (found := [own for own in question.words if same_word(rest, own)]):
            return frozenset({first, *found})
    return frozenset()


def _by_initials(question: Question, word: str) -> frozenset[str]:
    """Return the words of the question whose initials a name is: beats, per, minute of "bpm"."""
    size = len(word)
    if size >= PART and word.isalpha():
        for at in range(len(question.words) - size + 1):
            run = question.words[at : at + size]
            if "".join(each[0] for each in run) == word:
                return frozenset(run)
    return frozenset()


def _synonyms_in(question: Question, column: str) -> frozenset[str]:
    return frozenset(
        w
        for w in tokens(column)
        if any(
            same_word(k, own) for k in synonyms(w) & question.column_words for own in question.content_words
        )
    )


def _columns_by_question_word(question: Question, table: Table) -> Iterator[int]:
    """Yield the columns whose name fits the question word, for example a date for "when"."""
    for kind, column in (("when", "date"), ("who", "person"), ("where", "place"), ("how_much", "price")):
        if question.asks(kind):
            shares = {at: _share_in(synonyms(column), name) for at, name in enumerate(table.columns)}
            named = sorted(filter(shares.get, shares), key=lambda at: -shares[at])
            if column == "date":
                named = [at for at in range(len(table.columns)) if _has_dates(table, at)] or named
            if column == "person":
                named = named[:1]
            yield from named
            return


def _share_in(words: Collection[str], name: str) -> float:
    """Return the share of a column's name that is among some words."""
    parts = tokens(name)
    return sum(any_in([part], words) for part in parts) / len(parts) if parts else 0.0


@lru_cache(maxsize=256)
def _has_dates(table: Table, at: int) -> bool:
    filled = [row.cells[at] for row in table.rows[:50] if row.cells[at]]
    return bool(filled) and all(moments(cell) and len(cell) <= MOMENT for cell in filled)


def _unexplained_words(
    question: Question,
    placed: PlacedTable,
    keys: frozenset[int],
    rows: Sequence[Row],
    columns: Collection[int],
) -> list[str]:
    """Return the content words of the question that headings, names of columns and rows do not account for.

    Names of other rows do, as they tell the kind of them all; what is in the `columns` that answer does not.
    """
    table = placed.table
    names = column_words(table)
    explained = names.union(placed.above, *(_joined(question, name) for name in names))
    explained = explained.union(*(_by_initials(question, name) for name in names))
    cells = [cell for row in rows for at, cell in enumerate(row.cells) if at not in columns]
    cells += [row.cells[at] for row in table.rows for at in keys]
    explained |= {w for cell in cells for w in tokens(cell) if question.has(w)}
    specific = (w for w in question.specific_words if not any_in([w], question.vocabulary.generic))
    return [w for w in specific if not any_in([w, *synonyms(w)], explained) and not any(map(str.isdigit, w))]


def _names_another_thing(question: Question, left: Collection[str]) -> bool:
    """Return True if the question names another thing, so that its row is not certain: "for the sauna"."""
    pairs = zip(question.words, question.words[1:], strict=False)
    return any(word in left and before in question.vocabulary.before_nouns for before, word in pairs)


def _is_count(cell: str) -> bool:
    return amount(cell) is not None and not cell.rstrip().endswith("%")


def _is_led(question: Question, table: Table, columns: Sequence[int]) -> bool:
    """Return True if the first content word of the question names one of the columns: "who published"."""
    return any(any_in(question.content_words[:1], tokens(table.columns[at])) for at in columns)


def _counts(question: Question, column: str) -> bool:
    """Return True if a column has what the question counts."""
    return any(question.counted in {word, *_by_initials(question, word)} for word in tokens(column))


def _counts_another_thing(question: Question, left: Collection[str]) -> bool:
    """Return True if what the question counts is nowhere in the table: "beats" in "how many beats".

    People go without saying.
    """
    return question.counted in left and not any_in([question.counted], synonyms("person"))


def column_words(table: Table) -> frozenset[str]:
    """Return the words of the column names."""
    return frozenset(word for name in table.columns for word in tokens(name))


def filter_cells(question: Question, placed: PlacedTable) -> dict[int, Collection[str]] | None:
    """Return the cells, by column, to which a question limits the rows: pilots, North, in May 2024.

    None if neither a cell nor a heading has a name, a number or a day of the question.
    """
    table = placed.table
    hits: dict[int, Collection[str]] = {}
    for at in range(len(table.columns)):
        cells = {row.cells[at] for row in table.rows if row.cells[at]}
        if named := {cell for cell in cells if _narrows(question, placed, cell)}:
            hits[at] = named
    rows = matching_rows(table, hits)
    has_dates = not (question.days or question.years) or any(
        moments(cell) or years(cell) for named in hits.values() for cell in named
    )
    return hits if has_dates and _covers(question, placed, rows) else None


def matching_rows(table: Table, hits: Mapping[int, Collection[str]]) -> list[Row]:
    """Return the rows that have one of the cells of `hits` in each of its columns."""
    return [row for row in table.rows if all(row.cells[at] in cells for at, cells in hits.items())]


def _narrows(question: Question, placed: PlacedTable, cell: str) -> bool:
    if moments(cell):
        within = question.days or question.years
        return any(moment.startswith(day) for moment in moments(cell) for day in within)
    phrase = tokens(cell)
    if not 0 < len(phrase) <= KEY or not any(map(str.isalpha, cell)) or not _is_key(question, placed, phrase):
        return cell.isdigit() and cell in question.years
    return question.has_phrase(phrase)
