"""Word documents: numbers, equations, frames and merged cells are read as they look."""

from __future__ import annotations

import io
from collections.abc import Callable

from docx import Document as Word
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from offices import packed, sheet, workbook
from test_parse import with_body

from assistant.ingest.parse import read

MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
RUN = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"


def written(write: Callable[[WordDocument], object]) -> str:
    """The text of a document that `write` fills."""
    word = Word()
    write(word)
    out = io.BytesIO()
    word.save(out)
    return read(out.getvalue(), "a.docx").text


def first(markup: str) -> str:
    """The first paragraph of a document that begins with this markup."""
    return read(with_body(markup), "a.docx").text.split("\n\n")[0]


def equation(markup: str) -> str:
    return first(f"<w:p {MATH}>{RUN.format('Take ')}<m:oMath>{markup}</m:oMath>{RUN.format(' grams.')}</w:p>")


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def test_equations_stay_in_their_sentence() -> None:
    assert equation(run("m=3")) == "Take m=3 grams."
    half = f"<m:f><m:num>{run('a+b')}</m:num><m:den>{run('2')}</m:den></m:f>"
    assert equation(half) == "Take (a+b)/2 grams."
    power = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('n+1')}</m:sup></m:sSup>"
    assert equation(power) == "Take x^(n+1) grams."
    root = f"<m:rad><m:deg/><m:e>{power}</m:e></m:rad>"
    assert equation(root) == "Take √(x^(n+1)) grams."
    sign = "<m:naryPr><m:chr m:val='∑'/></m:naryPr>"
    total = f"<m:nary>{sign}<m:sub>{run('i')}</m:sub><m:sup/><m:e>{run('y')}</m:e></m:nary>"
    assert equation(total) == "Take ∑_i y grams."


def test_powers_and_marks_of_notes_are_told_apart() -> None:
    raised = "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>{}</w:t></w:r>"
    words = RUN.format("It holds 10"), raised.format(5), RUN.format(" seeds of the house."), raised.format(2)
    markup = f"<w:p>{''.join(words)}</w:p>"
    assert first(markup) == "It holds 10^5 seeds of the house.[2]"


LEVEL = '<w:lvl w:ilvl="{}"><w:start w:val="{}"/><w:numFmt w:val="{}"/>{}<w:lvlText w:val="{}"/></w:lvl>'
LEVELS = (
    LEVEL.format(0, 1, "decimal", '<w:pStyle w:val="Heading1"/>', "%1")
    + LEVEL.format(1, 1, "decimal", '<w:pStyle w:val="Heading2"/>', "%1.%2")
    + LEVEL.format(2, 3, "lowerLetter", "", "(%3)")
)
NUMBERING = (
    f'<w:numbering {nsdecls("w")}><w:abstractNum w:abstractNumId="77">{LEVELS}</w:abstractNum>'
    '<w:num w:numId="77"><w:abstractNumId w:val="77"/></w:num></w:numbering>'
)


def number(paragraph: object, level: int, key: int = 77) -> None:
    """Put a paragraph or a style into a list."""
    properties = paragraph.get_or_add_pPr()  # type: ignore[attr-defined]
    properties.append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{key}"/></w:numPr>')
    )


def test_numbers_of_headings_and_clauses_are_written() -> None:
    def write(word: WordDocument) -> None:
        definitions = parse_xml(NUMBERING)
        word.part.numbering_part.element.insert(0, definitions[0])
        word.part.numbering_part.element.append(definitions[0])
        for level in (1, 2):
            number(word.styles[f"Heading {level}"].element, level - 1)
        for level, text in [(1, "Use"), (2, "Rooms"), (2, "Halls"), (1, "Fees"), (2, "Rooms")]:
            word.add_heading(text, level)
        for text in ("Half a day", "A day"):
            number(word.add_paragraph(text)._p, 2)

    assert written(write) == (
        "# 1 Use\n\n## 1.1 Rooms\n\n## 1.2 Halls\n\n# 2 Fees\n\n## 2.1 Rooms\n\n"
        "    - (c) Half a day\n    - (d) A day"
    )


def test_items_of_a_numbered_list_keep_their_numbers() -> None:
    def write(word: WordDocument) -> None:
        for text in ("Open the lid.", "Stir."):
            word.add_paragraph(text, style="List Number")
        word.add_paragraph("Cinnamon", style="List Bullet")
        word.add_paragraph("Close the lid.", style="List Number")

    assert written(write) == "1. Open the lid.\n2. Stir.\n- Cinnamon\n3. Close the lid."


