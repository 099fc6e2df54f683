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
from assistant.text.sentences import sentences
from assistant.text.wording import ENGLISH, Wording

Kind = Literal["heading", "row", "code", "item", "paragraph"]

AROUND = 240
"""Characters before and after a quote on its card."""

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


def source_html(
    document: Document,
    start: int = 0,
    end: int = 0,
    others: Sequence[Span] = (),
    say: Wording = ENGLISH,
) -> Html:
    """Render a document with `text[start:end]` in `<mark class="current">`, under its title and metadata.

    `others` are marked too, as what else the same answer quotes.
    """
    return joined(_source(document, start, end, others, say, 2))


def _source(
    document: Document, start: int, end: int, others: Sequence[Span], say: Wording, level: int
) -> Iterator[Html]:
    """Yield the parts of a document; its title is a heading of `level`, its own headings are below that."""
    marks = Marks(document, Span(max(0, start), min(end, len(document.text))), others)
    yield _source_head(document, marks.current, say, level)
    yield element("div", *_text_blocks(document, marks, say, level), class_="text", tabindex="0")


def source_page(
    document: Document,
    start: int = 0,
    end: int = 0,
    others: Sequence[Span] = (),
    say: Wording = ENGLISH,
) -> Html:
    """Render the document as a whole page, for browsers without script and links in new tabs."""
    body = element("main", *_source(document, start, end, others, say, 1), id="source", class_="page")
    return _whole(document.title, body, say)


def card_html(document: Document, start: int, end: int, say: Wording = ENGLISH) -> Html:
    """Render a quote with the sentences before and after it, under its title, headings and page."""
    marks = Marks(document, Span(max(0, start), min(end, len(document.text))))
    page = page_of(document, marks.current.start)
    headings = _section(document, marks.current).split(" › ")
    place = [document.title, *headings, say("source.page", page=page) if page else ""]
    # A title that is also the first heading is shown once.
    where = text(" › ".join(dict.fromkeys(filter(None, place))))
    where = element("p", where, class_="where", dir="auto")
    return joined([where, *_quoted(document, marks)])


def _quoted(document: Document, marks: Marks) -> Iterator[Html]:
    blocks = list(_blocks(document))
    at = next((n for n, (_, span) in enumerate(blocks) if span.end > marks.current.start), None)
    if at is None:
        return
    kind, span = blocks[at]
    if kind == "row":
        first = next(n for n in range(at, -1, -1) if n == 0 or blocks[n - 1][0] != "row")
        for n in sorted({first, at}):
            yield _block(document.text, "row", blocks[n][1], marks, 1)
    else:
        yield element("p", *_between(document.text, span, marks), class_="quoted", dir="auto")


def _between(whole: str, block: Span, marks: Marks) -> Iterator[Html]:
    """Yield the sentence before a quote in its block, the quote, and the sentence after it."""
    quote = marks.current
    end = max(block.end, quote.end)
    around = sentences(whole, block.start, end)
    first = [quote.start, *(each.start for each in around if each.start <= quote.start)][-2:][0]
    last = [*(each.end for each in around if each.end >= quote.end), quote.end][:2][-1]
    begin, stop = max(first, quote.start - AROUND), min(max(last, quote.end), quote.end + AROUND)
    if begin > first:
        yield text("…")
    yield from marks.render(Span(begin, stop))
    if stop < last:
        yield text("…")


def removed_page(say: Wording = ENGLISH) -> Html:
    """Render in place of a document that is gone, with a link to the chat."""
    heading = element("header", element("h1", text(say("source.gone"))))
    message = element("p", text(say("source.removed")))
    back = element("p", element("a", text(say("source.back")), href="/"))
    return _whole(
        say("source.gone"), element("main", heading, message, back, id="source", class_="page"), say
    )


def _whole(title: str, body: Html, say: Wording) -> Html:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>"
        '<script src="/page/before.js"></script><script type="module" src="/page/mark.js"></script>'
        '<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/page.css">'
        '<link rel="stylesheet" href="/page/source.css">'
    )
    language = f'lang="{say.language}" dir="{say.direction}"'
    return Html(f"<!doctype html><html {language}><head>{head}</head><body>{body}</body></html>")


def _source_head(document: Document, marked: Span, say: Wording, level: int) -> Html:
    page = str(page_of(document, marked.start)) if document.pages and marked.start < marked.end else ""
    facts = [("from", document.source), ("page", page), ("section", _section(document, marked))]
    facts += [(name, value) for name, value in document.metadata.items() if name != "title"]
    rows = [_fact(name, value, say) for name, value in facts if value]
    title = element(f"h{level}", text(document.title), dir="auto")
    pages = str(len(document.pages)) if document.media_type == "application/pdf" else None
    return element("header", title, element("dl", *rows), data_pages=pages)


def _fact(name: str, value: str, say: Wording) -> Html:
    key = f"fact.{name}"
    called = say(key) if key in say.texts else name.capitalize()
    return element(
        "div", element("dt", text(called)), element("dd", _place(value), dir="auto"), data_fact=name
    )


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


def page_of(document: Document, at: int) -> int:
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


def _text_blocks(document: Document, marks: Marks, say: Wording, top: int) -> Iterator[Html]:
    depths = dict(_depths(document))
    page = 1
    for kind, span in _blocks(document):
        if page_of(document, span.start) > page:
            page = page_of(document, span.start)
            yield element("p", text(say("source.page", page=page)), class_="page-number")
        yield _block(document.text, kind, span, marks, top + depths.get(span.start, 1))


def _depths(document: Document) -> Iterator[tuple[int, int]]:
    """Yield where each heading begins, and its depth below the title: no level is skipped."""
    above: list[int] = []
    for heading in document.headings:
        above = [level for level in above if level < heading.level] + [heading.level]
        yield heading.start, len(above)


def _block(text: str, kind: Kind, span: Span, marks: Marks, level: int) -> Html:
    if kind == "row":
        pieces = list(_cells(text, span))
        count = sum(kind == "cell" for _, kind in pieces)
        return element("div", *_row(pieces, marks), class_="row", data_cells=str(count), dir="auto")
    if kind == "heading":
        words = marks.render(_without_signs(text, span))
        return element(f"h{min(level, 6)}", *words, dir="auto")
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
    if page_of(document, span.start) != page_of(document, line.start):
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
