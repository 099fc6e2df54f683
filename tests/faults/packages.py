"""Sound files of the formats that are zip archives, and what broken ones are made of."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from faults import texts
from faults.texts import HEADING, ROWS, SENTENCES


def packed(members: Mapping[str, bytes]) -> bytes:
    """A zip file of these members; one called `mimetype` is not compressed, as OpenDocument and EPUB ask."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compresslevel=1) as archive:
        for name, data in members.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, how, 1)
    return out.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """The members of a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_OFFICE = "http://schemas.openxmlformats.org"
_TYPES = f"{_OFFICE}/package/2006/content-types"
_RELATIONS = f"{_OFFICE}/officeDocument/2006/relationships"
_OPEN = "application/vnd.openxmlformats-officedocument"


def _office(main: str, parts: Mapping[str, tuple[str, str]], links: Mapping[str, Mapping[str, str]]) -> bytes:
    """An Office package: `parts` are content type and XML by path, `links` the relations of some of them."""
    kinds = "".join(
        f'<Override PartName="/{path}" ContentType="{_OPEN}.{kind}"/>' for path, (kind, _) in parts.items()
    )
    links_are = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    )
    others_are = '<Default Extension="xml" ContentType="application/xml"/>'
    members = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_TYPES}">{links_are}{others_are}{kinds}</Types>',
        "_rels/.rels": _relations({main: "officeDocument"}),
    }
    for path, targets in links.items():
        folder, _, name = path.rpartition("/")
        members[f"{folder}/_rels/{name}.rels"] = _relations(targets)
    members |= {path: _XML + xml for path, (_, xml) in parts.items()}
    return packed({name: text.encode() for name, text in members.items()})


def _relations(targets: Mapping[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for n, (target, kind) in enumerate(targets.items(), 1)
    )
    return f'{_XML}<Relationships xmlns="{_OFFICE}/package/2006/relationships">{links}</Relationships>'


def docx() -> bytes:
    from docx import Document

    word = Document()
    word.add_heading(HEADING, 1)
    for sentence in SENTENCES:
        word.add_paragraph(sentence)
    table = word.add_table(rows=0, cols=3)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def pptx() -> bytes:
    names = (
        f'xmlns:a="{_OFFICE}/drawingml/2006/main" xmlns:p="{_OFFICE}/presentationml/2006/main" '
        f'xmlns:r="{_RELATIONS}"'
    )
    blank = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    slides = {f"ppt/slides/slide{n}.xml": _slide(names, blank, text) for n, text in enumerate(SENTENCES, 1)}
    layout, master = "ppt/slideLayouts/slideLayout1.xml", "ppt/slideMasters/slideMaster1.xml"
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n + 1}"/>' for n in range(1, len(slides) + 1))
    deck = (
        f'<p:presentation {names}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/>'
        f'</p:sldMasterIdLst><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/>'
        '<p:notesSz cx="1" cy="1"/>'
        "</p:presentation>"
    )
    tree = f"<p:cSld><p:spTree>{blank}</p:spTree></p:cSld>"
    colours = " ".join(
        f'{name}="{kind}"'
        for name, kind in zip(
            "bg1 tx1 bg2 tx2 accent1 accent2 accent3 accent4 accent5 accent6 hlink folHlink".split(),
            "lt1 dk1 lt2 dk2 accent1 accent2 accent3 accent4 accent5 accent6 hlink folHlink".split(),
            strict=True,
        )
    )
    kind = "presentationml"
    parts = {
        "ppt/presentation.xml": (f"{kind}.presentation.main+xml", deck),
        master: (
            f"{kind}.slideMaster+xml",
            f"<p:sldMaster {names}>{tree}<p:clrMap {colours}/><p:sldLayoutIdLst>"
            '<p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst></p:sldMaster>',
        ),
        layout: (f"{kind}.slideLayout+xml", f"<p:sldLayout {names}>{tree}</p:sldLayout>"),
        **{path: (f"{kind}.slide+xml", xml) for path, xml in slides.items()},
    }
    links = {
        "ppt/presentation.xml": {master[4:]: "slideMaster"} | {path[4:]: "slide" for path in slides},
        master: {"../slideLayouts/slideLayout1.xml": "slideLayout"},
        layout: {"../slideMasters/slideMaster1.xml": "slideMaster"},
        **{path: {"../slideLayouts/slideLayout1.xml": "slideLayout"} for path in slides},
    }
    return _office("ppt/presentation.xml", parts, links)


def _slide(names: str, blank: str, text: str) -> str:
    shapes = _shape(2, 'type="title"', HEADING) + _shape(3, 'idx="1"', text)
    return f"<p:sld {names}><p:cSld><p:spTree>{blank}{shapes}</p:spTree></p:cSld></p:sld>"


def _shape(number: int, place: str, text: str) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="Shape {number}"/><p:cNvSpPr/><p:nvPr><p:ph {place}/>'
        f"</p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def xlsx() -> bytes:
    space = f'xmlns="{_OFFICE}/spreadsheetml/2006/main"'
    cells = "".join(
        f'<row r="{r}">'
        + "".join(
            f'<c r="{c}{r}" t="inlineStr"><is><t>{t}</t></is></c>' for c, t in zip("ABC", row, strict=True)
        )
        + "</row>"
        for r, row in enumerate(ROWS, 1)
    )
    sheet = '<sheet name="Parts" sheetId="1" r:id="rId1"/>'
    book = f'<workbook {space} xmlns:r="{_RELATIONS}"><sheets>{sheet}</sheets></workbook>'
    parts = {
        "xl/workbook.xml": ("spreadsheetml.sheet.main+xml", book),
        "xl/worksheets/sheet1.xml": (
            "spreadsheetml.worksheet+xml",
            f"<worksheet {space}><sheetData>{cells}</sheetData></worksheet>",
        ),
    }
    return _office("xl/workbook.xml", parts, {"xl/workbook.xml": {"worksheets/sheet1.xml": "worksheet"}})


_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def odt() -> bytes:
    said = "".join(f"<text:p>{sentence}</text:p>" for sentence in SENTENCES)
    names = f'xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0" office:version="1.3"'
    body = f'<text:h text:outline-level="1">{HEADING}</text:h>{said}'
    kind = "application/vnd.oasis.opendocument.text"
    content = (
        f"{_XML}<office:document-content {names}><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    listed = "".join(
        f'<m:file-entry m:full-path="{path}" m:media-type="{media}"/>'
        for path, media in [("/", kind), ("content.xml", "text/xml")]
    )
    manifest = f'{_XML}<m:manifest xmlns:m="{_ODF}:manifest:1.0" m:version="1.3">{listed}</m:manifest>'
    members = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    return packed({name: text.encode() for name, text in members.items()})


def epub() -> bytes:
    chapters = {f"c{n}.xhtml": _chapter(n, text) for n, text in enumerate(SENTENCES, 1)}
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters
    )
    order = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    package = (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{HEADING}</dc:title>'
        f'<dc:identifier id="id">k</dc:identifier>'
        f"<dc:language>en</dc:language></metadata><manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    container = (
        f'{_XML}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>"
    )
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/book.opf": package,
    }
    members |= {f"OEBPS/{name}": text for name, text in chapters.items()}
    return packed({name: text.encode() for name, text in members.items()})


def _chapter(number: int, text: str) -> str:
    return (
        f'{_XML}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{number}</title></head><body>'
        f"<h1>Chapter {number}</h1><p>{text}</p></body></html>"
    )


def archive() -> bytes:
    plain = {"notes/kettle.md": texts.markdown(), "page.html": texts.html(), "parts.csv": texts.csv()}
    return packed(plain | {"book.docx": docx()})


MAIN = {
    "docx": "word/document.xml",
    "pptx": "ppt/slides/slide1.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "odt": "content.xml",
    "epub": "OEBPS/c1.xhtml",
}
"""Of each format that is a package of XML: the member that holds the text."""
MAKERS = {"docx": docx, "pptx": pptx, "xlsx": xlsx, "odt": odt, "epub": epub, "zip": archive}


def changed(suffix: str, change: Callable[[bytes], bytes]) -> bytes:
    """The sound package with its text changed."""
    members = unpacked(MAKERS[suffix]())
    members[MAIN[suffix]] = change(members[MAIN[suffix]])
    return packed(members)
