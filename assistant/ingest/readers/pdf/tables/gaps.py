"""Columns that white space parts."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from assistant.ingest.readers.pdf.shapes import Run, Word, run_of

_NUMBER = re.compile(r"[-−]?[$€£]?\d[\d.,]*%?")
_LAST = re.compile(r"\d{3}")
_BELOW = 3.0
"""Points within which lines begin below each other."""


def column_edges(rows: Sequence[Sequence[Run]]) -> list[float]:
    """Return the places between the columns of a table that is framed by lines; none for text.

    They are where most rows with several runs have a gap, and hardly any row has a run.
    """
    rows = [[part for run in row for part in numbers_apart(run)] for row in rows]
    several = [row for row in rows if len(row) > 1]
    if len(several) < 3 or len(several) * 2 < len(rows) - further_lines(rows):
        return []
    most = max(map(len, several))
    full = [row for row in rows if len(row) * 2 > most]  # others may be titles over several columns
    lefts = sorted(run.left for row in full for run in row)
    rights = sorted(run.right for row in full for run in row)

    def crossing(x: float) -> int:
        return bisect_left(lefts, x) - bisect_right(rights, x)

    gaps = sorted(
        [(a.right, 1) for row in several for a, _ in pairwise(row)]
        + [(b.left, -1) for row in several for _, b in pairwise(row)]
    )
    edges: list[float] = []
    open_gaps = 0
    best: tuple[int, float, float] | None = None
    for (x, step), (after, _) in pairwise([*gaps, (gaps[-1][0], 0)]):
        open_gaps += step
        if open_gaps * 5 >= len(several) * 3:
            middle = (x + after) / 2
            found = crossing(middle), x - after, middle
            best = found if best is None or found < best else best
        elif best is not None:
            edges += [best[2]] if best[0] * 7 <= len(full) else []
            best = None
    return edges


def numbers_apart(run: Run) -> list[Run]:
    """Part a run between two numbers, of which a cell has only one; those of thousands are one number."""
    parts: list[list[Word]] = [[]]
    for word in run.words:
        last = parts[-1][-1].text if parts[-1] else ""
        is_thousand = _LAST.fullmatch(word.text) and len(last) < 4
        is_after = last.endswith(")") or (_NUMBER.fullmatch(last) and not is_thousand)
        if is_after and _NUMBER.fullmatch(word.text):
            parts.append([])
        parts[-1].append(word)
    return [run_of(part, run.at) for part in parts] if len(parts) > 1 else [run]


def further_lines(rows: Sequence[Sequence[Run]]) -> int:
    """Return how many rows have just one run, which begins below one that is not the first of its row."""
    count = 0
    above: Sequence[Run] = ()
    for row in rows:
        if len(row) > 1:
            above = row
        elif any(abs(row[0].left - run.left) < _BELOW for run in above[1:]):
            count += 1
    return count
