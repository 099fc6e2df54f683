"""Small files of the office formats, made by hand, as the tests of reading want them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument"
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
    "<dc:title>{title}</dc:title><dc:creator>Ada Arvo</dc:creator>"
    "<dcterms:created>2024-03-05T10:00:00Z</dcterms:created></cp:coreProperties>"
)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def relations(targets: Sequence[tuple[str, str]]) -> str:
    """The relations of a part: kind and target of rId1, rId2, …"""
    each = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{each}</Relationships>'


def office(main: str, kind: str, files: Mapping[str, str], title: str = "") -> dict[str, str]:
    """The files of an Office document whose main part is of this kind, with its properties."""
    types = f'<Types><Override PartName="/{main}" ContentType="{MAIN}.{kind}.main+xml"/></Types>'
    return {
        "[Content_Types].xml": types,
        "_rels/.rels": relations(
            [("officeDocument", main), ("metadata/core-properties", "docProps/core.xml")]
        ),
        "docProps/core.xml": CORE.format(title=title),
        **files,
    }


# -- workbooks -----------------------------------------------------------------------------------------------

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet(rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> str:
    """A sheet: strings, numbers, and (number, style) pairs; None is an empty cell."""
    lines = []
    for at, row in enumerate(rows, 1):
        cells = "".join(
            _cell(f"{chr(65 + n)}{at}", value) for n, value in enumerate(row) if value is not None
        )
        lines.append(f'<row r="{at}">{cells}</row>' if cells else "")
    merges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    return (
        f'<worksheet xmlns="{SHEET}"><sheetData>{"".join(lines)}</sheetData>'
        f"{f'<mergeCells>{merges}</mergeCells>' if merges else ''}</worksheet>"
    )


def _cell(ref: str, value: object) -> str:
    if isinstance(value, str):
        return f'<c r="{ref}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{ref}" t="b"><v>{int(value)}</v></c>'
    number, style = value if isinstance(value, tuple) else (value, 0)
    return f'<c r="{ref}" s="{style}"><v>{number}</v></c>'


def workbook(
    sheets: Mapping[str, str],
    formats: Sequence[str] = (),
    hidden: Sequence[str] = (),
    title: str = "",
    strings: Sequence[str] = (),
) -> dict[str, str]:
    """The files of a workbook; style 1 of its cells has the first of the formats, and so on."""
    own = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{escape(f)}"/>' for n, f in enumerate(formats))
    cells = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}" '
        f'state="{"hidden" if name in hidden else "visible"}"/>'
        for n, name in enumerate(sheets, 1)
    )
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    book = f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
    styles = (
        f'<styleSheet xmlns="{SHEET}"><numFmts>{own}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/>{cells}</cellXfs></styleSheet>'
    )
    files = {
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relations(
            [*targets, ("styles", "styles.xml"), ("sharedStrings", "/xl/sharedStrings.xml")]
        ),
        "xl/styles.xml": styles,
        "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{"".join(f"<si>{s}</si>" for s in strings)}</sst>',
        **{f"xl/worksheets/sheet{n}.xml": text for n, text in enumerate(sheets.values(), 1)},
    }
    return office("xl/workbook.xml", "spreadsheetml.sheet", files, title)


# -- presentations -------------------------------------------------------------------------------------------

SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWN = "http://schemas.openxmlformats.org/drawingml/2006/main"
NAMES = f'xmlns:p="{SLIDES}" xmlns:a="{DRAWN}" xmlns:r="{OFFICE}"'

MARKED = "<a:pPr><a:buChar/></a:pPr>"


def shape(place: str | None, *paragraphs: str) -> str:
    """A shape that fills a place of its layout (None: none); `- ` before a paragraph makes it an item."""
    held = "" if place is None else f'<p:nvPr><p:ph type="{place}"/></p:nvPr>'
    text = "".join(
        _line(p.removeprefix("- ")).replace("<a:p>", f"<a:p>{MARKED if p.startswith('- ') else ''}")
        for p in paragraphs
    )
    return f"<p:sp><p:nvSpPr>{held}</p:nvSpPr><p:txBody>{text}</p:txBody></p:sp>"


def grid(rows: Sequence[Sequence[str]]) -> str:
    """A table on a slide."""
    lines = "".join(
        f"<a:tr>{''.join(f'<a:tc><a:txBody>{_line(cell)}</a:txBody></a:tc>' for cell in row)}</a:tr>"
        for row in rows
    )
    return f"<p:graphicFrame><a:graphic><a:tbl>{lines}</a:tbl></a:graphic></p:graphicFrame>"


def _line(text: str) -> str:
    return f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"


def slides(*pages: str, notes: Mapping[int, str] | None = None, title: str = "") -> dict[str, str]:
    """The files of a presentation, shown in the order of the arguments and stored in the opposite one."""
    order = list(range(len(pages), 0, -1))
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(pages) + 1))
    files = {
        "ppt/presentation.xml": f"<p:presentation {NAMES}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations([("slide", f"slides/slide{n}.xml") for n in order]),
    }
    for page, number in zip(pages, order, strict=True):
        tree = f"<p:cSld><p:spTree>{page}</p:spTree></p:cSld>"
        files[f"ppt/slides/slide{number}.xml"] = f"<p:sld {NAMES}>{tree}</p:sld>"
    for at, text in (notes or {}).items():
        number = order[at - 1]
        said = shape("sldImg", "") + shape("body", text) + shape("sldNum", "7")
        files[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(
            [("notesSlide", f"../notesSlides/notesSlide{number}.xml")]
        )
        files[f"ppt/notesSlides/notesSlide{number}.xml"] = (
            f"<p:notes {NAMES}><p:cSld><p:spTree>{said}</p:spTree></p:cSld></p:notes>"
        )
    return office("ppt/presentation.xml", "presentationml.presentation", files, title)


# -- OpenDocument, e-books -----------------------------------------------------------------------------------

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = " ".join(
    f'xmlns:{short}="{_ODF}{name}:1.0"'
    for short, name in [
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("style", "style"),
        ("presentation", "presentation"),
        ("meta", "meta"),
        ("manifest", "manifest"),
    ]
)


def open_document(kind: str, body: str, styles: str = "", title: str = "") -> dict[str, str]:
    """The files of an OpenDocument file of this kind (`text`, `spreadsheet`, `presentation`)."""
    return {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f"<office:document-content {SPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>",
        "meta.xml": f'<office:document-meta {SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        f"<dc:title>{title}</dc:title><meta:initial-creator>Ada Arvo</meta:initial-creator>"
        "<meta:creation-date>2024-03-05T10:00:00</meta:creation-date></office:meta></office:document-meta>",
    }


def book(chapters: Mapping[str, str], contents: Mapping[str, str] | None = None) -> dict[str, str]:
    """The files of an e-book: XHTML by file name, in order, and what the table of contents calls them."""
    items = "".join(
        f'<item id="c{n}" href="text/{name}" media-type="application/xhtml+xml"/>'
        for n, name in reversed(list(enumerate(chapters)))
    )
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    points = "".join(
        f'<navPoint><navLabel><text>{label}</text></navLabel><content src="text/{name}#top"/></navPoint>'
        for name, label in (contents or {}).items()
    )
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": f'<container xmlns="{_ODF}container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>',
        "OEBPS/content.opf": '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>Kettles</dc:title><dc:creator>Ada Arvo</dc:creator>"
        "<dc:creator>Bo Berg</dc:creator>"
        f"<dc:date>2024-03-05T00:00:00Z</dc:date></metadata><manifest>{items}"
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
        f'<spine toc="ncx">{order}</spine></package>',
        "OEBPS/toc.ncx": f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>',
        **{
            f"OEBPS/text/{name}": f'<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
            f"<head><title>x</title></head><body>{body}</body></html>"
            for name, body in chapters.items()
        },
    }
