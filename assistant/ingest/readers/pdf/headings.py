"""Headings: the bookmarks of a file at the place of their words, or else its large lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assistant.core.types import Heading, Page
from assistant.ingest.readers.content import one_line
from assistant.ingest.readers.pdf.paragraphs import Piece

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_LARGE = 1.15
"""The height of a heading, in heights of the lines of the text."""
_LENGTH = 120
_MANY = 0.3
"""The share of the text from which on large lines are no headings, as on slides and posters."""


def large_lines(pieces: Sequence[Piece], starts: Sequence[int], body: float) -> tuple[Heading, ...]:
    """Return the large lines as headings, of a level for each size."""
    large = [(piece, start) for piece, start in zip(pieces, starts, strict=True) if _is_heading(piece, body)]
    if sum(len(piece.text) for piece, _ in large) > _MANY * sum(len(piece.text) for piece in pieces):
        return ()
    sizes = sorted({round(piece.size) for piece, _ in large}, reverse=True)
    levels = {size: min(level, 6) for level, size in enumerate(sizes, 1)}
    return tuple(
        Heading(levels[round(piece.size)], one_line(piece.text), start, start + len(piece.text))
        for piece, start in large
    )


def _is_heading(piece: Piece, body: float) -> bool:
    text = piece.text
    is_short = piece.lines <= 3 and len(text) <= _LENGTH and text[-1:] not in ".,;:"
    return piece.size >= _LARGE * body and is_short and re.search(r"[^\W\d_]{2}", text) is not None


def bookmarks(document: PdfDocument, text: str, pages: tuple[Page, ...]) -> tuple[Heading, ...]:
    """Return the bookmarks whose title is a line of the page that they point to."""
    return tuple(_found(document, text, pages))


def _found(document: PdfDocument, text: str, pages: tuple[Page, ...]) -> Iterator[Heading]:
    """Yield bookmarks whose title is a line of the page that they point to."""
    by_number = {page.number: page for page in pages}
    after = 0
    for level, title, number in _outline(document):
        page = by_number.get(number)
        if page is None or not title:
            continue
        words = r"\s+".join(map(re.escape, title.split()))
        line = re.compile(rf"^(?:[\dIVX.]{{1,12}}\s+)?{words}$", re.IGNORECASE | re.MULTILINE)
        if match := line.search(text, max(after, page.start), page.end):
            after = match.end()
            yield Heading(level, one_line(match.group()), match.start(), match.end())


def _outline(document: PdfDocument) -> list[tuple[int, str, int]]:
    """Return level, title and page number of each bookmark; none if they are broken, as they often are."""
    bookmarks: list[tuple[int, str, int]] = []
    try:
        for mark in document.get_toc():
            target = mark.get_dest()
            index = target.get_index() if target else None
            title = one_line(mark.get_title())[:200]
            bookmarks.append((min(mark.level + 1, 6), title, 0 if index is None else index + 1))
            if len(bookmarks) == 5000:
                break
    except Exception:
        return []
    return bookmarks
