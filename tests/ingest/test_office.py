"""Office files: sheets, slides and open documents, read as a person sees them."""

from __future__ import annotations

import offices
import pytest
from hypothesis import given
from hypothesis import strategies as st
from offices import open_document, packed, sheet, workbook
from specimens import ODT, headings, odt, pptx, refusal, xlsx

from assistant.ingest.parse import read
from assistant.ingest.readers.office.number_formats import format_number
from assistant.ingest.splitting import split
from assistant.text import tables

# -- Excel ---------------------------------------------------------------------------------------------------


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


def test_a_wide_table_whose_first_column_repeats_is_split_with_the_column_that_names_its_rows() -> None:
    names = ["Maker", "Kind of pot that it is", "Number of the pot", "Told of it", "Litres that go into it"]
    rows = [["Arvo and Sons", "a pot with a lid", f"P{n}-X", f"{n} {'x' * 280}", n + 2] for n in range(8)]
    text = read(packed(workbook({"S": sheet([names, *rows])})), "a.xlsx").text
    assert "| Maker | Number of the pot | Litres that go into it |" in text
    assert "| Arvo and Sons | P5-X | 7 |" in text


def test_column_names_over_several_rows_are_put_together_though_nothing_is_merged() -> None:
    rows = [["Room", "Beds", "Price"], [None, "that are free", "of a night"], [None, "in May", None]]
    rows += [["Attic", 2, 60], ["Cellar", 4, 85], ["Tower", 1, 40]]
    assert read(packed(workbook({"S": sheet(rows)})), "a.xlsx").text == (
        "# S\n\n| Room | Beds that are free in May | Price of a night |\n|---|---|---|\n"
        "| Attic | 2 | 60 |\n| Cellar | 4 | 85 |\n| Tower | 1 | 40 |"
    )
    units = [["Room", "Price", "Share"], [None, "€", "(%)"], ["Attic", 60, 7], ["Tower", 40, 9]]
    assert "| Room | Price € | Share (%) |" in read(packed(workbook({"S": sheet(units)})), "a.xlsx").text
    table = [["Room", "Host", "Note"], ["Attic", "Ada", "warm"], ["Tower", "Leo", "high"]]
    assert (
        "| Room | Host | Note |\n|---|---|---|\n| Attic |"
        in read(packed(workbook({"S": sheet(table)})), "a.xlsx").text
    )


def test_a_table_that_names_its_columns_again_is_two_below_their_titles() -> None:
    names = [None, "Sold", "Given", "Left"]
    first = [["In boxes", None, None, "May 2029"], names, ["Tea", 4, "—", 1], ["Milk", 7, 2, "—"]]
    second = [["In boxes", None, None, "May 2030"], names, ["Tea", 5, 3, 6], ["Milk", 8, "—", 9]]
    head = "| In boxes | Sold | Given | Left |\n|---|---|---|---|\n"
    assert read(packed(workbook({"S": sheet([*first, [], *second])})), "a.xlsx").text == (
        f"# S\n\n## In boxes May 2029\n\n{head}| Tea | 4 | — | 1 |\n| Milk | 7 | 2 | — |\n\n"
        f"## In boxes May 2030\n\n{head}| Tea | 5 | 3 | 6 |\n| Milk | 8 | — | 9 |"
    )


def test_column_names_that_are_repeated_on_each_page_of_a_print_are_no_rows() -> None:
    rows = [["Room", "Beds"], ["Attic", 2], ["Room", "Beds"], ["Tower", 1]]
    assert read(packed(workbook({"S": sheet(rows)})), "a.xlsx").text == (
        "# S\n\n| Room | Beds |\n|---|---|\n| Attic | 2 |\n| Tower | 1 |"
    )


BOUGHT = [("Ada", "pots", 12, "Monday"), ("Leo", "pans", 45, "Tuesday"), ("Uma", "lids", 7, "Friday")]


def test_columns_that_name_the_rows_are_in_each_part_of_a_table_that_is_too_wide() -> None:
    names = [
        "Receipt",
        "Paid to",
        "What was bought for the kitchen of the house",
        "Sum that was paid",
        "Day on which it was paid out",
    ]
    rows = [["", who, f"{what} {'x' * 120}", n, f"{day} {'y' * 80}"] for who, what, n, day in BOUGHT]
    text = read(
        packed(workbook({"S": sheet([names, *rows, ["17", "the mill", "flour", 8, "today"]])})), "a.xlsx"
    ).text
    assert "| Receipt | Paid to | What was bought for the kitchen of the house |" in text
    assert "| Receipt | Paid to | Day on which it was paid out |" in text
    assert "|  | Ada | Monday yyy" in text


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
    assert format_number(value, code) == shown


