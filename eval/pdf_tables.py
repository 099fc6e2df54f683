"""The share of table cells in PDFs that are read correctly: python -m eval.pdf_tables FOLDER [--wrong]

FOLDER holds a JSON file for each page whose tables a person wrote down from its picture:
`{"file": "report.pdf", "page": 1, "tables": [[["Year", "Sales"], ["2019", "12"]]]}`. The first row of a table
has the names of its columns, those over each other in one; null stands for a cell that nothing is asked of. A
cell is right if the row that fits best has its text, in the column where the others of its column are.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from assistant.ingest.readers.content import Content
from assistant.ingest.readers.pdf.reader import read_pdf

TARGET = 90.0
_NOTE = re.compile(r"\s*\[([\d*†‡]{1,2})\]|\^")
_ALIKE = str.maketrans("‐‑‒–—−’‘“”", "------''\"\"")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read, and the number of its table; -1 for a line of text."""

    cells: tuple[str, ...]
    table: int = -1


def main() -> None:
    """Measure, and print the share of each page and of all."""
    parser = argparse.ArgumentParser(prog="python -m eval.pdf_tables", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wrong", action="store_true", help="print the cells that are wrong")
    asked = parser.parse_args()
    all_right = all_cells = 0
    for path in sorted(asked.folder.glob("*.json")):
        page = json.loads(path.read_text("utf-8"))
        read = list(rows_of(_page_text(read_pdf((path.parent / page["file"]).read_bytes()), page["page"])))
        found = [verdict for table in page["tables"] for verdict in verdicts(table, read)]
        right = sum(is_right for _, is_right in found)
        all_right, all_cells = all_right + right, all_cells + len(found)
        print(f"{path.stem}: {right} of {len(found)} ({100 * right / len(found):.1f}%)")
        for cell in [cell for cell, is_right in found if not is_right] if asked.wrong else []:
            print(f"    {cell}")
    share = 100 * all_right / all_cells
    print(f"cells right: {all_right} of {all_cells} ({share:.1f}%, target {TARGET:.0f}%)")
    sys.exit(share < TARGET)


def _page_text(content: Content, number: int) -> str:
    return next((content.text[page.start : page.end] for page in content.pages if page.number == number), "")


def alike(text: str) -> str:
    """Return a cell without differences that do not count: spaces, shapes of dashes, marks of notes."""
    text = unicodedata.normalize("NFKC", text).translate(_ALIKE)
    return " ".join(_NOTE.sub(r"\1", text).split())


def rows_of(text: str) -> Iterator[Row]:
    """Yield the rows of the tables in a text; the parts of a wide table are one again."""
    tables: list[list[list[str]]] = []
    blocks: list[Row | int] = []
    for is_table, group in groupby(text.split("\n"), key=lambda line: line.startswith("|")):
        if not is_table:
            blocks += [_line(line) for line in group if line]
            continue
        lines = [_CELL.split(line)[1:-1] for line in group if not line.startswith("|---")]
        rows = [[alike(cell.replace("\\|", "|")) for cell in line] for line in lines]
        if tables and blocks and isinstance(blocks[-1], int) and _is_part(tables[-1], rows):
            tables[-1] = [[*row, *more[1:]] for row, more in zip(tables[-1], rows, strict=True)]
        else:
            blocks.append(len(tables))
            tables.append(rows)
    for block in blocks:
        if isinstance(block, int):
            yield from (Row(tuple(row), block) for row in tables[block])
        else:
            yield block


def _is_part(table: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> bool:
    return [row[0] for row in table] == [row[0] for row in rows]


def _line(line: str) -> Row:
    """Return a line of text: an item of a form as name and value, others as one cell."""
    line = line.lstrip("# ")
    name, colon, value = line.removeprefix("- ").partition(": ")
    return Row((alike(name), alike(value))) if line.startswith("- ") and colon else Row((alike(line),))


def verdicts(table: Sequence[Sequence[str | None]], read: Sequence[Row]) -> list[tuple[str, bool]]:
    """Return each cell of a table that has text, and whether it was read rightly."""
    wanted = [[None if cell is None else alike(cell) for cell in row] for row in table]
    pairs = _aligned(wanted, read)
    places = _columns(wanted, read, pairs)
    found: list[tuple[str, bool]] = []
    for row, at in zip(wanted, pairs, strict=True):
        texts = [cell for cell in row if cell]
        for column, cell in enumerate(row):
            if not cell:
                continue
            there = read[at] if at is not None else Row(())
            place = places.get((there.table, column))
            is_there = place is not None and place < len(there.cells) and there.cells[place] == cell
            found.append((cell, is_there or (len(texts) == 1 and cell in there.cells)))
    return found


def _aligned(wanted: Sequence[Sequence[str | None]], read: Sequence[Row]) -> list[int | None]:
    """Return for each row the one that was read of it, in their order, so that most cells are the same."""
    counts = [Counter(filter(None, row)) for row in wanted]
    read_counts = [Counter(filter(None, row.cells)) for row in read]
    same = [[(one & other).total() for other in read_counts] for one in counts]
    best = [[0] * (len(read) + 1) for _ in range(len(wanted) + 1)]
    for a in range(len(wanted) - 1, -1, -1):
        for b in range(len(read) - 1, -1, -1):
            taken = same[a][b] + best[a + 1][b + 1] if same[a][b] else 0
            best[a][b] = max(best[a + 1][b], best[a][b + 1], taken)
    pairs: list[int | None] = []
    b = 0
    for a in range(len(wanted)):
        at = next((c for c in range(b, len(read)) if same[a][c] and _is_best(best, same, a, b, c)), None)
        pairs.append(at)
        b = b if at is None else at + 1
    return pairs


def _is_best(best: Sequence[Sequence[int]], same: Sequence[Sequence[int]], a: int, b: int, c: int) -> bool:
    return same[a][c] + best[a + 1][c + 1] == best[a][b]


def _columns(
    wanted: Sequence[Sequence[str | None]], read: Sequence[Row], pairs: Sequence[int | None]
) -> dict[tuple[int, int], int]:
    """Return where the columns of a table are in each table that was read, by the cells that are the same."""
    votes: Counter[tuple[int, int, int]] = Counter()
    for row, at in zip(wanted, pairs, strict=True):
        if at is None:
            continue
        for column, cell in enumerate(row):
            votes.update(
                (read[at].table, column, place)
                for place, other in enumerate(read[at].cells)
                if cell and cell == other
            )
    places: dict[tuple[int, int], int] = {}
    used: set[tuple[int, int]] = set()
    for (table, column, place), _ in sorted(
        votes.items(), key=lambda vote: (-vote[1], abs(vote[0][1] - vote[0][2]))
    ):
        if (table, column) not in places and (table, place) not in used:
            places[table, column] = place
            used.add((table, place))
    return places


if __name__ == "__main__":
    main()
