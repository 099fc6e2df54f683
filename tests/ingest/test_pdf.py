"""PDF: order of reading, sentences over ends, tables, fields, notes, links, and pages that are damaged."""

from __future__ import annotations

import pytest
from pdfs import LOCKED_AES_256, OPEN_AES_128, OPEN_AES_256, sheet, shown
from test_parse import pdf, refusal

from assistant.core.types import Document
from assistant.ingest.parse import read

WIDE = "Guests of the tea house leave their shoes at the door and hang their coats in the hall, where"


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    document = read(pdf([WIDE], ["a lamp burns all night.", "Cups are washed at noon."]), "a.pdf")
    assert document.text.startswith(f"{WIDE} a lamp burns all night.")
    assert [document.text[page.start : page.end][:6] for page in document.pages] == ["Guests", "a lamp"]


def test_a_page_that_begins_a_sentence_begins_a_paragraph() -> None:
    assert f"{WIDE}\n\nA lamp burns." in read(pdf([WIDE], ["A lamp burns."]), "a.pdf").text


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("the self-", "service counter", "self-service counter"),
        ("the east-", "ern counter", "eastern counter"),
        ("the T-", "shirt of the cook", "T-shirt of the cook"),
        ("the 3-", "litre pot", "3-litre pot"),
        ("the ket-", "tle on the stove", "kettle on the stove"),
    ],
)
def test_a_hyphen_at_a_line_end_stays_in_a_compound_alone(first: str, second: str, whole: str) -> None:
    lines = [f"In the morning the two guests who came first were shown to {first}", f"{second} of the house."]
    assert whole in read(pdf(lines), "a.pdf").text


def test_a_word_of_two_words_of_the_document_keeps_its_hyphen() -> None:
    lines = [
        "Tea is kept cool, and the room is dark, so that the tea in this house is kept well in a tea-",
        "room.",
    ]
    assert "in a tea-room." in read(pdf(lines), "a.pdf").text


def with_fields(*fields: str) -> bytes:
    """A page of two lines of text, with these fields."""
    widgets = [f"<< /Type /Annot /Subtype /Widget {field} >>" for field in fields]
    numbers = " ".join(f"{5 + at} 0 R" for at in range(len(widgets)))
    page = shown([(72, 720, "Guest:"), (72, 706, "With breakfast")])
    form = f"/AcroForm << /Fields [{numbers}] >>"
    return sheet(page, extra=f"/Annots [{numbers}]", root=form, more=widgets)


def test_what_was_filled_into_a_form_is_read_with_the_text_beside_it() -> None:
    data = with_fields(
        "/FT /Tx /T (f1) /V (Leo Fink) /Rect [150 715 300 730]",
        "/FT /Btn /T (f2) /V /On /AS /On /Rect [160 702 170 712] /AP << /N << /On null >> >>",
        "/FT /Btn /T (f3) /AS /Off /Rect [160 502 170 512]",
        "/FT /Ch /Ff 131072 /T (f4) /TU (Room) /V (u) /Opt [[(u) (Upper floor)]] /Rect [160 402 170 412]",
        "/FT /Tx /T (f5) /V () /Rect [160 302 170 312]",
    )
    assert read(data, "form.pdf").text.endswith(
        "- Guest: Leo Fink\n- With breakfast: yes\n- Room: Upper floor"
    )


BROKEN = b"[71 FR 1234 (S) ] TJ"


def test_a_damaged_page_is_named_and_the_others_are_read() -> None:
    data = pdf(["Tea is at nine."], ["Soup is at one."], ["Cake is at four."])
    document = read(data.replace(b"(Soup is at one.) Tj", BROKEN), "a.pdf")
    assert document.text == "Tea is at nine.\n\nCake is at four."
    assert [page.number for page in document.pages] == [1, 3]
    assert document.metadata["not read"] == "page 2, which is damaged"


def test_a_file_whose_pages_are_all_damaged_is_refused() -> None:
    data = pdf(["Soup is at one."]).replace(b"(Soup is at one.) Tj", BROKEN)
    assert "no page of it can be read" in refusal(data, "a.pdf")


def test_a_line_like_a_title_is_a_paragraph_of_its_own() -> None:
    document = read(pdf(["Rules of the house", "Guests take off their shoes."]), "scan_0007.pdf")
    assert document.text == "Rules of the house\n\nGuests take off their shoes."
    assert document.title == "Rules of the house"


def text_of(*pages: str, **more: object) -> str:
    return read(sheet(*pages, **more), "a.pdf").text  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [OPEN_AES_128, OPEN_AES_256])
