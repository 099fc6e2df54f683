"""Text -> safe HTML: the only way by which a document, a question, a file name or a model reaches a page.

`Html` is a string that is markup already. Only `text` makes it from text, by escaping, and only `element`
puts tags around it, so a type checker sees where text would go to a page as it is.
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
"""Characters of a quote that the list of sources shows."""

# One pass over the text. Controls that HTML forbids or drops are shown by their pictures (NUL as ␀); what
# turns the order of other text around (the bidi overrides) or cannot be written in UTF-8 (lone surrogates)
# becomes the replacement character. A bare carriage return would be read back as a line feed.
_SAFE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "&#13;", "\x7f": "␡"}
    | {chr(code): chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"}
    | dict.fromkeys("\u202d\u202e", "\ufffd")
    | {chr(code): "\ufffd" for code in range(0xD800, 0xE000)}
)


# -- answers ---------------------------------------------------------------------------------------


def transcript_html(turns: Sequence[Turn], last: Html | None = None) -> Html:
    """A whole conversation. `last` is what is not a turn yet: a pending, growing or failed one."""
    done = [turn_html(turn.question, turn.answer) for turn in turns]
    return element("div", *done, *([last] if last else []), class_="turns")


def turn_html(question: str, answer: Answer, *, growing: bool = False) -> Html:
    """A question and its answer; `growing` while more sentences are to come."""
    if growing:
        return _turn(question, answer_html(answer, growing=True), "turn growing")
    return _turn(question, _joined([answer_html(answer), _thumb()]), "turn")


def _thumb() -> Html:
    """What opens the dialog in which a person says what is wrong with the answer."""
    return element("button", text("Not a good answer"), type="button", class_="thumb")


def pending_html(question: str) -> Html:
    """A question of which nothing has been answered yet."""
    return _turn(question, element("p", text("Searching the documents…"), class_="waiting"), "turn growing")


def failed_html(question: str, message: str) -> Html:
    """A question that could not be answered, and the sentence that says why."""
    return _turn(question, element("p", text(message), class_="failure", role="alert"), "turn failed")


def scope_html() -> Html:
    """Where the page's script says which document alone is asked."""
    return element("div", id="only")


def welcome_html(documents: int) -> Html:
    """What an empty chat says: what it is for, and from how many documents it answers."""
    heading = element("h1", text("Ask the documents"))
    if not documents:
        there = element("a", text("add some"), href="#documents")
        told = _joined([text("There are no documents yet: "), there, text(" first.")])
    else:
        counted = "the one document here" if documents == 1 else f"the {documents:,} documents here"
        told = text(f"Answers come only from {counted}, and every sentence names the passage it rests on.")
    return element("section", heading, element("p", told), class_="welcome")


def answer_html(answer: Answer, *, growing: bool = False) -> Html:
    """The sentences with their numbers, then the sources and what else the documents say, or what is related
    where there is no answer."""
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
    asked = element("h2", text(question), class_="question", dir="auto")
    return element("article", asked, body, class_=kind)


def _sentences(answer: Answer, checked: bool) -> Iterator[Html]:
    """Each sentence with its numbers; where they were `checked`, one that has none is marked at once."""
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
        title=_named(citation),
        aria_label=f"Source {citation.number}: {_named(citation)}",
    )


def _sources(heading: str, kind: str, citations: Iterable[Citation]) -> Html:
    link = _source_link if kind == "sources" else _related_link
    items = [element("li", link(citation)) for citation in citations]
    return element("section", element("h3", text(heading)), element("ol", *items), class_=kind)


def _source_link(citation: Citation) -> Html:
    number = element("span", text(str(citation.number)), class_="number")
    return element("a", number, *_summary(citation), class_="source-link", href=source_url(citation))


def _related_link(citation: Citation) -> Html:
    """A related passage is no evidence, so it has no number that an answer could seem to cite."""
    return element("a", *_summary(citation), class_="citation related", href=source_url(citation))


def _summary(citation: Citation) -> Iterator[Html]:
    yield element("span", text(_named(citation)), class_="title", dir="auto")
    yield element("q", text(_short(unmarked(citation.quote))), class_="quote", dir="auto")


def source_url(citation: Citation) -> str:
    """The path, on this server, of the page that shows the quote in its document."""
    return f"/source/{_path(citation.document_id)}?start={citation.start}&end={citation.end}"


def _path(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="")


def _named(citation: Citation) -> str:
    return citation.title if citation.page is None else f"{citation.title}, page {citation.page}"


def _short(text: str) -> str:
    text = " ".join(text.split()).strip("| ")  # a table row without its outer bars
    if len(text) <= QUOTE:
        return text
    return text[:QUOTE].rsplit(" ", 1)[0].rstrip(",;:") + "…"


# -- sources ---------------------------------------------------------------------------------------

