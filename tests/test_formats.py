"""Office files, e-books, mails, tables and records: read by what they hold, as a person sees it."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Callable

import offices
import pytest
from hypothesis import given
from hypothesis import strategies as st
from offices import book, grid, open_document, packed, shape, sheet, slides, workbook
from test_read import docx

from assistant import tables
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import ReadError
from assistant.read import SUFFIXES, is_plain, read
from assistant.readers.numerals import numeral
from assistant.split import split
from assistant.types import Document, Source


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


def test_a_sheet_is_read_as_it_looks() -> None:
    document = read(xlsx(), "a.xlsx")
    assert document.text == (
        "# Shop\n\n## Prices of 2024\n\n"
        "| Part | Price | Share | Since |\n|---|---|---|---|\n| Lid | 5.10 € | 12.5% | 2024-03-05 |\n"
        "| Base | 1,234.00 € | 100.0% | 2024-03-06 |\n| Cord | 0.3 |  |  |\n\nSource: the shop"
    )
    assert headings(document) == [(1, "Shop"), (2, "Prices of 2024")]
    assert document.title == "Price list"
    assert document.metadata == {"author": "Ada Arvo", "date": "2024-03-05"}


def test_merged_cells_stand_in_each_row_and_column_names_of_two_rows_are_put_together() -> None:
    rows = [
        ["Region", "2023", None, "2024"],
        [None, "Sold", "Won", "Sold"],
        ["North", 1, 2, 3],
        [None, 4, 5, 6],
    ]
    data = packed(workbook({"S": sheet(rows, ["A1:A2", "B1:C1", "A3:A4"])}))
    assert read(data, "a.xlsx").text == (
        "# S\n\n| Region | 2023 Sold | 2023 Won | 2024 Sold |\n|---|---|---|---|\n"
        "| North | 1 | 2 | 3 |\n| North | 4 | 5 | 6 |"
    )


def test_tables_of_one_sheet_are_told_apart_and_an_empty_row_within_one_is_nothing() -> None:
    rows = [
        ["Part", "Price"],
        ["Lid", 5],
        [],
        ["Base", 9],
        [],
        ["City", "People"],
        ["Oslo", 700],
        ["Rome", 2800],
    ]
    assert read(packed(workbook({"S": sheet(rows)})), "a.xlsx").text == (
        "# S\n\n| Part | Price |\n|---|---|\n| Lid | 5 |\n| Base | 9 |\n\n"
        "| City | People |\n|---|---|\n| Oslo | 700 |\n| Rome | 2800 |"
    )


def test_a_form_is_no_table() -> None:
    rows = [["Invoice"], ["Customer", "Ada Arvo"], ["Number", 17], ["Town", "Oslo"], ["Sent", "by post"]]
    assert read(packed(workbook({"S": sheet(rows)})), "a.xlsx").text == (
        "# S\n\n## Invoice\n\n- Customer: Ada Arvo\n- Number: 17\n- Town: Oslo\n- Sent: by post"
    )
    assert read(b"Name:,Ada\nTown:,Oslo\n", "a.csv").text == "- Name: Ada\n- Town: Oslo"


def test_strings_that_are_shared_errors_truth_and_hidden_sheets() -> None:
    shared = ["<t>Plain</t>", "<r><t>Ri</t></r><r><t>ch</t></r><rPh><t>said so</t></rPh>"]
    cells = '<row r="1">{}</row>'.format(
        "".join(
            f'<c r="{r}1" t="{t}"><v>{v}</v></c>'
            for r, t, v in [
                ("A", "s", 0),
                ("B", "s", 1),
                ("C", "s", 99),
                ("D", "e", "#N/A"),
                ("E", "str", "by"),
            ]
        )
        + '<c r="F1" t="b"><v>1</v></c>'
    )
    seen = f'<worksheet xmlns="{offices.SHEET}"><sheetData>{cells}</sheetData></worksheet>'
    data = packed(workbook({"Seen": seen, "Not": sheet([["secret"]])}, hidden=["Not"], strings=shared))
    assert read(data, "a.xlsx").text == "# Seen\n\nPlain Rich #N/A by TRUE"


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.125, "0%", "13%"),
        (-1234.5, "#,##0.00_);[Red](#,##0.00)", "(1,234.50)"),
        (0, '#,##0;-#,##0;"none"', "none"),
        (7, "00000", "00007"),
        (12345678, '0.0,,"M"', "12.3M"),
        (5, "0.##", "5"),
        (12345, "0.00E+00", "1.23E+04"),
        (1e20, "General", "1e+20"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (45356.604, "m/d/yy h:mm", "2024-03-05 14:29"),
        (45356, "mmm\\-yy", "March 2024"),
        (45356, "[$-409]d\\-mmm\\-yyyy;@", "2024-03-05"),
        (0.604, "h:mm:ss AM/PM", "14:29:46"),
        (1.5, "[h]:mm", "36:00"),
        (3, '0 "days"', "3 days"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (1e10, "yyyy-mm-dd", "10000000000"),
    ],
)
def test_numbers_look_as_their_format_says(value: float, code: str, shown: str) -> None:
    assert numeral(value, code) == shown


@given(st.floats(allow_nan=False, allow_infinity=False), st.text('0#?,.%E+-/"\\[];@ymdhs_*$€ ', max_size=12))
def test_no_format_of_a_number_breaks_a_sheet(value: float, code: str) -> None:
    data = packed(workbook({"S": sheet([["a", "b"], ["x", (repr(value), 1)]])}, [code]))
    assert read(data, "a.xlsx").text.startswith("# S")


def test_a_wide_table_is_given_in_parts_that_a_passage_holds() -> None:
    names = ["Country", *(f"Indicator number {n}" for n in range(20))]
    rows = [names, *([f"Land {r}", *(r * 100 + n for n in range(20))] for r in range(3))]
    document = read(packed(workbook({"S": sheet(rows)})), "a.xlsx")
    spoken = [
        tables.spoken(
            passage.quote(span),
            tables.columns_above(passage.text, span.start - passage.start) or passage.header,
        )
        for passage in split(document)
        for span in passage.sentences
        if tables.is_row(passage.quote(span))
    ]
    assert any(text.startswith("Country: Land 2; ") and "Indicator number 19: 219" in text for text in spoken)


def test_a_sheet_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.readers.grid.CELLS", 20)
    data = packed(workbook({"S": sheet([["a", "b", "c"]] * 8)}))
    assert "more than 20 cells" in refusal(data, "a.xlsx")
    assert "more than 20 cells" in refusal(b"a,b,c\n" * 8, "a.csv")


def test_cells_far_away_take_no_room() -> None:
    row = '<row r="{}"><c r="{}"><v>5</v></c></row>'
    rows = [("1", "A1"), ("1048576", "XFD1048576"), ("99999999999999999999", "ZZZZZ9"), ("3", "!")]
    held = "".join(row.format(*place) for place in rows)
    text = f'<worksheet xmlns="{offices.SHEET}"><sheetData>{held}</sheetData></worksheet>'
    assert read(packed(workbook({"S": text})), "a.xlsx").text == "# S\n\n5\n\n5"


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


def test_slides_are_pages_in_the_order_in_which_they_are_shown() -> None:
    document = read(pptx(), "a.pptx")
    assert [document.text[page.start : page.end] for page in document.pages] == [
        "# Kettle plan\n\nBy Ada",
        "# Goals\n\n- Boil faster\n- Use less\n\n## Speaker notes\n\nThe target is 90 seconds.",
        "# Prices\n\n| Part | Price |\n|---|---|\n| Lid | 5 |\n\n- one\n\ntwo",
        "# Chart\n\n| Category | Sold |\n|---|---|\n| East | 19 |\n| West | 21 |",
    ]
    assert [page.number for page in document.pages] == [1, 2, 3, 4]
    assert headings(document)[:3] == [(1, "Kettle plan"), (1, "Goals"), (2, "Speaker notes")]
    assert (document.title, document.metadata["author"]) == ("Kettle plan", "Ada Arvo")
    assert {p.page for p in split(document)} == {1, 2, 3, 4}


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


def test_an_open_document_is_read_in_order_with_headings_lists_notes_and_tables() -> None:
    document = read(odt(), "a.odt")
    assert document.text == (
        "# Kettle manual\n\n## Cleaning\n\nUse citric acid [1].\n\n- Fill it.\n  - To the mark.\n\n"
        "| Part | Price |\n|---|---|\n| Lid | 5 |\n| Lid | 6 |\n\nThe end.\n\n[1] Or vinegar."
    )
    assert headings(document) == [(1, "Kettle manual"), (2, "Cleaning")]
    assert (document.title, document.metadata) == (
        "Kettle manual",
        {"author": "Ada Arvo", "date": "2024-03-05"},
    )


def test_open_spreadsheets_and_presentations_are_read() -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rest = '<table:table-cell table:number-columns-repeated="16000"/>'
    row = f"<table:table-row>{cell}{cell}{rest}</table:table-row>"
    end = f'<table:table-row table:number-rows-repeated="1048000">{rest}</table:table-row>'
    held = row.format("Part", "Price") + row.format("Lid", "5 €") + end
    body = f'<table:table table:name="Shop">{held}</table:table>'
    assert read(packed(open_document("spreadsheet", body)), "a.ods").text == (
        "# Shop\n\n| Part | Price |\n|---|---|\n| Lid | 5 € |"
    )
    frame = (
        '<draw:frame presentation:class="{}"><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>'
    )
    page = f"<draw:page>{frame}{frame}<presentation:notes>{frame}</presentation:notes></draw:page>"
    body = page.format("outline", "Boil.", "title", "Goals", "notes", "Say it.")
    document = read(
        packed(open_document("presentation", body + page.format("outline", "x", "title", "y", "notes", ""))),
        "a.odp",
    )
    first, second = (document.text[page.start : page.end] for page in document.pages)
    assert (first, second) == ("# Goals\n\nBoil.\n\n## Speaker notes\n\nSay it.", "# y\n\nx")


def test_an_open_document_with_a_password_says_so() -> None:
    locked = f"<manifest:manifest {offices.SPACES}><manifest:encryption-data/></manifest:manifest>"
    data = packed(
        open_document("text", ODT) | {"META-INF/manifest.xml": locked, "content.xml": b"\x07\x99" * 50}
    )
    assert "needs a password" in refusal(data, "a.odt")


# -- e-books -------------------------------------------------------------------------------------------------

CHAPTERS = {
    "one.xhtml": "<h1>Boiling</h1><p>Water boils at 100 degrees.</p><footer>A footnote.</footer>"
    "<ul><li>Fast</li></ul>",
    "two.xhtml": "<p>Share this: nothing is dropped here.</p><table><tr><th>Part</th><th>Price</th></tr>"
    "<tr><td>Lid</td><td>5</td></tr></table>",
}


def epub() -> bytes:
    return packed(book(CHAPTERS, {"two.xhtml": "The parts"}))


def test_an_e_book_is_read_chapter_by_chapter_and_nothing_is_dropped() -> None:
    document = read(epub(), "a.epub")
    assert document.text == (
        "# Boiling\n\nWater boils at 100 degrees.\n\nA footnote.\n\n- Fast\n\n"
        "# The parts\n\nShare this: nothing is dropped here.\n\n| Part | Price |\n|---|---|\n| Lid | 5 |"
    )
    assert document.title == "Kettles"
    assert document.metadata == {"author": "Ada Arvo, Bo Berg", "date": "2024-03-05"}


def test_a_book_that_is_locked_by_its_shop_says_so_and_one_with_locked_fonts_is_read() -> None:
    how = (
        '<encryption><EncryptedData xmlns="e"><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    )
    locked = book(CHAPTERS) | {
        "META-INF/encryption.xml": how.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    }
    assert "DRM" in refusal(packed(locked), "a.epub")
    fonts = book(CHAPTERS) | {"META-INF/encryption.xml": how.format("http://www.idpf.org/2008/embedding")}
    assert "100 degrees" in read(packed(fonts), "a.epub").text


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


def test_a_mail_gives_who_wrote_to_whom_its_plain_text_and_what_is_attached() -> None:
    document = read(PLAIN_MAIL, "a.eml")
    assert document.text == (
        "# Prices of kettles £\n\n- From: Adä <ada@example.org>\n- To: bob@example.org, Cy <cy@example.org>\n"
        "- Date: 2024-03-05 14:30\n\nThe lid costs £5.\n\nBye\n\nAttachments: list.pdf"
    )
    assert document.title == "Prices of kettles £"
    assert document.metadata["author"] == "Adä <ada@example.org>"
    assert document.metadata["date"] == "2024-03-05"


def test_a_mail_without_plain_text_gives_its_html() -> None:
    text = read(HTML_MAIL, "renamed.txt").text
    assert "## As HTML\n\n| Part | Price |\n|---|---|\n| Lid | 5 |" in text


def test_a_mail_gives_the_mails_that_it_forwards() -> None:
    inner = b"From: eve@example.org\nSubject: Lids\n\nLids are out of stock.\n"
    outer = (
        b"From: a@example.org\nSubject: FW\nContent-Type: multipart/mixed; boundary=Z\n\n--Z\n\nSee below.\n"
    )
    document = read(outer + b"--Z\nContent-Type: message/rfc822\n\n" + inner + b"--Z--\n", "a.eml")
    assert document.text.endswith(
        "See below.\n\n## Lids\n\n- From: eve@example.org\n\nLids are out of stock."
    )
    assert headings(document) == [(1, "FW"), (2, "Lids")]


def test_text_that_only_looks_like_a_mail_stays_text() -> None:
    assert read(b"From: me\nSubject: a note\n\nWords of a note.", "a.txt").media_type == "text/plain"
    assert read(b"From: me\nSubject: a note\n\nWords of a note.", "a.eml").media_type == "message/rfc822"


def test_an_encrypted_mail_says_so() -> None:
    mail = b"From: a@example.org\nContent-Type: multipart/encrypted; boundary=Z\n\n--Z\n\nabc\n--Z--\n"
    assert "encrypted" in refusal(mail, "a.eml")


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


def test_rich_text_is_read_with_headings_lists_tables_and_notes() -> None:
    document = read(RTF, "a.rtf")
    assert document.text == (
        "# Cleaning\n\nUse citric acid, café €5 Пр😀 and [1] so on.\n\na link\n\n- Fill it.\n- Wait.\n\n"
        "| Part | Price |\n|---|---|\n| Lid | 5 |\n\nThe end {1}.\n\n[1] Or vinegar."
    )
    assert document.title == "Kettle manual"
    assert document.metadata == {"author": "Ada", "date": "2024-03-05"}
    assert headings(document) == [(1, "Cleaning")]


# -- CSV -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("Part,Price\nLid,5\n", "a.csv"),
        ("Part;Price\nLid;5\n", "a.csv"),
        ("Part\tPrice\nLid\t5\n", "a.tsv"),
        ("Part|Price\r\n\r\nLid|5\r\n", "a.csv"),
        ("sep=;\nPart;Price\nLid;5\n", "a.csv"),
        ('"Part","Price"\n"Lid","5"', "a.csv"),
        (",,\n,Part,Price\n,Lid,5\n,,\n", "a.csv"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_csv_is_one_table_however_its_cells_are_kept_apart(data: str, name: str, encoding: str) -> None:
    document = read(data.encode(encoding), name)
    assert document.text == "| Part | Price |\n|---|---|\n| Lid | 5 |"


def test_csv_in_another_encoding_with_titles_line_ends_and_bars_in_cells() -> None:
    data = 'Prices of 2024\n\nPart;Price;Note\nGerät;1.234,50 €;"one\ntwo | three"\nTür;9 €;\n'
    document = read(data.encode("cp1252"), "a.csv")
    assert document.text == (
        "# Prices of 2024\n\n| Part | Price | Note |\n|---|---|---|\n"
        "| Gerät | 1.234,50 € | one two \\| three |\n| Tür | 9 € |  |"
    )
    row = "| Gerät | 1.234,50 € | one two \\| three |"
    assert (
        tables.spoken(row, "| Part | Price | Note |")
        == "Part: Gerät; Price: 1.234,50 €; Note: one two | three."
    )


def test_columns_without_names_are_called_by_their_letter() -> None:
    assert read(b"Oslo,700\nRome,2800\n", "a.csv").text.startswith(
        "| Column A | Column B |\n|---|---|\n| Oslo |"
    )
    assert "| Country | 2022 | 2023 |" in read(b"Country,2022,2023\nChile,5,6\n", "a.csv").text
    assert "| Name | Column B |" in read(b"Name,\nAda,5\n", "a.csv").text


def test_tables_are_recognised_by_content_and_prose_with_commas_is_no_table() -> None:
    assert read(b"id\tname\n" + b"1\tAda\n" * 6, "export").media_type == "text/tab-separated-values"
    prose = b"One, two, and three things.\n" * 8
    assert (
        read(b"We came, and we saw, and more.\n\nThen, well, that was it.\n\n" + prose, "a.txt").media_type
        == "text/plain"
    )


def test_a_row_is_found_and_cited_with_its_column_names(settings: Settings) -> None:
    rows = "".join(f"Model {n},{n * 7},Town {n % 9}\n" for n in range(2, 200))
    sources = [
        Source("kettles.csv", lambda: f"Model,Price in euro,Made in\n{rows}Vulcan,4711,Bergen\n".encode()),
        Source("prices.xlsx", xlsx),
    ]
    with Assistant.open(settings) as assistant:
        assert [outcome.status for outcome in assistant.add(sources)] == ["added", "added"]
        told = assistant.ask("Where is the Vulcan made?")
        assert "Model: Vulcan; Price in euro: 4711; Made in: Bergen." in [s.text for s in told.sentences]
        assert "| Vulcan | 4711 | Bergen |" in [citation.quote for citation in told.citations]
        told = assistant.ask("What is the share of the Lid?")
        assert "Part: Lid; Price: 5.10 €; Share: 12.5%; Since: 2024-03-05." in [
            s.text for s in told.sentences
        ]


# -- JSON ----------------------------------------------------------------------------------------------------


def test_lists_of_flat_objects_are_tables() -> None:
    rows = '{"id": 1, "at": {"city": "Oslo"}, "tags": ["a", "b"]}, {"id": 2, "at": {"city": "Rome"}, "ok": 1}'
    text = f"[{rows}]"
    expected = "| id | at.city | tags | ok |\n|---|---|---|---|\n| 1 | Oslo | a, b |  |\n| 2 | Rome |  | 1 |"
    assert read(text.encode(), "a.json").text == expected
    lines = text.strip("[]").replace("}, {", "}\n{")
    assert read(lines.encode(), "a.jsonl").text == expected
    assert read(lines.encode(), "no-suffix").text == expected


def test_nested_objects_are_headed_text_with_the_paths_of_keys() -> None:
    text = """{"title": "Settings", "server": {"port": 8080, "hosts": ["a", "b"],
    "tls": {"on": false, "x": null}},
    "users": [{"name": "Ada", "roles": [{"of": "x", "in": [1, [2]]}]}, {"id": 7, "roles": []}]}"""
    document = read(text.encode(), "a.json")
    assert document.text == (
        "- title: Settings\n\n# server\n\n- server.port: 8080\n- server.hosts: a, b\n\n## server.tls\n\n"
        "- server.tls.on: false\n\n# users\n\n## Ada\n\n- users.name: Ada\n\n### users.roles\n\n"
        "#### users.roles.1\n\n- users.roles.of: x\n\n##### users.roles.in\n\n- 1\n- 2\n\n"
        "## users.7\n\n- users.id: 7"
    )
    assert headings(document)[:3] == [(1, "server"), (2, "server.tls"), (1, "users")]
    assert document.title == "Settings"


def test_long_texts_in_records_are_paragraphs_under_the_name_of_their_record() -> None:
    words = "The kettle boils. " * 40
    document = read(f'[{{"title": "Kettles", "text": "{words}"}}]'.encode(), "a.json")
    assert document.text == f"# Kettles\n\n- title: Kettles\n\ntext:\n\n{words.strip()}"


def test_broken_json_is_named_with_its_line_and_text_that_begins_like_json_stays_text() -> None:
    assert "line 2" in refusal(b'{"a": 1,\n "b" 2}', "a.json")
    assert "line 3" in refusal(b'{"a": 1}\n{"a": 2}\n{"a"', "a.jsonl")
    assert read(b"[1] is the first note, and [2] the second.", "a.txt").media_type == "text/plain"
    assert read(b'{"a": "b"} is JSON, says this text.', "a.txt").media_type == "text/plain"


# -- what is recognised, and what is wrong -------------------------------------------------------------------

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


@pytest.mark.parametrize("kind", sorted(set(FILES) - {"csv"}))
def test_a_file_is_read_by_its_content_whatever_its_name(kind: str) -> None:
    data = FILES[kind]()
    right = read(data, f"a.{kind}")
    assert read(data, "a").text == read(data, "a.txt").text == right.text
    assert f".{kind}" in SUFFIXES
    assert not is_plain(data, "a")


def test_a_page_that_is_called_markdown_is_a_page() -> None:
    page = b"<!DOCTYPE html>\n<html><body><h1>Kettles</h1><p>It boils.</p></body></html>"
    assert read(page, "https://example.org/raw/README.md").media_type == "text/html"
    assert read(b"<html lang=en><p>It boils.</p></html>", "a.markdown").media_type == "text/html"
    assert not is_plain(page, "README.md")
    assert (
        read(b"<p align=center>Logo</p>\n\n# Tool\n\n<html> is a tag.", "README.md").media_type
        == "text/markdown"
    )


def test_the_end_of_an_address_is_that_of_its_path() -> None:
    assert read(b"Part,Price\nLid,5\n", "https://example.org/list.csv?version=1.2#top").title == "list"
    with pytest.raises(ReadError, match=r"^list\.json is no valid JSON"):
        read(b'{"a"', "https://example.org/list.json?x=1")
    assert read(b"# C#", "What is C#?.md").title == "C#"


def test_text_that_begins_or_speaks_like_another_format_is_text() -> None:
    assert read(b"A file that begins with %PDF-1.7 is a PDF.", "a.md").media_type == "text/markdown"
    assert read(b"MZ is how programs begin, ID3 how sounds do.", "a.txt").media_type == "text/plain"
    assert read(b"PK is short for a name, and more words.", "a.txt").media_type == "text/plain"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("EncryptedPackage", "needs a password"),
        ("WordDocument", "old Word file (.doc); save it as .docx"),
        ("Workbook", "save it as .xlsx"),
        ("PowerPoint Document", "save it as .pptx"),
        ("__nameid_version1.0", "save it as .eml"),
        ("Something", "old Office file"),
    ],
)
def test_old_and_locked_office_files_say_what_to_do(inside: str, said: str) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + inside.encode("utf-16-le") + bytes(512)
    assert said in refusal(data, "a.docx")


def test_what_is_missing_or_unknown_in_a_package_is_told() -> None:
    assert "is an archive" in refusal(packed({"a.md": "A"}), "a.docx")
    whole = workbook({"S": sheet([["a"]])})
    assert "damaged" in refusal(packed({k: v for k, v in whole.items() if "sheet1" not in k}), "a.xlsx")
    assert "kind that cannot be read" in refusal(packed(offices.office("visio/a.xml", "visio", {})), "a.vsdx")
    assert "holds no text" in refusal(packed(slides(shape("title", ""))), "a.pptx")


def test_a_document_with_macros_and_a_template_are_read_as_any() -> None:
    old = zipfile.ZipFile(io.BytesIO(docx()))
    files = {name: old.read(name) for name in old.namelist()}
    plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    for kind in (
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
        plain.replace(b"document.main", b"template.main"),
    ):
        types = files["[Content_Types].xml"].replace(plain, kind)
        assert read(packed(files | {"[Content_Types].xml": types}), "a.docm").title == "Kettle manual"


# -- attacks -------------------------------------------------------------------------------------------------

LAUGHS = "<!DOCTYPE x [<!ENTITY l0 'ha'>{}]>".format(
    "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
)
OUTSIDE = "<!DOCTYPE x [<!ENTITY l11 SYSTEM 'file:///etc/passwd'>]>"
PARTS = {
    "xlsx": (lambda: workbook({"S": sheet([["a", "b"], ["MARK", 1]])}), "xl/worksheets/sheet1.xml"),
    "xlsx strings": (
        lambda: workbook({"S": sheet([["a"]])}, strings=["<t>MARK</t>"]),
        "xl/sharedStrings.xml",
    ),
    "pptx": (lambda: slides(shape("title", "MARK")), "ppt/slides/slide1.xml"),
    "odt": (lambda: open_document("text", "<text:p>MARK</text:p>"), "content.xml"),
    "epub": (lambda: book({"a.xhtml": "<p>MARK</p>"}), "OEBPS/text/a.xhtml"),
    "epub package": (lambda: book({"a.xhtml": "<p>x</p>"}, {"a.xhtml": "MARK"}), "OEBPS/toc.ncx"),
}


@pytest.mark.parametrize("attack", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
@pytest.mark.parametrize("kind", PARTS)
def test_entities_are_neither_fetched_nor_multiplied(kind: str, attack: str) -> None:
    made, path = PARTS[kind]
    files = made()
    attacked = files[path].replace("MARK", "one &l11; two")
    head, _, rest = attacked.partition("?>") if attacked.startswith("<?xml") else ("", "", attacked)
    files[path] = f"{head}?>{attack}{rest}" if head else attack + attacked
    try:
        text = read(packed(files), "a").text
    except ReadError:
        return
    assert "root:" not in text
    assert text.count("ha") < 10_000
    assert len(text) < 10_000


@pytest.mark.parametrize("kind", ["xlsx", "pptx", "odt", "epub", "docx"])
def test_bombs_are_refused_before_they_are_unpacked(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.readers.package.UNPACKED", 1_000_000)
    assert "unpacks to more than" in refusal(packed({"mimetype": "x", "bomb": bytes(2_000_000)}), f"a.{kind}")


def test_what_is_repeated_without_end_is_refused_or_cut() -> None:
    cell = '<table:table-cell table:number-columns-repeated="16000"><text:p>x</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
    assert "cells" in refusal(
        packed(open_document("spreadsheet", f"<table:table>{row}</table:table>")), "a.ods"
    )
    spaces = '<text:s text:c="999999999"/>' * 50
    assert len(read(packed(open_document("text", f"<text:p>a{spaces}b</text:p>")), "a.odt").text) < 100


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"{\\rtf1 " + b"{" * 200_000 + b"x",
        b'{"a": ' + b"9" * 50_000 + b"}",
    ],
    ids=["lists", "objects", "braces", "digits"],
)
def test_deep_nesting_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(ReadError) if not data.startswith(b"{\\rtf") else _nothing():
        assert read(data, "a.json").text == "x"


def _nothing():  # type: ignore[no-untyped-def]
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize("kind", FILES)
def test_cut_and_flipped_files_are_read_or_refused_but_never_crash(kind: str) -> None:
    whole = FILES[kind]()
    chance = random.Random(kind)
    for _ in range(60):
        data = bytearray(whole[: chance.randrange(1, len(whole))] if chance.random() < 0.4 else whole)
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        _read_or_refused(bytes(data), f"a.{kind}")


@pytest.mark.parametrize("kind", ["xlsx", "pptx", "odt", "epub"])
def test_flipped_parts_of_packages_are_read_or_refused_but_never_crash(kind: str) -> None:
    made: dict[str, Callable[[], dict[str, str]]] = {
        "xlsx": lambda: workbook({"Shop": sheet(PRICES, ["A1:E1"])}, FORMATS),
        "pptx": lambda: slides(
            shape("title", "Prices") + grid([["Part", "Price"], ["Lid", "5"]]), notes={1: "Note."}
        ),
        "odt": lambda: open_document("text", ODT, ODT_STYLE),
        "epub": lambda: book(CHAPTERS, {"two.xhtml": "The parts"}),
    }
    files, chance = made[kind](), random.Random(kind)
    for _ in range(60):
        path = chance.choice([name for name in files if name != "mimetype"])
        data = bytearray(files[path].encode())
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        _read_or_refused(packed(files | {path: bytes(data)}), f"a.{kind}")


@given(
    st.binary(max_size=200),
    st.sampled_from(SUFFIXES),
    st.sampled_from([b"", b"{\\rtf1", b"From: a\nTo: b\n", b"{", b"[{"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str, start: bytes) -> None:
    _read_or_refused(start + data, f"a{suffix}")


@given(
    st.lists(
        st.lists(st.sampled_from(["", "a", "5", "2024", "a b", "Total", "x\ny", '"']), max_size=4),
        max_size=9,
    )
)
def test_all_that_stands_in_cells_stands_in_the_text(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    document = _read_or_refused(out.getvalue().encode(), "a.csv")
    if document:
        for cell in {cell for row in rows for cell in row}:
            assert set(cell.split()) <= set(document.text.split())


def _read_or_refused(data: bytes, name: str) -> Document | None:
    try:
        document = read(data, name)
    except ReadError:
        return None
    assert all(document.text[h.start : h.end].strip() for h in document.headings)
    assert all(page.start < page.end <= len(document.text) for page in document.pages)
    return document
