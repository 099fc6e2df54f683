"""The replies of a real small model, judged by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import is_exhaustive

from assistant.answering.answers import NOT_FOUND
from eval.benchmarks.data import find, read_rows
from eval.benchmarks.replies import LABELS, WAYS, figures, play

FEW = 18
"""Rows that each run plays; `make exhaustive` plays all."""


@pytest.mark.slow
def test_replies_of_a_small_model_become_cited_sentences_or_quotes(shared: Path, filled_home: Path) -> None:
    [path] = find(shared / "replies", "small-model.jsonl")
    rows = [row for row in read_rows(path) if row["how"].startswith(WAYS["verbose"])]
    played = list(play(rows if is_exhaustive() else rows[:FEW], filled_home))
    found = figures(played, {row["sentence"]: row["true"] for row in read_rows(LABELS)})
    assert found["right"] >= 25 / 33 * found["answerable"] - 1, "one question is within chance"
    assert found["abstained_wrongly"] <= 3
    assert found["false_shown_unmarked"] <= 1
    assert found["true_withheld"] <= 2
    for one in played:
        if one.answer.text == NOT_FOUND and one.answer.mode == "model":
            assert one.said == []