@given(st.floats(allow_nan=False, allow_infinity=False), st.text('0#?,.%E+-/"\\[];@ymdhs_*$€ ', max_size=12))
def test_no_format_of_a_number_breaks_a_sheet(value: float, code: str) -> None:
    data = packed(workbook({"S": sheet([["a", "b"], ["x", (repr(value), 1)]])}, [code]))
    assert read(data, "a.xlsx").text.startswith("# S")


def test_a_wide_table_is_given_in_parts_that_a_passage_holds() -> None:
    names = ["Country", *(f"Indicator number {n}" for n in range(20))]
    rows = [names, *([f"Land {r}", *(r * 100 + n for n in range(20))] for r in range(3))]
    document = read(packed(workbook({"S": sheet(rows)})), "a.xlsx")
    spoken = [
        tables.as_sentence(
            tables.named_cells(
                passage.quote(span),
                tables.columns_above(passage.text, span.start - passage.start) or passage.header,
            )
        )
        for passage in split(document)
        for span in passage.sentences
        if tables.is_row(passage.quote(span))
    ]
    assert any(text.startswith("Country: Land 2; ") and "Indicator number 19: 219" in text for text in spoken)


def test_a_sheet_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.readers.grid.CELLS", 20)
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


def placed(text: str, top: int, size: int) -> str:
    """A shape of a slide that fills no place of its layout."""
    line = f'<a:p><a:r><a:rPr sz="{size}"/><a:t>{text}</a:t></a:r></a:p>'
    return (
        f'<p:sp><p:nvSpPr/><p:spPr><a:xfrm><a:off x="9" y="{top}"/></a:xfrm></p:spPr>'
        f"<p:txBody>{line}</p:txBody></p:sp>"
    )


def test_a_large_line_on_top_of_a_slide_without_a_title_is_its_heading() -> None:
    first = placed("Boil it for 95 seconds", 900, 2400) + placed("Tea", 10, 4000)
    second = placed("No line is larger", 10, 2400) + placed("than the other", 900, 2400)
    assert read(packed(offices.slides(first, second)), "a.pptx").text == (
        "# Tea\n\nBoil it for 95 seconds\n\nNo line is larger\n\nthan the other"
    )


def test_an_open_document_with_a_password_says_so() -> None:
    locked = f"<manifest:manifest {offices.SPACES}><manifest:encryption-data/></manifest:manifest>"
    data = packed(
        open_document("text", ODT) | {"META-INF/manifest.xml": locked, "content.xml": b"\x07\x99" * 50}
    )
    assert "needs a password" in refusal(data, "a.odt")


def test_what_stands_above_and_below_each_page_is_read_once_without_page_numbers() -> None:
    number = "<text:page-number>3</text:page-number>"
    styles = (
        f"<office:document-styles {offices.SPACES}><office:master-styles><style:master-page>"
        "<style:header><text:p>Mill Lane 4</text:p><text:p>Boil.</text:p></style:header>"
        f"<style:footer><text:p>Page {number}<text:tab/>seen in May 2030</text:p></style:footer>"
        "</style:master-page></office:master-styles></office:document-styles>"
    )
    files = open_document("text", "<text:p>Boil.</text:p><text:p>Stir.</text:p>") | {"styles.xml": styles}
    right = "Boil.\n\nStir.\n\nMill Lane 4\n\nseen in May 2030"
    assert read(packed(files), "a.odt").text == right
    head = rb"{\header\pard Mill Lane 4\par Boil.\par}"
    foot = rb"{\footer\pard Page {\field{\*\fldinst PAGE}{\fldrslt 3}}\tab seen in May 2030\par}"
    numbered = rb"{\footerf\pard Page \chpgn  of {\field{\*\fldinst { NUMPAGES }}{\fldrslt 9}}\par}"
    rich = rb"{\rtf1\ansi " + head + foot + numbered + rb"\pard Boil.\par Stir.\par}"
    assert read(rich, "a.rtf").text == right


def test_a_table_in_a_cell_of_rich_text_is_a_table_below_the_one_around_it() -> None:
    inner = rb"\pard\intbl\itap2 %b\nestcell %b\nestcell"
    row = rb"{\*\nesttableprops\trowd\cellx100\cellx200\nestrow}{\nonesttables\par}"
    rows = b"".join(inner % pair + row for pair in [(b"Room", b"Beds"), (b"Attic", b"2"), (b"Tower", b"1")])
    around = rb"\trowd\cellx300\pard\intbl %b\par " + rows + rb"\pard\intbl\itap1 %b\cell\row"
    rich = rb"{\rtf1\ansi " + around % (b"Rooms of the house:", b"Seen in May.") + rb"\pard The end.\par}"
    assert read(rich, "a.rtf").text == (
        "Rooms of the house: Seen in May.\n\n"
        "| Room | Beds |\n|---|---|\n| Attic | 2 |\n| Tower | 1 |\n\nThe end."
    )