def test_an_encrypted_file_that_opens_without_a_password_is_read(data: bytes) -> None:
    assert read(data, "a.pdf").text == "The lighthouse burns from dusk to dawn."


def test_a_file_that_needs_a_password_says_so() -> None:
    assert "needs a password" in refusal(LOCKED_AES_256, "a.pdf")


LEFT = [
    "Cups are washed by hand in the",
    "small sink at noon and again",
    "at six, with soap from the",
    "shelf above it.",
]
RIGHT = [
    "Pots stay on the stove until",
    "the cook takes them off. Lids",
    "hang on the wall beside the",
    "door to the yard.",
]


def test_columns_are_read_one_after_the_other_though_they_are_written_row_by_row() -> None:
    texts = [
        (x, 700 - 12 * row, words)
        for row, pair in enumerate(zip(LEFT, RIGHT, strict=True))
        for x, words in zip((72, 320), pair, strict=True)
    ]
    assert text_of(shown(texts)) == f"{' '.join(LEFT)}\n\n{' '.join(RIGHT)}"


def test_a_sentence_goes_on_over_the_end_of_a_column() -> None:
    first = [*LEFT[:3], "shelf on the wall beside the"]
    texts = [(72, 700 - 12 * row, words) for row, words in enumerate(first)]
    texts += [
        (320, 700 - 12 * row, words) for row, words in enumerate(["old lamp. Then they are dried.", *RIGHT])
    ]
    assert "shelf on the wall beside the old lamp. Then" in text_of(shown(texts))


def test_words_without_spaces_are_parted_by_their_gaps() -> None:
    texts = [(72, 700, "Cups"), (98, 700, "are"), (115, 700, "washed"), (152, 700, "by"), (165, 700, "hand.")]
    assert text_of(shown(texts)) == "Cups are washed by hand."


def test_a_page_on_its_side_is_read_as_it_is_shown() -> None:
    lines = "".join(
        f"BT /F1 10 Tf 0 1 -1 0 {300 + 12 * n} 100 Tm ({line}) Tj ET\n" for n, line in enumerate(LEFT)
    )
    assert text_of(lines, rotate=90) == " ".join(LEFT)
    assert text_of(lines) == " ".join(LEFT)


def test_a_page_that_reads_down_is_read_from_its_right_edge() -> None:
    lines = "".join(
        f"BT /F1 10 Tf 0 -1 1 0 {300 - 12 * n} 700 Tm ({line}) Tj ET\n" for n, line in enumerate(LEFT)
    )
    assert text_of(lines, rotate=270) == " ".join(LEFT)
    assert text_of(lines) == " ".join(LEFT)


def test_a_running_head_and_numbers_go_in_a_short_document_too() -> None:
    pages = [
        shown([(72, 760, "House of tea"), (72, 600, sentence), (290, 30, f"Page {number} of 2")])
        for number, sentence in enumerate(["Cups are blue.", "Pots are red."], 1)
    ]
    assert text_of(*pages) == "Cups are blue.\n\nPots are red."


def test_an_address_in_a_running_foot_is_kept_once() -> None:
    pages = [shown([(72, 600, words), (72, 30, "Ask: tea@house.example")]) for words in ("Blue.", "Red.")]
    assert text_of(*pages) == "Blue.\n\nRed.\n\nAsk: tea@house.example"


def test_headings_that_count_with_the_pages_stay() -> None:
    pages = [
        shown([(72, 740, f"Chapter {n}")], size=18) + shown([(72, 700, f"{w} is served.")])
        for n, w in ((1, "Tea"), (2, "Soup"))
    ]
    assert text_of(*pages).count("Chapter") == 2


def test_a_note_at_the_foot_does_not_cut_the_sentence_that_goes_on_over_the_page() -> None:
    first = shown([(72, 700, WIDE)]) + shown([(72, 60, "1 Not on Sundays.")], size=7)
    text = text_of(first, shown([(72, 700, "a lamp burns all night.")]))
    assert f"{WIDE} a lamp burns all night." in text
    assert text.startswith("1 Not on Sundays.")


def test_powers_and_marks_of_notes_keep_their_meaning() -> None:
    page = (
        "BT /F1 10 Tf 72 700 Td (The room has 10) Tj 6 Ts /F1 6 Tf (6) Tj 0 Ts /F1 10 Tf ( cups of H) Tj "
        "-2 Ts /F1 6 Tf (2) Tj 0 Ts /F1 10 Tf (O and pots) Tj 6 Ts /F1 6 Tf (3) Tj ET"
    )
    assert text_of(page) == "The room has 10^6 cups of H2O and pots[3]"


