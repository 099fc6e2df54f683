"""Numbers and dates are read as what they are, in whatever form they are written."""

from __future__ import annotations

import pytest

from assistant.text.values import amount, join_digits, moments, numbers, written_as, years


@pytest.mark.parametrize("text", ["1840", "1,840", "1 840", "1.840", "1'840", "1\u00a0840", "١٨٤٠"])
def test_a_number_with_its_thousands_apart_is_the_same(text: str) -> None:
    assert "1840" in numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-05", "5 May 2024", "May 5, 2024", "5th of May 2024", "05.05.2024", "5/5/2024",
        "5 de mayo de 2024", "5. Mai 2024", "5 mai 2024", "5 мая 2024", "2024年5月5日",
    ],
)  # fmt: skip
def test_a_day_is_the_same_in_every_form(text: str) -> None:
    assert "2024-05-05" in moments(text)


def test_what_can_be_read_in_two_ways_is_given_in_both() -> None:
    assert {"2024-03-05", "2024-05-03"} <= moments("3/5/2024")
    assert {"1.84", "1840"} <= numbers("1.840")


def test_years_that_a_span_reaches_over_are_named_by_it() -> None:
    assert years("Annual report 2019-2021") == {"2019", "2020", "2021"}


def test_an_amount_is_one_number() -> None:
    assert [str(amount(text)) for text in ("1,840 kr", "12.5", "555 0102", "n/a")] == [
        "1840",
        "12.5",
        "None",
        "None",
    ]


def test_long_numbers_are_one_word_for_the_index() -> None:
    assert join_digits("In 2022 it had 1,840 boats.") == "In 2022 it had 1840 boats."


@pytest.mark.parametrize(
    ("text", "other", "written"),
    [
        ("1840 boats?", "It received 1,840 boats.", "1,840 boats?"),
        ("were there 1,840 or 2310?", "1840 in 2022, 2 310 in 2023", "were there 1840 or 2 310?"),
        ("1840 boats?", "It received 1,841 boats.", "1840 boats?"),
        ("۱۸۴۰ قایق", "1840 boats", "1840 قایق"),
    ],
)
def test_numbers_are_written_as_in_another_text(text: str, other: str, written: str) -> None:
    assert written_as(text, other) == written