Kind = Literal["heading", "row", "code", "item", "paragraph"]

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?(?:-{2,}|={2,})[-=:| \t]*$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")


def source_html(document: Document, start: int = 0, end: int = 0) -> Html:
    """A document with `text[start:end]` in `<mark>`: its title, where it comes from, and its whole text."""
    marked = Span(max(0, start), min(end, len(document.text)))
    blocks = element("div", *_text_blocks(document, marked), class_="text", tabindex="0")
    return _joined([_source_head(document, marked), blocks])


def source_page(document: Document, start: int = 0, end: int = 0) -> Html:
    """The same as a page of its own, for a browser without script or a link opened in another tab."""
    body = element("main", source_html(document, start, end), id="source", class_="page")
    return _whole(document.title, body)


def error_page(message: str) -> Html:
    """A page that says one sentence and leads back to the chat."""
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
    """A web address as a link that tells nothing of this page; anything else as text."""
    if not _is_web_address(value):
        return text(value)
    return element("a", text(value), href=value, rel="noopener noreferrer", target="_blank")


def _is_web_address(value: str) -> bool:
    try:
        return urlsplit(value).scheme in ("http", "https") and value.startswith(("http://", "https://"))
    except ValueError:
        return False


def _page(document: Document, at: int) -> int:
    """The number of the page that holds a character; 0 in a document without pages."""
    found = bisect_right(document.pages, at, key=lambda page: page.start) - 1
    return document.pages[max(0, found)].number if document.pages else 0


def _section(document: Document, marked: Span) -> str:
    """The path of headings above the mark."""
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
    """`whole[span]` with the part of it that is marked in a `<mark>`."""
    start, end = max(span.start, marked.start), min(span.end, marked.end)
    if start >= end:
        yield text(whole[span.start : span.end])
        return
    yield text(whole[span.start : start])
    yield element("mark", text(whole[start:end]))
    yield text(whole[end : span.end])


def _row(text: str, pieces: Sequence[tuple[Span, str]], marked: Span) -> Iterator[Html]:
    """The cells and the bars between them; one `<mark>` around those that the quote touches."""
    touched = [
        n for n, (piece, _) in enumerate(pieces) if piece.start < marked.end and piece.end > marked.start
    ]
    shown = [_cell(text, piece, kind) for piece, kind in pieces]
    if not touched:
        yield from shown
        return
    first, last = touched[0], touched[-1] + 1
    yield from shown[:first]
    yield element("mark", *shown[first:last])
    yield from shown[last:]


def _cells(text: str, span: Span) -> Iterator[tuple[Span, str]]:
    at = span.start
    for found in _CELL.finditer(text, span.start, span.end):
        if at < found.start():
            yield Span(at, found.start()), "bar"
        yield Span(found.start(), found.end()), "cell"
        at = found.end()
    if at < span.end:
        yield Span(at, span.end), "bar"


def _cell(whole: str, piece: Span, kind: str) -> Html:
    return element("span", text(whole[piece.start : piece.end]), class_=kind)


def _blocks(document: Document) -> Iterator[tuple[Kind, Span]]:
    """What a reader sees as one: lines of a paragraph, an item or of code together, others one by one."""
    held: tuple[Kind, Span] | None = None
    for kind, line in _lines(document):
        if held and _goes_on(document, held, kind, line):
            held = (held[0], Span(held[1].start, line.end))
            continue
        if held:
            yield held
        held = (kind, line)
    if held:
        yield held


def _goes_on(document: Document, held: tuple[Kind, Span], kind: Kind, line: Span) -> bool:
    before, span = held
    if _page(document, span.start) != _page(document, line.start):
        return False
    if kind == "code":
        return before == "code"
    touching = document.text.count("\n", span.end, line.start) == 1
    return kind == "paragraph" and before in ("paragraph", "item") and touching


def _lines(document: Document) -> Iterator[tuple[Kind, Span]]:
    """What is to be shown, line by line: rules under column names and the fences around code are left out."""
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


# -- markup ----------------------------------------------------------------------------------------


def text(plain: str) -> Html:
    """Text as markup that shows it, within an element or an attribute."""
    return Html(plain.translate(_SAFE))


def element(name: str, *children: Html, **attributes: str | None) -> Html:
    """An element around its children. Of attributes, `class_` and `data_number` are written as `class` and
    `data-number`, and None is left out."""
    given = {
        key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None
    }
    written = "".join(f' {key}="{text(value)}"' for key, value in given.items())
    return Html(f"<{name}{written}>{_joined(children)}</{name}>")


def _joined(parts: Iterable[Html]) -> Html:
    return Html("".join(parts))


def _spaced(parts: Iterable[Html]) -> Iterator[Html]:
    for number, part in enumerate(parts):
        if number:
            yield Html(" ")
        yield part
