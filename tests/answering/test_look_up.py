"""A question that names a row and a column gets that row; none that names neither gets another."""

from __future__ import annotations

import pytest
from documents import asked, document, texts

from assistant.answering.extractive import CERTAIN
from assistant.core.types import Cell, Span
from assistant.text.structure import Structure

HIVES = (
    "Hive,Keeper,Opened,Honey in kg,Price\n"
    'Alder,Ruth Falk,2021-06-02,14,"1,840 kr"\nBirch,Jon Moe,2021-07-19,9,950 kr\n'
    'Cedar,Ruth Falk,2022-05-05,21,"2,310 kr"\nElder,Siv Aas,2022-08-30,6,700 kr\n'
)


def hives(question: str) -> list[str]:
    found = asked(question, document(HIVES, "hives.csv"))
    assert found.answered
    return texts(found)


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("How much honey did Birch give?", "Hive: Birch; Honey in kg: 9."),
        ("When was Cedar opened?", "Hive: Cedar; Opened: 2022-05-05."),
        ("Which hive was opened on 5 May 2022?", "Hive: Cedar; Opened: 2022-05-05."),
        ("Which hive was opened on 05.05.2022?", "Hive: Cedar; Opened: 2022-05-05."),
        ("Which hive has the price 1840 kr?", "Hive: Alder; Price: 1,840 kr."),
        ("What does Elder cost?", "Hive: Elder; Price: 700 kr."),
        ("¿Cuál es el precio de Elder?", "Hive: Elder; Price: 700 kr."),
        ("Who is the keeper of Birch?", "Hive: Birch; Keeper: Jon Moe."),
        ("Which hive does Aas keep?", "Hive: Elder; Keeper: Siv Aas."),
    ],
)
def test_a_row_is_found_by_its_key_and_shown_with_what_was_asked_for(question: str, row: str) -> None:
    assert hives(question) == [row]


SONGS = (
    "choir,song_name,anthem,writers,year,writer_alive,bpm,songs,encores,drums,brass,voices,topsung,hallshare\n"
    "Torsk,The River Song,Yes,Ida Moe and Per Aas,1911,No,76,4,2,No,Yes,40,12.5,.81\n"
    "Laks,Home,No,Ola Lund,1954,Yes,128,9,1,Yes,No,22,3.25,.4\n"
)


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Who wrote the song of Torsk?", "choir: Torsk; writers: Ida Moe and Per Aas."),
        ("What is the hall share of Laks?", "choir: Laks; hallshare: .4."),
        ("How many voices does Torsk have?", "choir: Torsk; voices: 40."),
    ],
)
def test_names_of_columns_may_be_written_for_machines_and_a_table_be_wide(question: str, row: str) -> None:
    found = asked(question, document(SONGS, "songs.csv"))
    assert found.answered
    assert texts(found) == [row]


def test_a_short_line_above_a_table_says_what_it_is_on() -> None:
    table = "| Column A | 2023 € | 2024 € |\n|---|---|---|\n| Gross pay | {} | {} |\n\n"
    text = f"Sigrun\n\nSigrun works half of the week.\n\n{table.format(900, 950)}"
    text += f"Torleif\n\nTorleif is a cook.\n\n{table.format(2100, 2200)}"
    found = asked("What is Torleif's gross pay in 2024?", document(text, "cases.md"))
    assert texts(found) == ["Gross pay; 2024 €: 2200."]


def test_a_count_is_no_percentage_and_a_footnote_no_part_of_a_name() -> None:
    table = "| Guild | Percent of Hires | Number of Hires(1) |\n|---|---|---|\n| Coopers | 0.7% | 4 |\n"
    table += "| Smiths | 2% | 9 |\n"
    found = asked("How many people were hired by the coopers?", document(f"# Hires\n\n{table}", "h.md"))
    assert texts(found) == ["Guild: Coopers; Number of Hires(1): 4."]


@pytest.mark.parametrize(
    "question", ["How large may data files be in Larch 3?", "When was the Larch law passed?"]
)
def test_a_line_with_a_name_is_no_certain_answer_to_something_else(question: str) -> None:
    text = "# Larch\n\nTo: New Larch User\nDate: 2010-03-28\n\nNote: Figures are estimates for May 2007.\n"
    assert asked(question, document(text, "larch.md")).confidence < CERTAIN


def test_what_is_counted_has_to_be_in_the_table() -> None:
    assert not asked("How many verses has the song of Laks?", document(SONGS, "s.csv")).answered


