"""Text -> safe HTML: the only way for documents, questions, file names and model output to reach a page.

`Html` is a string of markup. Only `text` makes it from text, by escaping, and only `element` adds tags, so a
type checker finds text that would reach a page unescaped.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NewType
from urllib.parse import quote, urlsplit

from assistant.core.types import Answer, Citation, Document, Sentence, Span, Turn
from assistant.text.marks import unmarked

Html = NewType("Html", str)

QUOTE = 180
"""Characters of a quote in the list of sources."""

# Control characters that HTML forbids or drops become their pictures (NUL as ␀). Bidi overrides, which
# reverse other text, and surrogates, which UTF-8 cannot encode, become the replacement character. A bare
# carriage return would be parsed as a line feed.
_SAFE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "&#13;", "\x7f": "␡"}
    | {chr(code): chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"}
    | dict.fromkeys("\u202d\u202e", "\ufffd")
    | {chr(code): "\ufffd" for code in range(0xD800, 0xE000)}
)


def transcript_html(turns: Sequence[Turn], last: Html | None = None) -> Html:
    """Render a conversation. `last` is its unfinished end: a pending, growing or failed turn."""
    done = [turn_html(turn.question, turn.answer) for turn in turns]
    return element("div", *done, *([last] if last else []), class_="turns")


def turn_html(question: str, answer: Answer, *, growing: bool = False) -> Html:
    """Render a question and its answer; `growing` while more sentences follow."""
    if growing:
        return _turn(question, answer_html(answer, growing=True), "turn growing")
    feedback = element("button", text("Not a good answer"), type="button", class_="thumb")
    return _turn(question, _joined([answer_html(answer), feedback]), "turn")


def pending_html(question: str) -> Html:
    """Render a question without any answer yet."""
    return _turn(question, element("p", text("Searching the documents…"), class_="waiting"), "turn growing")


def failed_html(question: str, message: str) -> Html:
    """Render a question that failed, with the error message."""
    return _turn(question, element("p", text(message), class_="failure", role="alert"), "turn failed")


def scope_html() -> Html:
    """Render the place for the name of the only document to search, filled by the page's script."""
    return element("div", id="only")


def welcome_html(documents: int) -> Html:
    """Render the greeting of an empty chat, with the number of documents."""
    heading = element("h1", text("Ask the documents"))
    if not documents:
        link = element("a", text("add some"), href="#documents")
        message = _joined([text("There are no documents yet: "), link, text(" first.")])
    else:
        corpus = "the one document here" if documents == 1 else f"the {documents:,} documents here"
        message = text(f"Answers come only from {corpus}, and every sentence names the passage it rests on.")
    return element("section", heading, element("p", message), class_="welcome")


def answer_html(answer: Answer, *, growing: bool = False) -> Html:
    """Render the sentences with their numbers, then sources and evidence, or related passages."""
    kind = "answer" if answer.answered else "answer unanswered"
    checked = answer.mode != "extractive" and (growing or answer.answered)
    parts = [element("p", *_spaced(_sentences(answer, checked)), class_=kind, dir="auto")]
    for remark in filter(None, (answer.understood, answer.notice)):
        parts.append(element("p", text(remark), class_="notice", role="note"))
    if answer.citations:
        parts.append(_sources("Sources", "sources", answer.citations))
    if answer.evidence and answer.answered:
        parts.append(_sources("Also in the documents", "related-passages", answer.evidence))
    if answer.related and not answer.answered:
        parts.append(_sources("Related passages", "related-passages", answer.related))
    return _joined(parts)


def _turn(question: str, body: Html, kind: str) -> Html:
    heading = element("h2", text(question), class_="question", dir="auto")
    return element("article", heading, body, class_=kind)


def _sentences(answer: Answer, checked: bool) -> Iterator[Html]:
    """Yield each sentence with its numbers; if `checked`, sentences without any are marked."""
    citations = {citation.number: citation for citation in answer.citations}
    for sentence in answer.sentences:
        cited = [citations[number] for number in sentence.citations if number in citations]
        if cited or not checked or not sentence.is_whole:
            yield _cited(sentence, cited)
        else:
            yield _unsupported(sentence)


def _cited(sentence: Sentence, citations: Sequence[Citation]) -> Html:
    chips = [element("sup", *map(_chip, citations), class_="numbers")] if citations else []
    return element("span", text(sentence.text), *chips, class_="sentence")


def _unsupported(sentence: Sentence) -> Html:
    mark = element("span", text(" unsupported"), class_="flag")
    why = "No passage of the corpus supports this sentence."
    return element("span", text(sentence.text), mark, class_="sentence unsupported", title=why)


def _chip(citation: Citation) -> Html:
    return element(
        "a",
        text(str(citation.number)),
        class_="citation",
        data_number=str(citation.number),
        href=source_url(citation),
        title=_label(citation),
        aria_label=f"Source {citation.number}: {_label(citation)}",
    )


def _sources(heading: str, kind: str, citations: Iterable[Citation]) -> Html:
    link = _source_link if kind == "sources" else _related_link
    items = [element("li", link(citation)) for citation in citations]
    return element("section", element("h3", text(heading)), element("ol", *items), class_=kind)


