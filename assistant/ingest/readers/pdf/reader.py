"""PDF: each page read in columns, lines and tables, then put together to one text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assistant.core.errors import ReadError
from assistant.core.types import Heading, Page
from assistant.ingest.readers.content import Content, clean_metadata, one_line, plain
from assistant.ingest.readers.pdf.columns import runs
from assistant.ingest.readers.pdf.damage import damaged_pages
from assistant.ingest.readers.pdf.engine import PageText, Turn, drawn_lines, open_pdf
from assistant.ingest.readers.pdf.forms import page_extra
from assistant.ingest.readers.pdf.headings import bookmarks, large_lines
from assistant.ingest.readers.pdf.hyphens import words_within
from assistant.ingest.readers.pdf.layout import named, page_items
from assistant.ingest.readers.pdf.paragraphs import Piece, body_size, pieces_of
from assistant.ingest.readers.pdf.running import without_running
from assistant.ingest.readers.pdf.shapes import Layout, Line, Table, Word
from assistant.ingest.readers.pdf.tables.cells import levelled
from assistant.ingest.readers.progress import begin_page
from assistant.ingest.readers.scan.engine import HOW, is_installed
from assistant.ingest.readers.scan.pages import with_scans

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\xa0": " "}
)
_SPARSE = 200
"""Characters of a page below which it may be that damage hides the rest."""
_DATE = re.compile(r"D?:?(\d{4})(\d\d)(\d\d)")


def read_pdf(data: bytes) -> Content:
    """Parse a PDF, with the range of each page that has text.

    Raises ReadError if it needs a password or has no text.
    """
    document = open_pdf(data)
    try:
        return _read(document, data)
    finally:
        document.close()


def _read(document: PdfDocument, data: bytes) -> Content:
    pages, unread = _pages(document, data)
    pages, scanned = _with_scans(document, pages)
    pieces = _pieces(pages)
    text, ranges, starts = _joined(pieces)
    headings = bookmarks(document, text, ranges) or large_lines(pieces, starts, body_size(pages))
    info = document.get_metadata_dict()
    title = one_line(info.get("Title", ""))
    pairs = [
        ("author", info.get("Author")),
        ("date", _date(info.get("CreationDate", ""))),
        ("not read", unread),
        ("read by OCR", scanned),
    ]
    return Content("application/pdf", text, title or None, headings, ranges, clean_metadata(pairs))


def _with_scans(document: PdfDocument, pages: list[Layout]) -> tuple[list[Layout], str]:
    """Return the pages with what text recognition finds on those without text, and which of them these are.

    Raises ReadError if no page has text.
    """
    scanned = ""
    blank = [number for number, page in enumerate(pages) if not _has_text(page)]
    if blank and is_installed():
        pages, scanned = with_scans(document, pages, blank)
    if any(_has_text(page) for page in pages):
        return pages, scanned
    if is_installed():
        raise ReadError("has no text, and text recognition (OCR) finds none either.")
    raise ReadError(f"has no text, so it is probably a scan; {HOW}, and add it again.")


def put_together(pages: Sequence[Layout]) -> tuple[str, tuple[Page, ...], tuple[Heading, ...]]:
    """Return the text of pages, the range of each, and their large lines as headings."""
    pieces = _pieces(pages)
    text, ranges, starts = _joined(pieces)
    return text, ranges, large_lines(pieces, starts, body_size(pages))


def _pieces(pages: Sequence[Layout]) -> list[Piece]:
    lines = [item.text for page in pages for item in page.items if isinstance(item, Line)]
    pages, facts = without_running(pages, body_size(pages))
    pieces = pieces_of(named(pages), words_within(lines))
    return pieces + [Piece(pieces[-1].page if pieces else 1, "\n\n", fact) for fact in facts]


def _has_text(page: Layout) -> bool:
    texts = [cell for item in page.items for cell in _texts(item)]
    return any(char.isalnum() for text in (*texts, *page.turned, *page.extra) for char in text)


def _texts(item: Line | Table) -> Iterator[str]:
    if isinstance(item, Line):
        yield item.text
    else:
        for row in item.rows:
            yield from row


def _pages(document: PdfDocument, data: bytes) -> tuple[list[Layout], str]:
    """Return the layout of each page, and which pages are damaged. Raises ReadError if all are."""
    pages: list[Layout] = []
    damaged: set[int] = set()
    for number in range(len(document)):
        begin_page(number, len(document))
        try:
            pages.append(_page(document, number))
        except (MemoryError, RecursionError):
            raise
        except Exception:  # a broken page may raise nearly anything
            pages.append(Layout((), 0))
            damaged.add(number)
    damaged |= damaged_pages(data, {n for n, page in enumerate(pages) if _length(page) < _SPARSE})
    if damaged and len(damaged) >= len(pages):
        raise ReadError("is damaged: no page of it can be read; open it, save it again and add that.")
    if not damaged:
        return pages, ""
    pages = [Layout((), page.height) if n in damaged else page for n, page in enumerate(pages)]
    names = ", ".join(str(number + 1) for number in sorted(damaged))
    return pages, f"page {names}, which {'is' if len(damaged) == 1 else 'are'} damaged"


def _length(page: Layout) -> int:
    return sum(len(text) for item in page.items for text in _texts(item))


def _page(document: PdfDocument, number: int) -> Layout:
    page = document[number]
    try:
        words, turn = _words(page)
        level = [word for word in words if word.way == 0]
        items, aside = page_items(level, drawn_lines(page, turn), [word for word in words if word.way])
        level_too = (levelled(word, word.way) if word.way in (1, 3) else word for word in aside)
        turned = tuple(run.text for run in runs(level_too))
        extra = tuple(page_extra(document, page, turn, level))
        return Layout(tuple(items), turn.height, turned, extra)
    finally:
        page.close()


def _words(page: PdfPage) -> tuple[list[Word], Turn]:
    """Return the words of a page, turned so that most of them are level."""
    words, turn = _turned(page, 0)
    ways = [word.way for word in words if len(word.text) > 1]
    quarters = {3: 1, 1: 3}.get(max(set(ways), key=ways.count, default=0), 0)
    return _turned(page, quarters) if quarters else (words, turn)


def _turned(page: PdfPage, quarters: int) -> tuple[list[Word], Turn]:
    """Return the words of a page that is turned by quarters, clockwise."""
    turn = Turn(page, quarters)
    text = PageText(page, turn)
    words = [clean for word in text.words() if (clean := _clean(word)).text]
    text.close()
    return words, turn


def _clean(word: Word) -> Word:
    text = word.text
    if text.isascii() and text.isprintable():
        return word
    return word._replace(text=plain(text).translate(_LIGATURES))


def _date(value: str) -> str | None:
    match = _DATE.match(value)
    return "-".join(match.groups()) if match else None


def _joined(pieces: Sequence[Piece]) -> tuple[str, tuple[Page, ...], list[int]]:
    """Return the text, the range of each page, and where each piece begins."""
    ranges: dict[int, Page] = {}
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for piece in pieces:
        gap = piece.gap if parts else ""
        start, at = at + len(gap), at + len(gap) + len(piece.text)
        known = ranges.get(piece.page)
        ranges[piece.page] = Page(piece.page, known.start if known else start, at)
        parts += [gap, piece.text]
        starts.append(start)
    return "".join(parts), tuple(ranges.values()), starts
