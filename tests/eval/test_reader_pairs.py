"""What was written to train the reader and to fit abstention."""

from __future__ import annotations

import json
import random
from pathlib import Path

from eval.reader import written
from eval.reader.search import Index

ROWS = [
    json.loads(line)
    for file in sorted(written.FOLDER.glob("*.jsonl"))
    for line in file.read_text("utf-8").splitlines()
]


def test_a_passage_is_in_one_part_only() -> None:
    names = [row["id"] for row in ROWS]
    assert len(set(names)) == len(names) > 1_000


def test_a_passage_has_its_own_sentences_or_the_key_of_public_ones() -> None:
    assert all(("sentences" in row) != ("key" in row) for row in ROWS)


def test_every_place_is_one_of_the_passage() -> None:
    for row in ROWS:
        asked = [*row["questions"], *row["near"], *row["claims"], *row.get("follow", [])]
        named = [each.get(name, []) for each in asked for name in ("answers", "closest", "s")]
        places = [place for found in named for place in found]
        assert places, row["id"]
        assert "key" in row or max(places) < len(row["sentences"]), row["id"]


def test_a_near_miss_answers_nothing_and_a_question_has_an_answer() -> None:
    row = next(row for row in ROWS if row["id"] == "j-03")
    passage = written.Passage(
        "j-03", row["title"], tuple(row["sentences"]), *(tuple(row[name]) for name in _PARTS)
    )
    made = [*written.answer_pairs(passage, Index(passage.sentences), random.Random(1))]
    asked = {each["q"] for each in row["questions"]}
    assert {first for first, *_, label, _ in made if label} >= asked
    assert not any(label for first, *_, label, _ in made if first in {near["q"] for near in row["near"]})


_PARTS = ("questions", "near", "claims", "follow")


def test_every_public_passage_is_found(shared: Path) -> None:
    found = {passage.id for part in ("training", "fitting") for passage in written.passages(shared, part)}
    assert found == {row["id"] for row in ROWS}
