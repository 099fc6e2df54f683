"""Golden sets: what a person writes is understood, and errors name their line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from assistant.core.errors import ReadError
from assistant.evaluation.golden import sets as golden

SHIPPED = Path(__file__).parents[2] / "eval" / "golden"


def parsed(*rows: dict[str, Any]) -> list[golden.Question]:
    return list(golden.questions(golden.parse_set("\n".join(map(json.dumps, rows)), "mine")))


def test_the_shipped_sets_are_read_whole() -> None:
    sets = golden.load_sets([SHIPPED])
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in SHIPPED.glob("*.jsonl"))
    assert sum(len(each.conversations) for each in sets) == lines
    assert {each.name for each in sets} == {"iran", "handbook", "conversations", "unanswerable"}


def test_a_question_holds_what_the_line_says() -> None:
    (question,) = parsed(
        {
            "id": "a",
            "question": " How much? ",
            "documents": ["x.md"],
            "passages": ["3 billion a year"],
            "facts": ["3 billion", ["a year", "yearly"]],
            "patterns": [r"\d+"],
            "reference": "3 billion.",
            "tags": ["figure"],
        }
    )
    assert question == golden.Question(
        id="a",
        text="How much?",
        answerable=True,
        documents=("x.md",),
        passages=("3 billion a year",),
        facts=(("3 billion",), ("a year", "yearly")),
        patterns=(r"\d+",),
        reference="3 billion.",
        tags=("figure",),
    )


def test_a_quote_may_be_a_place_and_a_question_have_some_before_it() -> None:
    place = {"document": "d1", "start": 3, "end": 9}
    (question,) = parsed(
        {
            "question": "Why?",
            "passages": [place],
            "facts": [place, ["a", place]],
            "wrong": [place, "no"],
            "earlier": ["Who?"],
        }
    )
    found = golden.Place("d1", 3, 9)
    assert question.passages == (found,)
    assert question.facts == ((found,), ("a", found))
    assert (question.wrong, question.earlier) == ((found, "no"), ("Who?",))


def test_a_question_that_was_written_down_is_read_back_as_it_was() -> None:
    (question,) = parsed(
        {
            "id": "a",
            "question": "Whose \u2028 sea?",
            "answerable": True,
            "tags": ["t"],
            "passages": [{"document": "d1", "start": 3, "end": 9}, "word"],
            "facts": [["b", {"document": "d1", "start": 3, "end": 9}]],
        }
    )
    assert list(golden.questions(golden.parse_set(golden.to_line(question), "other"))) == [question]


def test_places_that_share_more_than_half_are_the_same() -> None:
    place = golden.Place("d", 100, 200)
    assert place.overlaps(golden.Place("d", 140, 260))
    assert place.overlaps(golden.Place("d", 110, 120))
    assert not place.overlaps(golden.Place("d", 150, 260))
    assert not place.overlaps(golden.Place("e", 100, 200))


def test_turns_have_the_tags_and_the_kind_of_their_conversation() -> None:
    first, second = parsed(
        {
            "id": "c",
            "tags": ["t"],
            "answerable": False,
            "turns": [{"question": "One?"}, {"question": "Two?", "answerable": True, "tags": ["u"]}],
        }
    )
    assert (first.id, first.answerable, first.tags) == ("c/1", False, ("t",))
    assert (second.id, second.answerable, second.tags) == ("c/2", True, ("t", "u"))


def test_a_question_without_an_id_is_named_by_its_line() -> None:
    found = golden.parse_set('\n\n{"question": "Why?"}\n', "mine")
    assert [question.id for question in golden.questions(found)] == ["mine-3"]


def test_a_line_separator_inside_a_string_ends_no_line() -> None:
    line = json.dumps({"question": "One\u2028two?"}, ensure_ascii=False)
    assert [q.text for q in golden.questions(golden.parse_set(line, "mine"))] == ["One\u2028two?"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question": "a"', "no JSON"),
        ('["a"]', "one object"),
        (r'{"question": "a \ud800"}', "surrogate"),
        ("{}", "question must be"),
        ('{"question": "  "}', "question must be"),
        ('{"question": 3}', "question must be"),
        ('{"question": "a", "answer": "b"}', "'answer' is unknown"),
        ('{"question": "a", "documents": "b.md"}', "documents must be a list"),
        ('{"question": "a", "documents": [""]}', "documents must be a list"),
        ('{"question": "a", "facts": "b"}', "facts must be a list"),
        ('{"question": "a", "passages": [{"document": "d", "start": 3}]}', "passages must be"),
        ('{"question": "a", "passages": [{"document": "d", "start": 3, "end": 3}]}', "passages must be"),
        ('{"question": "a", "wrong": [3]}', "wrong must be a list of quotes"),
        ('{"question": "a", "earlier": "b"}', "earlier must be a list"),
        ('{"question": "a", "facts": [[]]}', "each of the facts"),
        ('{"question": "a", "facts": [["b", 3]]}', "each of the facts"),
        ('{"question": "a", "patterns": ["("]}', "no regular expression"),
        ('{"question": "a", "patterns": ["(?=b)"]}', "RE2 (invalid perl operator: (?=)"),
        (r'{"question": "a", "patterns": ["(b)\\1"]}', "'(b)\\\\1' is no regular expression of RE2"),
        ('{"question": "a", "patterns": ["' + "b" * 1_001 + '"]}', "longer than 1,000 characters"),
        (r'{"question": "a", "patterns": ["[\\pL ]{1,900}b"]}', "pattern"),
        ('{"question": "a", "reference": "' + "b" * 10_001 + '"}', "more than 10,000 characters"),
        ("[" * 100_000, "nested too deeply"),
        ('{"question": "a", "reference": ""}', "reference must be"),
        ('{"question": "a", "answerable": "no"}', "answerable must be true or false"),
        ('{"question": "a", "answerable": false, "facts": ["b"]}', "an unanswerable question has no facts"),
        ('{"question": "a", "id": ""}', "id must be"),
        ('{"turns": []}', "turns must be"),
        ('{"turns": ["a"]}', "turns must be"),
        ('{"turns": [{"question": "a", "id": "x"}]}', "'id' is unknown"),
        ('{"turns": [{"question": "a"}], "question": "b"}', "'question' is unknown"),
        ('{"turns": [{"question": "a", "facts": ["b"]}], "answerable": false}', "has no facts"),
    ],
)
def test_a_wrong_line_is_named_with_its_number_and_what_is_wrong(line: str, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        golden.parse_set(f'{{"question": "Fine?"}}\n{line}\n', "mine")
    assert caught.value.message.startswith("Line 2 of mine: ")
    assert message in caught.value.message


def test_an_id_that_is_used_twice_is_refused_across_sets(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.jsonl").write_text('{"id": "a", "question": "Why?"}\n')
    with pytest.raises(ReadError, match="id a is used twice, in one and two"):
        golden.load_sets([tmp_path])


def test_a_folder_without_sets_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no golden set"):
        golden.load_sets([tmp_path])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"absent\.jsonl"):
        golden.load_sets([tmp_path / "absent.jsonl"])


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "pipe"])
def test_a_pipe_or_a_device_is_neither_waited_for_nor_read(path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match=r"is a (pipe|device), not a file"):
        golden.load_sets([tmp_path / path])


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "MAX_SET_BYTES", 5)
    (path := tmp_path / "mine.jsonl").write_text('{"question": "a"}')
    with pytest.raises(ReadError, match="larger"):
        golden.load_sets([path])


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes('{"question": "é"}'.encode("latin-1"))
    with pytest.raises(ReadError, match="not UTF-8"):
        golden.load_sets([path])
