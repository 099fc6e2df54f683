"""Finds the tables in the cells of a sheet, with their column names, titles and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import ContentBuilder, one_line
from assistant.text.tables import unnamed

CELLS = 5_000_000
"""Limit on the cells of a document."""
_ROW = 300
_NAMES = 110
"""Characters of a row and of the column names, so that a passage holds them whole."""
_LINE = 80
"""Characters of a line from which on it is no row of a table that is typed in a cell."""

_NUMBER = re.compile(r"[-+(]?\s?[$€£¥]?\s?[-+]?\d[\d.,\s'’]*(?:[eE][-+]?\d+)?\s?[%$€£¥]?\)?")
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")
_UNIT = re.compile(r"\W*[$€£¥%‰]\W*")
_NOTE = re.compile(r"\W|(?:sources?|notes?|total)\b", re.IGNORECASE)

Row = list[str]


@dataclass(frozen=True, slots=True)
class Merge:
    """Merged cells: first and last row and column, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int


def write_sheet(
    draft: ContentBuilder, rows: list[Row], merges: Sequence[Merge] = (), level: int | None = None
) -> None:
    """Write the tables of a sheet, with titles above (headings of `level`, if any) and notes below.

    Empty rows and columns are left out. A cell merged over rows is repeated in each, column names of several
    rows are joined, and columns without a name are named by their letter.
    """
    _fill_down(rows, merges)
    wide: dict[int, list[Merge]] = {}
    for merge in merges:
        if merge.right > merge.left:
            wide.setdefault(merge.top, []).append(merge)
    for first, block in _blocks(rows):
        _write(draft, block, {at - first: spans for at, spans in wide.items()}, level)


