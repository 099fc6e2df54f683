"""Marks up the body of an article so that extraction for precision leaves no gaps in it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.content import one_line
from assistant.ingest.readers.web.wording import wording

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONG = 80
_FURNITURE = re.compile(
    r"comment|reply|related|teaser|card|promo|share|social|newsletter|byline|author|tags?\b|\bads?\b|advert"
    r"|sidebar|widget|button|nav|menu|meta|credit|banner|cookie|signup|subscribe|more",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^\W_].{15,600}[.!?]")
_BLOCKS = "p div ul ol dl table section article aside blockquote figure h1 h2 h3 h4 h5 h6 pre form".split()
_HEADINGS = "h2 h3 h4 h5 h6".split()


def fill_gaps(page: HtmlElement) -> None:
    """Make paragraphs of what lies between the paragraphs of an article: boxes, asides, captions, links."""
    for body in [box for box in page.iter("div", "section", "article", "main", "body") if _is_body(box)]:
        for child in list(body):
            _keep(child)
        for heading, links in pairwise(list(body)):
            if heading.tag in _HEADINGS and links.tag in ("ul", "ol") and not _leads_away(heading, links):
                _unlink(links)


def _keep(child: Any) -> None:
    if child.tag in _HEADINGS:
        _unlink(child)
    elif child.tag in ("div", "section") and _is_text(child):
        _set_plain(child, "p")
    elif child.tag == "aside" and _is_prose(child):
        _set_plain(child, "div")
    elif child.tag == "figure":
        _caption(child)


def _leads_away(heading: Any, links: Any) -> bool:
    """True for a list of other articles."""
    return bool(wording("elsewhere", r"\W*{}\b").match(_words(heading)) or _FURNITURE.search(_names(links)))


def _is_body(box: Any) -> bool:
    """True for a box with two long paragraphs directly in it."""
    return bool(sum(child.tag == "p" and len(child.text_content()) > _LONG for child in box) >= 2)


def _is_text(box: Any) -> bool:
    """True for a box of text without paragraphs."""
    return next(box.iterdescendants(*_BLOCKS), None) is None and _is_prose(box)


def _is_prose(box: Any) -> bool:
    text = _words(box)
    linked = sum(len(one_line(link.text_content())) for link in box.iter("a"))
    if (
        _FURNITURE.search(_names(box))
        or linked * 3 > len(text)
        or wording("elsewhere", r"\W*{}\b").match(text)
    ):
        return False
    return len(text) > 30 and text[-1] in ".!?:;”\"')"


def _words(box: Any) -> str:
    """Return the text of a box on one line; empty for one with a script, which is an advertisement."""
    scripts = next(box.iter("script", "style", "noscript"), None)
    return one_line(box.text_content()) if scripts is None else ""


def _names(box: Any) -> str:
    return f"{box.get('class', '')} {box.get('id', '')}"[:1000]


def _set_plain(box: Any, tag: str) -> None:
    box.attrib.clear()
    box.tag = tag


def _caption(figure: Any) -> None:
    caption = figure.find(".//figcaption")
    text = _words(caption) if caption is not None else ""
    if (
        _SENTENCE.fullmatch(text)
        and not wording("credits", r"\b{}\b|©").search(text)
        and figure.find(".//table") is None
    ):
        tail = figure.tail
        figure.clear()
        figure.tag, figure.text, figure.tail = "p", text, tail


def _unlink(element: Any) -> None:
    for link in list(element.iter("a")):
        link.drop_tag()
