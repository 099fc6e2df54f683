"""The cells of a table: their text, their numbers, and the rows between two lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

from assistant.ingest.readers.pdf.columns import is_from_right, rows_of, runs
from assistant.ingest.readers.pdf.hyphens import joined
from assistant.ingest.readers.pdf.shapes import Word

_NUMBER = re.compile(r"[-+(~<>≤≥±]?\s?[$€£¥]?\s?[-+−]?\d[\d.,\s'’/:-]*\s?[%‰$€£¥]?\)?\W?\s?[^\W\d_]{0,3}\.?")
_VALUE = re.compile(_NUMBER.pattern + r"|[-–—…*]{1,3}|[nN]/?[aA]")
"""A number, or a sign that there is none."""
_LEADER = re.compile(r"(?:\s*\.{4,}|(?:\s*\.){4,}|(?:\s\.){2,})$")


class Cell:
    """A cell that has text, and its column, counted from 1."""

    __slots__ = ("column", "text")

    def __init__(self, column: int, text: str) -> None:
        self.column, self.text = column, text


def cell_text(words: Sequence[Word]) -> str:
    """Return the words of a cell as one line."""
    if len(words) < 2:
        return words[0].text if words else ""
    way = max((word for word in words), key=lambda word: len(word.text)).way
    if way in (1, 3):
        words = [levelled(word, way) for word in words]
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


def levelled(word: Word, way: int) -> Word:
    """Return a word that reads down or up as if its page were turned so that it is level."""
    if way == 1:
        return Word(word.text, word.top, -word.right, word.bottom, -word.left)
    return Word(word.text, -word.bottom, word.left, -word.top, word.right)


def without_leader(text: str) -> str:
    """Return the text of a cell without the dots that lead to the next one."""
    return _LEADER.sub("", text) if text.endswith(".") else text


def is_number(cell: str) -> bool:
    """True if a cell is a number, an amount or a date."""
    return _NUMBER.fullmatch(cell) is not None


def rows_in(
    words: Sequence[Word], xs: Sequence[float], *, is_open: bool
) -> list[tuple[float | None, Sequence[Word]]]:
    """Split the content between two lines of a table into rows: one, or one per line of text if open."""
    rows = rows_of(words)
    cells = [_cells_of(row, xs) for row in rows]
    are_wrapped = not is_open and _are_wrapped_rows(rows, xs)
    are_rows = _are_rows(cells) if is_open else _are_full_rows(cells) or are_wrapped
    if not are_rows and not _has_numbers(cells):
        return [(None, words)]
    parts: list[list[Word]] = []
    for row, found in zip(rows, cells, strict=True):
        above = _cells_of(parts[-1], xs) if parts else []
        is_rest = not is_open and _is_rest(row, xs)
        if parts and (goes_on(found, above) or ends_label(found, above) or is_rest):
            parts[-1] += row
        else:
            parts.append(list(row))
    return [((min(w.top for w in part) + max(w.bottom for w in part)) / 2, part) for part in parts]


def _has_numbers(rows: Sequence[Sequence[Cell]]) -> bool:
    """True if some column has three numbers below each other, beside text: a cell has one number."""
    numbers: Counter[int] = Counter()
    named: Counter[int] = Counter()
    for row in rows:
        columns = {cell.column for cell in row[1:] if _NUMBER.fullmatch(cell.text)}
        numbers.update(columns)
        named.update(columns if row[0].column == 1 else ())
    return any(count > 2 and named[column] * 5 >= count * 4 for column, count in numbers.items())


def ends_label(row: Sequence[Cell], above: Sequence[Cell]) -> bool:
    """True if a row has the last line of a name whose first lines are all that is above it."""
    is_name = [cell.column for cell in above] == [1] and row[0].column == 1 and len(row) > 1
    return is_name and row[0].text[:1].islower()


def _cells_of(words: Iterable[Word], xs: Sequence[float]) -> list[Cell]:
    """Return the cells of words by their columns, counted from 1."""
    cells: dict[int, list[str]] = {}
    for word in words:
        cells.setdefault(_place(xs, word), []).append(word.text)
    return [Cell(column, " ".join(texts)) for column, texts in sorted(cells.items())]


def _are_rows(rows: Sequence[Sequence[Cell]]) -> bool:
    """True if most lines have words in several columns, or go on with a cell that is not the first."""
    several = sum(len(row) > 1 for row in rows)
    further = sum(len(row) == 1 and row[0].column > 1 for row in rows)
    return len(rows) > 2 and several > 1 and several * 3 >= (len(rows) - further) * 2


def _are_full_rows(rows: Sequence[Sequence[Cell]]) -> bool:
    """True if each line of text has a number in the same column, and words in most others."""
    if len(rows) < 2:
        return False
    filled = [{cell.column for cell in row} for row in rows]
    numbers = [{cell.column for cell in row if _VALUE.fullmatch(cell.text)} for row in rows]
    every = set().union(*filled)
    always = set.intersection(*filled)
    return len(always) * 10 > len(every) * 6 and len(always) > 1 and bool(set.intersection(*numbers))


def _are_wrapped_rows(rows: Sequence[Sequence[Word]], xs: Sequence[float]) -> bool:
    """True if several lines of text are full rows, the first among them, and the others go on in one cell."""
    full = [row for row in rows if not _is_rest(row, xs)]
    return len(full) > 2 and full[0] is rows[0] and _are_full_rows([_cells_of(row, xs) for row in full])


def _is_rest(row: Sequence[Word], xs: Sequence[float]) -> bool:
    """True if a row is one run of words that begins behind the first column."""
    found = list(runs(sorted(row, key=lambda word: word.left)))
    return len(found) == 1 and bisect_right(xs, found[0].left + 1) > 1


def _place(xs: Sequence[float], word: Word) -> int:
    return bisect_right(xs, (word.left + word.right) / 2)


def goes_on(row: Sequence[Cell], above: Sequence[Cell]) -> bool:
    """True if a row has only further lines of the cells above it: text, and nothing in its first column.

    A number is text if it is below text.
    """
    texts = {cell.column for cell in above if not _NUMBER.fullmatch(cell.text)}
    if any(_NUMBER.fullmatch(cell.text) and (len(row) > 1 or cell.column not in texts) for cell in row):
        return False
    first = min(cell.column for cell in row)
    return first > 1 or (row[0].text[:1].islower() and len({cell.column for cell in row}) == 1)
