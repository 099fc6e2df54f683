"""PowerPoint presentations (.pptx): a page a slide, its title as heading, lists, tables, charts, notes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from assistant.ingest.readers.content import Content, Draft, one_line
from assistant.ingest.readers.grid import Merge, write_sheet
from assistant.ingest.readers.package import core_properties, opened, part, relations, tree

_TITLES = ("title", "ctrTitle")
_FURNITURE = ("dt", "ftr", "hdr", "sldNum", "sldImg")

Relations = dict[str, tuple[str, str]]


def read_pptx(data: bytes) -> Content:
    """Content of a presentation, with the range of each slide as a page; speaker notes follow their slide."""
    archive = opened(data)
    draft = Draft()
    for number, path in enumerate(_slides(archive), 1):
        draft.page(number)
        _Slide(archive, path, draft).write()
    said, metadata = core_properties(archive)
    title = said if said and said.lower() != "powerpoint presentation" else None
    title = title or next((heading.title for heading in draft.headings), None)
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    return Content(kind, draft.text, title, tuple(draft.headings), draft.pages, metadata)


def _slides(archive: zipfile.ZipFile) -> list[str]:
    """The parts of the slides in the order in which they are shown."""
    main = next((to for kind, to in relations(archive, "").values() if kind == "officeDocument"), None)
    main = main or "ppt/presentation.xml"
    targets = relations(archive, main)
    order = (_id(slide) for slide in tree(part(archive, main)).iter("{*}sldId"))
    return [targets[key][1] for key in order if key in targets]


def _id(element: Any) -> str:
    """What an element refers to (`r:id`)."""
    return next((v for k, v in element.attrib.items() if k.startswith("{") and k.endswith("}id")), "")


class _Slide:
    """One slide, written to a draft."""

    def __init__(self, archive: zipfile.ZipFile, path: str, draft: Draft) -> None:
        self._archive, self._draft = archive, draft
        self._targets = relations(archive, path)
        self._shapes = list(_shapes(tree(part(archive, path))))

    def write(self) -> None:
        titles = [shape for shape in self._shapes if _place(shape) in _TITLES]
        for shape in titles:
            self._draft.heading(1, " ".join(_text(p) for p in shape.iter("{*}p")))
        for shape in self._shapes:
            if shape not in titles and _place(shape) not in _FURNITURE:
                self._shape(shape)
        notes = (path for kind, path in self._targets.values() if kind == "notesSlide")
        for path in notes:
            self._notes(tree(part(self._archive, path)))

    def _shape(self, shape: Any) -> None:
        if (table := next(shape.iter("{*}tbl"), None)) is not None:
            _write_table(self._draft, table)
        elif shape.tag.endswith("}graphicFrame"):
            self._graphic(shape)
        else:
            paragraphs = [p for body in shape.iterchildren("{*}txBody") for p in body.iter("{*}p")]
            listed = _place(shape) in ("body", "obj", "") and _is_placeholder(shape) and len(paragraphs) > 1
            for paragraph in paragraphs:
                self._paragraph(paragraph, listed)

    def _paragraph(self, paragraph: Any, listed: bool) -> None:
        said = paragraph.find("{*}pPr")
        marks = [child.tag.rpartition("}")[2] for child in said] if said is not None else []
        if "buChar" in marks or "buAutoNum" in marks or (listed and "buNone" not in marks):
            level = said.get("lvl", "0") if said is not None else "0"
            self._draft.item(_text(paragraph), int(level) if level.isdecimal() else 0)
        else:
            self._draft.paragraph(_text(paragraph))

    def _graphic(self, frame: Any) -> None:
        """A chart as the table of its numbers, a diagram as the list of its texts."""
        for element in frame.iter("{*}chart", "{*}relIds"):
            key = _id(element) or next((v for k, v in element.attrib.items() if k.endswith("}dm")), "")
            if key not in self._targets or self._targets[key][1] not in self._archive.NameToInfo:
                continue
            root = tree(part(self._archive, self._targets[key][1]))
            if element.tag.endswith("}chart"):
                _write_chart(self._draft, root)
            else:
                for paragraph in root.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
                    self._draft.item(_text(paragraph))

    def _notes(self, notes: Any) -> None:
        said = [
            _text(paragraph)
            for shape in _shapes(notes)
            if _place(shape) not in _FURNITURE
            for paragraph in shape.iter("{*}p")
        ]
        if any(one_line(text) for text in said):
            self._draft.heading(2, "Speaker notes")
        for text in said:
            self._draft.paragraph(text)


def _shapes(root: Any) -> Iterator[Any]:
    """Shapes and frames in reading order, those in groups too; of alternatives the first."""
    for element in root:
        name = str(element.tag).rpartition("}")[2]
        if name in ("sp", "graphicFrame"):
            yield element
        elif name not in ("Fallback", "pic", "cxnSp"):
            yield from _shapes(element)


def _place(shape: Any) -> str:
    """What the place of the slide's layout is for that the shape fills; empty where it names none."""
    placeholder = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return str(placeholder.get("type", "")) if placeholder is not None else ""


def _is_placeholder(shape: Any) -> bool:
    return shape.find("{*}nvSpPr/{*}nvPr/{*}ph") is not None


def _text(paragraph: Any) -> str:
    pieces = []
    for element in paragraph.iter("{*}t", "{*}br", "{*}tab"):
        pieces.append((element.text or "") if element.tag.endswith("}t") else "\n")
    return "".join(pieces)


def _write_table(draft: Draft, table: Any) -> None:
    rows: list[list[str]] = []
    merges: list[Merge] = []
    for at, row in enumerate(table.iterchildren("{*}tr")):
        cells = list(row.iterchildren("{*}tc"))
        rows.append([one_line(" ".join(_text(p) for p in cell.iter("{*}p"))) for cell in cells])
        for column, cell in enumerate(cells):
            wide, high = (cell.get(name, "1") for name in ("gridSpan", "rowSpan"))
            if (wide, high) != ("1", "1") and wide.isdecimal() and high.isdecimal():
                merges.append(Merge(at, column, at + int(high) - 1, column + int(wide) - 1))
    write_sheet(draft, rows, merges)


def _write_chart(draft: Draft, chart: Any) -> None:
    """The title, and a row for each category with the values of all series."""
    for title in chart.iterfind("{*}chart/{*}title"):
        draft.paragraph(" ".join(_text(p) for p in title.iter("{*}p")))
    series = list(chart.iter("{*}ser"))[:100]
    names = [_points(each.find("{*}tx")).get(0, f"Series {n}") for n, each in enumerate(series, 1)]
    categories: dict[int, str] = {}
    for each in series:
        categories |= _points(_first(each, "cat", "xVal"))
    values = [_points(_first(each, "val", "yVal")) for each in series]
    rows = [
        [categories.get(at, str(at + 1)), *(each.get(at, "") for each in values)]
        for at in sorted(categories.keys() | {at for each in values for at in each})
    ]
    if series:
        write_sheet(draft, [["Category", *names], *rows])


def _first(element: Any, *names: str) -> Any:
    return next((found for name in names if (found := element.find(f"{{*}}{name}")) is not None), None)


def _points(element: Any) -> dict[int, str]:
    """The values that a chart keeps of its data, by their number."""
    if element is None:
        return {}
    points = list(element.iter("{*}pt"))
    if not points:
        said = element.findtext("{*}v")
        return {0: said} if said else {}
    return {
        int(point.get("idx", "0")): one_line(point.findtext("{*}v") or "")
        for point in points
        if point.get("idx", "0").isdecimal()
    }