def test_numbers_of_lines_are_no_text() -> None:
    lines = [f"The witness says for the {n} time that he was at home." for n in range(12)]
    texts = [(60, 700 - 14 * n, str(n + 1)) for n in range(12)] + [
        (90, 700 - 14 * n, line) for n, line in enumerate(lines)
    ]
    assert text_of(shown(texts)) == " ".join(lines)


def test_a_stamp_across_every_page_is_no_text() -> None:
    stamp = "BT /F1 60 Tf 0.7 0.7 -0.7 0.7 150 250 Tm (COPY) Tj ET\n"
    assert text_of(*(stamp + shown([(72, 700, words)]) for words in ("Cups are blue.", "Pots are red."))) == (
        "Cups are blue.\n\nPots are red."
    )


def test_signs_that_are_no_text_do_not_matter() -> None:
    assert text_of(shown([(72, 700, "\\177"), (72, 680, "Cups are blue.")])) == "Cups are blue."


# -- tables --------------------------------------------------------------------------------------------------

CELLS = [
    ("Room", "Beds", "Price"),
    ("Attic", "2", "60 kr"),
    ("Cellar", "4", "85 kr"),
    ("Tower", "1", "40 kr"),
]
NAMES = "| Room | Beds | Price |\n|---|---|---|\n"
WRITTEN = """| Room | Beds | Price |
|---|---|---|
| Attic | 2 | 60 kr |
| Cellar | 4 | 85 kr |
| Tower | 1 | 40 kr |"""


def cells(rows: list[tuple[str, ...]], top: float = 650) -> list[tuple[float, float, str]]:
    """Rows of cells, a hundred points wide."""
    return [
        (72 + 100 * at, top - 16 * row, cell) for row, line in enumerate(rows) for at, cell in enumerate(line)
    ]


def grid(rows: int, columns: int, top: float = 650) -> list[tuple[float, float, float, float]]:
    """The lines around such cells."""
    left, right, high, low = 66, 66 + 100 * columns, top + 12, top + 12 - 16 * rows
    level = [(left, high - 16 * n, right, high - 16 * n) for n in range(rows + 1)]
    return level + [(left + 100 * n, high, left + 100 * n, low) for n in range(columns + 1)]


def test_a_table_with_lines_has_its_columns() -> None:
    before = (72.0, 700.0, "These are the rooms of the house with their beds.")
    assert text_of(shown([before, *cells(CELLS)], grid(4, 3))) == f"{before[2]}\n\n{WRITTEN}"


def test_a_table_aligned_by_white_space_has_its_columns() -> None:
    before = (72.0, 700.0, "These are the rooms of the house with their beds.")
    assert text_of(shown([before, *cells(CELLS)])) == f"{before[2]}\n\n{WRITTEN}"


def test_a_table_with_lines_above_and_below_its_names_has_its_columns() -> None:
    lines = [(66.0, y, 366.0, y) for y in (662.0, 646.0, 594.0)]
    assert text_of(shown(cells(CELLS), lines)) == WRITTEN


def test_a_cell_of_several_lines_is_one() -> None:
    rows = [
        ("Room", "View", "Price"),
        ("Attic", "over the old", "60 kr"),
        ("", "harbour", ""),
        ("Cellar", "none", "85 kr"),
        ("Tower", "all", "40 kr"),
    ]
    assert "| Attic | over the old harbour | 60 kr |" in text_of(shown(cells(rows)))


def test_rows_that_no_line_parts_are_rows_with_the_further_lines_of_their_cells() -> None:
    rows = [
        ("No.", "For what", "Sum"),
        ("A-1", "Cups for", "12.50"),
        ("", "2 guests", ""),
        ("A-2", "Pots", "7.25"),
        ("A-3", "Lids of the house by", "30.00"),
        ("", "the mill", ""),
        ("A-4", "Pans", "8.00"),
    ]
    lines = [(66.0, y, 366.0, y) for y in (662.0, 646.0, 546.0)]
    lines += [(x, 662.0, x, 546.0) for x in (66.0, 166.0, 266.0, 366.0)]
    assert text_of(shown(cells(rows), lines)) == (
        "| No. | For what | Sum |\n|---|---|---|\n"
        "| A-1 | Cups for 2 guests | 12.50 |\n| A-2 | Pots | 7.25 |\n"
        "| A-3 | Lids of the house by the mill | 30.00 |\n| A-4 | Pans | 8.00 |"
    )


