"""Delimited tables: CSV, TSV and similar."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import islice

from assistant.ingest.readers.content import Content, ContentBuilder, plain
from assistant.ingest.readers.grid import check_size, write_sheet

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"sep=([,;\t|:])\n")
_MAX_CELL = 10_000_000
"""Characters in a cell."""


def is_delimited(start: str) -> bool:
    """True if text without a CSV suffix begins with five or more rows of one width and short cells."""
    lines = start.splitlines()[:-1][:30] if len(start) >= 4000 else start.splitlines()[:30]
    for delimiter, least in (("\t", 2), (";", 3), (",", 3)):
        rows = list(csv.reader(lines, delimiter=delimiter))
        widths = {len(row) for row in rows}
        cells = [cell for row in rows for cell in row]
        if len(rows) >= 5 and len(widths) == 1 and min(widths) >= least:
            return sum(map(len, cells)) < 30 * len(cells)
    return False


def read_delimited(text: str) -> Content:
    """Parse CSV, TSV and the like: one table, or several separated by empty rows."""
    csv.field_size_limit(_MAX_CELL)
    text = plain(text)
    declared = _SEPARATOR.match(text)
    text = text[declared.end() :] if declared else text
    delimiter = declared.group(1) if declared else _detect_delimiter(text)
    rows: list[list[str]] = []
    cells = 0
    for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter):
        rows.append([cell.strip() for cell in row])
        cells += len(row)
        check_size(cells)
    draft = ContentBuilder()
    write_sheet(draft, rows, level=1)
    title = draft.first_heading if draft.headings and draft.headings[0].start == 0 else None
    return draft.content("text/tab-separated-values" if delimiter == "\t" else "text/csv", title)


def _detect_delimiter(text: str) -> str:
    """Return the delimiter that gives most of the first rows the same, and the largest, width."""
    sample = text[:100_000].splitlines(keepends=True)
    if len(text) > 100_000:
        sample.pop()

    def fit(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in islice(csv.reader(sample, delimiter=delimiter), 200) if row)
        width, rows = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return (rows / widths.total(), width) if width > 1 and rows * 2 > widths.total() else (0.0, 0)

    return max(_DELIMITERS, key=fit)
