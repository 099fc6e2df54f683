"""PDF: text by page, lines joined to paragraphs, running heads removed, bookmarks as headings."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.core.errors import ReadError
from assistant.core.types import Heading, Page
from assistant.ingest.readers.content import Content, clean_metadata, one_line, plain

if TYPE_CHECKING:
    from pypdf import PdfReader

_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\xa0": " "}
)
_BULLET = re.compile(r"[•‣◦▪●·*–-]\s+|\(?\d{1,3}[.)]\s|\(?[a-z]\)\s")
_SPLIT_WORD = re.compile(r"([^\W\d_]{2,})[-\u2010\u00ad]$")
_DIGITS = re.compile(r"\d+")


def read_pdf(data: bytes) -> Content:
    """Parse a PDF, with the range of each page that has text.

    Raises ReadError if it needs a password or has no text.
    """
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ReadError("needs a password; save a copy without one and add that.")
    pages = [_lines(page.extract_text()) for page in reader.pages]
    if not any(char.isalnum() for lines in pages for line in lines for char in line):
        raise ReadError(
            "has no text, so it is probably a scan; run text recognition (OCR) and add the result."
        )
    compounds = _compounds(pages)
    text, ranges = _joined([_paragraphs(lines, compounds) for lines in _without_running_heads(pages)])
    headings = tuple(_bookmarks(reader, text, ranges))
    info = reader.metadata
    title = one_line(str(info.title or "")) if info else ""
    metadata = clean_metadata([("author", info.author), ("date", _date(info))]) if info else {}
    return Content("application/pdf", text, title or None, headings, ranges, metadata)


def _date(info: Any) -> str | None:
    try:
        return info.creation_date.date().isoformat() if info.creation_date else None
    except (ValueError, TypeError, AttributeError):
        return None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in plain(text).translate(_LIGATURES).split("\n")]


def _compounds(pages: list[list[str]]) -> frozenset[str]:
    """Return compounds hyphenated within a line, which keep their hyphen at the end of a line."""
    return frozenset(
        w.lower() for lines in pages for line in lines for w in re.findall(r"[^\W\d_]+-[^\W\d_]+", line)
    )


def _without_running_heads(pages: list[list[str]]) -> Iterator[list[str]]:
    """Yield the pages without page numbers and the lines that most of them begin or end with."""
    edges = [_edges(lines) for lines in pages]
    counts = Counter(key for page in edges for key in {_mask_digits(line) for _, line in page})
    repeated = {key for key, n in counts.items() if n >= 4 and n * 2 > len(pages)}
    for lines, edge in zip(pages, edges, strict=True):
        dropped = {
            n for n, line in edge if _mask_digits(line) in repeated or (len(pages) > 1 and line.isdigit())
        }
        kept = [line for n, line in enumerate(lines) if n not in dropped]
        yield kept if any(kept) else lines


def _edges(lines: list[str]) -> list[tuple[int, str]]:
    filled = [(n, line) for n, line in enumerate(lines) if line]
    return filled[:2] + filled[2:][-2:]


def _mask_digits(line: str) -> str:
    return _DIGITS.sub("0", line)


def _paragraphs(lines: list[str], compounds: frozenset[str]) -> str:
    """Join lines to paragraphs. An empty line, a short last line or a bullet begins a new one."""
    widths = sorted(len(line) for line in lines if line)
    width = widths[len(widths) * 9 // 10] if widths else 0
    written = ""
    for line, previous in zip(lines, ["", *lines], strict=False):
        if not line:
            continue
        if not written:
            written = line
        elif not previous or _begins_paragraph(previous, line, width):
            written += ("\n\n" if not _BULLET.match(line) else "\n") + line
        else:
            written = _continued(written, line, compounds)
    return written


def _begins_paragraph(previous: str, line: str, width: int) -> bool:
    """True if a new paragraph begins with `line`."""
    if _BULLET.match(line):
        return True
    if len(previous) > 0.8 * width:
        return False
    return previous[-1] in '.!?:”"' or (line[0].isupper() and len(previous) < 0.6 * width)


def _continued(written: str, line: str, compounds: frozenset[str]) -> str:
    broken = _SPLIT_WORD.search(written, max(0, len(written) - 60))
    if broken is None or not line[0].islower():
        return f"{written} {line}"
    head, tail = broken.group(1), re.match(r"[^\W\d_]*", line)
    is_compound = f"{head}-{tail.group() if tail else ''}".lower() in compounds
    return (written if is_compound else written[:-1]) + line


def _joined(pages: list[str]) -> tuple[str, tuple[Page, ...]]:
    ranges: list[Page] = []
    parts: list[str] = []
    at = 0
    for number, text in enumerate(pages, 1):
        if text:
            at += 2 if parts else 0
            ranges.append(Page(number, at, at + len(text)))
            parts.append(text)
            at += len(text)
    return "\n\n".join(parts), tuple(ranges)


def _bookmarks(reader: PdfReader, text: str, pages: tuple[Page, ...]) -> Iterator[Heading]:
    """Yield bookmarks whose title is a line of the page that they point to."""
    by_number = {page.number: page for page in pages}
    after = 0
    for level, title, number in _outline(reader):
        page = by_number.get(number)
        if page is None or not title:
            continue
        words = r"\s+".join(map(re.escape, title.split()))
        line = re.compile(rf"^(?:[\dIVX.]{{1,12}}\s+)?{words}$", re.IGNORECASE | re.MULTILINE)
        if match := line.search(text, max(after, page.start), page.end):
            after = match.end()
            yield Heading(level, one_line(match.group()), match.start(), match.end())


def _outline(reader: PdfReader) -> list[tuple[int, str, int]]:
    """Return level, title and page number of each bookmark; none if they are broken, as they often are."""
    bookmarks: list[tuple[int, str, int]] = []

    def walk(entries: list[Any], level: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, min(level + 1, 6))
            else:
                page = reader.get_destination_page_number(entry)
                bookmarks.append((level, one_line(str(entry.title))[:200], 0 if page is None else page + 1))

    try:
        walk(reader.outline, 1)
    except Exception:
        return []
    return bookmarks[:5000]
