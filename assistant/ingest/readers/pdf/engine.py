"""PDFium: a file opened, the words of a page with their boxes, and the lines drawn on it.

The boxes of a word are those of its first and last character: one call for each character takes longer than
all the rest.
"""

from __future__ import annotations

import ctypes
import logging
import re
from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import superscript
from assistant.ingest.readers.pdf.shapes import Rule, Word

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_WORD = re.compile(r"[^\s\0-\x1f\ufffe]+[\x02\ufffe]?")
_HYPHENS = "\x02\ufffe"
"""How PDFium writes the hyphen at the end of a line, which it joins to the next."""
_SMALL = 0.8
"""The height of a raised character as a share of the one before."""
_NO_GAP = 0.02
"""The gap between letters of one word, as a share of their height."""
_OBJECTS = 6000
"""Limit on the objects of a page that are looked at for drawn lines."""
_THIN = 3.0
"""Points that a filled rectangle may be thick and still be a line."""
_SHORT = 8.0
"""Points below which a drawn line is part of a picture."""

_AREAS = 60
"""Filled areas among which the one below another is looked for."""
_WHITE = 250
"""Brightness from which on a colour is that of paper."""

_Sides = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_Colour = tuple[int, int, int]
_PAPER = _WHITE, _WHITE, _WHITE


@cache
def pdfium() -> Any:
    """Return PDFium's own functions, loaded once."""
    import pypdfium2.raw

    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)
    return pypdfium2.raw


def open_pdf(data: bytes) -> PdfDocument:
    """Open a PDF. Raises ReadError if it needs a password, another error if it is damaged."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium().FPDF_ERR_PASSWORD:
            raise ReadError("needs a password; save a copy without one and add that.") from None
        raise
    if document.get_formtype():
        document.init_forms()
    return document


class Turn:
    """The way from the coordinates of the file to those of the page as it is shown."""

    def __init__(self, page: PdfPage, quarters: int = 0) -> None:
        """Turn the page by quarters, clockwise, besides the turn that the file itself asks for."""
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._quarter = (page.get_rotation() // 90 + quarters) % 4
        width, height = self._right - self._left, self._top - self._bottom
        self.width, self.height = (height, width) if self._quarter % 2 else (width, height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is shown, from the left and from above."""
        if self._quarter == 0:
            return x - self._left, self._top - y
        if self._quarter == 1:
            return y - self._bottom, x - self._left
        if self._quarter == 2:
            return self._right - x, y - self._bottom
        return self._top - y, self._right - x

    def box(self, left: float, bottom: float, right: float, top: float) -> _Sides:
        """Return where a box is shown: left, top, right, bottom."""
        if self._quarter == 0:
            return left - self._left, self._top - top, right - self._left, self._top - bottom
        (x0, y0), (x1, y1) = self.point(left, bottom), self.point(right, top)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


