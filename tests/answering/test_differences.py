"""Sentences that differ in what they are of are no repetitions, and only what was asked about is answered."""

from __future__ import annotations

import pytest
from documents import asked, document, texts

from assistant.answering.differences import differing_words, repeats

NORTH = "A day at the north court of the club costs 40 euros in the spring."
SOUTH = "A day at the south court of the club costs 65 euros in the spring."
COURTS = f"# Courts\n\n{NORTH} The gate is green.\n\n{SOUTH} The hut is blue.\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NORTH, SOUTH),
        ("The bell rings at six.", "The bell rings at seven."),
        ("The bell is rung.", "The bell is not rung."),
        ("In 2020 the club had 40 members.", "In 2021 the club had 40 members."),
        ("Ann Berg won the cup.", "Tom Lee won the cup."),
    ],
)
def test_a_number_a_name_a_year_or_a_not_makes_a_difference(one: str, other: str) -> None:
    assert not repeats(one, other)
    assert repeats(one, one.rstrip(".") + "!")


@pytest.mark.parametrize(
    "question",
    [
        "What does a day at the north court and at the south court cost?",
        "Which court is cheaper, north or south?",
    ],
)
def test_a_comparison_gives_both_sides(question: str) -> None:
    assert {NORTH, SOUTH} <= set(texts(asked(question, document(COURTS), near="court")))


def test_only_the_one_that_was_asked_for_is_given() -> None:
    found = asked("What does a day at the north court cost?", document(COURTS), near="court")
    assert NORTH in texts(found)
    assert SOUTH not in [*texts(found), *(c.quote for c in found.evidence)]


def test_documents_that_contradict_each_other_are_shown_with_their_dates() -> None:
    old = document(
        "---\ntitle: Notice A\ndate: 2020-01-02\n---\nThe lift carries 8 persons at a time.\n", "a.md"
    )
    new = document(
        "---\ntitle: Notice B\ndate: 2024-03-04\n---\nThe lift carries 6 persons at a time.\n", "b.md"
    )
    found = asked("How many persons does the lift carry?", old, new)
    assert len(found.citations) == 2
    assert (
        found.notice == "The documents differ: “Notice A, 2020-01-02” says 8, “Notice B, 2024-03-04” says 6."
    )


def report(year: int, text: str) -> str:
    return f"---\ntitle: Report {year}\n---\n{text}\n"


def test_a_figure_of_another_year_is_no_answer() -> None:
    first = document(report(2020, "Three fires broke out. The club had 40 members."), "a.md")
    second = document(report(2021, "No fires broke out. The club had 50 members."), "b.md")
    found = asked("How many fires were there in 2021?", first, second, near="fires")
    assert texts(found)[0] == "No fires broke out."
    assert {c.source for c in (*found.citations, *found.evidence)} == {"b.md"}


def test_a_year_that_no_document_is_of_is_not_answered() -> None:
    first = document(report(2020, "Three fires broke out."), "a.md")
    assert not asked("How many fires were there in 2023?", first, near="fires").answered


def test_a_number_is_the_same_however_it_is_written() -> None:
    years = document("The club had 1,840 members in 2020.\n\nThe club had 2,310 members in 2021.\n")
    assert texts(asked("In which year were there 1840 members?", years)) == [
        "The club had 1,840 members in 2020."
    ]


def test_a_letter_tells_things_of_a_kind_apart() -> None:
    first, second = ("Parking under staircase A is 45 pounds.", "Parking under staircase B is 62 pounds.")
    assert differing_words(first, second) == (["aa", "45"], ["bb", "62"])
    assert differing_words("A berth is 45 pounds.", "A berth is 62 pounds.") == (["45"], ["62"])
