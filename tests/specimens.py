"""A small file of each format, and what reading one gives: its headings, or the sentence that refuses it."""

from __future__ import annotations

from collections.abc import Callable

import offices
import pytest
from offices import book, grid, open_document, packed, shape, sheet, slides, workbook

from assistant.core.errors import ReadError
from assistant.core.types import Document
from assistant.ingest.parse import read


def headings(document: Document) -> list[tuple[int, str]]:
    assert all(h.title in document.text[h.start : h.end] for h in document.headings)
    return [(h.level, h.title) for h in document.headings]


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(ReadError) as caught:
        read(data, name)
    assert caught.value.message.startswith(f"{name} ")
    assert caught.value.message.endswith(".")
    return caught.value.message


# -- Excel ---------------------------------------------------------------------------------------------------

PRICES = [
    ["Prices of 2024"],
    [],
    [None, "Part", "Price", "Share", "Since"],
    [None, "Lid", (5.1, 1), (0.125, 2), (45356, 3)],
    [None, "Base", (1234, 1), (1, 2), (45357, 3)],
    [None, "Cord", 0.30000000000000004],
    [],
    [None, "Source: the shop"],
]
FORMATS = ['#,##0.00\\ "€"', "0.0%", "dd/mm/yyyy"]


def xlsx() -> bytes:
    return packed(workbook({"Shop": sheet(PRICES, ["A1:E1"])}, FORMATS, title="Price list"))


# -- PowerPoint ----------------------------------------------------------------------------------------------


def pptx() -> bytes:
    point = '<c:pt idx="{}"><c:v>{}</c:v></c:pt>'
    places = point.format(0, "East") + point.format(1, "West")
    values = point.format(0, 19) + point.format(1, 21)
    chart = f"<c:ser><c:tx><c:v>Sold</c:v></c:tx><c:cat>{places}</c:cat><c:val>{values}</c:val></c:ser>"
    framed = '<p:graphicFrame><c:chart xmlns:c="c" r:id="rId1"/></p:graphicFrame>'
    files = slides(
        shape("ctrTitle", "Kettle plan") + shape("subTitle", "By Ada"),
        f"<p:grpSp>{shape('body', 'Boil faster', 'Use less')}</p:grpSp>"
        + shape("title", "Goals")
        + shape("ftr", "Page"),
        shape("title", "Prices") + grid([["Part", "Price"], ["Lid", "5"]]) + shape(None, "- one", "two"),
        shape("title", "Chart") + framed,
        notes={2: "The target is 90 seconds."},
    )
    files["ppt/slides/_rels/slide1.xml.rels"] = offices.relations([("chart", "../charts/chart1.xml")])
    files["ppt/charts/chart1.xml"] = f'<c:chartSpace xmlns:c="c"><c:chart>{chart}</c:chart></c:chartSpace>'
    return packed(files)


# -- OpenDocument --------------------------------------------------------------------------------------------

ODT = """<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:p text:style-name="P1">Kettle manual</text:p><text:h text:outline-level="2">Cleaning</text:h>
<text:p>Use<text:s text:c="2"/>citric<text:tab/>acid<text:note><text:note-citation>1</text:note-citation>
<text:note-body><text:p>Or vinegar.</text:p></text:note-body></text:note>.<office:annotation><text:p>remark
</text:p></office:annotation></text:p><text:list><text:list-item><text:p>Fill it.</text:p><text:list>
<text:list-item><text:p>To the mark.</text:p></text:list-item></text:list></text:list-item></text:list>
<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Part</text:p></table:table-cell>
<table:table-cell><text:p>Price</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>Lid</text:p></table:table-cell>
<table:table-cell><text:p>5</text:p></table:table-cell></table:table-row>
<table:table-row><table:covered-table-cell/><table:table-cell><text:p>6</text:p></table:table-cell></table:table-row></table:table>
<text:p>The end.</text:p>"""
ODT_STYLE = '<style:style style:name="P1" style:parent-style-name="Title"/>'


def odt() -> bytes:
    return packed(open_document("text", ODT, ODT_STYLE))


# -- e-books -------------------------------------------------------------------------------------------------

CHAPTERS = {
    "one.xhtml": "<h1>Boiling</h1><p>Water boils at 100 degrees.</p><footer>A footnote.</footer>"
    "<ul><li>Fast</li></ul>",
    "two.xhtml": "<p>Share this: nothing is dropped here.</p><table><tr><th>Part</th><th>Price</th></tr>"
    "<tr><td>Lid</td><td>5</td></tr></table>",
}


def epub() -> bytes:
    return packed(book(CHAPTERS, {"two.xhtml": "The parts"}))


# -- mail ----------------------------------------------------------------------------------------------------

MAIL = b"""Received: from x
From: =?utf-8?q?Ad=C3=A4?= <ada@example.org>\r
To: bob@example.org, Cy <cy@example.org>
Subject: Prices of
 kettles =?iso-8859-1?q?=A3?=
Date: Tue, 05 Mar 2024 14:30:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=X

--X
Content-Type: multipart/alternative; boundary=Y

--Y
Content-Type: text/html; charset=utf-8

<h2>As HTML</h2><table><tr><th>Part</th><th>Price</th></tr><tr><td>Lid</td><td>5</td></tr></table>
--Y
PLAIN--Y--
--X
Content-Type: application/pdf
Content-Disposition: attachment; filename="list.pdf"
Content-Transfer-Encoding: base64

AAAA
--X--
"""
HTML_MAIL = MAIL.replace(b"--Y\nPLAIN", b"")
PLAIN_MAIL = MAIL.replace(
    b"PLAIN",
    b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
    b"The lid costs =A35.\n\nBye\n",
)


# -- rich text -----------------------------------------------------------------------------------------------

RTF = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Cyr;}}
{\stylesheet{\s0 Normal;}{\s1\sbasedon0 heading 1;}}{\colortbl;\red0;}{\*\generator Secret}
{\info{\title Kettle manual}{\author Ada}{\creatim\yr2024\mo3\dy5\hr1}{\revtim\yr2025\mo1\dy1}}{\header Head}
\pard\s1 Cleaning\par\pard Use citric acid, caf\'e9 \u8364?5 {\f1\'cf\'f0}\u-10179?\u-8704? and{\footnote
Or vinegar.} so on.\par
{\pict\pngblip 89504e47}{\field{\*\fldinst HYPERLINK "x"}{\fldrslt a link}}\par
{\listtext\bullet\tab}\pard\ls1 Fill it.\par{\listtext\bullet\tab}\pard\ls1 Wait.\par
\pard\trowd\pard\intbl Part\cell Price\cell\row\trowd\pard\intbl Lid\cell 5\cell\row
\pard The {\v hidden}end \{1\}.\par\bin3 }}}}"""


# -- all of them ---------------------------------------------------------------------------------------------

FILES: dict[str, Callable[[], bytes]] = {
    "xlsx": xlsx,
    "pptx": pptx,
    "odt": odt,
    "epub": epub,
    "eml": lambda: PLAIN_MAIL,
    "rtf": lambda: RTF,
    "json": lambda: b'{"a": [{"b": 1}, {"b": [2]}], "c": "d"}',
    "csv": lambda: b"Part,Price\nLid,5\nBase,9\n",
}