def test_a_line_that_reaches_into_the_next_column_stays_in_its_cell() -> None:
    rows = [
        ("No.", "For what", "Sum"),
        ("A-1", "Cups", "12.50"),
        ("", "sold by the old mill at the lake", ""),
    ]
    rows += [("A-2", "Pots", "7.25"), ("A-3", "Lids", "30.00")]
    lines = [(66.0, y, 366.0, y) for y in (662.0, 646.0, 576.0)]
    lines += [(x, 662.0, x, 576.0) for x in (66.0, 366.0)] + [(x, 662.0, x, 646.0) for x in (166.0, 266.0)]
    text = text_of(shown(cells(rows), lines))
    assert "| A-1 | Cups sold by the old mill at the lake | 12.50 |\n| A-2 | Pots | 7.25 |" in text


def test_a_cell_over_several_columns_stands_in_each() -> None:
    rows = [("Shift", "Monday", "Tuesday"), ("Early", "", "Leo"), ("Late", "Ida", "Leo")]
    lines = [line for line in grid(3, 3) if line != (166, 662, 166, 614)]
    lines += [(166, 662, 166, 646), (166, 646, 166, 630), (166, 630, 166, 614)]
    lines = [line for line in lines if line != (266, 662, 266, 614)] + [
        (266, 662, 266, 646),
        (266, 630, 266, 614),
    ]
    texts = [*cells(rows), (215, 634, "Ada of the mill")]
    texts = [text for text in texts if text[2] != "Leo" or text[1] != 634]
    assert "| Early | Ada of the mill | Ada of the mill |" in text_of(shown(texts, lines))


def test_a_table_over_two_pages_has_its_names_on_both() -> None:
    second = [("Barn", "9", "20 kr"), ("Mill", "3", "55 kr"), ("Yard", "2", "15 kr")]
    text = text_of(shown(cells(CELLS, 200), grid(4, 3, 200)), shown(cells(second, 740), grid(3, 3, 740)))
    assert text == f"{WRITTEN}\n\n{NAMES}| Barn | 9 | 20 kr |\n| Mill | 3 | 55 kr |\n| Yard | 2 | 15 kr |"


def test_a_list_and_its_marks_are_no_table() -> None:
    texts = [(72, 700, "You need:")]
    for row, words in enumerate(["a cup of black tea", "two spoons of milk", "the small blue pot"], 1):
        texts += [(80, 700 - 14 * row, f"{row}."), (100, 700 - 14 * row, words)]
    assert text_of(shown(texts)) == (
        "You need:\n1. a cup of black tea\n2. two spoons of milk\n3. the small blue pot"
    )


# -- beside the text -----------------------------------------------------------------------------------------


def test_notes_of_readers_and_links_are_read_after_the_page() -> None:
    more = [
        "<< /Type /Annot /Subtype /Text /T (Ida) /Contents (Ask the cook first.) /Rect [10 10 30 30] >>",
        "<< /Type /Annot /Subtype /Link /Rect [70 695 140 712] "
        "/A << /S /URI /URI (https://tea.example/form) >> >>",
    ]
    page = shown([(72, 700, "Order form"), (72, 600, "Orders are taken until noon.")])
    text = text_of(page, extra="/Annots [5 0 R 6 0 R]", more=more)
    assert text.endswith("- Ida: Ask the cook first.\n- Order form: https://tea.example/form")


def test_bookmarks_are_headings_where_their_words_stand() -> None:
    more = [
        "<< /First 8 0 R /Last 8 0 R /Count 2 >>",
        "<< /Title (Cleaning) /Parent 7 0 R /Dest [4 0 R /Fit] /First 9 0 R /Last 9 0 R /Count 1 >>",
        "<< /Title (Prices) /Parent 8 0 R /Dest [6 0 R /Fit] >>",
    ]
    pages = [shown([(72, 700, word), (72, 660, WIDE)]) for word in ("Cleaning", "Prices")]
    document = read(sheet(*pages, root="/Outlines 7 0 R", more=more), "a.pdf")
    assert found_headings(document) == [(1, "Cleaning", "Cleaning"), (2, "Prices", "Prices")]


def test_large_lines_are_headings_where_there_are_no_bookmarks() -> None:
    page = shown([(72, 700, "Cleaning")], size=16) + shown([(72, 670, WIDE + " a lamp burns.")])
    page += shown([(72, 640, "Cups")], size=13) + shown([(72, 620, "Cups are washed at noon.")])
    assert found_headings(read(sheet(page), "a.pdf")) == [(1, "Cleaning", "Cleaning"), (2, "Cups", "Cups")]


def found_headings(document: Document) -> list[tuple[int, str, str]]:
    return [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings]
