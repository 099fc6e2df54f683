"""Excel workbooks (.xlsx): each visible sheet as a heading with its tables, cells as displayed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from assistant.ingest.readers.content import Content, ContentBuilder
from assistant.ingest.readers.grid import Merge, check_size, write_sheet
from assistant.ingest.readers.office.number_formats import BUILT_IN, format_general, format_number
from assistant.ingest.readers.package import (
    CAUTIOUS,
    core_properties,
    main_part,
    open_part,
    open_zip,
    read_relations,
    read_xml,
)

_MERGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_COLUMNS = 16_384


def read_xlsx(data: bytes) -> Content:
    """Parse a workbook. Formulas have their saved values; hidden sheets are left out."""
    archive = open_zip(data)
    book = _Book(archive)
    draft = ContentBuilder()
    for name, path in book.sheets:
        draft.heading(1, name)
        write_sheet(draft, *book.cells(path), level=2)
    title, metadata = core_properties(archive)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return draft.content(kind, title, metadata)


class _Book:
    """The parts of a workbook that its sheets share."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        main = main_part(archive, "xl/workbook.xml")
        book = read_xml(archive, main)
        targets = read_relations(archive, main)
        self._epoch_1904 = any(pr.get("date1904") in ("1", "true") for pr in book.iter("{*}workbookPr"))
        self.sheets = [
            (sheet.get("name") or "", targets[key][1])
            for sheet in book.iter("{*}sheet")
            if sheet.get("state", "visible") == "visible"
            and (key := next((v for k, v in sheet.attrib.items() if k.endswith("}id")), "")) in targets
            and targets[key][0] == "worksheet"
        ]
        by_kind = dict(targets.values())
        self._texts = self._read_strings(by_kind.get("sharedStrings"))
        self._formats = self._read_formats(by_kind.get("styles"))
        self._count = 0

    def cells(self, path: str) -> tuple[list[list[str]], list[Merge]]:
        """Return the rows of a sheet as displayed, and its merged cells."""
        rows: list[list[str]] = []
        merges: list[Merge] = []
        for element in self._iterate(path, "row", "mergeCell"):
            if element.tag.endswith("mergeCell"):
                if merge := _MERGE.fullmatch(element.get("ref", "")):
                    left, top, right, bottom = merge.groups()
                    merges.append(Merge(int(top) - 1, _column(left), int(bottom) - 1, _column(right)))
                continue
            number = element.get("r", "")
            at = int(number) - 1 if number.isdecimal() else len(rows)
            row = self._row(element)
            if row and at >= len(rows):
                # Merged cells count all empty rows.
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
        self._count += len(row)
        check_size(self._count)
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
        if kind != "n":  # the result of a formula, an error, an ISO date
            return value.removesuffix("T00:00:00") if kind == "d" else str(value).strip()
        return self._number(value, cell.get("s", ""))

    def _number(self, value: str, style: str) -> str:
        code = self._formats[int(style)] if style.isdecimal() and int(style) < len(self._formats) else ""
        try:
            number = float(value)
            return format_number(number, code, self._epoch_1904) if code else format_general(number)
        except (ValueError, OverflowError, ArithmeticError):
            return value

    def _read_strings(self, path: str | None) -> list[str]:
        return [_text(element) for element in self._iterate(path, "si")] if path else []

    def _read_formats(self, path: str | None) -> list[str]:
        """Return the format of each cell style; empty if it displays numbers unchanged."""
        if path is None:
            return []
        styles = read_xml(self._archive, path)
        codes = {str(number): code for number, code in BUILT_IN.items()}
        codes |= {
            e.get("numFmtId", ""): code for e in styles.iter("{*}numFmt") if (code := e.get("formatCode"))
        }
        ids = [xf.get("numFmtId", "0") for cells in styles.iter("{*}cellXfs") for xf in cells.iter("{*}xf")]
        formats = [codes.get(key, "") for key in ids]
        return ["" if code.lower() == "general" else code for code in formats]

    def _iterate(self, path: str, *names: str) -> Iterator[Any]:
        """Yield the elements of these names in a part, freeing each when the next one is requested."""
        from lxml import etree

        with open_part(self._archive, path) as stream:
            tags = [f"{{*}}{name}" for name in names]
            walk = etree.iterparse(stream, tag=tags, **CAUTIOUS)
            for _, element in walk:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


def _text(element: Any) -> str:
    """Return the text of a string with all its runs, without phonetic guides."""
    return "".join(
        t.text or ""
        for t in element.iter("{*}t")
        if not any(above.tag.endswith("}rPh") for above in t.iterancestors())
    ).strip()


@lru_cache(20_000)
def _column(name: str) -> int:
    """Return the number of a column, counted from 0, for its letters."""
    number = 0
    for char in name:
        number = number * 26 + ord(char) - 64
    return number - 1
