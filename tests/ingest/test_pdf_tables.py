"""PDF: tables as people lay them out: merged cells, turned names, backgrounds, frames, rows without lines."""

from __future__ import annotations

from pdfs import Rule, sheet, shown
from test_pdf import cells, grid, text_of

from assistant.ingest.parse import read
from assistant.ingest.readers.pdf.tables.names import spread


def box(left: float, low: float, wide: float, high: float, colour: str) -> str:
    """The instruction for a filled rectangle."""
    return f"{colour} rg {left} {low} {wide} {high} re f 0 0 0 rg\n"


def without(lines: list[Rule], *gone: Rule) -> list[Rule]:
    """The lines but those, each of which is among them."""
    assert set(gone) <= set(lines)
    return [line for line in lines if line not in gone]


# -- with lines ----------------------------------------------------------------------------------------------


def test_a_cell_over_several_rows_stands_in_each() -> None:
    rows = [("House", "Room", "Beds"), ("Mill", "Attic", "2"), ("", "Cellar", "4"), ("Barn", "Loft", "3")]
    lines = [*without(grid(4, 3), (66, 630, 366, 630)), (166, 630, 366, 630)]
    text = text_of(shown(cells(rows), lines))
    assert "| Mill | Attic | 2 |\n| Mill | Cellar | 4 |\n| Barn | Loft | 3 |" in text


def test_names_of_two_rows_are_one_beside_a_name_as_high_as_both() -> None:
    rows = [("", "Beds", ""), ("", "Winter", "Summer"), ("Mill", "2", "5"), ("Barn", "4", "6")]
    lines = without(grid(4, 3), (66, 646, 366, 646), (266, 662, 266, 598))
    lines += [(166, 646, 366, 646), (266, 646, 266, 598)]
    texts = [text for text in cells(rows) if text[2] != "Beds"]
    page = shown([*texts, (72, 642, "House"), (254, 650, "Beds")], lines)
    assert text_of(page).startswith("| House | Beds Winter | Beds Summer |\n|---|---|---|\n| Mill | 2 | 5 |")


def test_lines_missing_beside_a_text_for_each_row_merge_nothing() -> None:
    rows = [
        ("Room", "Beds", "Price"),
        ("Attic", "2", "60 kr"),
        ("Cellar", "4", "85 kr"),
        ("Tower", "1", "40 kr"),
    ]
    lines = [
        (166, b, c, d) if a == 66 and b == d and b not in (662, 598) else (a, b, c, d)
        for a, b, c, d in grid(4, 3)
    ]
    assert "| Attic | 2 | 60 kr |\n| Cellar | 4 | 85 kr |\n| Tower | 1 | 40 kr |" in text_of(
        shown(cells(rows), lines)
    )


def test_names_that_are_written_upwards_are_names() -> None:
    rows = [("Room", "", ""), ("Attic", "2", "60"), ("Cellar", "4", "85"), ("Tower", "1", "40")]
    lines = [(a, 722 if b == 662 else b, c, 722 if d == 662 else d) for a, b, c, d in grid(4, 3)]
    turned = "".join(
        f"BT /F1 10 Tf 0 1 -1 0 {x} 652 Tm ({name}) Tj ET\n"
        for x, name in ((205, "Beds in"), (217, "winter"), (305, "Price"))
    )
    text = text_of(shown(cells(rows), lines) + turned)
    assert text.startswith("| Room | Beds in winter | Price |\n|---|---|---|\n| Attic | 2 | 60 |")


def test_white_behind_the_lines_of_text_parts_no_rows() -> None:
    rows = [("Room", "View"), ("Attic", "harbour and"), ("Tower", "garden")]
    behind = "".join(box(168, y, 90, 5, "1 1 1") for y in (636, 641, 625, 630))
    further = [(172.0, 624.0, "old church")]
    lines = [(66, 662, 266, 662), (66, 646, 266, 646), (66, 614, 266, 614), (66, 598, 266, 598)]
    lines += [(x, 662, x, 598) for x in (66, 166, 266)]
    texts = [(x, y - (16 if y == 618 else 0), words) for x, y, words in cells(rows)]
    assert "| Attic | harbour and old church |" in text_of(behind + shown([*texts, *further], lines))


