"""Word documents (.docx): headings by style, lists, and tables, in reading order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line, superscript
from assistant.ingest.readers.grid import Merge, is_value, typed_rows, write_sheet
from assistant.ingest.readers.office.equations import MATH, linear
from assistant.ingest.readers.office.numbering import Numbering
from assistant.ingest.readers.office.running import PAGE_NUMBER, is_page_number, unsaid

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VARIANTS = [
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
]
_TABBED = 3
"""Paragraphs of names and values with tabs between them from which on they are a table."""
_FIELD = 60
"""Characters of a cell in such a table."""
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WRAPPERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "smartTag", "customXml")}


def read_docx(data: bytes) -> Content:
    """Parse a .docx file. Deleted text is left out, inserted text is kept."""
    word = _open(data)
    styles = _Styles(word)
    draft = ContentBuilder()
    _write(draft, word.element.body, styles)
    for text in (*_notes(word), *unsaid(_running(word), draft.text)):
        draft.paragraph(text)
    core = word.core_properties
    title = one_line(core.title or "") or styles.title or draft.first_heading
    metadata = clean_metadata([("author", core.author), ("date", core.created and core.created.date())])
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return draft.content(kind, title, metadata)


def _open(data: bytes) -> WordDocument:
    """Open the document. Templates and files with macros differ from .docx only in their content type."""
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    for kind in _VARIANTS:
        PartFactory.part_type_for[kind] = DocumentPart
    main: Any = Package.open(io.BytesIO(data)).main_document_part
    word: WordDocument = main.document
    return word


class _Styles:
    """The styles of a document: the levels of headings, and which are lists."""

    def __init__(self, word: WordDocument) -> None:
        self.title: str | None = None
        self.numbering = Numbering(_numbering(word), word.styles.element)
        self._levels: dict[str, int] = {}
        self._lists: set[str] = set()
        for style in word.styles.element.iterchildren(f"{_W}style"):
            key, name = style.get(f"{_W}styleId"), style.find(f"{_W}name")
            label = ((name.get(f"{_W}val") if name is not None else key) or "").lower()
            level = _outline_level(style)
            if heading := re.fullmatch(r"heading (\d)", label):
                self._levels[key] = int(heading.group(1))
            elif level is not None:
                self._levels[key] = level
            elif label == "title":
                self._levels[key] = 0
            if label.startswith("list ") or style.find(f"{_W}pPr/{_W}numPr") is not None:
                self._lists.add(key)

    def level(self, paragraph: Any) -> int | None:
        """Return 1 for the highest heading, 0 for the title of the document, None for other paragraphs."""
        level = _outline_level(paragraph)
        return self._levels.get(_style(paragraph)) if level is None else level

    def is_item(self, paragraph: Any) -> bool:
        return paragraph.find(f"{_W}pPr/{_W}numPr") is not None or _style(paragraph) in self._lists


def _numbering(word: WordDocument) -> Any | None:
    parts = (r.target_part for r in word.part.rels.values() if r.reltype.endswith("/numbering"))
    return getattr(next(parts, None), "element", None)


def _outline_level(element: Any) -> int | None:
    level = element.find(f"{_W}pPr/{_W}outlineLvl")
    value = level.get(f"{_W}val", "9") if level is not None else "9"
    return int(value) + 1 if value < "9" else None


def _style(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return style.get(f"{_W}val", "") if style is not None else ""


def _blocks(parent: Any, *names: str) -> Iterator[Any]:
    """Yield children of these names in reading order, also from content controls and insertions."""
    for child in parent.iterchildren():
        if child.tag in [f"{_W}{name}" for name in names]:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child, *names)


def _write(draft: ContentBuilder, parent: Any, styles: _Styles) -> None:
    """Write the paragraphs and tables of a document or of a cell."""
    for is_tabbed, blocks in groupby(
        _blocks(parent, "p", "tbl"), key=lambda block: _is_tabbed(block, styles)
    ):
        run = list(blocks)
        rows = _tabbed_rows(run) if is_tabbed else []
        if len(rows) >= _TABBED:
            write_sheet(draft, rows)
            continue
        for block in run:
            _write_block(draft, block, styles)


def _write_block(draft: ContentBuilder, block: Any, styles: _Styles) -> None:
    if block.tag == f"{_W}p":
        _paragraph(draft, block, styles)
    elif _is_layout(block):
        for cell in (cell for row in _blocks(block, "tr") for cell in _blocks(row, "tc")):
            _write(draft, cell, styles)
    else:
        write_sheet(draft, *_cells(block))


def _is_tabbed(block: Any, styles: _Styles) -> bool:
    """True if a paragraph looks like the row of a table: a name and values, with tabs between them.

    Empty ones may be between such rows.
    """
    if block.tag != f"{_W}p" or block.find(f".//{_W}instrText") is not None:
        return False
    fields = _fields(block)
    if not fields:
        return True
    if len(fields) < 2 or is_value(fields[0]) or not all(map(is_value, fields[1:])):
        return False
    if styles.level(block) is not None or styles.is_item(block) or _style(block).lower().startswith("toc"):
        return False
    return all(len(field) <= _FIELD for field in fields)


def _fields(paragraph: Any) -> list[str]:
    return list(filter(None, map(one_line, re.split(r"\t| {3,}", _text(paragraph)))))


def _tabbed_rows(run: Sequence[Any]) -> list[list[str]]:
    rows = list(filter(None, map(_fields, run)))
    width = max(map(len, rows), default=0)
    return [[*row, *[""] * (width - len(row))] for row in rows]


def _is_layout(table: Any) -> bool:
    """True for a frame: a table of a single column, or with tables in it."""
    if table.find(f".//{_W}tbl") is not None:
        return True
    return all(len(list(_blocks(row, "tc"))) < 2 for row in _blocks(table, "tr"))


def _paragraph(draft: ContentBuilder, paragraph: Any, styles: _Styles) -> None:
    text = _text(paragraph)
    level = styles.level(paragraph)
    label = styles.numbering.label(paragraph, _style(paragraph)) if text.strip() else ""
    if level is not None:
        if level == 0 and styles.title is None:
            styles.title = one_line(text) or None
        draft.heading(max(level, 1), f"{label} {text}")
    elif styles.is_item(paragraph) or label:
        depth = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
        draft.item(text, min(int(depth.get(f"{_W}val", 0)), 8) if depth is not None else 0, label)
    else:
        draft.paragraph(text)


def _cells(table: Any) -> tuple[list[list[str]], list[Merge]]:
    """Return the cells of a table, and which of them are merged."""
    rows: list[list[str]] = []
    merges: list[Merge] = []
    open_at: dict[int, int] = {}
    for at, element in enumerate(table.iterchildren(f"{_W}tr")):
        row: list[str] = []
        for cell in _blocks(element, "tc"):
            spans = {str(e.tag).rpartition("}")[2]: e.get(f"{_W}val") for e in cell.iterfind(f"{_W}tcPr/*")}
            wide = min(int(spans.get("gridSpan") or 1), 1000)
            if spans.get("vMerge", "restart") == "restart":
                open_at[len(row)] = at
            elif len(row) in open_at:
                merges.append(Merge(open_at[len(row)], len(row), at, len(row)))
            if wide > 1:
                merges.append(Merge(at, len(row), at, len(row) + wide - 1))
            row.extend([_text(cell), *[""] * (wide - 1)])
        rows.append(row)
    return typed_rows(rows, merges)


def _text(element: Any) -> str:
    """Return the text of a paragraph or a cell with all changes accepted."""
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
        elif child.tag == f"{MATH}oMath":
            pieces.append(linear(child))
        elif child.tag == f"{_W}r" and _is_raised(child):
            pieces.append(superscript(_text(child), "".join(pieces)[-40:]))
        elif child.tag not in (f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", _FALLBACK):
            pieces.append(_text(child))
            if child.tag in (f"{_W}p", f"{_W}tc"):
                pieces.append("\n")
    return "".join(pieces)


def _is_raised(run: Any) -> bool:
    align = run.find(f"{_W}rPr/{_W}vertAlign")
    is_raised = align is not None and align.get(f"{_W}val") == "superscript"
    return is_raised and run.find(f"{_W}footnoteReference") is None


def _notes(word: WordDocument) -> Iterator[str]:
    """Yield footnotes and endnotes, which are in separate parts."""
    for part in _parts(word, "footnotes", "endnotes"):
        for note in part.iterchildren():
            if note.get(f"{_W}type") in (None, "normal") and _text(note).strip():
                yield f"[{note.get(f'{_W}id')}] {one_line(_text(note))}"


def _running(word: WordDocument) -> Iterator[str]:
    """Yield the paragraphs above and below the pages, with marks in place of page numbers."""
    for part in _parts(word, "header", "footer"):
        for field in part.iter(f"{_W}fldSimple"):
            if is_page_number(field.get(f"{_W}instr", "")):
                _mark(list(field.iter(f"{_W}t")))
        _mark_fields(part)
        for paragraph in part.iter(f"{_W}p"):
            if next(paragraph.iterancestors(f"{_W}p", _FALLBACK), None) is None:
                yield _text(paragraph)


def _mark_fields(part: Any) -> None:
    """Put marks in place of page numbers that are written as a start, an instruction, a result and an end."""
    code, result = "", list[Any]()
    for element in part.iter(f"{_W}fldChar", f"{_W}instrText", f"{_W}t"):
        if element.tag == f"{_W}t":
            result.append(element)
        elif element.tag == f"{_W}instrText":
            code += element.text or ""
        else:
            if element.get(f"{_W}fldCharType") == "end":
                if is_page_number(code):
                    _mark(result)
                code = ""
            result = []


def _mark(result: list[Any]) -> None:
    for at, element in enumerate(result):
        element.text = "" if at else PAGE_NUMBER


def _parts(word: WordDocument, *kinds: str) -> Iterator[Any]:
    """Yield the roots of the parts of these kinds, in the order of these, parsed apart from the document."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for kind in kinds:
        for relation in word.part.rels.values():
            if not relation.is_external and relation.reltype.rsplit("/", 1)[-1] == kind:
                yield etree.fromstring(relation.target_part.blob, parser)
