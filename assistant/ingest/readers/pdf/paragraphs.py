"""Lines to paragraphs, over the ends of columns and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from assistant.ingest.readers.content import ContentBuilder
from assistant.ingest.readers.grid import write_sheet
from assistant.ingest.readers.pdf.hyphens import joint
from assistant.ingest.readers.pdf.shapes import Layout, Line, Table

_BULLET = re.compile(r"[•‣◦▪●·*–-]\s+|\(?\d{1,3}[.)]\s|\(?[a-z]\)\s")
_END = re.compile(r"[.!?:…。！？؟۔।]['\"”’»)\]]*$")
_NOTE = re.compile(r"(?:\d{1,3}|[*†‡§])\s?\S")


@dataclass(slots=True)
class Piece:
    """Text of one page: a paragraph or a part of one, an item of a list, or a table."""

    page: int
    gap: str
    """What parts it from the piece before."""
    text: str
    size: float = 0.0
    """The height of its lines; 0 for a table."""
    lines: int = 1


@dataclass(frozen=True, slots=True)
class _Column:
    """The measures of the lines of a column: its edges, and the way from line to line."""

    left: float
    right: float
    pitch: float


def body_size(pages: Sequence[Layout]) -> float:
    """Return the height of the lines in which most of the text is written."""
    lengths: dict[float, int] = {}
    for page in pages:
        for item in page.items:
            if isinstance(item, Line):
                size = round(item.size * 2) / 2
                lengths[size] = lengths.get(size, 0) + len(item.text)
    return max(lengths, key=lambda size: lengths[size], default=0.0)


def pieces_of(pages: Sequence[Layout], words: frozenset[str]) -> list[Piece]:
    """Return the text of the pages in pieces; a paragraph over the end of a page is two without a break."""
    body, written = body_size(pages), list[Piece]()
    for number, page in enumerate(pages, 1):
        ours = _pieces(page, number, words, body)
        ours = _with_notes_before(ours, body)
        ours += [Piece(number, "\n\n", text, body) for text in page.turned]
        ours += [Piece(number, "\n" if at else "\n\n", text, body) for at, text in enumerate(page.extra)]
        if ours and written:
            _join(written[-1], ours[0], words)
        written += ours
    return written


def _pieces(page: Layout, number: int, words: frozenset[str], body: float) -> list[Piece]:
    pieces: list[Piece] = []
    for _, group in groupby(page.items, key=lambda item: item.column):
        items = list(group)
        column = _measures([item for item in items if isinstance(item, Line)])
        titled = body if number == 1 and not pieces else 0.0
        ours = list(_column_pieces(items, column, number, words, titled))
        if ours and pieces:
            _join(pieces[-1], ours[0], words)
        pieces += ours
    return pieces


def _column_pieces(
    items: Sequence[Line | Table], column: _Column, page: int, words: frozenset[str], titled: float
) -> Iterator[Piece]:
    """Yield the pieces of one column; its first line, if it is not higher than `titled`, may be a title."""
    piece: Piece | None = None
    before: Line | None = None
    for at, item in enumerate(items):
        if isinstance(item, Table):
            if piece:
                yield piece
            piece, before = Piece(page, "\n\n", _table(item)), None
        elif piece is None or before is None:
            if piece:
                yield piece
            piece, before = Piece(page, "\n\n", item.text, item.size), item
        elif _begins(before, item, column) or (
            at == 1 and before.size < 1.15 * titled and _is_title(before, item)
        ):
            yield piece
            gap = "\n" if _is_item(before, item, column) else "\n\n"
            piece, before = Piece(page, gap, item.text, item.size), item
        else:
            text, gap = joint(piece.text, item.text, words)
            piece.text, piece.lines, before = f"{text}{gap}{item.text}", piece.lines + 1, item
    if piece:
        yield piece


def _table(table: Table) -> str:
    draft = ContentBuilder()
    write_sheet(draft, [list(row) for row in table.rows], table.merges)
    return draft.content("", None).text


def _measures(lines: Sequence[Line]) -> _Column:
    """Return the edges of a column, without its longest lines, and the usual way from line to line."""
    if not lines:
        return _Column(0, 0, 0)
    rights = sorted(line.right for line in lines)
    steps = [b.bottom - a.bottom for a, b in pairwise(lines) if 0 < b.bottom - a.bottom < 3 * b.size]
    pitch = median(steps) if steps else 1.2 * lines[0].size
    return _Column(min(line.left for line in lines), rights[len(rights) * 9 // 10], pitch)


def _is_title(first: Line, second: Line) -> bool:
    """True if the first line of a document is like a title."""
    is_title = len(first.text) <= 60 and first.text[-1].isalnum() and second.text[:1].isupper()
    return is_title and first.right - first.left < 0.9 * (second.right - second.left)


def _is_item(before: Line, line: Line, column: _Column) -> bool:
    """True if a line is an item of a list that follows closely on the line before."""
    is_close = line.bottom - before.bottom < 1.6 * column.pitch and 0.84 < line.size / before.size < 1.19
    return is_close and _BULLET.match(line.text) is not None


def _begins(before: Line, line: Line, column: _Column) -> bool:
    """True if a new paragraph begins with `line`."""
    if _BULLET.match(line.text) or not 0.84 < line.size / before.size < 1.19:
        return True
    step = line.bottom - before.bottom
    if step > 1.35 * column.pitch or step < 0.3 * line.size:
        return True
    is_end = _END.search(before.text) is not None
    indent = 0.8 * line.size
    if is_end and indent < abs(line.left - before.left) < 6 * line.size:
        return True
    if before.right + line.lead + 0.4 * line.size > column.right:
        return False
    width = column.right - column.left
    return is_end or (line.text[0].isupper() and before.right - column.left < 0.6 * width)


def _join(last: Piece, first: Piece, words: frozenset[str]) -> None:
    """Let a paragraph go on over the end of a column or a page, if its sentence does."""
    if not last.size or not first.size or not 0.84 < first.size / last.size < 1.19:
        return
    if _BULLET.match(first.text) or _END.search(last.text) or not last.text:
        return
    text, gap = joint(last.text, first.text, words)
    is_parted = gap == "" and not last.text[-1].isspace()
    ends_within = last.text[-1].isalnum() or last.text[-1] in ",;’)-"
    if (first.text[0].islower() and ends_within) or is_parted:
        last.text, first.gap = text, gap


def _with_notes_before(pieces: list[Piece], body: float) -> list[Piece]:
    """Put the notes at the end of a page before its last paragraph, if that goes on over the page."""
    at = len(pieces)
    while at and 0 < pieces[at - 1].size < 0.93 * body:
        at -= 1
    notes = pieces[at:]
    if not at or not notes or not _NOTE.match(notes[0].text):
        return pieces
    last = pieces[at - 1]
    if not last.size or _END.search(last.text) or last.size < 0.93 * body:
        return pieces
    notes[0].gap, last.gap = "\n\n", "\n\n"
    return [*pieces[: at - 1], *notes, last]
