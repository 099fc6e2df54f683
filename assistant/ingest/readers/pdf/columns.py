"""Reading order: words to runs, runs to columns, columns to lines.

A page is cut along the white gap that the fewest runs cross, and between two runs that cross it, the left
part is read before the right one. Rows of a table have such gaps too; columns of text are told from them by
their lines, which have several words and fill their column.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from statistics import median
from typing import Protocol, TypeVar

from assistant.ingest.readers.content import superscript
from assistant.ingest.readers.pdf.shapes import Line, Run, Word, run_of

_WIDE_GAP = 0.8
"""The gap that parts two runs, as a share of the height of the line."""
_BIN = 2.0
"""Points of a bin in which gaps are looked for."""
_CROSSING = (0.0, 0.03, 0.08, 0.15, 0.3, 0.5)
"""Shares of runs that may cross a gap between columns, as headings and pictures do; the least first."""
_DEPTH = 8
_MANY = 5000
"""Runs from which on a page is not cut: it is a map or a plan."""


class Box(Protocol):
    """Anything with edges."""

    @property
    def left(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def bottom(self) -> float: ...


_Box = TypeVar("_Box", bound=Box)


def runs(words: Iterable[Word]) -> list[Run]:
    """Join words to runs: those beside each other on a line without a wide gap."""
    found: list[Run] = []
    current: list[Word] = []
    for word in words:
        if current and _is_raised(current[-1], word):
            last = current[-1]
            text = last.text + superscript(word.text, last.text)
            current[-1] = last._replace(text=text, right=max(last.right, word.right))
            continue
        if current and not (_is_beside(current[-1], word) and not _is_led_to(current, word)):
            found.append(run_of(current, len(found)))
            current = []
        current.append(word)
    if current:
        found.append(run_of(current, len(found)))
    return found


def _is_raised(last: Word, word: Word) -> bool:
    """True if a word is the mark of a note, or a power, of the word before it."""
    high = last.bottom - last.top
    if word.bottom - word.top > 0.8 * high or word.bottom > last.bottom - 0.15 * high:
        return False
    is_near = -0.5 * high < word.left - last.right < 0.35 * high and word.bottom > last.top
    return is_near and word.text.isdigit() and len(word.text) < 4


def _is_led_to(current: Sequence[Word], word: Word) -> bool:
    """True if the dots before a word lead to it, as in a list of contents or a table."""
    last = current[-1].text
    if last[-1] not in ".…" or word.text[0] in ".…":
        return False
    return last.endswith(("....", "……")) or (last == "." and len(current) > 2 and current[-2].text == ".")


def _is_beside(last: Word, word: Word) -> bool:
    if not share_line(last, word):
        return False
    high = max(last.bottom - last.top, word.bottom - word.top)
    gap = word.left - last.right
    if gap < -high:
        gap = last.left - word.right  # from right to left
    return -high < gap < _WIDE_GAP * high


def share_line(a: Box, b: Box) -> bool:
    """True if two boxes are on one line: half of the lower one is beside the other."""
    top, bottom, upper, lower = a.top, a.bottom, b.top, b.bottom
    common = (bottom if bottom < lower else lower) - (top if top > upper else upper)
    low = bottom - top if bottom - top < lower - upper else lower - upper
    return common > 0.5 * low


def columns(boxes: Sequence[Run], depth: int = 0) -> list[list[Run]]:
    """Split a page into columns and the blocks that span them, in reading order."""
    if len(boxes) < 4 or depth > _DEPTH or len(boxes) > _MANY:
        return [list(boxes)]
    gap = _column_gap(boxes)
    if gap is None:
        return [list(boxes)]
    parts: list[list[Run]] = []
    whole: list[Run] = []
    for band, is_cut in _bands(boxes, gap):
        if not is_cut:
            whole += band
            continue
        if whole:
            parts += columns(whole, depth + 1)
            whole = []
        left, right = _sides(band, gap)
        first, second = (right, left) if _from_right(band) else (left, right)
        parts += columns(first, depth + 1) + columns(second, depth + 1)
    return parts + (columns(whole, depth + 1) if whole else [])


def _column_gap(boxes: Sequence[Run]) -> float | None:
    """Return the middle of the gap between two columns of text that the fewest boxes cross."""
    start = min(box.left for box in boxes)
    width = max(box.right for box in boxes) - start
    bins = int(width / _BIN) + 2
    change = [0] * (bins + 1)
    for box in boxes:
        change[int((box.left - start) / _BIN)] += 1
        change[int((box.right - start) / _BIN) + 1] -= 1
    crossing = list(accumulate(change))
    tried: set[int] = set()
    high = median(box.height for box in boxes)
    for share in _CROSSING:
        limit = share * len(boxes)
        for first, last in _valleys(crossing, limit):
            at = (first + last) // 2
            is_wide = (last - first + 1) * _BIN >= 0.55 * high
            if at in tried or not is_wide or not 0.1 * bins < at < 0.9 * bins:
                continue
            tried.add(at)
            gap = start + (at + 0.5) * _BIN
            if any(is_cut for _, is_cut in _bands(boxes, gap)):
                return gap
    return None


def _valleys(crossing: Sequence[int], limit: float) -> list[tuple[int, int]]:
    """Return the ranges of bins that at most `limit` boxes cross, the widest first."""
    found: list[tuple[int, int]] = []
    first: int | None = None
    for at, count in enumerate([*crossing, len(crossing) + 1_000_000]):
        if count <= limit:
            first = at if first is None else first
        elif first is not None:
            found.append((first, at - 1))
            first = None
    return sorted(found, key=lambda pair: pair[0] - pair[1])


def _bands(boxes: Sequence[Run], gap: float) -> list[tuple[list[Run], bool]]:
    """Part boxes from above into those that cross the gap, and bands that it cuts into two columns."""
    bands: list[tuple[list[Run], bool]] = []
    band: list[Run] = []
    for box in sorted(boxes, key=lambda box: box.top):
        if box.left < gap - 1 and box.right > gap + 1:
            if band:
                bands.append((band, _is_columns(band, gap)))
                band = []
            bands.append(([box], False))
        else:
            band.append(box)
    if band:
        bands.append((band, _is_columns(band, gap)))
    return bands


def _sides(band: Sequence[Run], gap: float) -> tuple[list[Run], list[Run]]:
    return [box for box in band if box.right <= gap + 1], [box for box in band if box.right > gap + 1]


def _is_columns(band: Sequence[Run], gap: float) -> bool:
    """True if the boxes on both sides of a gap are lines of text beside each other."""
    left, right = _sides(band, gap)
    if min(len(left), len(right)) < 3:
        return False
    common = min(_lowest(left), _lowest(right)) - max(_highest(left), _highest(right))
    if common < 0.4 * min(_lowest(left) - _highest(left), _lowest(right) - _highest(right)):
        return False
    in_columns = max(b.at for b in left) < min(b.at for b in right) or max(b.at for b in right) < min(
        b.at for b in left
    )
    prose = [_is_prose(side) for side in (left, right)]
    return all(prose) or (in_columns and any(prose) and min(len(left), len(right)) > 3)


def _lowest(boxes: Sequence[Run]) -> float:
    return max(box.bottom for box in boxes)


def _highest(boxes: Sequence[Run]) -> float:
    return min(box.top for box in boxes)


def _is_prose(side: Sequence[Run]) -> bool:
    """True if most lines have several words, or many characters, and fill their column."""
    width = max(box.right for box in side) - min(box.left for box in side)
    rows = rows_of(side)
    filled = sum(max(run.right for run in row) - row[0].left > 0.6 * width for row in rows)
    if filled * 2 < len(rows):
        return False
    words = [[word.text for run in row for word in run.words] for row in rows]
    return median(len(row) + (sum(map(len, row)) + len(row) - 1) / 20 for row in words) > 5


def _from_right(boxes: Sequence[Run]) -> bool:
    """True if most of the text is written from right to left."""
    sample = "".join(box.text for box in boxes[:40])[:2000]
    return is_from_right(sample)


def is_from_right(text: str) -> bool:
    """True if most letters of a text are written from right to left."""
    if text.isascii():
        return False
    kinds = [unicodedata.bidirectional(char) for char in text]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def rows_of(boxes: Iterable[_Box]) -> list[list[_Box]]:
    """Return boxes by rows from above, each row from the left."""
    rows: list[list[_Box]] = []
    # A row of large and small text is as high as its highest box; the last rows may hold a further one too.
    highest: list[_Box] = []
    for box in sorted(boxes, key=_middle):
        for at in range(len(rows) - 1, max(-1, len(rows) - 4), -1):
            if share_line(highest[at], box):
                rows[at].append(box)
                if box.bottom - box.top > highest[at].bottom - highest[at].top:
                    highest[at] = box
                break
        else:
            rows.append([box])
            highest.append(box)
    return [sorted(row, key=_left) if len(row) > 1 else row for row in rows]


def _middle(box: Box) -> float:
    return box.top + box.bottom


def _left(box: Box) -> float:
    return box.left


def unjustified(row: list[Run]) -> list[Run]:
    """Return a row with runs put together whose gap is as wide as others between its words."""
    if len(row) < 2:
        return row
    joined = [row[0]]
    for run in row[1:]:
        last = joined[-1]
        widest = max((b.left - a.right for part in (last, run) for a, b in pairwise(part.words)), default=0.0)
        if run.left - last.right < min(1.8 * widest, 2 * run.height):
            joined[-1] = run_of([*last.words, *run.words], last.at)
        else:
            joined.append(run)
    return joined


def line_of(row: Sequence[Run], column: int = 0) -> Line:
    """Return the runs of a row as a line."""
    ordered = list(row)
    if len(row) > 1 and is_from_right("".join(run.text for run in row)):
        ordered.reverse()
    text = " ".join(run.text for run in ordered)
    first = ordered[0].words[0]
    sizes = sorted(word.bottom - word.top for run in row for word in run.words)
    return Line(
        text,
        min(run.left for run in row),
        min(run.top for run in row),
        max(run.right for run in row),
        max(run.bottom for run in row),
        sizes[len(sizes) // 2],
        first.right - first.left,
        column,
    )
