"""Web pages: the main text with its headings, lists and tables, without navigation and teasers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line
from assistant.ingest.readers.grid import typed_rows
from assistant.ingest.readers.web.article import fill_gaps
from assistant.ingest.readers.web.spans import unspan
from assistant.ingest.readers.web.visible import LINE_END, keep_visible, split_label, with_labels
from assistant.ingest.readers.web.wording import wording

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BOOK = 5000
_BLOCKS = {"p", "list", "table", "head", "quote", "code", "item", "row", "cell", "div"}


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of the main text, named as in trafilatura. `linked` counts characters in links."""

    kind: str
    text: str
    linked: int = 0
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    keyed: bool = False
    """True for a table whose first row is a name and its value, not two column names."""


def read_html(text: str) -> Content:
    """Parse a web page: its main text, or all visible text if none is found."""
    page = keep_visible(_parse(text))
    article = _extract(page)
    whole = one_line(page.text_content())
    title = one_line((article.title if article else None) or page.findtext(".//title") or "")
    blocks = list(_Walk(whole).blocks(article.body)) if article else []
    draft = ContentBuilder()
    for block in _main_or_visible(_main(blocks, title), page):
        _write(draft, block)
    fields = {"author": "author", "date": "date", "publisher": "sitename", "url": "url"}
    metadata = clean_metadata((key, getattr(article, name, None)) for key, name in fields.items())
    return draft.content("text/html", title or None, metadata)


def write_page(draft: ContentBuilder, text: str, title: str = "") -> None:
    """Write all visible text of a page, such as a chapter or a mail.

    `title` is its heading if the page has no heading.
    """
    blocks = _visible(keep_visible(_parse(text)), _NEVER_SEEN)
    if blocks and not any(block.kind == "head" for block in blocks):
        draft.heading(1, title)
    for block in blocks:
        _write(draft, block)


_SOFT = re.compile("[\xad\u200b\ue000-\ue002]|&shy;|&ZeroWidthSpace;")
"""Places where a word may be broken, and the marks of list numbers and line ends."""


def _parse(text: str) -> HtmlElement:
    from lxml import html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return html.document_fromstring(_SOFT.sub("", text).encode("utf-8"), parser=parser)


def _extract(page: HtmlElement) -> Any:
    """Extract the main text with trafilatura: for precision, or for recall if that leaves next to nothing.

    None for a page as long as a book: extraction takes minutes, and such a page has little else.
    """
    if sum(1 for _ in page.iter("p", "li", "tr", "h2", "h3", "br")) > _BOOK:
        return None
    strict = _extract_with(page, favor_precision=True)
    if strict is not None and len(strict.text or "") >= _SHORT:
        return strict
    generous = _extract_with(page, favor_recall=True)
    return max((strict, generous), key=lambda result: -1 if result is None else len(result.text or ""))


def _extract_with(page: HtmlElement, **focus: Any) -> Any:
    from trafilatura import bare_extraction

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    page = _prepare(deepcopy(page))
    wanted: Any = {"include_comments": False, "include_links": True, "include_formatting": True}
    return bare_extraction(page, with_metadata=True, **wanted, **focus)


_BODY = re.compile(r"article|story|entry|post|content|body|text", re.IGNORECASE)
_ASIDE = re.compile(r"comment|reply|related|teaser|card|promo", re.IGNORECASE)
_QUOTED = re.compile(r"twitter-tweet|instagram-media|bluesky-embed|mastodon-embed")


def _prepare(page: HtmlElement) -> HtmlElement:
    """Mark up a page for strict extraction to leave no gaps in its text."""
    for element in page.iter():
        for name, value in element.attrib.items():
            if len(value) > 10_000:  # not a class name, and searching it takes seconds
                del element.attrib[name]
    for span in page.iterfind(".//p//span[@class]"):
        if "link" in span.get("class", "").split():  # wraps links within sentences
            span.set("class", "inline")
    _gather_body(page)
    fill_gaps(page)
    unspan(page)
    for quote in list(page.iter("blockquote")):
        if _QUOTED.search(quote.get("class", "")):
            _plain_quote(quote)
    return page


def _gather_body(page: HtmlElement) -> None:
    """Move an article that is split into several boxes of one class into the first of them."""
    boxes: dict[tuple[str, Any], list[HtmlElement]] = {}
    for box in page.iter("div", "section"):
        name = box.get("class", "")
        if _BODY.search(name) and not _ASIDE.search(name):
            paragraphs = [child for child in box if child.tag == "p" and len(child.text_content()) > 80]
            if len(paragraphs) >= 2:
                boxes.setdefault((name, next(box.iterancestors("article"), None)), []).append(box)
    for first, *others in boxes.values():
        for other in others:
            first.extend(list(other))


