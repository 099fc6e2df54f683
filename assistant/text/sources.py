"""Documents as HTML: their text in readable blocks, with what an answer quotes from them marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

from assistant.core.types import Citation, Document, Span
from assistant.text.blocks import Marks, blocks, near, page_of, row_html, text_blocks
from assistant.text.html import Html, element, joined, text
from assistant.text.sentences import sentences
from assistant.text.wording import ENGLISH, Wording

AROUND = 240
"""Characters before and after a quote on its card."""


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
    *,
    first: bool = False,
) -> Html:
    """Render a document with `text[start:end]` in `<mark class="current">`, under its title and metadata.

    `others` are marked too, as what else the same answer quotes. With `first`, a long document has only what
    is around the mark.
    """
    return joined(_source(document, start, end, others, say, 2, first=first))


def _source(
    document: Document,
    start: int,
    end: int,
    others: Sequence[Span],
    say: Wording,
    level: int,
    *,
    first: bool = False,
) -> Iterator[Html]:
    """Yield the parts of a document; its title is a heading of `level`, its own headings are below that."""
    marks = Marks(document, Span(max(0, start), min(end, len(document.text))), others)
    yield _source_head(document, marks.current, say, level)
    around = near(document, marks.current)
    length = None if around is None else "part" if first else "whole"
    shown = text_blocks(document, marks, say, level, around if first else None)
    yield element("div", *shown, class_="text", tabindex="0", data_long=length)


def source_page(
    document: Document,
    start: int = 0,
    end: int = 0,
    others: Sequence[Span] = (),
    say: Wording = ENGLISH,
) -> Html:
    """Render the document as a whole page, for browsers without script and links in new tabs."""
    body = element("main", *_source(document, start, end, others, say, 1), id="source", class_="page")
    return whole_page(document.title, body, say)


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
    found = list(blocks(document, near(document, marks.current)))
    at = next((n for n, (_, span) in enumerate(found) if span.end > marks.current.start), None)
    if at is None:
        return
    kind, span = found[at]
    if kind == "row":
        first = next(n for n in range(at, -1, -1) if n == 0 or found[n - 1][0] != "row")
        rows = [row_html(found[n][1], marks, is_head=n != at) for n in sorted({first, at})]
        yield element("div", *rows, class_="table", role="table", dir="auto")
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
    return whole_page(
        say("source.gone"), element("main", heading, message, back, id="source", class_="page"), say
    )


def whole_page(title: str, body: Html, say: Wording, sheets: Sequence[str] = ("page", "source")) -> Html:
    """Render a page beside the chat, with these style sheets of ours."""
    styles = "".join(f'<link rel="stylesheet" href="/page/{name}.css">' for name in sheets)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>"
        '<script src="/page/before.js"></script><script type="module" src="/page/mark.js"></script>'
        f'<link rel="icon" href="/page/icon.svg">{styles}'
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


def _section(document: Document, marked: Span) -> str:
    """Return the path of headings above the mark."""
    path: dict[int, str] = {}
    for heading in document.headings:
        if heading.start > marked.start or marked.start >= marked.end:
            break
        path = {level: title for level, title in path.items() if level < heading.level}
        path[heading.level] = heading.title
    return " › ".join(path.values())
