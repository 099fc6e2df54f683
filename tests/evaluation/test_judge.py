"""Marks by a model: LlamaIndex's evaluators with our prompts, against a server of the tests' own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from model_server import refused, serve

from assistant.answering.model.language_model import Model
from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Answer, Passage, Query, ScoredPassage, Sentence
from assistant.evaluation import evaluate
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring import judge
from assistant.evaluation.scoring.judge import Judge, appoint, parse_grade
from assistant.evaluation.scoring.scores import ExaminedAnswer

BEES = "Honey bees dance to tell where flowers are."
QUESTION = Question("q", "Why do bees dance?", reference="To tell where flowers are.")


def examined(answered: bool = True) -> ExaminedAnswer:
    passage = ScoredPassage(Passage("p", "d", 0, 0, len(BEES), BEES), "Bees", "bees.md", 1.0)
    answer = Answer("?", "?", answered, (Sentence(BEES, ()),))
    return ExaminedAnswer(Query(QUESTION.text), [passage], answer, 0.9, 1.0, BEES)


def verdict(prompt: str) -> str:
    """Unlike answers to the three prompts, so that none can be taken for another; right on what is known."""
    for known in judge._known():
        if known["text"] in prompt:
            return "YES" if known["supported"] else "NO"
    if prompt.startswith("Grade"):
        return "4\nIt leaves out a detail."
    return "YES" if "support a statement" in prompt else "No."


def test_an_answer_is_marked_by_each_evaluator() -> None:
    with serve(verdict) as server:
        marks = Judge(Model("small", server.url)).marks(QUESTION, examined())
    assert marks == {"faithfulness": 1, "relevancy": 0, "correctness": 4}


def test_the_model_is_shown_our_prompts_with_passages_question_and_answers() -> None:
    with serve(verdict) as server:
        Judge(Model("small", server.url)).marks(QUESTION, examined())
    faithful, relevant, correct = server.prompts
    assert faithful.startswith("Say whether passages support a statement.")
    assert faithful.count(BEES) == 2
    assert f"Question: {QUESTION.text}\nResponse: {BEES}" in relevant
    assert QUESTION.reference in correct
    assert BEES in correct
    assert not any("{" in prompt for prompt in server.prompts)


def test_braces_in_a_passage_stay_as_they_are() -> None:
    odd = replace(examined(), answer=Answer("?", "?", True, (Sentence("Use {query_str} and {x}.", ()),)))
    with serve(verdict) as server:
        Judge(Model("small", server.url)).marks(QUESTION, odd)
    assert all("Use {query_str} and {x}." in prompt for prompt in server.prompts)


def test_who_abstained_is_worst_and_costs_no_call() -> None:
    unasked = Judge(Model("small", refused()))
    assert unasked.marks(QUESTION, examined(answered=False)) == {"correctness": 1}
    assert unasked.marks(Question("q", "?"), examined(answered=False)) == {}


def test_without_a_reference_nothing_is_graded() -> None:
    with serve(verdict) as server:
        marks = Judge(Model("small", server.url)).marks(Question("q", "Why?"), examined())
    assert set(marks) == {"faithfulness", "relevancy"}


def test_a_model_that_cannot_be_reached_marks_nothing() -> None:
    assert Judge(Model("small", refused())).marks(QUESTION, examined()) == {}


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("4\nGood.", 4),
        ("4.5", 4.5),
        ("Grade: 3/5\nSo so.", 3),
        ("**2**", 2),
        ("5.0\n", 5),
        ("Good.\n4", None),
        ("", None),
        ("10", None),
        ("0", None),
    ],
)
def test_a_grade_is_read_from_the_first_line(reply: str, found: float | None) -> None:
    assert parse_grade(reply)[0] == found


def test_a_run_with_a_model_has_its_marks(settings: Settings, tmp_path: Path) -> None:
    def script(prompt: str) -> str:
        return f"{BEES} [1]" if prompt.startswith("Answer the question") else verdict(prompt)

    golden = tmp_path / "small.jsonl"
    golden.write_text(json.dumps({"question": QUESTION.text, "reference": QUESTION.reference}))
    with serve(script) as server:
        judged = replace(settings, model="small", base_url=server.url)
        with Assistant.open(judged) as assistant:
            assistant.add_bytes(BEES.encode(), "bees.md")
            outcome = evaluate.measure(assistant, tmp_path, [golden])
    assert outcome.run.conditions["model"] == "small"
    assert outcome.figures["faithfulness"].value == 1
    assert outcome.figures["correctness"].value == 4
    assert outcome.run.conditions["judge"] == "small"


def test_a_model_that_is_right_on_what_is_known_may_judge() -> None:
    with serve(verdict) as server:
        assert appoint(Model("small", server.url))[1] == "small"
    assert len(server.prompts) == len(judge._known())


@pytest.mark.parametrize("word", ["YES", "NO", "Perhaps."])
def test_a_model_that_always_says_the_same_is_no_judge(word: str) -> None:
    with serve(word) as server:
        appointed, why = appoint(Model("small", server.url))
    assert appointed is None
    assert why == "none: small is no judge, as it took 4 of 8 known statements wrongly"


def test_a_model_that_cannot_be_reached_is_no_judge() -> None:
    appointed, why = appoint(Model("small", refused()))
    assert appointed is None
    assert "cannot be reached" in why


def test_a_run_says_why_nobody_judged(settings: Settings, tmp_path: Path) -> None:
    golden = tmp_path / "small.jsonl"
    golden.write_text(json.dumps({"question": QUESTION.text, "reference": QUESTION.reference}))
    with serve(f"{BEES} [1]") as server:
        judged = replace(settings, model="small", base_url=server.url)
        with Assistant.open(judged) as assistant:
            assistant.add_bytes(BEES.encode(), "bees.md")
            outcome = evaluate.measure(assistant, tmp_path, [golden])
    assert "no judge" in outcome.run.conditions["judge"]
    assert "correctness" not in outcome.figures
    assert "Judged by none: small is no judge" in evaluate.format_evaluation(outcome, as_json=False)
