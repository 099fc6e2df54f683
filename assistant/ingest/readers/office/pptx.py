"""PowerPoint presentations (.pptx): a page for each slide, with lists, tables, charts and notes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from assistant.ingest.readers.content import Content, ContentBuilder, one_line
from assistant.ingest.readers.grid import Merge, typed_rows, write_sheet
from assistant.ingest.readers.package import core_properties, main_part, open_zip, read_relations, read_xml

_TITLES = ("title", "ctrTitle")
_TITLE = 90
"""Characters of a line from which on it is no title."""
_FURNITURE = ("dt", "ftr", "hdr", "sldNum", "sldImg")


def read_pptx(data: bytes) -> Content:
    """Parse a presentation. Each slide is a page and includes its speaker notes."""
    archive = open_zip(data)
    draft = ContentBuilder()
    for number, path in enumerate(_slides(archive), 1):
        draft.page(number)
        _Slide(archive, path, draft).write()
    title, metadata = core_properties(archive)
    title = title if title and title.lower() != "powerpoint presentation" else draft.first_heading
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    return draft.content(kind, title, metadata)


def _slides(archive: zipfile.ZipFile) -> list[str]:
    """Return the parts of the slides in the order of presentation."""
    main = main_part(archive, "ppt/presentation.xml")
    targets = read_relations(archive, main)
    order = (_relation_id(slide) for slide in read_xml(archive, main).iter("{*}sldId"))
    return [targets[key][1] for key in order if key in targets]


def _relation_id(element: Any) -> str:
    """Return the id of the relation that an element references (`r:id`)."""
    return next((v for k, v in element.attrib.items() if k.startswith("{") and k.endswith("}id")), "")


class _Slide:
    """One slide, written to a draft."""

    def __init__(self, archive: zipfile.ZipFile, path: str, draft: ContentBuilder) -> None:
        self._archive, self._draft = archive, draft
        self._targets = read_relations(archive, path)
        self._shapes = list(_shapes(read_xml(archive, path)))

    def write(self) -> None:
        titles = [shape for shape in self._shapes if _placeholder(shape) in _TITLES]
        titles = titles or _large_line_on_top(self._shapes)
        for shape in titles:
            self._draft.heading(1, " ".join(_text(p) for p in shape.iter("{*}p")))
        for shape in self._shapes:
            if shape not in titles and _placeholder(shape) not in _FURNITURE:
                self._shape(shape)
        for kind, path in self._targets.values():
            if kind == "notesSlide":
                self._notes(read_xml(self._archive, path))

    def _shape(self, shape: Any) -> None:
        if (table := next(shape.iter("{*}tbl"), None)) is not None:
            _write_table(self._draft, table)
        elif shape.tag.endswith("}graphicFrame"):
            self._graphic(shape)
        else:
            paragraphs = [p for body in shape.iterchildren("{*}txBody") for p in body.iter("{*}p")]
            listed = (
                _placeholder(shape) in ("body", "obj", "") and _has_placeholder(shape) and len(paragraphs) > 1
            )
            for paragraph in paragraphs:
                self._paragraph(paragraph, listed)

    def _paragraph(self, paragraph: Any, listed: bool) -> None:
        properties = paragraph.find("{*}pPr")
        marks = [child.tag.rpartition("}")[2] for child in properties] if properties is not None else []
        if "buChar" in marks or "buAutoNum" in marks or (listed and "buNone" not in marks):
            level = properties.get("lvl", "0") if properties is not None else "0"
            self._draft.item(_text(paragraph), int(level) if level.isdecimal() else 0)
        else:
            self._draft.paragraph(_text(paragraph))

    def _graphic(self, frame: Any) -> None:
        """Write a chart as a table of its numbers, a diagram as a list of its texts."""
        for element in frame.iter("{*}chart", "{*}relIds"):
            key = _relation_id(element) or next(
                (v for k, v in element.attrib.items() if k.endswith("}dm")), ""
            )
            if key not in self._targets or self._targets[key][1] not in self._archive.NameToInfo:
                continue
            root = read_xml(self._archive, self._targets[key][1])
            if element.tag.endswith("}chart"):
                _write_chart(self._draft, root)
            else:
                for paragraph in root.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
                    self._draft.item(_text(paragraph))

    def _notes(self, notes: Any) -> None:
        shapes = [shape for shape in _shapes(notes) if _placeholder(shape) not in _FURNITURE]
        texts = [_text(paragraph) for shape in shapes for paragraph in shape.iter("{*}p")]
        if any(map(one_line, texts)):
            self._draft.heading(2, "Speaker notes")
        for text in texts:
            self._draft.paragraph(text)


def _shapes(root: Any) -> Iterator[Any]:
    """Yield shapes and frames in reading order, also from groups; of alternatives the first."""
    for element in root:
        name = str(element.tag).rpartition("}")[2]
        if name in ("sp", "graphicFrame"):
            yield element
        elif name not in ("Fallback", "pic", "cxnSp"):
            yield from _shapes(element)


def _large_line_on_top(shapes: list[Any]) -> list[Any]:
    """Return the shape that looks like the title of a slide: a short line above all, in the largest letters.

    Programs that export slides write titles as any other text.
    """
    filled = [shape for shape in shapes if shape.tag.endswith("}sp") and one_line(_all_text(shape))]
    tops = [(_top(shape), at) for at, shape in enumerate(filled)]
    if len(filled) < 2 or any(top is None for top, _ in tops):
        return []
    title = filled[min((top or 0, at) for top, at in tops)[1]]
    words, size = one_line(_all_text(title)), _size(title)
    is_line = len(words) <= _TITLE and words[-1] not in ".;:," and any(map(str.isalpha, words))
    is_large = all(size > _size(shape) * 1.2 for shape in filled if shape is not title)
    return [title] if is_line and is_large else []


def _all_text(shape: Any) -> str:
    return "\n".join(_text(paragraph) for paragraph in shape.iter("{*}p"))


def _top(shape: Any) -> int | None:
    place = shape.find("{*}spPr/{*}xfrm/{*}off")
    top = place.get("y", "") if place is not None else ""
    return int(top) if top.lstrip("-").isdecimal() else None


def _size(shape: Any) -> int:
    """Return the size of the largest letters that a shape tells, 0 if none."""
    sizes = [run.get("sz", "") for run in shape.iter("{*}rPr")]
    return max((int(size) for size in sizes if size.isdecimal()), default=0)


def _placeholder(shape: Any) -> str:
    """Return the type of the layout placeholder that a shape fills; empty if it has none."""
    placeholder = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return str(placeholder.get("type", "")) if placeholder is not None else ""


def _has_placeholder(shape: Any) -> bool:
    return shape.find("{*}nvSpPr/{*}nvPr/{*}ph") is not None


def _text(paragraph: Any) -> str:
    pieces = []
    for element in paragraph.iter("{*}t", "{*}br", "{*}tab"):
        pieces.append((element.text or "") if element.tag.endswith("}t") else "\n")
    return "".join(pieces)


def _write_table(draft: ContentBuilder, table: Any) -> None:
    rows: list[list[str]] = []
    merges: list[Merge] = []
    for at, row in enumerate(table.iterchildren("{*}tr")):
        cells = list(row.iterchildren("{*}tc"))
        rows.append(["\n".join(_text(p) for p in cell.iter("{*}p")) for cell in cells])
        for column, cell in enumerate(cells):
            wide, high = (cell.get(name, "1") for name in ("gridSpan", "rowSpan"))
            if (wide, high) != ("1", "1") and wide.isdecimal() and high.isdecimal():
                merges.append(Merge(at, column, at + int(high) - 1, column + int(wide) - 1))
    write_sheet(draft, *typed_rows(rows, merges))


def _write_chart(draft: ContentBuilder, chart: Any) -> None:
    """Write the title of a chart, and a table with a row for each category."""
    for title in chart.iterfind("{*}chart/{*}title"):
        draft.paragraph(" ".join(_text(p) for p in title.iter("{*}p")))
    series = list(chart.iter("{*}ser"))[:100]
    names = [_points(item.find("{*}tx")).get(0, f"Series {n}") for n, item in enumerate(series, 1)]
    categories: dict[int, str] = {}
    for item in series:
        categories |= _points(_first(item, "cat", "xVal"))
    values = [_points(_first(item, "val", "yVal")) for item in series]
    rows = [
        [categories.get(at, str(at + 1)), *(points.get(at, "") for points in values)]
        for at in sorted(categories.keys() | {at for points in values for at in points})
    ]
    if series:
        write_sheet(draft, [["Category", *names], *rows])


def _first(element: Any, *names: str) -> Any:
    return next((child for name in names if (child := element.find(f"{{*}}{name}")) is not None), None)


def _points(element: Any) -> dict[int, str]:
    """Return the data points of a chart by their index."""
    if element is None:
        return {}
    points = list(element.iter("{*}pt"))
    if not points:
        value = element.findtext("{*}v")
        return {0: value} if value else {}
    return {
        int(point.get("idx", "0")): one_line(point.findtext("{*}v") or "")
        for point in points
        if point.get("idx", "0").isdecimal()
    }
