"""Lines that pages begin or end with: running heads and feet, page numbers, watermarks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.ingest.readers.pdf.shapes import Layout, Line, Table

_EDGE = 0.14
"""The share of a page, from above and from below, where running heads are."""
_ROWS = 3
"""Lines at each end that can be such."""
_NEAR = 4.0
"""Points by which their height may differ from page to page."""
_DIGITS = re.compile(r"\d+")
_NUMBER_ALONE = re.compile(r"\W{0,3}(?:\d{1,4}|[ivxlc]{1,7})\W{0,3}", re.IGNORECASE)
_FACT = re.compile(r"\d|@")


@dataclass(frozen=True, slots=True)
class _Edge:
    page: int
    line: Line
    is_last: bool
    """True for the outermost line of its end."""
    is_near: bool
    """True if it is close to the edge of the page."""


def without_running(pages: Sequence[Layout], body: float) -> tuple[list[Layout], list[str]]:
    """Return the pages without what repeats at their edges, and what of it tells a number or an address.

    `body` is the usual height of a line.
    """
    groups: dict[str, list[_Edge]] = defaultdict(list)
    for edge in _edges(pages):
        groups[_DIGITS.sub("0", edge.line.text)].append(edge)
    dropped: set[int] = set()
    facts: dict[str, None] = {}
    for group in groups.values():
        for same in _at_one_height(group):
            if _is_running(same, len(pages), body):
                dropped.update(id(edge.line) for edge in same if edge.line.size < 1.25 * body)
                texts = {edge.line.text for edge in same}
                facts.update(dict.fromkeys(texts if len(texts) == 1 and _FACT.search(min(texts)) else ()))
    kept = [_without(page, dropped) for page in pages]
    return [_without_watermarks(page, kept) for page in kept], list(facts)


def _without(page: Layout, dropped: set[int]) -> Layout:
    """Return a page without these lines; one that has nothing else keeps them."""
    items = tuple(item for item in page.items if id(item) not in dropped)
    return replace(page, items=items) if items else page


def _edges(pages: Sequence[Layout]) -> Iterator[_Edge]:
    """Yield the first and last lines of each page; far from its edges only the very first and last."""
    for number, page in enumerate(pages):
        lines = sorted((item for item in page.items if isinstance(item, Line)), key=lambda line: line.top)
        tables = [item for item in page.items if isinstance(item, Table)]
        highest = min((table.top for table in tables), default=page.height)
        lowest = max((table.bottom for table in tables), default=0)
        for at, line in enumerate(lines[:_ROWS]):
            if line.top < highest and (at == 0 or line.bottom < _EDGE * page.height):
                yield _Edge(number, line, at == 0, line.bottom < _EDGE * page.height)
        for at, line in enumerate(lines[: -_ROWS - 1 : -1]):
            is_near = line.top > (1 - _EDGE) * page.height
            if line.bottom > lowest and (at == 0 or is_near):
                yield _Edge(number, line, at == 0, is_near)


def _at_one_height(edges: Sequence[_Edge]) -> Iterator[list[_Edge]]:
    """Yield groups of lines at the same height."""
    group: list[_Edge] = []
    for edge in sorted(edges, key=lambda edge: edge.line.top):
        if group and edge.line.top - group[-1].line.top > _NEAR:
            yield group
            group = []
        group.append(edge)
    if group:
        yield group


def _is_running(same: Sequence[_Edge], pages: int, body: float) -> bool:
    """True if lines that differ in numbers at most are running heads: equal, or counting with the pages."""
    numbers = {edge.page for edge in same}
    if pages < 2:
        return False
    if _NUMBER_ALONE.fullmatch(same[0].line.text) and all(edge.is_last for edge in same):
        return True
    if len(numbers) < (2 if pages < 6 else 3):
        return False
    if not all(edge.is_near for edge in same) and len(numbers) < max(4, pages / 2):
        return False
    if len({edge.line.text for edge in same}) == 1:
        return True
    is_small = all(edge.line.size < 1.12 * body for edge in same)
    return is_small and any(edge.is_last for edge in same) and _counts(same)


def _counts(same: Sequence[_Edge]) -> bool:
    """True if one of the numbers in the lines goes up with the pages."""
    found = [[int(number) for number in _DIGITS.findall(edge.line.text)] for edge in same]
    offsets = [[n - edge.page for n in numbers] for numbers, edge in zip(found, same, strict=True)]
    return any(len(set(column)) <= max(1, len(same) // 10) for column in zip(*offsets, strict=False))


def _without_watermarks(page: Layout, pages: Sequence[Layout]) -> Layout:
    """Return the page without turned texts that most pages have, if it has other text."""
    if not page.turned or not page.items:
        return page
    most = max(2, len(pages) / 2)
    kept = tuple(text for text in page.turned if sum(text in other.turned for other in pages) < most)
    return replace(page, turned=kept)
