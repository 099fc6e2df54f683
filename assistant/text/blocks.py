"""The text of a document in readable blocks: headings, lists, tables, code, slides, the head of a mail.

Marks begin and end where the quotes do, and what is marked reads as the quote: signs and bars stay in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal

from assistant.core.types import Document, Span
from assistant.text.html import Html, element, joined, text
from assistant.text.marks import Run, runs
from assistant.text.wording import Wording

Kind = Literal["heading", "field", "row", "code", "item", "paragraph"]
Block = tuple[Kind, Span]
MAIL = ("message/rfc822", "application/vnd.ms-outlook")
LONG = 100_000
"""Characters above which a document is long: what is around the mark is shown first."""
AROUND = 8_000
"""Characters of a long document before and after the mark that are shown first."""
DEEPEST = 4
"""The level of a list below which items stand no deeper."""
SLIDES = "presentation"
"""A part of the media type of slides."""

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_FIELD = re.compile(r"(?P<sign>[ \t]*-[ \t]+)(?P<name>From|To|Cc|Date):(?P<gap>[ \t]*)(?P<value>.*)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?(?:-{2,}|={2,})[-=:| \t]*$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")


def page_of(document: Document, at: int) -> int:
    """Return the number of the page of a character; 0 in a document without pages."""
    index = bisect_right(document.pages, at, key=lambda page: page.start) - 1
    return document.pages[max(0, index)].number if document.pages else 0


class Marks:
    """The marked ranges of a document, and the look of its inline markup."""

    def __init__(self, document: Document, current: Span, others: Sequence[Span] = ()) -> None:
        self.text = document.text
        self._styled = document.media_type == "text/markdown"
        self.current = current
        self._others = [Span(max(0, other.start), min(other.end, len(self.text))) for other in others]

    def of(self, span: Span) -> str | None:
        """Return the class of the mark around a range that no mark begins or ends in; None if unmarked."""
        if _contains(self.current, span):
            return "current"
        return "also" if any(_contains(other, span) for other in self._others) else None

    def pieces(self, span: Span, plain: bool = False) -> Iterator[Run]:
        """Yield the runs of a range, cut where a mark begins or ends; code is `plain`, without styles."""
        marked = [place for mark in (self.current, *self._others) for place in (mark.start, mark.end)]
        is_styled = self._styled and not plain
        styled = runs(self.text, span.start, span.end) if is_styled else [Run(span, frozenset())]
        for run in styled:
            cuts = sorted({place for place in marked if run.span.start < place < run.span.end})
            for start, end in zip([run.span.start, *cuts], [*cuts, run.span.end], strict=True):
                if start < end:
                    yield Run(Span(start, end), run.styles)

    def render(self, span: Span, plain: bool = False) -> Iterator[Html]:
        """Render a range: what is marked in `<mark>`s, what is styled in elements of its own."""
        for kind, pieces in groupby(self.pieces(span, plain), key=lambda run: self.of(run.span)):
            parts = [_styled(self.text, run) for run in pieces]
            yield element("mark", *parts, class_=kind) if kind else joined(parts)


def _contains(mark: Span, span: Span) -> bool:
    return mark.start <= span.start and span.end <= mark.end and mark.start < mark.end


def _styled(whole: str, run: Run) -> Html:
    words = text(whole[run.span.start : run.span.end])
    if "sign" in run.styles:
        return element("span", words, class_="sign")
    for style in ("em", "strong", "code"):
        if style in run.styles:
            words = element(style, words)
    return words


def near(document: Document, mark: Span) -> Span | None:
    """Return the lines around a mark, to be shown before the rest of a long document; None for others."""
    if len(document.text) <= LONG:
        return None
    first, last = max(0, mark.start - AROUND), min(len(document.text), mark.end + AROUND)
    start, end = document.text.rfind("\n", 0, first) + 1, document.text.find("\n", last)
    # A line without an end is cut.
    return Span(max(start, first - AROUND), min(end, last + AROUND) if end >= 0 else last + AROUND)


def text_blocks(
    document: Document, marks: Marks, say: Wording, top: int, within: Span | None = None
) -> Iterator[Html]:
    """Yield the blocks of a document, or of the lines `within`; its headings stand below the level `top`.

    Each slide is a card.
    """
    levels, before = {at: top + depth for at, depth in _depths(document)}, None
    is_slides = SLIDES in document.media_type
    for page, group in groupby(blocks(document, within), lambda block: page_of(document, block[1].start)):
        own = list(group)
        markup = _page_blocks(document, own, marks, levels, before)
        if is_slides and page:
            number = element("p", text(say("source.slide", page=page)), class_="slide-number")
            yield element("section", number, *markup, class_="slide")
        else:
            if page > 1:
                yield element("p", text(say("source.page", page=page)), class_="page-number")
            yield from markup
        before = own[-1][0]


def _page_blocks(
    document: Document, own: Sequence[Block], marks: Marks, levels: Mapping[int, int], before: Kind | None
) -> Iterator[Html]:
    """Yield the blocks of a page; a table that goes on from the page before has no head here."""
    for kind, group in groupby(own, lambda block: block[0]):
        spans = [span for _, span in group]
        if kind == "row":
            yield _table(spans, marks, has_head=before != "row")
        elif kind == "field":
            rows = [_row_html(_field_pieces(document.text, span), marks, "rowheader") for span in spans]
            yield element("div", *rows, class_="table fields", role="table", dir="auto")
        elif kind == "item":
            items = [_item(span, marks) for span in spans]
            yield element("div", *items, class_="items", role="list")
        else:
            for span in spans:
                yield _block(document.text, kind, span, marks, levels.get(span.start, 1))
        before = kind


def _table(spans: Sequence[Span], marks: Marks, *, has_head: bool) -> Html:
    rows = [
        row_html(span, marks, is_head=has_head and not n and len(spans) > 1) for n, span in enumerate(spans)
    ]
    table = element("div", *rows, class_="table", role="table", dir="auto")
    return element("div", table, class_="wide")


def _item(span: Span, marks: Marks) -> Html:
    words = marks.text[span.start : span.end]
    depth = str(min((len(words) - len(words.lstrip())) // 2, DEEPEST)) if words[:2].isspace() else None
    return element("p", *marks.render(span), class_="item", role="listitem", data_depth=depth, dir="auto")


def _depths(document: Document) -> Iterator[tuple[int, int]]:
    """Yield where each heading begins, and its depth below the title: no level is skipped."""
    above: list[int] = []
    for heading in document.headings:
        above = [level for level in above if level < heading.level] + [heading.level]
        yield heading.start, len(above)


def _block(whole: str, kind: Kind, span: Span, marks: Marks, level: int) -> Html:
    if kind == "heading":
        words = marks.render(_without_signs(whole, span))
        return element(f"h{min(level, 6)}", *words, dir="auto")
    if kind == "code":
        return element("pre", *marks.render(span, plain=True))
    return element("p", *marks.render(span), dir="auto")


def _without_signs(text: str, heading: Span) -> Span:
    words = text[heading.start : heading.end]
    return Span(heading.end - len(words.lstrip("# \t")), heading.end)


# -- tables ------------------------------------------------------------------------------------------


def row_html(span: Span, marks: Marks, *, is_head: bool = False) -> Html:
    """Render a row of a table; one `<mark>` contains the cells of a quote."""
    return _row_html(list(_cells(marks.text, span)), marks, "columnheader" if is_head else "cell")


Piece = tuple[Span, str]
"""A range of a row: a `cell`, or the `bar` before, between or after cells."""


def _row_html(pieces: Sequence[Piece], marks: Marks, first: str) -> Html:
    """Render a row. `first` is the role of its first cell, and of all where they name columns."""
    kinds = [
        next((kind for run in marks.pieces(span) if (kind := marks.of(run.span))), None) for span, _ in pieces
    ]
    whole = len({kind for kind, (_, piece) in zip(kinds, pieces, strict=True) if piece == "cell"}) == 1
    parts: list[Html] = []
    role = first
    for kind, group in groupby(zip(kinds, pieces, strict=True), key=lambda each: each[0]):
        cells = []
        for _, (piece, name) in group:
            cells.append(_cell(piece, name, marks, role))
            role = "cell" if name == "cell" and first == "rowheader" else role
        parts += [_mark(cells, kind, whole=whole)] if kind else cells
    return element("div", *parts, class_="row", role="row")


def _mark(cells: Sequence[Html], kind: str, *, whole: bool) -> Html:
    # Cells are those of a row: the mark between them counts for nothing.
    return element("mark", *cells, class_=kind, role="none", data_whole="" if whole else None)


def _field_pieces(whole: str, span: Span) -> list[Piece]:
    """Return the name and the value of a header line of a mail."""
    found = _FIELD.fullmatch(whole, span.start, span.end)
    assert found
    ends = (found.end("sign"), found.end("name"), found.start("value"), span.end)
    starts = (span.start, *ends[:-1])
    kinds = ("bar", "cell", "bar", "cell")
    pieces = zip(starts, ends, kinds, strict=True)
    return [(Span(start, end), kind) for start, end, kind in pieces if start < end]


def _cells(text: str, span: Span) -> Iterator[tuple[Span, str]]:
    at = span.start
    for cell in _CELL.finditer(text, span.start, span.end):
        if at < cell.start():
            yield Span(at, cell.start()), "bar"
        yield Span(*cell.span()), "cell"
        at = cell.end()
    if at < span.end:
        yield Span(at, span.end), "bar"


def _cell(piece: Span, kind: str, marks: Marks, role: str) -> Html:
    words = (_styled(marks.text, run) for run in marks.pieces(piece))
    if kind == "bar":
        return element("span", *words, class_=kind, aria_hidden="true")
    return element("span", *words, class_=kind, role=role)


# -- from lines to blocks ----------------------------------------------------------------------------


def blocks(document: Document, within: Span | None = None) -> Iterator[Block]:
    """Yield the blocks of a document, or of the lines `within`.

    Lines of a paragraph, an item or code are together, others alone.
    """
    block: Block | None = None
    for kind, line in _lines(document, within or Span(0, len(document.text))):
        if block and _continues(document, block, kind, line):
            block = (block[0], Span(block[1].start, line.end))
            continue
        if block:
            yield block
        block = (kind, line)
    if block:
        yield block


def _continues(document: Document, block: Block, kind: Kind, line: Span) -> bool:
    before, span = block
    if page_of(document, span.start) != page_of(document, line.start):
        return False
    if kind == "code":
        return before == "code"
    touching = document.text.count("\n", span.end, line.start) == 1
    return kind == "paragraph" and before in ("paragraph", "item") and touching


def _lines(document: Document, within: Span) -> Iterator[Block]:
    """Yield the visible lines, without rules below column names and fences around code."""
    headings, fenced = {heading.start for heading in document.headings}, False
    is_head = document.media_type in MAIL and not within.start
    for line in _LINE.finditer(document.text, within.start, within.end):
        span, words = Span(line.start(), line.end()), line.group()
        if span.start in headings:
            is_head = document.media_type in MAIL
            yield "heading", span
        elif _FENCE.match(words):
            fenced = not fenced
        elif fenced:
            yield "code", span
        elif words.strip() and not _RULE.match(words):
            is_head = is_head and _FIELD.fullmatch(words) is not None
            yield "field" if is_head else _kind(words), span


def _kind(words: str) -> Kind:
    if words.lstrip().startswith("|"):
        return "row"
    return "item" if _ITEM.match(words) else "paragraph"
