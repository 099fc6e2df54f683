"""Pages without text, read by text recognition (OCR)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from assistant.core.errors import ReadError
from assistant.ingest.readers.pdf.engine import Turn, pdfium
from assistant.ingest.readers.pdf.layout import page_items
from assistant.ingest.readers.pdf.shapes import Layout
from assistant.ingest.readers.progress import begin_page
from assistant.ingest.readers.scan.engine import SIDE, recognised

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from assistant.ingest.readers.scan.engine import Pixels

MOST = 300
"""Limit on the pages of a document that are read so, each of which takes seconds."""


@dataclass(slots=True)
class Scans:
    """Pages read by text recognition, one after the other, of `total`."""

    total: int
    _confidences: dict[int, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ReadError if there are too many."""
        if self.total > MOST:
            raise ReadError(f"has more than {MOST} scanned pages; split it and add the parts.")

    def read(self, number: int, pixels: Pixels, points: float) -> Layout:
        """Return what is on a page, of which a pixel is so many points."""
        begin_page(len(self._confidences), self.total, is_scan=True)
        scan = recognised(pixels, points)
        self._confidences[number] = scan.confidence, sum(len(word.text) for word in scan.words)
        return Layout(tuple(page_items(scan.words, ())[0]), pixels.shape[0] * points)

    @property
    def told(self) -> str:
        """Which pages were read so, and how sure it is of them; empty if nothing was found on any."""
        pages = [number for number, (_, letters) in self._confidences.items() if letters]
        if not pages:
            return ""
        letters = sum(count for _, count in self._confidences.values())
        sure = sum(share * count for share, count in self._confidences.values()) / letters
        where = f"page {_ranges(pages)}" if self.total > 1 or pages != [1] else "all of it"
        return f"{where}, {sure:.0%} sure"


def with_scans(
    document: PdfDocument, pages: Sequence[Layout], blank: Sequence[int]
) -> tuple[list[Layout], str]:
    """Return the pages with what is written on the `blank` ones, and which of them were read so.

    Of very many, the first are read, and it is said from which on they are not.
    """
    drawn = [number for number in blank if _has_drawings(document, number)]
    scans, found = Scans(min(len(drawn), MOST)), list(pages)
    for number in drawn[:MOST]:
        page = document[number]
        turn = Turn(page)
        scale = SIDE / max(turn.width, turn.height, 1)
        pixels = page.render(scale=scale, prefer_bgrx=False).to_numpy()
        found[number] = scans.read(number + 1, _coloured(pixels), 1 / scale)
        page.close()
    left = f", no scan from page {drawn[MOST] + 1} on" if len(drawn) > MOST else ""
    return found, f"{scans.told}{left}" if scans.told else ""


def _has_drawings(document: PdfDocument, number: int) -> bool:
    page = document[number]
    try:
        return bool(pdfium().FPDFPage_CountObjects(page.raw) > 0)
    finally:
        page.close()


def _coloured(pixels: Pixels) -> Pixels:
    """Return a picture in grey as one in three colours."""
    return pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels[:, :, :3]


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as ranges: 1-3, 5."""
    groups = groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    runs = [[number for _, number in group] for _, group in groups]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
