"""Cells of a sheet -> tables: where one begins, what its columns are called, what stands above and below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Draft

CELLS = 5_000_000
"""Cells that a document may have."""
_ROW = 300
_NAMES = 110
"""Characters that a row and the column names may have, so that a passage holds them whole."""

_NUMBER = re.compile(r"[-+(]?\s?[$€£¥]?\s?[-+]?\d[\d.,\s'’]*(?:[eE][-+]?\d+)?\s?[%$€£¥]?\)?")
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")
_NOTE = re.compile(r"\W|(?:sources?|notes?|total)\b", re.IGNORECASE)

Row = list[str]


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells that are shown as one: first and last row and column, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int


def write_sheet(
    draft: Draft, rows: list[Row], merges: Sequence[Merge] = (), level: int | None = None
) -> None:
    """The tables of a sheet, with the titles above them, as headings of this level if any, and notes below.

    Empty rows and columns go. A cell that is merged over rows stands in each of them, column names of
    several rows are put together, and columns without a name are called by their letter.
    """
    _spread(rows, merges)
    wide = _wide(merges)
    for first, block in _blocks(rows):
        _write(draft, block, {at - first: spans for at, spans in wide.items()}, level)


def write_table(draft: Draft, names: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    """A table; one that is too wide is written as several, each with the first column."""
    parts = _parts(names, body)
    for columns in parts:
        rows = [[row[column] for column in columns] for row in body] if len(parts) > 1 else body
        draft.table([[names[column] for column in columns], *rows])


def letter(column: int) -> str:
    """What a spreadsheet calls a column that is counted from 0."""
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(65 + digit) + name
    return name


def check_size(cells: int) -> None:
    """Raises ReadError where a document has too many cells."""
    if cells > CELLS:
        raise ReadError(f"has more than {CELLS:,} cells; split it and add the parts.")


# -- merged cells --------------------------------------------------------------------------------------------


def _spread(rows: list[Row], merges: Sequence[Merge]) -> None:
    """Write what stands in a cell that is merged over rows into each of them."""
    for merge in merges:
        if merge.left != merge.right or merge.top >= len(rows) or merge.left >= len(rows[merge.top]):
            continue
        value = rows[merge.top][merge.left]
        for row in rows[merge.top + 1 : merge.bottom + 1] if value else ():
            if len(row) <= merge.left:
                row.extend([""] * (merge.left + 1 - len(row)))
            row[merge.left] = row[merge.left] or value


def _wide(merges: Sequence[Merge]) -> dict[int, list[Merge]]:
    """The cells that are merged over columns, by their row."""
    found: dict[int, list[Merge]] = {}
    for merge in merges:
        if merge.right > merge.left:
            found.setdefault(merge.top, []).append(merge)
    return found


# -- where tables begin and end ------------------------------------------------------------------------------


def _blocks(rows: list[Row]) -> Iterator[tuple[int, list[Row]]]:
    """The rows in blocks with empty rows between, those together that are one table; where each begins."""
    start, block = 0, list[Row]()
    for filled, group in groupby(enumerate(rows), key=lambda pair: any(pair[1])):
        if not filled:
            continue
        run = list(group)
        following = [row for _, row in run]
        if block and _continues(block, following):
            block.extend(following)
        elif block and run[0][0] - start < 10 and _announces(block, following):
            block = rows[start : run[0][0]] + following
        else:
            if block:
                yield start, block
            start, block = run[0][0], following
    if block:
        yield start, block


def _announces(rows: list[Row], table: list[Row]) -> bool:
    """Whether rows of a single cell are the titles of the table after them."""
    return all(len(_filled(row)) <= 1 for row in rows) and len(_filled(table[0])) > 1


def _continues(table: list[Row], rows: list[Row]) -> bool:
    """Whether rows after an empty one go on with the table before it."""
    known = {column for row in table[:50] for column in _filled(row)}
    used = {column for row in rows[:50] for column in _filled(row)}
    if len(known) < 2 or len(used) < 2 or not used <= known or len(_filled(rows[0])) < 2:
        return False
    return not (len(rows) > 1 and _names_what_follows(rows[0], rows[1:20]))


def _filled(row: Row) -> list[int]:
    return [column for column, cell in enumerate(row) if cell]


def _names_what_follows(first: Row, below: list[Row]) -> bool:
    """Whether text stands above numbers or dates in some column, as column names do."""
    return any(
        not _is_value(cell) and any(column < len(row) and _is_value(row[column]) for row in below)
        for column, cell in enumerate(first)
        if cell
    )


def _is_value(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None or _DATE.fullmatch(cell) is not None


# -- one table -----------------------------------------------------------------------------------------------


def _write(draft: Draft, block: list[Row], wide: dict[int, list[Merge]], level: int | None) -> None:
    block, columns = _squeezed(block, range(max(map(len, block))))
    above, below = _edges(block)
    for text in dict.fromkeys("".join(row) for row in block[:above]):
        _say(draft, text, level)
    if below > above:
        inner, columns = _squeezed(block[above:below], columns)
        if _is_form(inner):
            for key, value in inner:
                draft.item(f"{key.rstrip(': ')}: {value}" if value else key)
        else:
            names, body = _named(inner, columns, {at - above: spans for at, spans in wide.items()})
            write_table(draft, names, body)
    for row in block[below:]:
        draft.paragraph(" ".join(filter(None, row)))


def _squeezed(block: list[Row], columns: Sequence[int]) -> tuple[list[Row], list[int]]:
    """The rows without the columns in which nothing stands, and the numbers of those that are left."""
    used = sorted({at for row in block for at, cell in enumerate(row) if cell})
    check_size(len(block) * len(used))
    if len(used) == len(columns) and all(len(row) == len(used) for row in block):
        return block, list(columns)
    return [[row[at] if at < len(row) else "" for at in used] for row in block], [columns[at] for at in used]


def _edges(block: list[Row]) -> tuple[int, int]:
    """How many rows with a single cell are titles above the table, and where notes below it begin."""
    above, below = 0, len(block)
    if all(len(_filled(row)) < 2 for row in block):
        return above, below
    while len(_filled(block[above])) < 2:
        above += 1
    if above and block[above - 1] and not _is_header(block[above], block[above + 1 :][:20]):
        above -= 1  # what stands above numbers is the name of a column
    while below > above and len(_filled(block[below - 1])) == 1:
        text = "".join(block[below - 1])
        if _is_value(text) or (len(text) <= 40 and not _NOTE.match(text)):
            break
        below -= 1
    return above, below


def _say(draft: Draft, text: str, level: int | None) -> None:
    if level and len(text) <= 100 and "\n" not in text and text[-1:] not in ".;:,":
        draft.heading(level, text)
    else:
        draft.paragraph(text)


def _is_form(rows: list[Row]) -> bool:
    """Whether each row is a question and its answer: by colons, or as some are numbers and some are not."""
    if len(rows[0]) != 2 or not 1 < len(rows) <= 60:
        return False
    keys = [row[0] for row in rows]
    if len(set(keys)) < len(keys) or any(not key or _is_value(key) or len(key) > 60 for key in keys):
        return False
    below = [_is_value(row[1]) for row in rows[1:]]
    is_mixed = len(below) > 2 and len(below) < sum(below) * 5 < 3 * len(below)
    return is_mixed or sum(key.endswith(":") for key in keys) * 2 > len(keys)


def _named(rows: list[Row], columns: list[int], wide: dict[int, list[Merge]]) -> tuple[list[str], list[Row]]:
    """The names of the columns, and the rows below them."""
    count = _header_rows(rows, wide)
    top = [_widened(rows[at], columns, wide.get(at, [])) for at in range(count)]
    said = [" ".join(dict.fromkeys(filter(None, names))) for names in zip(*top, strict=True)]
    named = zip(said or [""] * len(columns), columns, strict=True)
    return [name or f"Column {letter(column)}" for name, column in named], rows[count:]


def _header_rows(rows: list[Row], wide: dict[int, list[Merge]]) -> int:
    """How many rows of column names there are: those with merged cells and the one below, one, or none."""
    if len(rows) < 2 or not _is_header(rows[0], rows[1:20]):
        return 1 if len(rows) == 1 else 0
    count = 1
    while (
        count < min(4, len(rows) - 1)
        and wide.get(count - 1)
        and _is_header(rows[count], rows[count + 1 :][:20])
    ):
        count += 1
    return count


def _is_header(row: Row, below: list[Row]) -> bool:
    """Whether a row can be one of column names: no numbers but years and those that count up."""
    numbers = [cell for cell in row if _NUMBER.fullmatch(cell)]
    if any(not _YEAR.fullmatch(cell) for cell in numbers) and not _counts_up(numbers):
        return False
    if numbers and len(numbers) == len(_filled(row)) and row[0]:
        return False
    dated = [column for column, cell in enumerate(row) if _DATE.fullmatch(cell)]
    return not any(_DATE.fullmatch(other[column]) for column in dated for other in below)


def _counts_up(numbers: list[str]) -> bool:
    return len(numbers) > 1 and all(
        a.isdecimal() and b.isdecimal() and int(b) == int(a) + 1 for a, b in pairwise(numbers)
    )


def _widened(row: Row, columns: list[int], spans: list[Merge]) -> Row:
    """The row with what is merged over columns in each of them."""
    row = list(row)
    for span in spans:
        inside = [at for at, column in enumerate(columns) if span.left <= column <= span.right]
        for at in inside:
            row[at] = row[at] or row[inside[0]]
    return row


def _parts(names: Sequence[str], body: Sequence[Sequence[str]]) -> list[list[int]]:
    """The columns in groups that are not too wide, each with the first column."""
    sample = body[:: max(1, len(body) // 200)]
    widths = [_usual([len(row[column]) for row in sample]) + 3 for column in range(len(names))]
    parts: list[list[int]] = [[]]
    for column in range(len(names)):
        part = [*parts[-1], column]
        is_full = len(parts[-1]) > 1 and (
            sum(widths[c] for c in part) > _ROW or sum(len(names[c]) + 3 for c in part) > _NAMES
        )
        if is_full:
            parts.append([0, column])
        else:
            parts[-1] = part
    return parts


def _usual(lengths: list[int]) -> int:
    return sorted(lengths)[len(lengths) * 9 // 10] if lengths else 0