def test_a_column_may_be_named_by_initials_or_have_a_unit() -> None:
    found = asked("How many beats per minute has the song of Laks?", document(SONGS, "songs.csv"))
    assert texts(found) == ["choir: Laks; bpm: 128."]
    table = "| Maker | Model | SEER (Btu/Wh) |\n|---|---|---|\n| Fjell Works | KX-3 | 21 |\n| Bo | P2 | 9 |\n"
    found = asked("What SEER does the Fjell KX-3 have?", document(table, "pumps.md"))
    assert texts(found) == ["Model: KX-3; SEER (Btu/Wh): 21."]


def test_points_of_a_row_are_no_count_of_rows() -> None:
    table = "# Standard of points\n\n| Column A | Column B |\n|---|---|\n| Ears | 25 |\n| Tail | 20 |\n"
    found = asked("How many points are given for the ears?", document(table, "points.md"))
    assert not any(text.startswith("1 ") for text in texts(found))


def test_a_price_of_two_places_is_no_price_between_them() -> None:
    table = "# Shows\n\n| City | Fee |\n|---|---|\n| Larvik | $20 |\n| Moss | $30 |\n| Tolga | $10 |\n"
    found = asked("What did K Bye's flight from Larvik to Moss cost?", document(table, "shows.md"))
    assert found.confidence < CERTAIN


def test_a_word_of_a_long_term_names_no_row() -> None:
    table = (
        "# Change record\n\n| No | Length | Name |\n|---|---|---|\n| 1 | 21 | Loan key made at the time |\n"
    )
    table += "| 2 | 23 | Change Batch Key |\n| 3 | 8 | date of the last change of the loan |\n"
    found = asked("How long is the loan key in the change record?", document(table, "record.md"))
    assert found.confidence < CERTAIN


def test_a_period_may_stand_in_the_heading() -> None:
    text = "".join(
        f"## Sales January–June {year}\n\n| Area | Sales |\n|---|---|\n| Ost | {sold} |\n| Vest | 7 |\n\n"
        for year, sold in ((2023, 12), (2022, 31))
    )
    found = asked("What were the sales of Ost in January to June 2022?", document(text, "sales.md"))
    assert texts(found) == ["Area: Ost; Sales: 31."]


def test_the_citation_has_the_cells_with_their_names() -> None:
    found = asked("When was Cedar opened?", document(HIVES, "hives.csv"))
    assert found.citations[0].cells == (Cell("Hive", "Cedar"), Cell("Opened", "2022-05-05"))
    assert found.citations[0].quote == "| Cedar | Ruth Falk | 2022-05-05 | 21 | 2,310 kr |"


@pytest.mark.parametrize(
    "question",
    [
        "What is the height of Birch?",
        "When was Walnut opened?",
        "What is the price of Cedar in 2019?",
        "How much honey did Jon Falk get?",
        "What does Birch cost for the neighbours?",
    ],
)
def test_what_the_table_does_not_hold_is_not_answered_by_another_row(question: str) -> None:
    assert not asked(question, document(HIVES, "hives.csv")).answered


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which hive has the highest price?", ["Hive: Cedar; Price: 2,310 kr."]),
        ("Which hive gave the least honey?", ["Hive: Elder; Honey in kg: 6."]),
        ("Which hive was opened earliest?", ["Hive: Alder; Opened: 2021-06-02."]),
        ("How many hives were opened in 2022?", ["2 (Cedar; Elder)."]),
        ("What is the total honey in kg?", ["50 (Alder, 14; Birch, 9; Cedar, 21; Elder, 6)."]),
    ],
)
def test_the_largest_the_count_and_the_sum_are_reckoned_by_rule(question: str, answer: list[str]) -> None:
    assert hives(question) == answer


def test_a_table_with_a_cell_that_is_no_number_has_no_sum() -> None:
    odd = HIVES.replace(",9,", ",unknown,")
    assert not any(
        "41" in text for text in texts(asked("What is the total honey in kg?", document(odd, "hives.csv")))
    )


LINES = "# Register\n\n## Wren\nOwner: Ida Holm\nLength: 9 m\n\n## Swift\nOwner: Per Lund\nLength: 12 m\n"


def test_lines_with_names_are_facts() -> None:
    found = asked("Who owns the Swift?", document(LINES))
    assert (texts(found), found.answered) == (["Owner: Per Lund."], True)
    assert found.citations[0].cells == (Cell("Owner", "Per Lund"),)


def test_a_colon_inside_of_code_or_brackets_makes_no_fact() -> None:
    for line in ("With `Accept: text/plain`, `done` is sent.", "The pier (see: chart) is shut."):
        assert Structure(document(line), Span(0, len(line))).records() == []


def test_lines_with_names_do_not_answer_what_they_do_not_name() -> None:
    assert texts(asked("What is the colour of the Swift?", document(LINES))) == []
