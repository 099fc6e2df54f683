"""OpenDocument files: text (.odt), spreadsheets (.ods) and presentations (.odp)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, Draft, described, one_line
from assistant.ingest.readers.grid import Merge, check_size, write_sheet
from assistant.ingest.readers.package import opened, part, tree

_OFFICE, _TEXT, _TABLE, _DRAW, _STYLE, _PRESENTATION = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("office", "text", "table", "drawing", "style", "presentation")
)
_UNSEEN = {
    f"{_TEXT}tracked-changes",
    f"{_TEXT}note-citation",
    f"{_OFFICE}annotation",
    f"{_OFFICE}forms",
    f"{_TEXT}sequence-decls",
    f"{_TEXT}table-of-content",
}


def read_odf(data: bytes, kind: str) -> Content:
    """Content of an OpenDocument file of this media type. A presentation has a page a slide."""
    archive = opened(data)
    _check_lock(archive)
    root = tree(part(archive, "content.xml"))
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
    for note in writer.notes:
        writer.draft.paragraph(note)
    title, metadata = _metadata(archive)
    title = title or writer.title or next((h.title for h in writer.draft.headings), None)
    return Content(kind, writer.draft.text, title, tuple(writer.draft.headings), writer.draft.pages, metadata)


def _check_lock(archive: zipfile.ZipFile) -> None:
    if "META-INF/manifest.xml" in archive.NameToInfo:
        manifest = tree(part(archive, "META-INF/manifest.xml"))
        if next(manifest.iter("{*}encryption-data"), None) is not None:
            raise ReadError("needs a password; save a copy without one and add that.")


def _metadata(archive: zipfile.ZipFile) -> tuple[str | None, dict[str, str]]:
    if "meta.xml" not in archive.NameToInfo:
        return None, {}
    said = {str(e.tag).rpartition("}")[2]: e.text or "" for e in tree(part(archive, "meta.xml")).iter()}
    date = (said.get("creation-date") or said.get("date") or "")[:10]
    author = said.get("initial-creator") or said.get("creator")
    return one_line(said.get("title", "")) or None, described([("author", author), ("date", date)])


class _Writer:
    """Writes the blocks of a file to a draft; `notes` are the footnotes that stood in them."""

    def __init__(self, archive: zipfile.ZipFile, root: Any) -> None:
        self.draft = Draft()
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
        """Write a block; `depth` is how deep it stands in lists."""
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
            write_sheet(self.draft, *self._rows(element))
        elif tag not in _UNSEEN:
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
        """Write a slide: its title as heading, what else stands on it, its notes."""
        frames = list(page.iter(f"{_DRAW}frame", f"{_DRAW}custom-shape"))
        noted = {id(frame) for notes in page.iter(f"{_PRESENTATION}notes") for frame in notes.iter()}
        shown = [frame for frame in frames if id(frame) not in noted]
        titles = [f for f in shown if f.get(f"{_PRESENTATION}class") == "title"]
        for frame in titles:
            self.draft.heading(1, " ".join(self._text(p) for p in frame.iter(f"{_TEXT}p")))
        for frame in shown:
            if frame not in titles:
                self.block(frame)
        said = [
            self._text(p)
            for notes in page.iter(f"{_PRESENTATION}notes")
            for frame in notes.iter(f"{_DRAW}frame")
            if frame.get(f"{_PRESENTATION}class") == "notes"
            for p in frame.iter(f"{_TEXT}p")
        ]
        if any(text.strip() for text in said):
            self.draft.heading(2, "Speaker notes")
        for text in said:
            self.draft.paragraph(text)

    def _rows(self, table: Any) -> tuple[list[list[str]], list[Merge]]:
        rows: list[list[str]] = []
        merges: list[Merge] = []
        for element in _own(table, "table-row"):
            row: list[str] = []
            for cell in element.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                wide, high = (_count(cell, f"number-{what}-spanned") for what in ("columns", "rows"))
                if wide > 1 or high > 1:
                    at, column = len(rows), len(row)
                    merges.append(Merge(at, column, at + high - 1, column + wide - 1))
                text = self._cell(cell)
                # What is empty to the end is repeated to the end of the sheet.
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

    def _cell(self, cell: Any) -> str:
        return one_line("\n".join(self._text(p) for p in _own(cell, "p", "h")))

    def _text(self, element: Any) -> str:
        """The text of a paragraph, its footnotes marked and kept apart."""
        pieces = [element.text or ""]
        for child in element:
            if child.tag == f"{_TEXT}s":
                pieces.append(" " * min(_count(child, "c", _TEXT), 100))
            elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
                pieces.append("\n" if child.tag.endswith("break") else "\t")
            elif child.tag == f"{_TEXT}note":
                pieces.append(self._note(child))
            elif child.tag not in _UNSEEN and child.tag != f"{_DRAW}frame":
                pieces.append(self._text(child))
            pieces.append(child.tail or "")
        return "".join(pieces)

    def _note(self, note: Any) -> str:
        mark = one_line(note.findtext(f"{_TEXT}note-citation") or str(len(self.notes) + 1))
        body = note.find(f"{_TEXT}note-body")
        said = " ".join(self._text(p) for p in body.iter(f"{_TEXT}p")) if body is not None else ""
        self.notes.append(f"[{mark}] {one_line(said)}")
        return f" [{mark}]"


def _own(parent: Any, *names: str) -> Iterator[Any]:
    """The elements of these names in a table or a cell, not those of tables within it."""
    for child in parent:
        name = str(child.tag).rpartition("}")[2]
        if name in names:
            yield child
        elif name in ("table-header-rows", "table-rows", "table-row-group", "list", "list-item", "section"):
            yield from _own(child, *names)


def _count(element: Any, name: str, space: str = _TABLE) -> int:
    said = element.get(f"{space}{name}", "1")
    return max(1, int(said)) if said.isdecimal() and len(said) < 10 else 1