def _plain_quote(quote: HtmlElement) -> None:
    """Remove the classes of a quoted post and of the boxes around it, to make it a plain quotation."""
    quote.attrib.clear()
    length = len(quote.text_content())
    for box in quote.iterancestors("div", "figure", "section"):
        if len(box.text_content()) > length + 100:
            break
        box.attrib.clear()


class _Walk:
    """Reads blocks from trafilatura's tree. `whole` is the text of the page, used to restore spaces."""

    def __init__(self, whole: str) -> None:
        self._whole = whole

    def blocks(self, parent: Any) -> Iterator[_Block]:
        """Yield the blocks in `parent`; text and inline elements between them are paragraphs."""
        inline, linked = parent.text or "", 0
        for child in parent:
            if child.tag in _BLOCKS:
                if inline.strip():
                    yield _Block("p", inline, linked)
                yield from self._block(child)
                inline, linked = child.tail or "", 0
            else:
                inline = self._join(self._join(inline, self._text(child)), child.tail or "")
                linked += _linked(child)
        if inline.strip():
            yield _Block("p", inline, linked)

    def _block(self, element: Any) -> Iterator[_Block]:
        if element.tag == "head":
            level = re.fullmatch(r"h([1-6])", element.get("rend") or "")
            yield _Block("head", self._text(element), _linked(element), int(level.group(1)) if level else 2)
        elif element.tag == "table":
            rows = tuple(tuple(self._text(cell) for cell in row) for row in element.iter("row"))
            first = [cell.get("role") == "head" for cell in next(element.iter("row"), ())]
            text = "\n".join(" ".join(row) for row in rows)
            yield _Block("table", text, _linked(element), rows=rows, keyed=first == [True, False])
        elif element.tag == "code":
            yield _Block("code", "".join(element.itertext()))
        elif any(child.tag in _BLOCKS for child in element):
            inner = list(self.blocks(element))
            yield from (
                replace(b, kind="item") if element.tag == "item" and b.kind == "p" else b for b in inner
            )
        else:
            yield _Block(element.tag, self._text(element), _linked(element))

    def _text(self, element: Any) -> str:
        text = "\n" if element.tag == "lb" else element.text or ""
        for child in element:
            text = self._join(self._join(text, self._text(child)), child.tail or "")
        return text

    def _join(self, left: str, right: str) -> str:
        """Join two texts with the space that was lost beside a link or an emphasis."""
        touch = left[-1:].isalnum() and right[:1].isalnum()
        return f"{left} {right}" if touch and left[-12:] + right[:12] not in self._whole else left + right


def _linked(element: Any) -> int:
    links = element.iter("ref")
    return sum(len(one_line("".join(link.itertext()))) for link in links)


def _write(draft: ContentBuilder, block: _Block) -> None:
    rows = tuple(tuple(cell.replace(LINE_END, "\n") for cell in row) for row in block.rows)
    block = replace(block, text=block.text.replace(LINE_END, "\n"), rows=rows)
    if block.kind == "p" and split_label(block.text)[0]:
        block = replace(block, kind="item")
    elif block.kind != "item":
        rows = tuple(tuple(map(with_labels, row)) for row in block.rows)
        block = replace(block, text=with_labels(block.text), rows=rows)
    if block.kind == "head":
        draft.heading(block.level, block.text)
    elif block.kind == "item":
        label, text = split_label(block.text)
        draft.item(text, label=label)
    elif block.keyed and all(len(row) == 2 for row in block.rows):
        _write_pairs(draft, block.rows)
    elif block.kind == "table":
        draft.table(_with_one_header(typed_rows(block.rows)[0]))
    elif block.kind == "code" and "\n" in block.text.strip():
        draft.code(block.text)
    else:
        draft.paragraph(block.text)


def _write_pairs(draft: ContentBuilder, rows: Sequence[Sequence[str]]) -> None:
    for name, value in rows:
        is_pair = value and value != name
        draft.item(f"{one_line(name).rstrip(':')}: {value}" if is_pair else name)