def write_table(draft: ContentBuilder, names: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    """Write a table; one that is too wide is split into several, each with the columns that name its rows."""
    parts = _parts(names, body)
    for columns in parts:
        rows = [[row[column] for column in columns] for row in body] if len(parts) > 1 else body
        draft.table([[names[column] for column in columns], *rows])


def typed_rows(rows: Sequence[Sequence[str]], merges: Sequence[Merge] = ()) -> tuple[list[Row], list[Merge]]:
    """Put each cell on one line, and part a row whose cells hold several, typed line by line, into these."""
    merged = {at for merge in merges for at in range(merge.top, min(merge.bottom + 1, len(rows)))}
    parted: list[Row] = []
    starts: list[int] = []
    for at, row in enumerate(rows):
        starts.append(len(parted))
        cells = [cell.rstrip().split("\n") for cell in row]
        if at not in merged and _are_typed(cells):
            height = max(map(len, cells))
            lines = ([one_line(cell[n]) if n < len(cell) else "" for cell in cells] for n in range(height))
            parted += filter(any, lines)
        else:
            parted.append([one_line(cell) for cell in row])
    starts.append(len(parted))

    def moved(row: int) -> int:
        return starts[min(row, len(rows))]

    return parted, [replace(merge, top=moved(merge.top), bottom=moved(merge.bottom)) for merge in merges]


def _are_typed(cells: Sequence[Sequence[str]]) -> bool:
    """True if cells have as many lines as each other, short ones, and most in one of them are values."""
    filled = [cell for cell in cells if any(cell)]
    height = len(filled[0]) if len(filled) > 1 else 0
    if height < 3 or any(len(cell) != height for cell in filled):
        return False
    lines = [[one_line(line) for line in cell] for cell in filled]
    if any(len(line) > _LINE for cell in lines for line in cell):
        return False
    return any(sum(map(is_value, cell)) * 2 > len(list(filter(None, cell))) for cell in lines)


def letter(column: int) -> str:
    """Return the letters of a column, counted from 0, as in a spreadsheet."""
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(65 + digit) + name
    return name


def check_size(cells: int) -> None:
    """Raise ReadError if a document has too many cells."""
    if cells > CELLS:
        raise ReadError(f"has more than {CELLS:,} cells; split it and add the parts.")


def _fill_down(rows: list[Row], merges: Sequence[Merge]) -> None:
    """Repeat a cell that is merged over rows in each of them."""
    for merge in merges:
        if merge.left != merge.right or merge.top >= len(rows) or merge.left >= len(rows[merge.top]):
            continue
        value = rows[merge.top][merge.left]
        for row in rows[merge.top + 1 : merge.bottom + 1] if value else ():
            if len(row) <= merge.left:
                row.extend([""] * (merge.left + 1 - len(row)))
            row[merge.left] = row[merge.left] or value


def _blocks(rows: list[Row]) -> Iterator[tuple[int, list[Row]]]:
    """Yield the blocks of rows that are one table each, with the number of their first row."""
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
    """True if rows of a single cell are titles of the table after them."""
    return all(len(_filled(row)) <= 1 for row in rows) and len(_filled(table[0])) > 1


def _continues(table: list[Row], rows: list[Row]) -> bool:
    """True if rows after an empty one continue the table before it."""
    known = {column for row in table[:50] for column in _filled(row)}
    used = {column for row in rows[:50] for column in _filled(row)}
    if len(known) < 2 or len(used) < 2 or not used <= known or len(_filled(rows[0])) < 2:
        return False
    return not (len(rows) > 1 and _names_what_follows(rows[0], rows[1:20]))


def _filled(row: Row) -> list[int]:
    return [column for column, cell in enumerate(row) if cell]


def _names_what_follows(first: Row, below: list[Row]) -> bool:
    """True if text is above numbers or dates in some column, as in a header row."""
    return any(
        _is_name(cell) and any(column < len(row) and is_value(row[column]) for row in below)
        for column, cell in enumerate(first)
        if cell
    )


def _is_name(cell: str) -> bool:
    """False for a value, and for a sign in its place."""
    return not is_value(cell) and any(map(str.isalnum, cell))


def is_value(cell: str) -> bool:
    """True for a number, an amount or a date."""
    return _NUMBER.fullmatch(cell) is not None or _DATE.fullmatch(cell) is not None


def _write(draft: ContentBuilder, block: list[Row], wide: dict[int, list[Merge]], level: int | None) -> None:
    block, columns = _drop_empty_columns(block, range(max(map(len, block))))
    above, below = _edges(block)
    for text in dict.fromkeys("".join(row) for row in block[:above]):
        _write_title(draft, text, level)
    if below > above:
        inner, columns = _drop_empty_columns(block[above:below], columns)
        if _is_form(inner):
            for key, value in inner:
                draft.item(f"{key.rstrip(': ')}: {value}" if value else key)
        else:
            _write_tables(draft, inner, columns, {at - above: spans for at, spans in wide.items()}, level)
    for row in block[below:]:
        draft.paragraph(" ".join(filter(None, row)))


def _write_tables(
    draft: ContentBuilder,
    rows: list[Row],
    columns: list[int],
    wide: dict[int, list[Merge]],
    level: int | None,
) -> None:
    """Write a table; where its column names come again, further tables, each below the title in its names."""
    for first, part in _parts_with_names(rows, wide):
        merged = {at - first: spans for at, spans in wide.items()}
        if _is_title(part, merged):
            _write_title(draft, one_line(" ".join(part[0])), level)
            merged = {at - 1: spans for at, spans in merged.items()}
            part = [[part[1][0] or part[0][0], *part[1][1:]], *part[2:]]
        write_table(draft, *_split_header(part, columns, merged))


def _drop_empty_columns(block: list[Row], columns: Sequence[int]) -> tuple[list[Row], list[int]]:
    """Return the rows without empty columns, and the numbers of the remaining columns."""
    used = sorted({at for row in block for at, cell in enumerate(row) if cell})
    check_size(len(block) * len(used))
    if len(used) == len(columns) and all(len(row) == len(used) for row in block):
        return block, list(columns)
    return [[row[at] if at < len(row) else "" for at in used] for row in block], [columns[at] for at in used]


def _edges(block: list[Row]) -> tuple[int, int]:
    """Return the number of title rows above the table, and the row where the notes below begin."""
    above, below = 0, len(block)
    if all(len(_filled(row)) < 2 for row in block):
        return above, below
    while len(_filled(block[above])) < 2:
        above += 1
    if above and block[above - 1] and not _is_header(block[above], block[above + 1 :][:20]):
        above -= 1  # text above numbers is the name of a column
    while below > above and len(_filled(block[below - 1])) == 1:
        text = "".join(block[below - 1])
        if is_value(text) or (len(text) <= 40 and not _NOTE.match(text)):
            break
        below -= 1
    return above, below


def _write_title(draft: ContentBuilder, text: str, level: int | None) -> None:
    if level and len(text) <= 100 and "\n" not in text and text[-1:] not in ".;:,":
        draft.heading(level, text)
    else:
        draft.paragraph(text)


def _is_form(rows: list[Row]) -> bool:
    """True if each row is a key and its value: keys end in colons, or values mix numbers and text."""
    if len(rows[0]) != 2 or not 1 < len(rows) <= 60:
        return False
    keys = [row[0] for row in rows]
    if len(set(keys)) < len(keys) or any(not key or is_value(key) or len(key) > 60 for key in keys):
        return False
    below = [is_value(row[1]) for row in rows[1:]]
    is_mixed = len(below) > 2 and len(below) < sum(below) * 5 < 3 * len(below)
    return is_mixed or sum(key.endswith(":") for key in keys) * 2 > len(keys)


def _parts_with_names(rows: list[Row], wide: dict[int, list[Merge]]) -> Iterator[tuple[int, list[Row]]]:
    """Yield the parts of a table that begin with its names again, with the numbers of their first rows.

    Where all names are repeated, as on each page of a print, they are left out and the table goes on.
    """
    count = _header_rows(rows, wide)
    if not count or len(_filled(rows[count - 1])) < 2:
        yield 0, rows
        return
    again = [at - count + 1 for at in range(2 * count - 1, len(rows)) if rows[at] == rows[count - 1]]
    whole = [at for at in again if rows[at : at + count] == rows[:count]]
    is_plain = all(at < count for at in wide)
    left_out = {at + n for at in whole for n in range(count) if is_plain}
    for start, end in pairwise([0, *(at for at in again if at not in whole), len(rows)]):
        yield start, [row for at, row in enumerate(rows[start:end], start) if at not in left_out]


def _is_title(rows: list[Row], wide: dict[int, list[Merge]]) -> bool:
    """True if the first row of names is a title, such as a unit and a date above names of most columns."""
    if len(rows) < 3 or len(rows[0]) < 4 or wide.get(0) or _filled(rows[0])[:1] != [0]:
        return False
    return len(_filled(rows[0])) == 2 and len(_filled(rows[1])) > 2 and _header_rows(rows, wide) > 1


def _split_header(
    rows: list[Row], columns: list[int], wide: dict[int, list[Merge]]
) -> tuple[list[str], list[Row]]:
    """Return the names of the columns, and the rows below them."""
    count = _header_rows(rows, wide)
    top = [_fill_right(rows[at], columns, wide.get(at, [])) for at in range(count)]
    names = [" ".join(dict.fromkeys(filter(None, cells))) for cells in zip(*top, strict=True)]
    body = [
        _fill_right(row, columns, wide[at]) if at in wide and len(_filled(row)) > 1 else row
        for at, row in enumerate(rows[count:], count)
    ]
    numbered = zip(names or [""] * len(columns), columns, strict=True)
    return [name or unnamed(letter(column)) for name, column in numbered], body


def _header_rows(rows: list[Row], wide: dict[int, list[Merge]]) -> int:
    """Return the number of header rows: those that names go on in, and the one below, one, or none."""
    if len(rows) < 2 or not _is_header(rows[0], rows[1:20]):
        return 1 if len(rows) == 1 else 0
    count = 1
    while count < min(4, len(rows) - 1):
        below = rows[count + 1 :][:20]
        goes_on = wide.get(count - 1) or _are_further_names(rows[:count], rows[count], below)
        if not goes_on or not _is_header(rows[count], below):
            break
        count += 1
    return count


def _are_further_names(names: list[Row], row: Row, below: list[Row]) -> bool:
    """True if a row goes on with the names above it, or names columns that have none, with values below."""
    filled = _filled(row)
    if filled and all(_UNIT.fullmatch(row[column]) for column in filled):
        return True
    if not filled or any(is_value(row[column]) for column in filled):
        return False
    valued = [column for column in filled if any(is_value(other[column]) for other in below)]
    new = [column for column in filled if not any(above[column] for above in names)]
    if not row[0] and not new:
        return len(valued) == len(filled) and any(other[0] for other in below[:2])
    return len(new) > 1 and len(filled) * 5 >= len(row) * 3 and len(valued) > 1


def _is_header(row: Row, below: list[Row]) -> bool:
    """True if a row can be a header: it has no numbers except years and consecutive numbers."""
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


def _fill_right(row: Row, columns: list[int], spans: list[Merge]) -> Row:
    """Repeat cells that are merged over columns in each of them."""
    row = list(row)
    for span in spans:
        inside = [at for at, column in enumerate(columns) if span.left <= column <= span.right]
        for at in inside:
            row[at] = row[at] or row[inside[0]]
    return row


def _parts(names: Sequence[str], body: Sequence[Sequence[str]]) -> list[list[int]]:
    """Split the columns into groups that are not too wide, each with the columns that name the rows."""
    sample = body[:: max(1, len(body) // 200)]
    widths = [_usual([len(row[column]) for row in sample]) + 3 for column in range(len(names))]
    keys = _keys(sample)
    parts: list[list[int]] = [[]]
    for column in range(len(names)):
        part = [*parts[-1], column]
        is_full = len(parts[-1]) > len(keys) and (
            sum(widths[c] for c in part) > _ROW or sum(len(names[c]) + 3 for c in part) > _NAMES
        )
        if not is_full:
            parts[-1] = part
        else:
            parts.append(list(dict.fromkeys([*keys, column])))
    return parts


def _keys(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns that name the rows: the first, and one more where that is empty or repeated."""
    bare = [row for row in rows if not row[0]]
    if len(bare) * 10 >= len(rows) > 0 and bare:
        filled = [sum(bool(row[column]) for row in bare) for column in range(1, min(len(bare[0]), 4))]
        return [0, 1 + filled.index(max(filled))] if any(filled) else [0]
    if not rows or len({row[0] for row in rows}) * 2 > len(rows):
        return [0]
    names = (at for at in range(1, len(rows[0])) if _is_key(rows, at))
    return [0, *islice(names, 1)]


def _is_key(rows: Sequence[Sequence[str]], column: int) -> bool:
    """True if short cells of a column, no numbers, tell nearly all rows with the same first cell apart."""
    cells = [row[column] for row in rows if row[column]]
    if _usual([len(cell) for cell in cells]) > 40 or any(map(_NUMBER.fullmatch, cells)):
        return False
    return len({(row[0], row[column]) for row in rows}) * 5 > len(rows) * 4


def _usual(lengths: list[int]) -> int:
    return sorted(lengths)[len(lengths) * 9 // 10] if lengths else 0