def _source_link(citation: Citation) -> Html:
    number = element("span", text(str(citation.number)), class_="number")
    return element("a", number, *_summary(citation), class_="source-link", href=source_url(citation))


def _related_link(citation: Citation) -> Html:
    """Render a related passage: it is not evidence, so it has no number that an answer could cite."""
    return element("a", *_summary(citation), class_="citation related", href=source_url(citation))


def _summary(citation: Citation) -> Iterator[Html]:
    yield element("span", text(_label(citation)), class_="title", dir="auto")
    yield element("q", text(_short(unmarked(citation.quote))), class_="quote", dir="auto")


def source_url(citation: Citation) -> str:
    """Return the path of the page that marks the quote in its document."""
    return f"/source/{_path(citation.document_id)}?start={citation.start}&end={citation.end}"


def _path(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="")


def _label(citation: Citation) -> str:
    return citation.title if citation.page is None else f"{citation.title}, page {citation.page}"


def _short(text: str) -> str:
    text = " ".join(text.split()).strip("| ")  # a table row without its outer bars
    if len(text) <= QUOTE:
        return text
    return text[:QUOTE].rsplit(" ", 1)[0].rstrip(",;:") + "…"


Kind = Literal["heading", "row", "code", "item", "paragraph"]

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?(?:-{2,}|={2,})[-=:| \t]*$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")


def source_html(document: Document, start: int = 0, end: int = 0) -> Html:
    """Render a document with `text[start:end]` in `<mark>`, under its title and metadata."""
    marked = Span(max(0, start), min(end, len(document.text)))
    blocks = element("div", *_text_blocks(document, marked), class_="text", tabindex="0")
    return _joined([_source_head(document, marked), blocks])


def source_page(document: Document, start: int = 0, end: int = 0) -> Html:
    """Render the document as a whole page, for browsers without script and links in new tabs."""
    body = element("main", source_html(document, start, end), id="source", class_="page")
    return _whole(document.title, body)


def error_page(message: str) -> Html:
    """Render a page with one sentence and a link to the chat."""
    back = element("p", element("a", text("Back to the chat"), href="/"))
    body = element("main", element("h1", text(message)), back, id="source", class_="page")
    return _whole("Not found", body)


def _whole(title: str, body: Html) -> Html:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>"
        '<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/page.css">'
        '<script src="/page/page.js" defer></script>'
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


def _text_blocks(document: Document, marked: Span) -> Iterator[Html]:
    levels = {heading.start: heading.level for heading in document.headings}
    page = 1
    for kind, span in _blocks(document):
        if _page(document, span.start) > page:
            page = _page(document, span.start)
            yield element("p", text(f"Page {page}"), class_="page-number")
        yield _block(document.text, kind, span, marked, levels.get(span.start, 1))


def _block(text: str, kind: Kind, span: Span, marked: Span, level: int) -> Html:
    if kind == "row":
        pieces = list(_cells(text, span))
        count = sum(kind == "cell" for _, kind in pieces)
        return element("div", *_row(text, pieces, marked), class_="row", data_cells=str(count))
    if kind == "heading":
        words = _marked(text, _without_signs(text, span), marked)
        return element(f"h{min(level + 2, 6)}", *words, dir="auto")
    if kind == "code":
        return element("pre", *_marked(text, span, marked))
    return element("p", *_marked(text, span, marked), class_="item" if kind == "item" else None, dir="auto")


def _without_signs(text: str, heading: Span) -> Span:
    words = text[heading.start : heading.end]
    return Span(heading.end - len(words.lstrip("# \t")), heading.end)


def _marked(whole: str, span: Span, marked: Span) -> Iterator[Html]:
    """Render `whole[span]` with its marked part in a `<mark>`."""
    start, end = max(span.start, marked.start), min(span.end, marked.end)
    if start >= end:
        yield text(whole[span.start : span.end])
        return
    yield text(whole[span.start : start])
    yield element("mark", text(whole[start:end]))
    yield text(whole[end : span.end])


def _row(text: str, pieces: Sequence[tuple[Span, str]], marked: Span) -> Iterator[Html]:
    """Yield the cells of a row and the bars between them; one `<mark>` contains those in the quote."""
    touched = [
        n for n, (piece, _) in enumerate(pieces) if piece.start < marked.end and piece.end > marked.start
    ]
    cells = [_cell(text, piece, kind) for piece, kind in pieces]
    if touched:
        first, last = touched[0], touched[-1] + 1
        cells[first:last] = [element("mark", *cells[first:last])]
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


def _cell(whole: str, piece: Span, kind: str) -> Html:
    return element("span", text(whole[piece.start : piece.end]), class_=kind)


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


def text(plain: str) -> Html:
    """Escape text for use within an element or an attribute."""
    return Html(plain.translate(_SAFE))


def element(name: str, *children: Html, **attributes: str | None) -> Html:
    """Make an element. `class_` and `data_number` become `class` and `data-number`; None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>{_joined(children)}</{name}>")


def _joined(parts: Iterable[Html]) -> Html:
    return Html("".join(parts))


def _spaced(parts: Iterable[Html]) -> Iterator[Html]:
    for number, part in enumerate(parts):
        if number:
            yield Html(" ")
        yield part