def _with_one_header(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Merge the first two rows if both are column names, with cells spanning rows and columns."""
    if len(rows) < 3 or len(rows[0]) != len(rows[1]):
        return rows
    same = any(a and one_line(a) == one_line(b) for a, b in zip(*rows[:2], strict=True))
    wide = any(a and a == b for a, b in pairwise(rows[0]))
    if not same or not wide:
        return rows
    return [
        [" ".join(dict.fromkeys(map(one_line, names))) for names in zip(*rows[:2], strict=True)],
        *rows[2:],
    ]


_SHORT = 250


def _main(blocks: list[_Block], title: str) -> list[_Block]:
    """Return the blocks without the title, links to other pages and invitations."""
    kept = [replace(block, text=text) for block in blocks if (text := block.text.strip())]
    kept = _without_title(kept, title)
    kept = [b for b in kept if len(b.text) > _SHORT or not wording("cues", r"\W*{}").match(one_line(b.text))]
    kept = _without_link_lists(kept)
    while kept and (kept[-1].kind == "head" or _invites(kept[-1])):
        kept.pop()
    return kept


def _without_title(blocks: list[_Block], title: str) -> list[_Block]:
    """Return the blocks without headings of the page itself at the top: of level 1, or its title."""
    kept = list(blocks)
    for at in (1, 0):
        heading = kept[at] if len(kept) > at and kept[at].kind == "head" else None
        if heading and (heading.level == 1 or _bare(heading.text) in _bare(title)):
            del kept[at]
    return kept


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _without_link_lists(blocks: list[_Block]) -> list[_Block]:
    """Return the blocks without lists that consist almost entirely of links."""
    kept: list[_Block] = []
    for is_list, group in groupby(blocks, key=lambda block: block.kind == "item"):
        run = list(group)
        if not is_list or sum(b.linked for b in run) < 0.8 * sum(len(one_line(b.text)) for b in run):
            kept.extend(run)
    return kept


def _invites(block: _Block) -> bool:
    return (
        block.kind == "p"
        and len(block.text) <= _SHORT
        and wording("invitations", r"\b{}\b").search(block.text) is not None
    )


_NEVER_SEEN = (
    "script style noscript template svg head nav iframe select button dialog object audio video".split()
)
_UNSEEN = [*_NEVER_SEEN, "form", "footer"]
_BREAKS = set(
    "p div li tr td th br hr table ul ol dl dd dt section article main header aside blockquote figure "
    "figcaption address details summary h1 h2 h3 h4 h5 h6".split()
)


def _main_or_visible(main: list[_Block], page: HtmlElement) -> list[_Block]:
    """Return the main text, or all visible text if the main text is missing or nearly all of the page."""
    if _size(main) >= _SHORT:
        return main
    visible = _visible(deepcopy(page))
    return visible if not main or _size(visible) < 2 * _SHORT else main


def _size(blocks: list[_Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _visible(page: HtmlElement, unseen: Sequence[str] = _UNSEEN) -> list[_Block]:
    """Return the visible text without menus, in reading order. The page is changed."""
    from lxml import etree

    unspan(page)
    etree.strip_elements(page, *unseen, with_tail=False)
    blocks: list[_Block] = []
    pieces: list[str] = []

    def flush(kind: str = "p", level: int = 0) -> None:
        if words := one_line("".join(pieces)):
            blocks.append(_Block(kind, words, level=level))
        pieces.clear()

    walk = etree.iterwalk(page, events=("start", "end"))
    for event, element in walk:
        whole = _as_whole(element) if event == "start" else None
        if whole is not None or element.tag in _BREAKS:
            flush(*_kind_of(str(element.tag)) if event == "end" and whole is None else ("p", 0))
        if whole is not None:
            blocks.append(whole)
            walk.skip_subtree()
        elif event == "start":
            pieces.append(element.text or "")
        if event == "end":
            pieces.append(element.tail or "")
    flush()
    return blocks


def _kind_of(tag: str) -> tuple[str, int]:
    """Return the kind of the block that ends with this tag, and its level if it is a heading."""
    if tag == "li":
        return "item", 0
    return ("head", int(tag[1])) if re.fullmatch("h[1-6]", tag) else ("p", 0)


def _as_whole(element: Any) -> _Block | None:
    """Return the block of an element that is read whole: code, or a table that is not page layout."""
    if element.tag == "pre":
        return _Block("code", element.text_content())
    if element.tag != "table" or element.find(".//table") is not None:
        return None
    rows = tuple(
        tuple(one_line(cell.text_content()) for cell in row.iter("td", "th")) for row in element.iter("tr")
    )
    if len(rows) < 2 or max(map(len, rows)) < 2 or max(len(cell) for row in rows for cell in row) > 2000:
        return None
    first = [cell.tag == "th" for cell in next(element.iter("tr")).iter("td", "th")]
    text = "\n".join(" ".join(row) for row in rows)
    return _Block("table", text, rows=rows, keyed=first == [True, False])
