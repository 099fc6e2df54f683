"""Runs are stored whole, found again, and compared; chance is reported as noise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.core.errors import ConfigError, NotFound, ReadError
from assistant.evaluation import evaluate
from assistant.evaluation.golden.sets import Place
from assistant.evaluation.runs import records, summary
from assistant.evaluation.runs.comparison import Comparison, compare
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.runner import Result, RunQuestion


def result(number: int, facts: float = 1.0, *, latency: float = 10.0, tags: tuple[str, ...] = ()) -> Result:
    question = RunQuestion(f"q{number}", f"Question {number}?", tags=tags)
    marks = {"facts": facts, "cited": 1.0, "abstained_wrongly": 0.0, "latency": latency}
    place = Place("a1", 0, 6)
    return Result(question, "mine", True, 0.5 + number / 100, (place,), (place,), facts > 0, marks)


def unanswerable(number: int, confidence: float, answered: bool = False) -> Result:
    question = RunQuestion(f"u{number}", "?", answerable=False)
    marks = {"abstained_rightly": float(not answered), "latency": 5.0}
    if not answered:
        marks["abstention_precision"] = 1.0
    return Result(question, "mine", answered, confidence, (), (), False, marks)


def run(*results: Result, ident: str = "20260101-000000-000", **conditions: str) -> Run:
    return Run(ident, ("mine",), conditions, results)


def verdicts(found: Comparison) -> dict[str, str]:
    return {difference.metric.name: difference.verdict for difference in found.differences}


# -- kept ----------------------------------------------------------------------------------------------------


def test_a_kept_run_comes_back_as_it_was(tmp_path: Path) -> None:
    made = run(result(1), unanswerable(1, 0.25), code="abc")
    records.save(made, tmp_path)
    assert records.load(made.id, tmp_path) == made
    assert records.load("last", tmp_path) == made


def test_a_run_is_loaded_from_a_file_too(tmp_path: Path) -> None:
    made = run(result(1))
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(records.to_json(made)))
    assert records.load(str(path), tmp_path / "home") == made


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    for ident in ("20260102-000000-000", "20260101-000000-000"):
        records.save(run(result(1), ident=ident), tmp_path)
    assert records.list_ids(tmp_path) == ["20260101-000000-000", "20260102-000000-000"]


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no run last; none is kept yet"):
        records.load("last", tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", "no", '{"format": 99}'])
def test_a_file_that_is_no_run_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(ReadError, match=r"other\.json is no run"):
        records.load(str(tmp_path / "other.json"), tmp_path)


# -- figures -------------------------------------------------------------------------------------------------


def test_figures_are_over_the_questions_they_apply_to() -> None:
    figures = summary.summarise([result(1), result(2, 0.0), unanswerable(1, 0.1)])
    assert (figures["facts"].value, figures["facts"].questions) == (0.5, 2)
    assert figures["facts"].low <= 0.5 <= figures["facts"].high
    assert (figures["abstained_rightly"].value, figures["abstained_rightly"].questions) == (1, 1)
    assert figures["p50"].value == 10
    assert figures["auc"].value == 1
    assert "rougeL" not in figures


def test_figures_are_told_by_set_and_tag() -> None:
    tags = summary.summarise_by_tag([result(1, tags=("table",)), result(2, 0.0)])
    assert tags["table"]["facts"].value == 1
    assert tags["set mine"]["facts"].value == 0.5


def test_the_operating_point_is_what_was_answered() -> None:
    assert summary.operating_point([result(1), result(2, 0.0), unanswerable(1, 0.1)]) == (2 / 3, 0.5)
    assert summary.operating_point([unanswerable(1, 0.1)]) is None


def test_a_question_fails_by_what_matters() -> None:
    assert not result(1).failed
    assert result(1, 0.0).failed
    assert replace(result(1), marks={"cited": 0.0}).failed
    assert replace(result(1), marks={"repeated": 1.0}).failed
    assert replace(result(1), marks={"abstained_wrongly": 1.0}).failed
    assert unanswerable(1, 0.9, answered=True).failed
    assert not unanswerable(1, 0.1).failed


def test_floors_are_ceilings_where_less_is_better() -> None:
    figures = summary.summarise([result(1), result(2, 0.0), unanswerable(1, 0.1)])
    assert summary.check_floors(figures, {"facts": 0.5, "abstained_wrongly": 0.0, "p95": 10}) == []
    assert summary.check_floors(figures, {"facts": 0.51}) == ["facts is 0.5, below 0.51."]
    assert summary.check_floors(figures, {"p50": 9}) == ["p50 is 10, above 9."]
    assert "not measured" in summary.check_floors(figures, {"rougeL": 0})[0]


def test_floors_are_read_as_shares_or_per_cent() -> None:
    assert evaluate.parse_floors(["facts=0.9", "abstained_wrongly=5%"]) == {
        "facts": 0.9,
        "abstained_wrongly": 0.05,
    }


@pytest.mark.parametrize(
    ("argument", "message"), [("fact=1", "knows no fact"), ("facts", "no number"), ("facts=all", "no number")]
)
def test_a_wrong_floor_is_named(argument: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        evaluate.parse_floors([argument])


# -- compared ------------------------------------------------------------------------------------------------


def test_runs_that_are_alike_differ_in_nothing() -> None:
    made = run(*map(result, range(20)), unanswerable(1, 0.1))
    found = compare(made, replace(made, id="later"))
    assert set(verdicts(found).values()) == {"same"}
    assert found.changes == found.conditions == ()


def test_a_small_difference_is_noise_and_a_large_one_is_not() -> None:
    before = run(*(result(n, float(n % 2)) for n in range(40)))
    little = run(*(result(n, float(n % 2 or n < 3)) for n in range(40)))
    much = run(*(result(n) for n in range(40)))
    assert verdicts(compare(before, little))["facts"] == "noise"
    assert verdicts(compare(before, much))["facts"] == "better"
    assert verdicts(compare(much, before))["facts"] == "worse"


def test_each_question_that_changed_is_told_with_how() -> None:
    found = compare(run(result(1), result(2)), run(result(1, 0.0), result(2)))
    assert [(c.after.question.id, c.moved) for c in found.changes] == [("q1", (("facts", 1.0, 0.0),))]


def test_less_latency_is_better() -> None:
    before, after = (run(*(result(n, latency=ms + n) for n in range(20))) for ms in (50, 20))
    found = {d.metric.name: d for d in compare(before, after).differences}["p50"]
    assert (found.verdict, found.improved, found.worsened) == ("better", 20, 0)
    assert found.high < 0


def test_auc_is_judged_by_its_interval() -> None:
    good = run(*map(result, range(20)), *(unanswerable(n, 0.1) for n in range(20)))
    bad = run(*map(result, range(20)), *(unanswerable(n, 0.6) for n in range(20)))
    assert verdicts(compare(good, bad))["auc"] == "worse"


def test_only_questions_that_stayed_the_same_are_compared() -> None:
    changed = replace(result(2), question=replace(result(2).question, fingerprint="other"))
    found = compare(run(result(1), result(2), result(3)), run(result(1), changed, result(4)))
    assert found.questions == 1


def test_runs_without_a_common_question_have_no_figures() -> None:
    assert compare(run(result(1)), run(result(2))).differences == ()


def test_conditions_that_differ_are_told() -> None:
    found = compare(run(result(1), code="a", model="m"), run(result(1), code="b", model="m"))
    assert found.conditions == (("code", "a", "b"),)
