"""Word documents (.docx): headings by style, lists, tables as Markdown tables, in reading order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.readers.content import Content, Draft, described, one_line

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WRAPPERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "smartTag", "customXml")}


def read_docx(data: bytes) -> Content:
    """Content of a .docx file; text that is marked as deleted is left out, inserted text is kept."""
    from docx import Document

    word = Document(io.BytesIO(data))
    outline = _Styles(word)
    draft = Draft()
    for block in _blocks(word.element.body):
        if block.tag == f"{_W}tbl":
            draft.table(
                [[_text(cell) for cell in row.iter(f"{_W}tc")] for row in block.iterchildren(f"{_W}tr")]
            )
        else:
            _paragraph(draft, block, outline)
    for note in _notes(word):
        draft.paragraph(note)
    core = word.core_properties
    title = one_line(core.title or "") or outline.title or next((h.title for h in draft.headings), None)
    metadata = described(
        [("author", core.author), ("date", core.created and core.created.date().isoformat())]
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return Content(kind, draft.text, title, tuple(draft.headings), metadata=metadata)


class _Styles:
    """What the document's styles mean: the level of headings, and which are lists."""

    def __init__(self, word: WordDocument) -> None:
        self.title: str | None = None
        self._levels: dict[str, int] = {}
        self._lists: set[str] = set()
        for style in word.styles.element.iterchildren(f"{_W}style"):
            key, name = style.get(f"{_W}styleId"), style.find(f"{_W}name")
            said = (name.get(f"{_W}val") if name is not None else key) or ""
            level = style.find(f"{_W}pPr/{_W}outlineLvl")
            if found := re.fullmatch(r"heading (\d)", said, re.IGNORECASE):
                self._levels[key] = int(found.group(1))
            elif level is not None and level.get(f"{_W}val", "9") < "9":
                self._levels[key] = int(level.get(f"{_W}val")) + 1
            elif said.lower() == "title":
                self._levels[key] = 0
            if said.lower().startswith("list ") or style.find(f"{_W}pPr/{_W}numPr") is not None:
                self._lists.add(key)

    def level(self, paragraph: Any) -> int | None:
        """1 for the highest heading, 0 for the document's title, None for other paragraphs."""
        own = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        if own is not None and own.get(f"{_W}val", "9") < "9":
            return int(own.get(f"{_W}val")) + 1
        return self._levels.get(_style(paragraph))

    def is_item(self, paragraph: Any) -> bool:
        return paragraph.find(f"{_W}pPr/{_W}numPr") is not None or _style(paragraph) in self._lists


def _style(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return style.get(f"{_W}val", "") if style is not None else ""


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in reading order, those inside content controls and insertions too."""
    for child in parent.iterchildren():
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child)


def _paragraph(draft: Draft, paragraph: Any, styles: _Styles) -> None:
    text = _text(paragraph)
    level = styles.level(paragraph)
    if level is not None:
        if level == 0 and styles.title is None:
            styles.title = one_line(text) or None
        draft.heading(max(level, 1), text)
    elif styles.is_item(paragraph):
        depth = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
        draft.item(text, min(int(depth.get(f"{_W}val", 0)), 8) if depth is not None else 0)
    else:
        draft.paragraph(text)


def _text(element: Any) -> str:
    """The text of a paragraph or a cell as it reads with all changes accepted."""
    pieces: list[str] = []
    for child in element.iterchildren():
        if child.tag == f"{_W}t":
            pieces.append(child.text or "")
        elif child.tag in (f"{_W}tab", f"{_W}ptab"):
            pieces.append("\t")
        elif child.tag in (f"{_W}br", f"{_W}cr"):
            pieces.append("\n")
        elif child.tag == f"{_W}noBreakHyphen":
            pieces.append("-")
        elif child.tag not in (f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", _FALLBACK):
            pieces.append(_text(child))
            if child.tag in (f"{_W}p", f"{_W}tc"):
                pieces.append("\n")
    return "".join(pieces)


def _notes(word: WordDocument) -> Iterator[str]:
    """Footnotes and endnotes, which stand in parts of their own."""
    from lxml import etree

    for relation in word.part.rels.values():
        if relation.is_external or relation.reltype.rsplit("/", 1)[-1] not in ("footnotes", "endnotes"):
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        for note in etree.fromstring(relation.target_part.blob, parser).iterchildren():
            if note.get(f"{_W}type") in (None, "normal") and _text(note).strip():
                yield f"[{note.get(f'{_W}id')}] {one_line(_text(note))}"
