"""Documents as HTML: their text in readable blocks, with what an answer quotes from them marked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal
from urllib.parse import quote, urlsplit

from assistant.core.types import Citation, Document, Span
from assistant.text.html import Html, element, joined, text
from assistant.text.marks import Run, runs

Kind = Literal["heading", "row", "code", "item", "paragraph"]

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?(?:-{2,}|={2,})[-=:| \t]*$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")


def source_url(citation: Citation) -> str:
    """Return the path of the page that marks the quote in its document."""
    return f"/source/{_path(citation.document_id)}?start={citation.start}&end={citation.end}"


def _path(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="")


def source_html(document: Document, start: int = 0, end: int = 0, others: Sequence[Span] = ()) -> Html:
    """Render a document with `text[start:end]` in `<mark class="current">`, under its title and metadata.

    `others` are marked too, as what else the same answer quotes.
    """
    marks = Marks(document, Span(max(0, start), min(end, len(document.text))), others)
    blocks = element("div", *_text_blocks(document, marks), class_="text", tabindex="0")
    return joined([_source_head(document, marks.current), blocks])


def source_page(document: Document, start: int = 0, end: int = 0, others: Sequence[Span] = ()) -> Html:
    """Render the document as a whole page, for browsers without script and links in new tabs."""
    body = element("main", source_html(document, start, end, others), id="source", class_="page")
    return _whole(document.title, body)


def error_page(message: str) -> Html:
    """Render a page with one sentence and a link to the chat."""
    heading = element("h2", text("Not here any more"))
    back = element("p", element("a", text("Back to the chat"), href="/"))
    body = element(
        "main", element("header", heading), element("p", text(message)), back, id="source", class_="page"
    )
    return _whole("Not here any more", body)


def _whole(title: str, body: Html) -> Html:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>"
        '<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/page.css">'
        '<link rel="stylesheet" href="/page/source.css"><script type="module" src="/page/mark.js"></script>'
    )
    return Html(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')


def _source_head(document: Document, marked: Span) -> Html:
    page = str(_page(document, marked.start)) if document.pages and marked.start < marked.end else ""
    facts = [("From", document.source), ("Page", page), ("Section", _section(document, marked))]
    facts += [(name.capitalize(), value) for name, value in document.metadata.items() if name != "title"]
    rows = [_fact(name, value) for name, value in facts if value]
    return element("header", element("h2", text(document.title), dir="auto"), element("dl", *rows))


def _fact(name: str, value: str) -> Html:
    return element("div", element("dt", text(name)), element("dd", _place(value), dir="auto"))


def _place(value: str) -> Html:
    """Render a web address as a link without a referrer; anything else as text."""
    if not _is_web_address(value):
        return text(value)
    return element("a", text(value), href=value, rel="noopener noreferrer", target="_blank")


def _is_web_address(value: str) -> bool:
    try:
        return urlsplit(value).scheme in ("http", "https") and value.startswith(("http://", "https://"))
    except ValueError:
        return False


def _page(document: Document, at: int) -> int:
    """Return the number of the page of a character; 0 in a document without pages."""
    index = bisect_right(document.pages, at, key=lambda page: page.start) - 1
    return document.pages[max(0, index)].number if document.pages else 0


def _section(document: Document, marked: Span) -> str:
    """Return the path of headings above the mark."""
    path: dict[int, str] = {}
    for heading in document.headings:
        if heading.start > marked.start or marked.start >= marked.end:
            break
        path = {level: title for level, title in path.items() if level < heading.level}
        path[heading.level] = heading.title
    return " › ".join(path.values())


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


def _text_blocks(document: Document, marks: Marks) -> Iterator[Html]:
    levels = {heading.start: heading.level for heading in document.headings}
    page = 1
    for kind, span in _blocks(document):
        if _page(document, span.start) > page:
            page = _page(document, span.start)
            yield element("p", text(f"Page {page}"), class_="page-number")
        yield _block(document.text, kind, span, marks, levels.get(span.start, 1))


def _block(text: str, kind: Kind, span: Span, marks: Marks, level: int) -> Html:
    if kind == "row":
        pieces = list(_cells(text, span))
        count = sum(kind == "cell" for _, kind in pieces)
        return element("div", *_row(pieces, marks), class_="row", data_cells=str(count))
    if kind == "heading":
        words = marks.render(_without_signs(text, span))
        return element(f"h{min(level + 2, 6)}", *words, dir="auto")
    if kind == "code":
        return element("pre", *marks.render(span, plain=True))
    return element("p", *marks.render(span), class_="item" if kind == "item" else None, dir="auto")


def _without_signs(text: str, heading: Span) -> Span:
    words = text[heading.start : heading.end]
    return Span(heading.end - len(words.lstrip("# \t")), heading.end)


def _row(pieces: Sequence[tuple[Span, str]], marks: Marks) -> Iterator[Html]:
    """Yield the cells of a row and the bars between them; one `<mark>` contains those in a quote."""
    kinds = [
        next((kind for run in marks.pieces(span) if (kind := marks.of(run.span))), None) for span, _ in pieces
    ]
    for kind, group in groupby(zip(kinds, pieces, strict=True), key=lambda each: each[0]):
        cells = [_cell(piece, name, marks) for _, (piece, name) in group]
        if kind:
            yield element("mark", *cells, class_=kind)
        else:
            yield from cells


def _cells(text: str, span: Span) -> Iterator[tuple[Span, str]]:
    at = span.start
    for cell in _CELL.finditer(text, span.start, span.end):
        if at < cell.start():
            yield Span(at, cell.start()), "bar"
        yield Span(*cell.span()), "cell"
        at = cell.end()
    if at < span.end:
        yield Span(at, span.end), "bar"


def _cell(piece: Span, kind: str, marks: Marks) -> Html:
    return element("span", *(_styled(marks.text, run) for run in marks.pieces(piece)), class_=kind)


def _blocks(document: Document) -> Iterator[tuple[Kind, Span]]:
    """Yield the blocks of a document: lines of a paragraph, an item or code together, others alone."""
    block: tuple[Kind, Span] | None = None
    for kind, line in _lines(document):
        if block and _continues(document, block, kind, line):
            block = (block[0], Span(block[1].start, line.end))
            continue
        if block:
            yield block
        block = (kind, line)
    if block:
        yield block


def _continues(document: Document, block: tuple[Kind, Span], kind: Kind, line: Span) -> bool:
    before, span = block
    if _page(document, span.start) != _page(document, line.start):
        return False
    if kind == "code":
        return before == "code"
    touching = document.text.count("\n", span.end, line.start) == 1
    return kind == "paragraph" and before in ("paragraph", "item") and touching


def _lines(document: Document) -> Iterator[tuple[Kind, Span]]:
    """Yield the visible lines, without rules below column names and fences around code."""
    headings, fenced = {heading.start for heading in document.headings}, False
    for line in _LINE.finditer(document.text):
        span, words = Span(line.start(), line.end()), line.group()
        if span.start in headings:
            yield "heading", span
        elif _FENCE.match(words):
            fenced = not fenced
        elif fenced:
            yield "code", span
        elif words.strip() and not _RULE.match(words):
            yield _kind(words), span


def _kind(words: str) -> Kind:
    if words.lstrip().startswith("|"):
        return "row"
    return "item" if _ITEM.match(words) else "paragraph"