def test_a_background_of_the_page_is_not_the_table() -> None:
    rows = [("Room", "Beds", "Price"), ("Attic", "2", "60 kr"), ("Cellar", "4", "85 kr")]
    behind = (
        box(0, 0, 612, 792, "0.9 1 0.9")
        + box(0, 700, 612, 40, "0.2 0.2 0.2")
        + box(0, 690, 612, 10, "0 0.6 0")
    )
    text = text_of(behind + shown([(72, 715, "Rooms of the mill"), *cells(rows)], grid(3, 3)))
    table = "| Room | Beds | Price |\n|---|---|---|\n| Attic | 2 | 60 kr |\n| Cellar | 4 | 85 kr |"
    assert text == f"Rooms of the mill\n\n{table}"


def test_names_in_a_frame_of_their_own_belong_to_the_table_below() -> None:
    rows = [("1", "Attic", "60 kr"), ("2", "Cellar", "85 kr"), ("3", "Tower", "40 kr")]
    frame = [(66, 690, 366, 690), (66, 674, 366, 674), (66, 690, 66, 674), (366, 690, 366, 674)]
    page = shown([*cells([("Key", "Room", "Price")], 678), *cells(rows)], [*frame, *grid(3, 3)])
    assert text_of(page).startswith("| Key | Room | Price |\n|---|---|---|\n| 1 | Attic | 60 kr |")


def test_a_drawing_that_is_turned_over_has_its_upright_lines() -> None:
    """As browsers print: all of the page is in a form whose axis goes down."""
    form = "".join(box(66 + 100 * n, 130, 1, 64, "0 0 1") for n in range(4))
    form += "".join(box(66, 130 + 16 * n, 300, 1, "0 0 1") for n in range(5))
    more = [
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Matrix [1 0 0 -1 0 792] "
        f"/Length {len(form)} >>\nstream\n{form}\nendstream"
    ]
    rows = [
        ("Guest", "Wish", "Room"),
        ("Ada", "tea and", "Attic"),
        ("Leo", "milk", "Cellar"),
        ("Ida", "rye", "Barn"),
    ]
    page = "/X1 Do\n" + shown(cells(rows))
    data = sheet(page, more=more).replace(b"/Resources << ", b"/Resources << /XObject << /X1 5 0 R >> ")
    assert "| Guest | Wish | Room |\n|---|---|---|\n| Ada | tea and | Attic |" in read(data, "a.pdf").text


# -- rows without lines --------------------------------------------------------------------------------------


def test_rows_between_two_lines_are_told_by_their_numbers() -> None:
    rows = [
        ("Room", "Beds", "Price"),
        ("Old house", "", ""),
        ("Attic", "2", "60"),
        ("Cellar with", "", ""),
        ("two windows", "4", "85"),
        ("Tower", "-", "40"),
        ("Sum", "6", "185"),
    ]
    lines = [(66.0, y, 366.0, y) for y in (662.0, 646.0, 566.0, 550.0, 534.0)]
    text = text_of(shown(cells(rows), lines))
    assert (
        "| Old house |  |  |\n| Attic | 2 | 60 |\n| Cellar with two windows | 4 | 85 |\n| Tower | - | 40 |"
        in text
    )


def test_a_line_below_the_head_of_the_page_is_none_of_a_table_as_wide() -> None:
    words = "Guests of the tea house choose a room and pay for it at noon of the first day."
    rows = [
        ("Room", "Beds", "Price"),
        ("Attic", "some", "60 kr"),
        ("Cellar", "more", "85 kr"),
        ("Tower", "one", "40 kr"),
    ]
    lines = [(66.0, y, 366.0, y) for y in (740.0, 662.0, 646.0, 594.0)]
    text = text_of(
        shown(
            [
                (72, 720, words),
                (72, 706, "Children pay less than half of that price in winter."),
                *cells(rows),
            ],
            lines,
        )
    )
    assert text.endswith("| Attic | some | 60 kr |\n| Cellar | more | 85 kr |\n| Tower | one | 40 kr |")


def test_a_cell_with_further_lines_and_a_date_in_it_is_one() -> None:
    rows = [
        ("1", "Room with a view", "60,00"),
        ("", "booked for Ada", ""),
        ("", "01.05.14-31.05.14", ""),
        ("2", "Room in the barn", "40,00"),
        ("", "booked for Leo", ""),
        ("", "02.05.14-30.05.14", ""),
        ("3", "Room by the sea", "80,00"),
        ("", "booked for Ida", ""),
        ("", "03.05.14-29.05.14", ""),
    ]
    texts = [(x + (60 if x > 200 else 0), y, words) for x, y, words in cells(rows)]
    assert "| 1 | Room with a view booked for Ada 01.05.14-31.05.14 | 60,00 |" in text_of(shown(texts))


