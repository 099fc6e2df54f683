"""Text recognition (OCR) by RapidOCR on ONNX Runtime: a picture to words with their places.

Its models read Latin and Greek letters, Chinese and Japanese; no Arabic, Persian, Hebrew, Cyrillic, Hindi.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.pdf.shapes import Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """A picture: rows, columns, and blue, green and red."""

HOW = "install text recognition (OCR) by: pip install 'cited-assistant[ocr]'"
SIDE = 2_000
"""Pixels of the longer side with which a page is read: 170 to an inch of a sheet of letter paper."""
SOUGHT = 1_280
"""Pixels of the longer side with which lines are looked for."""
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
_SURE = 0.75
"""The confidence below which a page may be upside down."""
_LONG = 3
"""The width of a line, in heights, from which on it tells how far the page is tilted."""
_ALIKE = 0.75, 1.35
"""The heights, in heights of the usual line, of lines that are in the same size."""
_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scan:
    """The words recognised on a page, with places in points, and the confidence, 0 to 1."""

    words: tuple[Word, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def is_installed() -> bool:
    """True if there is text recognition here."""
    return importlib.util.find_spec("rapidocr") is not None


def recognised(pixels: Pixels, points: float) -> Scan:
    """Return the words of a picture; `points` is the size of a pixel. It may be upside down."""
    scan = _upright(pixels, points)
    if not scan.words or scan.confidence >= _SURE:
        return scan
    return max(scan, _upright(pixels[::-1, ::-1].copy(), points), key=lambda scan: scan.confidence)


def _upright(pixels: Pixels, points: float) -> Scan:
    found = _engine()(pixels)
    if found.txts is None or found.boxes is None:
        return Scan((), 0.0)
    texts = [str(text).strip() for text in found.txts]
    corners = [[(float(x), float(y)) for x, y in box] for box in found.boxes]
    letters = [len(text) for text in texts]
    sure = sum(float(score) * count for score, count in zip(found.scores, letters, strict=True))
    lines = [_line(text, box) for text, box in zip(texts, _levelled(corners), strict=True) if text]
    words = tuple(word for line in _alike(lines) for word in _words(line, points))
    return Scan(words, sure / max(1, sum(letters)))


@cache
def _engine() -> Any:
    """Return the recognition, loaded once, on one core: several documents are read at the same time."""
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    # Named, the models are never fetched.
    models = {f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()}
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    # Lines are looked for in a smaller picture, and read one by one: both take half of the memory.
    # That which tells if a line is upside down takes many for such that are not.
    sizes = {
        "Global.use_cls": False,
        "Det.limit_type": "max",
        "Det.limit_side_len": SOUGHT,
        "Rec.rec_batch_num": 1,
    }
    return rapidocr.RapidOCR(params={"Global.log_level": "critical"} | models | threads | sizes)


def _levelled(boxes: Sequence[Sequence[_Point]]) -> list[list[_Point]]:
    """Return the corners of lines turned back by the tilt of the page."""
    slopes = []
    for (x0, y0), (x1, y1), _, (x3, y3) in boxes:
        width, height = x1 - x0, math.hypot(x3 - x0, y3 - y0)
        if width > _LONG * height:
            slopes.append((y1 - y0) / width)
    angle = math.atan(median(slopes)) if slopes else 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    return [[(x * cos + y * sin, y * cos - x * sin) for x, y in box] for box in boxes]


def _line(text: str, box: Sequence[_Point]) -> _Line:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = box
    return _Line(text, min(x0, x3), (y0 + y1) / 2, max(x1, x2), (y2 + y3) / 2)


def _alike(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Yield the lines, those of about the same height with the same height.

    Letters that reach up or down make the box of a line higher, but not its letters larger.
    """
    usual = median(line.height for line in lines) if lines else 0.0
    least, most = (usual * share for share in _ALIKE)
    for line in lines:
        middle = (line.top + line.bottom) / 2
        if least <= line.height <= most:
            line = _Line(line.text, line.left, middle - usual / 2, line.right, middle + usual / 2)
        yield line


def _words(line: _Line, points: float) -> Iterator[Word]:
    """Yield the words of a line; their places are those of letters of equal width."""
    step, at = (line.right - line.left) / len(line.text), 0
    for word in line.text.split():
        at = line.text.index(word, at)
        left, right = line.left + at * step, line.left + (at + len(word)) * step
        at += len(word)
        yield Word(word, left * points, line.top * points, right * points, line.bottom * points)
