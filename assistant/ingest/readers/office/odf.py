"""OpenDocument files: text (.odt), spreadsheets (.ods) and presentations (.odp)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line
from assistant.ingest.readers.grid import Merge, check_size, typed_rows, write_sheet
from assistant.ingest.readers.office.running import PAGE_NUMBER, unsaid
from assistant.ingest.readers.package import open_zip, read_xml

_OFFICE, _TEXT, _TABLE, _DRAW, _STYLE, _PRESENTATION = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("office", "text", "table", "drawing", "style", "presentation")
)
_SKIPPED = {
    f"{_TEXT}tracked-changes",
    f"{_TEXT}note-citation",
    f"{_OFFICE}annotation",
    f"{_OFFICE}forms",
    f"{_TEXT}sequence-decls",
    f"{_TEXT}table-of-content",
}


def read_odf(data: bytes, kind: str) -> Content:
    """Parse an OpenDocument file of this media type. A presentation has a page for each slide."""
    archive = open_zip(data)
    _require_unencrypted(archive)
    root = read_xml(archive, "content.xml")
    writer = _Writer(archive, root)
    body = next(root.iter(f"{_OFFICE}body"), ())
    for content in body:
        for number, element in enumerate(content, 1):
            if element.tag == f"{_DRAW}page":
                writer.draft.page(number)
                writer.slide(element)
            elif element.tag == f"{_TABLE}table" and content.tag == f"{_OFFICE}spreadsheet":
                writer.sheet(element)
            else:
                writer.block(element)
    running = _running(archive) if "text" in kind else ()
    for text in (*writer.notes, *unsaid(running, writer.draft.text)):
        writer.draft.paragraph(text)
    title, metadata = _metadata(archive)
    return writer.draft.content(kind, title or writer.title or writer.draft.first_heading, metadata)


def _running(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the paragraphs above and below the pages, with marks in place of page numbers."""
    if "styles.xml" in archive.NameToInfo:
        for master in read_xml(archive, "styles.xml").iter(f"{_STYLE}master-page"):
            for number in master.iter(f"{_TEXT}page-number", f"{_TEXT}page-count"):
                number.text = PAGE_NUMBER
            for tab in master.iter(f"{_TEXT}tab"):
                tab.text = "\t"
            for paragraph in master.iter(f"{_TEXT}p", f"{_TEXT}h"):
                yield "".join(paragraph.itertext())


def _require_unencrypted(archive: zipfile.ZipFile) -> None:
    if "META-INF/manifest.xml" in archive.NameToInfo:
        manifest = read_xml(archive, "META-INF/manifest.xml")
        if next(manifest.iter("{*}encryption-data"), None) is not None:
            raise ReadError("needs a password; save a copy without one and add that.")


def _metadata(archive: zipfile.ZipFile) -> tuple[str | None, dict[str, str]]:
    if "meta.xml" not in archive.NameToInfo:
        return None, {}
    fields = {str(e.tag).rpartition("}")[2]: e.text or "" for e in read_xml(archive, "meta.xml").iter()}
    date = (fields.get("creation-date") or fields.get("date") or "")[:10]
    author = fields.get("initial-creator") or fields.get("creator")
    return one_line(fields.get("title", "")) or None, clean_metadata([("author", author), ("date", date)])