class PageText:
    """The text of a page as PDFium gives it, and the boxes of its characters."""

    def __init__(self, page: PdfPage, turn: Turn) -> None:
        self._page = page.get_textpage()
        self._turn = turn
        self._raw = self._page.raw
        box = pdfium().FS_RECTF()
        self._reference = ctypes.byref(box)
        # Left, top, right and bottom at once: to read them one by one takes as long as to have them found.
        self._sides = (ctypes.c_float * 4).from_buffer(box)
        self._get = pdfium().FPDFText_GetLooseCharBox
        count = self._page.count_chars()
        buffer = (ctypes.c_ushort * (count * 2 + 2))()
        written = pdfium().FPDFText_GetText(self._raw, 0, count, buffer) if count else 1
        units = bytes(buffer)[: 2 * max(0, written - 1)]
        self._text = units.decode("utf-16-le", "surrogatepass")
        if len(self._text) != count:
            # Characters that the file tells no meaning of are left out there. Here they end a word.
            read = pdfium().FPDFText_GetUnicode
            self._text = "".join(chr(read(self._raw, at)) for at in range(count))

    def close(self) -> None:
        """Give back what PDFium holds for it."""
        self._page.close()

    def words(self) -> Iterator[Word]:
        """Yield the words in the order of the file."""
        last: Word | None = None
        last_end = 0
        text, box_of = self._text, self._box_of
        for match in _WORD.finditer(text):
            start, end = match.span()
            head = box_of(start)
            tail = head if end == start + 1 else box_of(end - 1)
            if head is None or tail is None:
                continue
            found = self._words_between(start, end, head, tail)
            if last is not None:
                if start == last_end + 1 and _touch(last, found[0]):
                    # PDFium sees a gap after some ligatures, where there is none.
                    found[0] = found[0]._replace(text=last.text + found[0].text, left=last.left)
                else:
                    yield last
            yield from found[:-1]
            last, last_end = found[-1], end
        if last is not None:
            yield last

    def _words_between(self, start: int, end: int, head: _Sides, tail: _Sides) -> list[Word]:
        """Return the word with these first and last boxes; several if PDFium sees none of their gaps."""
        text = self._text[start:end]
        if text[-1] in _HYPHENS:
            text = text[:-1] + "-"
        if not text.isascii():
            text = _whole(text)
        (left, top, right, bottom), (first, upper, last, lower) = head, tail
        if upper == top and lower == bottom:
            return [Word(text, left if left < first else first, top, right if right > last else last, bottom)]
        high, way = bottom - top, 0
        if end > start + 1 and lower - upper < _SMALL * high and first > left:
            text, upper, lower = self._with_raised(text, start, head, tail), top, bottom
        else:
            way = _way(head, tail)
            if way == 2 and (at := self._leap(start, end)):
                before, after = self._box_of(at - 1), self._box_of(at)
                if before is not None and after is not None:
                    parts = self._words_between(start, at, head, before)
                    return parts + self._words_between(at, end, after, tail)
        sides = min(left, first), min(top, upper), max(right, last), max(bottom, lower)
        return [Word(text, *sides, way)]

    def _leap(self, start: int, end: int) -> int:
        """Return where a word leaps to another place of the page; 0 if it does not."""
        before = self._box_of(start)
        for at in range(start + 1, end):
            box = self._box_of(at)
            if before is not None and box is not None and _way_between(before, box) > 0.5 * _side(box):
                return at
            before = box
        return 0

    def _box_of(self, at: int) -> _Sides | None:
        """Return the box of a character."""
        if not self._get(self._raw, at, self._reference):
            return None
        left, top, right, bottom = self._sides[:]
        return self._turn.box(left, bottom, right, top)

    def _with_raised(self, text: str, at: int, head: _Sides, tail: _Sides) -> str:
        """Return a word with a power or the mark of a note that it ends in, which is small and raised."""
        if tail[3] > head[3] - 0.15 * (head[3] - head[1]):
            return text  # lowered, as in H2O
        begin = len(text) - 1
        while begin > 1:
            box = self._box_of(at + begin - 1)
            if box is None or box[3] - box[1] >= _SMALL * (head[3] - head[1]):
                break
            begin -= 1
        return text[:begin] + superscript(text[begin:], text[:begin])


def _touch(last: Word, word: Word) -> bool:
    """True if there is no gap between two level words on a line."""
    if word.way or last.way or word.top != last.top or word.bottom != last.bottom:
        return False
    return abs(word.left - last.right) < _NO_GAP * (word.bottom - word.top)


def _side(box: _Sides) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _way_between(a: _Sides, b: _Sides) -> float:
    """Return how far apart two boxes are; 0 if they overlap."""
    across = max(a[0] - b[2], b[0] - a[2], 0.0)
    return max(across, a[1] - b[3], b[1] - a[3])


def _way(head: _Sides, tail: _Sides) -> int:
    """Return where a word reads to whose first and last characters have these boxes."""
    if abs(tail[1] - head[1]) < 0.5 * (head[3] - head[1]) or abs(tail[3] - head[3]) < 0.2 * (
        head[3] - head[1]
    ):
        return 0
    if abs(tail[0] - head[0]) < 0.5 * (head[2] - head[0]):
        return 1 if tail[1] > head[1] else 3
    return 2


