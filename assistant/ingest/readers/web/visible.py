"""Rewrites a page so that its text is what a person sees: nothing hidden, nothing cut out or glued."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.content import list_label, one_line, superscript

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LABEL = "\ue000{}\ue001"
"""A number of a list item, between characters that no page uses."""
_LABELLED = re.compile("\ue000([^\ue001]*)\ue001\\s*")

LINE_END = "\ue002"
"""A line end within a cell, of which extraction leaves nothing."""

_HIDING = re.compile(r"display:none|visibility:hidden", re.IGNORECASE)
_HIDDEN_TAGS = {"ix:header", "ix:hidden"}
_TEXT_TAGS = "p li td th dd dt blockquote caption figcaption h1 h2 h3 h4 h5 h6".split()
_HEADINGS = "h1 h2 h3 h4 h5 h6".split()
_CELL_BLOCKS = "p div ul ol dl li dd dt section".split()


def keep_visible(page: HtmlElement) -> HtmlElement:
    """Rewrite the page in place, and return it."""
    _remove_hidden(page)
    _unwrap(page)
    _raise_scripts(page)
    _inline(page)
    for table in list(page.iter("table")):
        if table.find(".//table") is None:
            _lift_caption(table)
            _flatten_cells(table)
    for ordered in page.iter("ol"):
        _number(ordered)
    return page


def split_label(text: str) -> tuple[str, str]:
    """Split the number of a list item from its text. The number is empty if it has none."""
    label = _LABELLED.match(text.lstrip())
    return (label.group(1) if label else ""), _LABELLED.sub("", text)


def with_labels(text: str) -> str:
    """Return a text with the numbers of list items as plain characters."""
    return _LABELLED.sub(r"\1 ", text)


def _remove_hidden(page: HtmlElement) -> None:
    """Remove hidden elements, except one with most of the text, which a script will show."""
    most = len(page.text_content()) / 2
    for element in [element for element in page.iter() if _is_hidden(element)]:
        is_whole = element.tag in ("html", "body") or len(element.text_content()) > most
        if not is_whole or element.tag in _HIDDEN_TAGS:
            element.drop_tree()


def _is_hidden(element: Any) -> bool:
    if element.tag in _HIDDEN_TAGS or element.get("hidden", "until-found") != "until-found":
        return True
    return _HIDING.search(element.get("style", "").replace(" ", "")) is not None


def _unwrap(page: HtmlElement) -> None:
    """Remove tags that HTML does not know, such as `ix:nonnumeric` and `x-price`, and keep what is in them:
    extraction drops it in the cells of a table."""
    from lxml import etree

    names = {str(element.tag) for element in page.iter(etree.Element)}
    etree.strip_tags(page, "nobr", *(name for name in names if re.search("[:-]", name)))
    for element in page.iter("center"):
        element.tag = "div"


def _raise_scripts(page: HtmlElement) -> None:
    """Write powers as 10^6, marks of notes as [1], and subscripts as H2O."""
    for element in list(page.iter("sup", "sub")):
        if element.tag == "sup" and len(text := one_line(element.text_content())) <= 20:
            _replace(element, superscript(text, _before(element), is_note=_is_link(element)))
        else:
            element.drop_tag()


def _before(element: Any) -> str:
    """Return the text just before an element, within its block."""
    previous = element.getprevious()
    if previous is not None:
        return str(previous.text_content() + (previous.tail or ""))[-40:]
    parent = element.getparent()
    text = str(parent.text or "")
    return text[-40:] if text or parent.tag in _TEXT_TAGS else _before(parent)


def _is_link(element: Any) -> bool:
    links = [*element.iter("a"), *element.iterancestors("a")]
    return any("#" in link.get("href", "") for link in links)


def _replace(element: Any, text: str) -> None:
    """Replace an element by text."""
    for child in list(element):
        element.remove(child)
    element.text = text
    element.drop_tag()


def _inline(page: HtmlElement) -> None:
    """Keep inline elements in their sentence that extraction takes for furniture or for blocks."""
    for button in list(page.iter("button")):
        if next(button.iterancestors(*_HEADINGS), None) is not None:
            button.drop_tag()
    for math in list(page.iter("math")):
        notes = math.xpath('.//*[local-name()="annotation"]')
        tex = [note.text or "" for note in notes if "tex" in note.get("encoding", "")]
        for note in notes:
            note.drop_tree()
        _replace(math, one_line(next(iter(tex), "") or math.get("alttext") or math.text_content()))
    for quoted in list(page.iter("q")):
        text = quoted.text_content()
        _replace(quoted, text if text[:1] in "\"“'‘«" else f"“{text}”")
    for element in list(page.iter("time", "label", "output", "code", "kbd", "samp", "tt")):
        block = next(element.iterancestors(*_TEXT_TAGS, "pre"), None)
        if block is None or block.tag == "pre" or "\n" in (text := element.text_content().strip()):
            continue
        if len(text) < len(block.text_content().strip()):
            element.drop_tag()


def _lift_caption(table: Any) -> None:
    """Put the caption, or a first row of a single wide cell, before the table."""
    titles = list(table.iter("caption"))
    rows = list(table.iter("tr"))
    if len(rows) > 1 and len(cells := list(rows[0].iterchildren("td", "th"))) == 1:
        is_title = cells[0].tag == "th" or cells[0].get("colspan")
        if is_title and any(len(list(row.iterchildren("td", "th"))) > 1 for row in rows[1:]):
            titles.append(cells[0])
            rows[0].drop_tree()
    for title in titles:
        if text := one_line(title.text_content()):
            paragraph = table.makeelement("p")
            paragraph.text = text
            table.addprevious(paragraph)
        if title.tag == "caption":
            title.drop_tree()


def _flatten_cells(table: Any) -> None:
    """Write lists and blocks within a cell on one line: items with commas between them."""
    from lxml import etree

    for cell in table.iter("td", "th"):
        for line_end in cell.iter("br"):
            line_end.tail = LINE_END + (line_end.tail or "")
        etree.strip_tags(cell, "br")
        blocks = list(cell.iter(*_CELL_BLOCKS))
        for block in blocks:
            before = _before_in(cell, block)
            if before and not before[-1].isspace():
                joint = ", " if block.tag == "li" and before[-1] not in ",;:" else " "
                block.text = joint + (block.text or "").lstrip()
            tail = block.tail or ""
            if not tail.strip() and (after := block.getnext()) is not None and after.tag in _CELL_BLOCKS:
                tail = ""  # indentation
            block.tail = tail if not tail or tail[0] in ",.;:)" else f" {tail}"
        for block in blocks:
            block.drop_tag()


def _before_in(cell: Any, block: Any) -> str:
    """Return the end of the text of a cell before one of its blocks."""
    while block is not cell:
        for sibling in block.itersiblings(preceding=True):
            text = str(sibling.text_content() + (sibling.tail or "")).rstrip()
            if text:
                return text
        block = block.getparent()
        text = str(block.text or "").rstrip()
        if text:
            return text
    return ""


def _number(ordered: Any) -> None:
    """Write the numbers of an ordered list into its items."""
    if "none" in ordered.get("style", "") or re.search("breadcrumb|unstyled", ordered.get("class", "")):
        return
    items = list(ordered.iterchildren("li"))
    backwards = ordered.get("reversed") is not None
    number = _integer(ordered.get("start"), len(items) if backwards else 1)
    for item in items:
        number = _integer(item.get("value"), number)
        place = item
        while not (place.text or "").strip() and len(place) and place[0].tag in ("p", "div", "span", "b"):
            place = place[0]
        place.text = (
            _LABEL.format(list_label(number, ordered.get("type", "1")) + ".") + (place.text or "").lstrip()
        )
        number += -1 if backwards else 1


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,6}", text) else default
