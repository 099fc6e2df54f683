"""Tables in text: CSV and its kin, with whatever stands between the cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import islice

from assistant.ingest.readers.content import Content, Draft, plain
from assistant.ingest.readers.grid import check_size, write_sheet

_DELIMITERS = ",;\t|"
_SAID = re.compile(r"sep=([,;\t|:])\n")
_FIELD = 10_000_000
"""Characters that a cell may have."""


def is_delimited(start: str) -> bool:
    """Whether text that is not called CSV begins with at least five rows of one width, of short cells."""
    lines = start.splitlines()[:-1][:30] if len(start) >= 4000 else start.splitlines()[:30]
    for delimiter, least in (("\t", 2), (";", 3), (",", 3)):
        rows = list(csv.reader(lines, delimiter=delimiter))
        widths = {len(row) for row in rows}
        cells = [cell for row in rows for cell in row]
        if len(rows) >= 5 and len(widths) == 1 and min(widths) >= least:
            return sum(map(len, cells)) < 30 * len(cells)
    return False


def read_delimited(text: str) -> Content:
    """Content of CSV, TSV and the like: one table, or several where they are told apart by empty rows."""
    csv.field_size_limit(_FIELD)
    text = plain(text)
    said = _SAID.match(text)
    text = text[said.end() :] if said else text
    delimiter = said.group(1) if said else _delimiter(text)
    rows: list[list[str]] = []
    seen = 0
    for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter):
        rows.append([cell.strip() for cell in row])
        seen += len(row)
        check_size(seen)
    draft = Draft()
    write_sheet(draft, rows, level=1)
    title = draft.headings[0].title if draft.headings and draft.headings[0].start == 0 else None
    return Content(
        "text/tab-separated-values" if delimiter == "\t" else "text/csv",
        draft.text,
        title,
        tuple(draft.headings),
    )


def _delimiter(text: str) -> str:
    """What stands between the cells: that by which most of the first rows have one width, and the widest."""
    sample = text[:100_000].splitlines(keepends=True)
    if len(text) > 100_000:
        sample.pop()

    def fit(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in islice(csv.reader(sample, delimiter=delimiter), 200) if row)
        width, rows = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return (rows / widths.total(), width) if width > 1 and rows * 2 > widths.total() else (0.0, 0)

    return max(_DELIMITERS, key=fit)