def _whole(text: str) -> str:
    """Return the text with characters of two code units put together."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def drawn_lines(page: PdfPage, turn: Turn) -> list[Rule]:
    """Return the level and upright lines that are drawn on a page, and the edges of its rectangles."""
    raw = pdfium()
    drawing = _Drawing(turn)
    count = min(raw.FPDFPage_CountObjects(page.raw), _OBJECTS)
    for number in range(count):
        shape = raw.FPDFPage_GetObject(page.raw, number)
        kind = raw.FPDFPageObj_GetType(shape)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            drawing.add(shape, None)
        elif kind == raw.FPDF_PAGEOBJ_FORM:
            drawing.add_within(shape)
    return drawing.rules


class _Drawing:
    """The lines of a page, and the areas that are filled, in the order in which they are drawn."""

    def __init__(self, turn: Turn) -> None:
        self.rules: list[Rule] = []
        self._turn = turn
        self._areas: deque[tuple[_Sides, _Colour]] = deque(maxlen=_AREAS)
        self._numbers = [ctypes.c_float() for _ in range(4)]
        self._references = [ctypes.byref(number) for number in self._numbers]
        self._channels = [ctypes.c_uint() for _ in range(4)]
        self._fill, self._stroke = ctypes.c_int(), ctypes.c_int()

    def add_within(self, form: Any) -> None:
        """Add the lines of a group of objects, which has coordinates of its own."""
        raw, matrix = pdfium(), pdfium().FS_MATRIX()
        raw.FPDFPageObj_GetMatrix(form, matrix)
        for number in range(min(raw.FPDFFormObj_CountObjects(form), _OBJECTS)):
            shape = raw.FPDFFormObj_GetObject(form, number)
            if raw.FPDFPageObj_GetType(shape) == raw.FPDF_PAGEOBJ_PATH:
                self.add(shape, matrix)

    def add(self, shape: Any, outer: Any) -> None:
        """Add the lines of a path: a thin one is a line, a rectangle four, others their straight parts."""
        raw = pdfium()
        if not raw.FPDFPageObj_GetBounds(shape, *self._references):
            return
        x0, y0, x1, y1 = (number.value for number in self._numbers)
        if outer is not None:
            (x0, y0), (x1, y1) = _moved(outer, x0, y0), _moved(outer, x1, y1)
            x0, y0, x1, y1 = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)  # it may be turned over
        sides = left, top, right, bottom = self._turn.box(x0, y0, x1, y1)
        if max(right - left, bottom - top) < _SHORT or not self._is_seen(shape, sides):
            return
        if bottom - top <= _THIN:
            self.rules.append(Rule(left, (top + bottom) / 2, right, (top + bottom) / 2))
        elif right - left <= _THIN:
            self.rules.append(Rule((left + right) / 2, top, (left + right) / 2, bottom))
        else:
            count = raw.FPDFPath_CountSegments(shape)
            if 4 <= count <= 6:
                self.rules.append(Rule(left, top, right, top))
                self.rules.append(Rule(left, bottom, right, bottom))
                self.rules.append(Rule(left, top, left, bottom))
                self.rules.append(Rule(right, top, right, bottom))
            elif 6 < count <= _OBJECTS:
                self.rules += _straight_parts(shape, count, outer, self._turn)

    def _is_seen(self, shape: Any, sides: _Sides) -> bool:
        """True if the edges of a path are seen: it is drawn, or filled unlike what is below it."""
        raw = pdfium()
        if not raw.FPDFPath_GetDrawMode(shape, self._fill, self._stroke):
            return True
        if not self._fill.value:
            return bool(self._stroke.value)
        raw.FPDFPageObj_GetFillColor(shape, *self._channels)
        red, green, blue, _ = (channel.value for channel in self._channels)
        colour = (min(red, _WHITE), min(green, _WHITE), min(blue, _WHITE))
        below = next((known for area, known in reversed(self._areas) if _is_inside(sides, area)), _PAPER)
        if colour == below and not self._stroke.value:
            return False
        self._areas.append((sides, colour))
        return True


def _is_inside(inner: _Sides, outer: _Sides) -> bool:
    return (
        inner[0] > outer[0] - 1
        and inner[1] > outer[1] - 1
        and inner[2] < outer[2] + 1
        and inner[3] < outer[3] + 1
    )


def _straight_parts(shape: Any, count: int, outer: Any, turn: Turn) -> Iterator[Rule]:
    raw, matrix = pdfium(), pdfium().FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(shape, matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    start: tuple[float, float] | None = None
    before: tuple[float, float] | None = None
    for number in range(count):
        segment = raw.FPDFPath_GetPathSegment(shape, number)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        here = turn.point(*_moved(outer, *_moved(matrix, x.value, y.value)))
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = here
        elif kind == raw.FPDF_SEGMENT_BEZIERTO:
            return  # a letter or a picture
        elif kind == raw.FPDF_SEGMENT_LINETO and before is not None:
            yield from _straight(before, here)
        if raw.FPDFPathSegment_GetClose(segment) and start is not None:
            yield from _straight(here, start)
        before = here


def _straight(a: tuple[float, float], b: tuple[float, float]) -> Iterator[Rule]:
    """Yield the line from one point to another, if it is level or upright and not too short."""
    wide, high = abs(a[0] - b[0]), abs(a[1] - b[1])
    if high < 1 and wide >= _SHORT:
        yield Rule(min(a[0], b[0]), a[1], max(a[0], b[0]), a[1])
    elif wide < 1 and high >= _SHORT:
        yield Rule(a[0], min(a[1], b[1]), a[0], max(a[1], b[1]))


def _moved(matrix: Any, x: float, y: float) -> tuple[float, float]:
    if matrix is None:
        return x, y
    return matrix.a * x + matrix.c * y + matrix.e, matrix.b * x + matrix.d * y + matrix.f