def test_dots_that_lead_to_a_cell_are_no_part_of_it() -> None:
    rows = [
        ("Room", "Beds", "Price"),
        ("Attic ............", "2", "60"),
        ("Cellar ..........", "4", "85"),
        ("Tower . . . . . .", "1", "40"),
    ]
    text = text_of(shown(cells(rows)))
    assert text.endswith("| Attic | 2 | 60 |\n| Cellar | 4 | 85 |\n| Tower | 1 | 40 |")


def test_a_list_of_contents_is_no_table() -> None:
    rows = [
        ("Attic ................................", "2"),
        ("Cellar ..............................", "14"),
        ("Tower ..............................", "31"),
        ("Barn ................................", "52"),
    ]
    assert "|" not in text_of(shown([(x + (200 if x > 100 else 0), y, words) for x, y, words in cells(rows)]))


def test_numbers_a_space_apart_are_in_two_columns_where_others_are() -> None:
    rows = [("Mill", "1,087,948 1,022,490"), ("Barn", "2,586,688 2,568,738"), ("Yard", "3,867,692 3,576,723")]
    lines = [
        (66, 662, 366, 662),
        (66, 598, 366, 598),
        (66, 662, 66, 598),
        (166, 662, 166, 598),
        (366, 662, 366, 598),
        (66, 646, 366, 646),
    ]
    names = [(72.0, 650.0, "House"), (172.0, 650.0, "Guests"), (222.0, 650.0, "Nights")]
    text = text_of(shown([*names, *cells(rows, 634)], [*lines]))
    assert "| Mill | 1,087,948 | 1,022,490 |" in text


def test_names_in_the_middle_above_their_columns_stand_in_each() -> None:
    rows = [
        ("House", "2023", "2024", "2023", "2024"),
        ("Mill", "20", "25", "31", "32"),
        ("Barn", "40", "45", "51", "52"),
        ("Yard", "60", "65", "71", "72"),
    ]
    texts = [*cells(rows), (204.0, 666.0, "Guests of all"), (402.0, 666.0, "Nights in all")]
    assert text_of(shown(texts)).startswith(
        "| House | Guests of all 2023 | Guests of all 2024 | Nights in all 2023 | Nights in all 2024 |"
    )


def test_names_are_spread_over_the_columns_that_they_are_in_the_middle_of() -> None:
    edges = [(0, 40), (50, 70), (80, 100), (110, 130)]
    assert spread([(64, 86), (112, 128)], edges) == [(1, 2), (3, 3)]
    assert spread([(20, 30), (112, 128)], edges) is None


# -- words ---------------------------------------------------------------------------------------------------


def test_words_that_follow_each_other_at_two_places_are_two() -> None:
    turned = (
        "BT /F1 10 Tf 0 1 -1 0 100 500 Tm (upwards) Tj ET BT /F1 10 Tf 1 0 0 1 118 540 Tm (level) Tj ET\n"
    )
    text = text_of(shown([(72, 700, "These are the rooms of the house with their beds.")]) + turned)
    assert "level" in text.split()
    assert "upwards" in text.split()


def test_a_character_without_a_meaning_ends_a_word() -> None:
    """A font of which a table tells that its glyph is a control character."""
    table = "begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
    table += "1 beginbfchar <27> <0003> endbfchar endcmap"
    font = "/F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >> "
    page = "BT /F1 10 Tf 72 700 Td (Tea of the house) Tj /F2 10 Tf (') Tj /F1 10 Tf (keeper is blue.) Tj ET\n"
    data = sheet(page, more=[f"<< /Length {len(table)} >>\nstream\n{table}\nendstream"])
    data = data.replace(b"/Font << ", b"/Font << " + font.encode())
    assert read(data, "a.pdf").text == "Tea of the house keeper is blue."


def test_words_on_their_side_on_a_few_pages_are_no_stamp() -> None:
    label = "BT /F1 10 Tf 0 1 -1 0 80 300 Tm (Oxygen in the water) Tj ET\n"
    pages = [
        shown([(72, 700, f"Cup number {n} is {colour}.")])
        for n, colour in enumerate(("blue", "red", "grey", "green", "white"))
    ]
    text = text_of(*(label + page if n < 2 else page for n, page in enumerate(pages)))
    assert text.count("Oxygen in the water") == 2