def test_a_frame_is_read_paragraph_by_paragraph_with_the_table_in_it() -> None:
    def write(word: WordDocument) -> None:
        cell = word.add_table(1, 1).cell(0, 0)
        cell.text = "Guest: Leo Fink"
        cell.add_paragraph("Room: 12")
        inner = cell.add_table(2, 2)
        for place, text in zip([(0, 0), (0, 1), (1, 0), (1, 1)], ["Meal", "Price", "Soup", "9"], strict=True):
            inner.cell(*place).text = text

    assert written(write) == ("Guest: Leo Fink\n\nRoom: 12\n\n| Meal | Price |\n|---|---|\n| Soup | 9 |")


def test_a_value_that_is_merged_over_columns_is_in_each_of_them() -> None:
    rows = [["Shift", "May", "June", "July"], ["Early", "Uma Rao", "", "Leo Fink"], ["Late", "a", "b", "c"]]

    def write(word: WordDocument) -> None:
        table = word.add_table(3, 4)
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                table.cell(at, column).text = text
        table.cell(1, 1).merge(table.cell(1, 2))

    right = (
        "| Shift | May | June | July |\n|---|---|---|---|\n"
        "| Early | Uma Rao | Uma Rao | Leo Fink |\n| Late | a | b | c |"
    )
    assert written(write) == right
    assert read(packed(workbook({"S": sheet(rows, ["B2:C2"])})), "a.xlsx").text == f"# S\n\n{right}"


def test_rows_that_are_typed_line_by_line_in_cells_are_rows() -> None:
    def write(word: WordDocument) -> None:
        table = word.add_table(3, 3)
        for column, text in enumerate(["", "2029", "2030"]):
            table.cell(0, column).text = text
        for column, lines in enumerate(["Attic\nCellar\nTower", "€ 20\n€ 45\n€ 9", "€ 21\n\n€ 10"]):
            table.cell(1, column).text = lines
        table.cell(2, 0).text = "Told by the\nwoman at\nthe desk"
        table.cell(2, 1).text = "in one\ngo, and\nonce more"

    assert written(write).split("\n")[2:] == [
        "| Attic | € 20 | € 21 |",
        "| Cellar | € 45 |  |",
        "| Tower | € 9 | € 10 |",
        "| Told by the woman at the desk | in one go, and once more |  |",
    ]


def field(code: str, shown: str) -> str:
    """A number that the program counts, as it is written in a line above or below the pages."""
    parts = "<w:r><w:fldChar w:fldCharType='{}'/></w:r>"
    return (
        f"{parts.format('begin')}<w:r><w:instrText> {code} </w:instrText></w:r>{parts.format('separate')}"
        f"{RUN.format(shown)}{parts.format('end')}"
    )


def test_what_stands_above_and_below_each_page_is_read_once_without_page_numbers() -> None:
    def write(word: WordDocument) -> None:
        word.add_paragraph("The rules of the house.")
        section = word.sections[0]
        section.header.paragraphs[0].text = "The rules of the house\trevised on 3 May 2030"
        section.header.add_paragraph("The RULES of the house")
        section.different_first_page_header_footer = True
        section.first_page_header.paragraphs[0].text = "Mill Lane 4, phone 040 1234"
        numbers = f"{RUN.format('Page ')}{field('PAGE', '3')}{RUN.format(' of ')}{field('NUMPAGES', '9')}"
        for runs in (numbers, RUN.format("mills.example")):
            section.footer._element.append(parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>"))

    assert written(write).split("\n\n") == [
        "The rules of the house.",
        "The rules of the house revised on 3 May 2030",
        "Mill Lane 4, phone 040 1234",
        "mills.example",
    ]


def test_names_and_values_with_tabs_between_them_are_a_table() -> None:
    def write(word: WordDocument) -> None:
        for line in (
            "Paid by\tAda Arvo",
            "Attic\t60 €\t3",
            "Cellar\t\t85 €",
            "Tower\t40 €\t9",
            "Seen\tby all",
        ):
            word.add_paragraph(line)

    assert written(write) == (
        "Paid by Ada Arvo\n\n| Column A | Column B | Column C |\n|---|---|---|\n"
        "| Attic | 60 € | 3 |\n| Cellar | 85 € |  |\n| Tower | 40 € | 9 |\n\nSeen by all"
    )