class _Writer:
    """Writes the blocks of a file to a draft and collects its footnotes in `notes`."""

    def __init__(self, archive: zipfile.ZipFile, root: Any) -> None:
        self.draft = ContentBuilder()
        self.notes: list[str] = []
        self.title: str | None = None
        self._parents = {
            style.get(f"{_STYLE}name"): style.get(f"{_STYLE}parent-style-name")
            for style in root.iter(f"{_STYLE}style")
        }
        self._hidden = {
            style.get(f"{_STYLE}name")
            for style in root.iter(f"{_STYLE}style")
            if any(each.get(f"{_TABLE}display") == "false" for each in style)
        }
        self._cells = 0

    def block(self, element: Any, depth: int = -1) -> None:
        """Write a block; `depth` is its nesting in lists."""
        tag = element.tag
        if tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level", "1")
            self.draft.heading(int(level) if level.isdecimal() else 1, self._text(element))
        elif tag == f"{_TEXT}p":
            self._paragraph(element, depth)
        elif tag == f"{_TEXT}list":
            for item in element:
                for child in item:
                    self.block(child, depth + 1)
        elif tag == f"{_TABLE}table":
            write_sheet(self.draft, *typed_rows(*self._rows(element, lined=True)))
        elif tag not in _SKIPPED:
            for child in element:
                self.block(child, depth)

    def _paragraph(self, element: Any, depth: int) -> None:
        text = self._text(element)
        style = element.get(f"{_TEXT}style-name")
        if depth >= 0:
            self.draft.item(text, min(depth, 8))
        elif "Title" in (style, self._parents.get(style)):
            self.title = self.title or one_line(text) or None
            self.draft.heading(1, text)
        else:
            self.draft.paragraph(text)
        for box in element.iter(f"{_DRAW}text-box"):
            self.block(box)

    def sheet(self, table: Any) -> None:
        """Write a sheet under its name, unless it is hidden."""
        if table.get(f"{_TABLE}style-name") not in self._hidden:
            self.draft.heading(1, table.get(f"{_TABLE}name") or "")
            write_sheet(self.draft, *self._rows(table), level=2)

    def slide(self, page: Any) -> None:
        """Write a slide: its title as heading, its other content, its notes."""
        frames = list(page.iter(f"{_DRAW}frame", f"{_DRAW}custom-shape"))
        in_notes = {id(frame) for notes in page.iter(f"{_PRESENTATION}notes") for frame in notes.iter()}
        frames = [frame for frame in frames if id(frame) not in in_notes]
        titles = [f for f in frames if f.get(f"{_PRESENTATION}class") == "title"]
        for frame in titles:
            self.draft.heading(1, " ".join(self._text(p) for p in frame.iter(f"{_TEXT}p")))
        for frame in frames:
            if frame not in titles:
                self.block(frame)
        speaker_notes = [
            self._text(p)
            for notes in page.iter(f"{_PRESENTATION}notes")
            for frame in notes.iter(f"{_DRAW}frame")
            if frame.get(f"{_PRESENTATION}class") == "notes"
            for p in frame.iter(f"{_TEXT}p")
        ]
        if any(text.strip() for text in speaker_notes):
            self.draft.heading(2, "Speaker notes")
        for text in speaker_notes:
            self.draft.paragraph(text)

    def _rows(self, table: Any, *, lined: bool = False) -> tuple[list[list[str]], list[Merge]]:
        """Return the cells of a table, each on one line unless `lined`, and which of them are merged."""
        rows: list[list[str]] = []
        merges: list[Merge] = []
        for element in _children(table, "table-row"):
            row: list[str] = []
            for cell in element.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                wide, high = (_count(cell, f"number-{what}-spanned") for what in ("columns", "rows"))
                if wide > 1 or high > 1:
                    at, column = len(rows), len(row)
                    merges.append(Merge(at, column, at + high - 1, column + wide - 1))
                text = self._cell(cell, lined)
                # Empty cells are repeated to the end of the sheet.
                row.extend(
                    [text] * min(_count(cell, "number-columns-repeated"), 1000 if not text else 16_384)
                )
                check_size(self._cells + len(row))
            while row and not row[-1]:
                row.pop()
            times = _count(element, "number-rows-repeated")
            times = min(times, 1_048_576 if row else 1)
            self._cells += times * len(row)
            check_size(self._cells)
            rows.extend(list(row) for _ in range(times))
        return rows, merges

    def _cell(self, cell: Any, lined: bool) -> str:
        text = "\n".join(self._text(p) for p in _children(cell, "p", "h"))
        return text if lined and text.strip() else one_line(text)

    def _text(self, element: Any) -> str:
        """Return the text of a paragraph, with its footnotes marked and collected."""
        pieces = [element.text or ""]
        for child in element:
            if child.tag == f"{_TEXT}s":
                pieces.append(" " * min(_count(child, "c", _TEXT), 100))
            elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
                pieces.append("\n" if child.tag.endswith("break") else "\t")
            elif child.tag == f"{_TEXT}note":
                pieces.append(self._note(child))
            elif child.tag not in _SKIPPED and child.tag != f"{_DRAW}frame":
                pieces.append(self._text(child))
            pieces.append(child.tail or "")
        return "".join(pieces)

    def _note(self, note: Any) -> str:
        mark = one_line(note.findtext(f"{_TEXT}note-citation") or str(len(self.notes) + 1))
        body = note.find(f"{_TEXT}note-body")
        text = " ".join(self._text(p) for p in body.iter(f"{_TEXT}p")) if body is not None else ""
        self.notes.append(f"[{mark}] {one_line(text)}")
        return f" [{mark}]"


def _children(parent: Any, *names: str) -> Iterator[Any]:
    """Yield elements of these names in a table or a cell, but not from nested tables."""
    for child in parent:
        name = str(child.tag).rpartition("}")[2]
        if name in names:
            yield child
        elif name in ("table-header-rows", "table-rows", "table-row-group", "list", "list-item", "section"):
            yield from _children(child, *names)


def _count(element: Any, name: str, space: str = _TABLE) -> int:
    value = element.get(f"{space}{name}", "1")
    return max(1, int(value)) if value.isdecimal() and len(value) < 10 else 1
