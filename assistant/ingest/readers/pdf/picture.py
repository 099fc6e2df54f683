"""Rendering of a PDF page, with the rectangles of quotes on it."""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.core.errors import ReadError
from assistant.ingest.readers.pdf.engine import PageText, Turn, open_pdf

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

    from assistant.ingest.readers.pdf.shapes import Word

WIDTH = 1_200
"""Pixels that a page is wide, unless it would then be too high."""
MOST = 4_000_000
"""Pixels of a picture at most."""
LEAST = 12
"""Letters and digits of a piece of a quote that is looked for by itself."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the width and the height of the page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as PNG, its size in pixels, and for each quote the boxes of its lines."""

    png: bytes
    width: int
    height: int
    boxes: tuple[tuple[Box, ...], ...]


def picture(data: bytes, number: int, quotes: Sequence[str]) -> Picture:
    """Return page `number`, from 1 on, and the rectangles of quotes on it.

    Raises:
        ReadError: there is no such page, or it cannot be drawn.
    """
    document = open_pdf(data)
    if not 1 <= number <= len(document):
        raise ReadError(f"There is no page {number}.")
    page = document[number - 1]
    turn = Turn(page)
    words = list(PageText(page, turn).words())
    boxes = tuple(tuple(_lines(_found(words, quote), turn)) for quote in quotes)
    png, width, height = _drawn(page, turn)
    return Picture(png, width, height, boxes)


def _drawn(page: PdfPage, turn: Turn) -> tuple[bytes, int, int]:
    scale = min(WIDTH / max(turn.width, 1), (MOST / max(turn.width * turn.height, 1)) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False, no_smoothtext=False)
    pixels = bytes(bitmap.buffer)
    rows = (
        pixels[at : at + bitmap.width * bitmap.n_channels]
        for at in range(0, bitmap.height * bitmap.stride, bitmap.stride)
    )
    return _png(b"".join(b"\0" + row for row in rows), bitmap.width, bitmap.height, bitmap.n_channels)


def _png(rows: bytes, width: int, height: int, channels: int) -> tuple[bytes, int, int]:
    """Return rows of pixels, each after a zero, as PNG (ISO/IEC 15948)."""
    kinds = {1: 0, 3: 2, 4: 6}  # grey, RGB, RGB with alpha
    head = struct.pack(">IIBBBBB", width, height, 8, kinds[channels], 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(rows, 4)), (b"IEND", b"")
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks), width, height


# -- rectangles of a quote ---------------------------------------------------------------------------


def _found(words: Sequence[Word], quote: str) -> list[Word]:
    """Return the words of a quote, which is looked for by its letters and digits alone.

    What is not found as a whole, as it goes over columns or pages, is looked for in halves.
    """
    letters, owners = [], []
    for place, word in enumerate(words):
        plain = _plain(word.text)
        letters.append(plain)
        owners += [place] * len(plain)
    text = "".join(letters)
    places = sorted({owners[at] for start, end in _spans(text, quote) for at in range(start, end)})
    return [words[place] for place in places]


def _spans(text: str, quote: str) -> Iterator[tuple[int, int]]:
    sought = _plain(quote)
    at = text.find(sought) if sought else -1
    if at >= 0:
        yield at, at + len(sought)
    elif len(sought) >= 2 * LEAST:
        middle = len(quote) // 2
        cut = quote.find(" ", middle)
        cut = middle if cut < 0 else cut
        yield from _spans(text, quote[:cut])
        yield from _spans(text, quote[cut:])


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _lines(words: Sequence[Word], turn: Turn) -> Iterator[Box]:
    """Yield a box around the words of each line."""
    line: list[Word] = []
    for word in words:
        if line and not _is_beside(line[-1], word):
            yield _around(line, turn)
            line = []
        line.append(word)
    if line:
        yield _around(line, turn)


def _is_beside(word: Word, other: Word) -> bool:
    shared = min(word.bottom, other.bottom) - max(word.top, other.top)
    return shared > 0.5 * min(word.bottom - word.top, other.bottom - other.top)


def _around(line: Sequence[Word], turn: Turn) -> Box:
    sides = (
        min(word.left for word in line) / turn.width,
        min(word.top for word in line) / turn.height,
        max(word.right for word in line) / turn.width,
        max(word.bottom for word in line) / turn.height,
    )
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in sides)
    return left, top, right, bottom
