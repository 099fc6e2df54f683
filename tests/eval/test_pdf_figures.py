"""What the measures of PDF count: cells in the right column, words, and their order."""

from __future__ import annotations

import pytest

from eval.pdf_tables import rows_of, verdicts
from eval.pdf_text import order, words

READ = """| Room | Beds | Price |
|---|---|---|
| Attic | 2 | 60 kr |
| Cellar | 85 kr | 4 |

| Room | View |
|---|---|
| Attic | harbour |
| Cellar | none |
"""


def test_a_cell_is_right_in_the_column_of_the_others_alone() -> None:
    table = [["Room", "Beds", "Price"], ["Attic", "2", "60 kr"], ["Cellar", "4", "85 kr"]]
    wrong = [cell for cell, is_right in verdicts(table, list(rows_of(READ))) if not is_right]
    assert wrong == ["4", "85 kr"]


def test_a_row_that_is_missing_is_wrong_and_nothing_is_asked_of_null() -> None:
    found = verdicts([["Room", None], ["Attic", "harbour"], ["Barn", "sea"]], list(rows_of(READ)))
    assert [cell for cell, is_right in found if not is_right] == ["Barn", "sea"]
    assert len(found) == 5


def test_marks_and_dashes_do_not_count() -> None:
    table = [["Room", "Beds"], ["Attic1", "2-3"]]
    assert all(
        right for _, right in verdicts(table, list(rows_of("| Room | Beds |\n|---|---|\n| Attic[1] | 2–3 |")))
    )


def test_words_are_counted_without_hyphens_and_in_scripts_without_spaces_by_character() -> None:
    assert words("The tea-\nroom, 茶屋") == ["the", "tearoom", "茶", "屋"]


def test_order_is_that_of_words_that_both_have_once() -> None:
    assert order(["a", "b", "c", "x", "x"], ["a", "b", "c"]) == 1
    assert order(["c", "b", "a"], ["a", "b", "c"]) == -1
    assert order(["b", "a", "c"], ["a", "b", "c"]) == pytest.approx(1 / 3)
    assert order(["a"], ["a"]) is None
