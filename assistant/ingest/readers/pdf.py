"""PDF: text by page, lines joined to paragraphs, running heads removed, bookmarks as headings."""

from __future__ import annotations

import io
import logging
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from assistant.core.errors import ReadError
from assistant.core.types import Heading, Page
from assistant.ingest.readers.content import Content, clean_metadata, one_line, plain
from assistant.ingest.readers.pdf_fields import filled_fields
from assistant.text.language import FOLDER

if TYPE_CHECKING:
    from pypdf import PdfReader

_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\xa0": " "}
)
_BULLET = re.compile(r"[•‣◦▪●·*–-]\s+|\(?\d{1,3}[.)]\s|\(?[a-z]\)\s")
_SPLIT_WORD = re.compile(r"([^\W\d_]{2,})[-\u2010\u00ad]$")
_LETTER_OR_NUMBER = re.compile(r"(?<![^\W_])(?:[A-Z]|\d+)-$")
"""The first part of X-ray or 24-hour, which is no syllable."""
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
    pages, unread = _pages(reader)
    if not any(char.isalnum() for lines in pages for line in lines for char in line):
        raise ReadError(
            "has no text, so it is probably a scan; run text recognition (OCR) and add the result."
        )
    words = _words(pages)
    pages[0] = _with_title_apart(pages[0])
    text, ranges = _joined([_paragraphs(lines, words) for lines in _without_running_heads(pages)])
    headings = tuple(_bookmarks(reader, text, ranges))
    info = reader.metadata
    title = one_line(str(info.title or "")) if info else ""
    pairs = [("author", info.author), ("date", _date(info))] if info else []
    metadata = clean_metadata([*pairs, ("not read", unread)])
    return Content("application/pdf", text, title or None, headings, ranges, metadata)


def _pages(reader: PdfReader) -> tuple[list[list[str]], str]:
    """Return the lines of each page, and which pages are damaged. Raises ReadError if all are."""
    pages: list[list[str]] = []
    damaged: list[int] = []
    for number in range(len(reader.pages)):
        try:
            page = reader.pages[number]
            pages.append([*_lines(page.extract_text()), *filled_fields(page)])
        except (MemoryError, RecursionError):
            raise
        except Exception:  # the parser raises nearly anything on a broken page
            pages.append([])
            damaged.append(number + 1)
    if damaged and len(damaged) == len(pages):
        raise ReadError("is damaged: no page of it can be read; open it, save it again and add that.")
    if not damaged:
        return pages, ""
    return pages, f"page {', '.join(map(str, damaged))}, which {'is' if len(damaged) == 1 else 'are'} damaged"


def _with_title_apart(lines: list[str]) -> list[str]:
    """Return the lines of a first page with its first line apart, if it is like a title."""
    first, second = [*lines, "", ""][:2]
    is_title = len(first) <= 60 and first[-1:].isalnum() and second[:1].isupper()
    return [first, "", *lines[1:]] if is_title and len(first) < 0.9 * len(second) else lines


def _date(info: Any) -> str | None:
    try:
        return info.creation_date.date().isoformat() if info.creation_date else None
    except (ValueError, TypeError, AttributeError):
        return None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in plain(text).translate(_LIGATURES).split("\n")]


def _words(pages: list[list[str]]) -> frozenset[str]:
    """Return the words within lines, and the compounds with their hyphens."""
    found = (re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*(?![-\w])", line) for lines in pages for line in lines)
    return frozenset(word.lower() for words in found for word in words)


@cache
def _hyphens() -> tuple[frozenset[str], frozenset[str]]:
    """Return first parts of compounds, and endings that make no compound of them."""
    data = tomllib.loads((FOLDER / "en.toml").read_text("utf-8"))["hyphens"]
    return frozenset(data["first"].split()), frozenset(data["endings"].split())


def _is_compound(head: str, tail: str, words: frozenset[str]) -> bool:
    """True if a word keeps the hyphen at the end of a line: the document has it so, or has both its parts."""
    head, tail = head.lower(), tail.lower()
    if f"{head}-{tail}" in words or f"{head}{tail}" in words:
        return f"{head}-{tail}" in words
    first, endings = _hyphens()
    return (head in first and tail not in endings) or (head in words and tail in words)


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


def _paragraphs(lines: list[str], words: frozenset[str]) -> str:
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
            written = _continued(written, line, words)
    return written


def _begins_paragraph(previous: str, line: str, width: int) -> bool:
    """True if a new paragraph begins with `line`."""
    if _BULLET.match(line):
        return True
    if len(previous) > 0.8 * width:
        return False
    return previous[-1] in '.!?:”"' or (line[0].isupper() and len(previous) < 0.6 * width)


def _continued(written: str, line: str, words: frozenset[str]) -> str:
    if _LETTER_OR_NUMBER.search(written, max(0, len(written) - 60)):
        return written + line
    broken = _SPLIT_WORD.search(written, max(0, len(written) - 60))
    if broken is None or not line[0].islower():
        return f"{written} {line}"
    head, tail = broken.group(1), re.match(r"[^\W\d_]*", line)
    is_compound = _is_compound(head, tail.group() if tail else "", words)
    return (written if is_compound else written[:-1]) + line


def _joined(pages: list[str]) -> tuple[str, tuple[Page, ...]]:
    ranges: list[Page] = []
    parts: list[str] = []
    at = 0
    for number, text in enumerate(pages, 1):
        if text:
            gap = _gap(parts[-1], text) if parts else ""
            at += len(gap)
            ranges.append(Page(number, at, at + len(text)))
            parts += [gap, text]
            at += len(text)
    return "".join(parts), tuple(ranges)


def _gap(before: str, after: str) -> str:
    """Return what parts two pages: a space within a sentence that runs over the end of the page."""
    return " " if after[0].islower() and (before[-1].isalnum() or before[-1] in ",;’)") else "\n\n"


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
