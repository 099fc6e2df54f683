"""Excel workbooks (.xlsx): each sheet that can be seen as a heading with its tables, cells as they look."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from assistant.ingest.readers.content import Content, Draft
from assistant.ingest.readers.grid import Merge, check_size, write_sheet
from assistant.ingest.readers.office.number_formats import BUILT_IN, general, numeral
from assistant.ingest.readers.package import (
    CAUTIOUS,
    core_properties,
    opened,
    part,
    relations,
    tree,
    unpacking,
)

_MERGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_COLUMNS = 16_384


def read_xlsx(data: bytes) -> Content:
    """Content of a workbook. Formulas give what they gave when it was saved; hidden sheets are left out."""
    archive = opened(data)
    book = _Book(archive)
    draft = Draft()
    for name, path in book.sheets:
        draft.heading(1, name)
        write_sheet(draft, *book.cells(path), level=2)
    title, metadata = core_properties(archive)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Content(kind, draft.text, title, tuple(draft.headings), metadata=metadata)


class _Book:
    """The parts of a workbook that its sheets share."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        main = next((to for kind, to in relations(archive, "").values() if kind == "officeDocument"), None)
        main = main or "xl/workbook.xml"
        book = tree(part(archive, main))
        targets = relations(archive, main)
        said = next(_named(book, "workbookPr"), None)
        self._epoch_1904 = said is not None and said.get("date1904") in ("1", "true")
        self.sheets = [
            (sheet.get("name") or "", targets[key][1])
            for sheet in _named(book, "sheet")
            if sheet.get("state", "visible") == "visible"
            and (key := next((v for k, v in sheet.attrib.items() if k.endswith("}id")), "")) in targets
            and targets[key][0] == "worksheet"
        ]
        by_kind = dict(targets.values())
        self._texts = self._shared(by_kind.get("sharedStrings"))
        self._shapes = self._formats(by_kind.get("styles"))
        self._seen = 0

    def cells(self, path: str) -> tuple[list[list[str]], list[Merge]]:
        """The rows of a sheet as they look, and its merged cells."""
        rows: list[list[str]] = []
        merges: list[Merge] = []
        for element in self._walked(path, "row", "mergeCell"):
            if element.tag.endswith("mergeCell"):
                if found := _MERGE.fullmatch(element.get("ref", "")):
                    left, top, right, bottom = found.groups()
                    merges.append(Merge(int(top) - 1, _column(left), int(bottom) - 1, _column(right)))
                continue
            number = element.get("r", "")
            at = int(number) - 1 if number.isdecimal() else len(rows)
            row = self._row(element)
            if row and at >= len(rows):
                # One empty row says as much as many, but merged cells count them all.
                rows.extend([] for _ in range(min(at, 1_048_576) - len(rows)))
                rows.append(row)
        return rows, merges

    def _row(self, element: Any) -> list[str]:
        row: list[str] = []
        for cell in element:
            text = self._cell(cell)
            if not text:
                continue
            place = cell.get("r")
            at = _column(place.rstrip("0123456789")) if place else len(row)
            if len(row) <= at < _COLUMNS:
                row.extend([""] * (at - len(row)))
                row.append(text)
        self._seen += len(row)
        check_size(self._seen)
        return row

    def _cell(self, cell: Any) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _text(cell)
        value = ""
        for child in cell:
            if child.tag[-2:] == "}v":
                value = child.text
        if not value:
            return ""
        if kind == "s":
            return self._texts[int(value)] if value.isdecimal() and int(value) < len(self._texts) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind != "n":  # what a formula gave, an error, an ISO date
            return value.removesuffix("T00:00:00") if kind == "d" else str(value).strip()
        return self._number(value, cell.get("s", ""))

    def _number(self, value: str, style: str) -> str:
        shape = self._shapes[int(style)] if style.isdecimal() and int(style) < len(self._shapes) else ""
        try:
            number = float(value)
            return numeral(number, shape, self._epoch_1904) if shape else general(number)
        except (ValueError, OverflowError, ArithmeticError):
            return value

    def _shared(self, path: str | None) -> list[str]:
        return [_text(element) for element in self._walked(path, "si")] if path else []

    def _formats(self, path: str | None) -> list[str]:
        """The format of each style of cells; empty where numbers are shown as they are."""
        if path is None:
            return []
        styles = tree(part(self._archive, path))
        own = {e.get("numFmtId", ""): e.get("formatCode", "") for e in _named(styles, "numFmt")}
        ids = [xf.get("numFmtId", "0") for cells in _named(styles, "cellXfs") for xf in _named(cells, "xf")]
        built_in = {str(number): code for number, code in BUILT_IN.items()}
        shapes = [own.get(key) or built_in.get(key, "") for key in ids]
        return ["" if shape.lower() == "general" else shape for shape in shapes]

    def _walked(self, path: str, *names: str) -> Iterator[Any]:
        """The elements of these names in a part, each let go of when the next one is asked for."""
        from lxml import etree

        with unpacking(self._archive, path) as stream:
            tags = [f"{{*}}{name}" for name in names]
            walk = etree.iterparse(stream, tag=tags, **CAUTIOUS)
            for _, element in walk:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


def _named(element: Any, name: str) -> Iterator[Any]:
    yield from element.iter(f"{{*}}{name}")


def _text(element: Any) -> str:
    """The text of a string with all its runs, without how it is pronounced."""
    return "".join(
        t.text or ""
        for t in element.iter("{*}t")
        if not any(above.tag.endswith("}rPh") for above in t.iterancestors())
    ).strip()


@lru_cache(20_000)
def _column(name: str) -> int:
    """The number of a column, counted from 0, by its letters."""
    number = 0
    for char in name:
        number = number * 26 + ord(char) - 64
    return number - 1
