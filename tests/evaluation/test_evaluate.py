"""Evaluation end to end: golden sets asked of a real assistant, by the package and by its command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import opened_in

from assistant.assistant import Assistant
from assistant.evaluation import __main__ as command_line
from assistant.evaluation import evaluate
from assistant.evaluation.runs import records
from assistant.evaluation.runs.runner import Result

DOCUMENTS = {
    "salt.md": "# The salt mine\n\nThe salt mine of Wieliczka opened in the 13th century. "
    "It produced table salt until 2007. About a million people visit it every year.\n",
    "bees.md": "# The dance of bees\n\nHoney bees dance to tell where flowers are. "
    "The angle of the dance shows the direction from the sun.\n",
}
GOLDEN: list[dict[str, Any]] = [
    {
        "id": "dance",
        "question": "What do honey bees dance for?",
        "documents": ["bees.md"],
        "passages": ["Honey bees dance to tell where flowers are."],
        "facts": ["where flowers are"],
        "reference": "They tell where flowers are.",
        "tags": ["why"],
    },
    {
        "id": "mine",
        "turns": [
            {
                "question": "When did the salt mine of Wieliczka open?",
                "documents": ["salt.md"],
                "facts": ["13th century"],
            },
            {
                "question": "Until when did it produce table salt?",
                "documents": ["salt.md"],
                "facts": ["2007"],
            },
        ],
    },
    {"id": "moon", "question": "Who was the first person on the moon?", "answerable": False},
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), DOCUMENTS) as opened:
        yield opened


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "sets" / "small.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row) + "\n" for row in GOLDEN))
    return path


@pytest.fixture
def evaluation(assistant: Assistant, golden: Path, tmp_path: Path) -> evaluate.Evaluation:
    return evaluate.measure(assistant, tmp_path / "kept", [golden])


def by_id(evaluation: evaluate.Evaluation) -> dict[str, Result]:
    return {result.question.id: result for result in evaluation.run.results}


def test_right_answers_have_full_marks(evaluation: evaluate.Evaluation) -> None:
    marks = by_id(evaluation)["dance"].marks
    right = ("facts", "cited", "recall@1", "ndcg@10", "citation_recall")
    assert [marks[name] for name in right] == [1] * 5
    assert 0 < marks["rougeL"] <= 1
    assert 0.25 < marks["similarity"] <= 1


def test_follow_ups_are_understood_from_the_turns_before(evaluation: evaluate.Evaluation) -> None:
    follow_up = by_id(evaluation)["mine/2"]
    assert "Wieliczka" in follow_up.search_query
    assert follow_up.marks["facts"] == 1


def test_a_question_is_understood_from_those_before_it_which_are_not_measured(
    assistant: Assistant, tmp_path: Path
) -> None:
    row = {
        "id": "later",
        "question": "Until when did it produce table salt?",
        "facts": ["2007"],
        "earlier": ["When did the salt mine of Wieliczka open?"],
    }
    (tmp_path / "later.jsonl").write_text(json.dumps(row))
    (result,) = evaluate.measure(assistant, tmp_path, [tmp_path / "later.jsonl"]).run.results
    assert "Wieliczka" in result.search_query
    assert result.marks["facts"] == 1


def test_what_the_documents_do_not_hold_is_less_sure(evaluation: evaluate.Evaluation) -> None:
    found = by_id(evaluation)
    assert found["moon"].confidence < min(r.confidence for r in found.values() if r.question.answerable)


def test_each_question_was_timed(evaluation: evaluate.Evaluation) -> None:
    assert all(result.marks["latency"] > 0 for result in evaluation.run.results)


def test_a_run_leaves_no_trace_in_the_store(assistant: Assistant, golden: Path, tmp_path: Path) -> None:
    before = sorted(assistant.library.ledger.entries(), key=lambda entry: entry.id)
    tables = ledger_rows(assistant)
    evaluate.measure(assistant, tmp_path, [golden])
    assert sorted(assistant.library.ledger.entries(), key=lambda entry: entry.id) == before
    assert ledger_rows(assistant) == tables


def ledger_rows(assistant: Assistant) -> dict[str, int]:
    import sqlite3

    with sqlite3.connect(assistant.settings.home / "ledger.db") as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def test_the_run_is_kept_with_its_conditions(evaluation: evaluate.Evaluation, tmp_path: Path) -> None:
    stored = records.load("last", tmp_path / "kept")
    assert stored == evaluation.run
    assert "Honey bees" not in evaluation.file.read_text("utf-8")
    assert stored.conditions["documents"] == "2"
    assert stored.conditions["model"] == "none (extractive)"
    assert evaluation.report.read_text("utf-8").startswith("<!doctype html>")


def test_the_same_store_gives_the_same_marks_again(
    assistant: Assistant, evaluation: evaluate.Evaluation, golden: Path, tmp_path: Path
) -> None:
    again = evaluate.measure(assistant, tmp_path / "kept", [golden], against="last")
    assert again.comparison is not None
    assert again.comparison.questions == 4
    assert again.comparison.changes == ()
    assert {d.verdict for d in again.comparison.differences if d.metric.group != "Latency"} == {"same"}


def test_a_removed_document_shows_in_the_comparison(
    assistant: Assistant, evaluation: evaluate.Evaluation, golden: Path, tmp_path: Path
) -> None:
    removed = next(entry for entry in assistant.list() if entry.source == "bees.md")
    assistant.remove(removed.id)
    try:
        again = evaluate.measure(assistant, tmp_path / "kept", [golden], against=evaluation.run.id)
    finally:
        assistant.add_bytes(DOCUMENTS["bees.md"].encode(), "bees.md")
    assert again.comparison is not None
    assert {name for name, _, _ in again.comparison.conditions} == {"corpus", "documents", "passages"}
    moved = {
        change.after.question.id: {name: after for name, _, after in change.moved}
        for change in again.comparison.changes
    }
    assert moved["dance"]["cited"] == 0


# -- the command -------------------------------------------------------------------------------------------


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ASSISTANT_CORPUS", str(folder))
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "mine"))


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["evaluation", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return ended.value.code


@pytest.mark.usefixtures("corpus")
def test_the_command_asks_a_store_of_its_own_and_prints_json_last(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, str(golden.parent), "--json", "--fail-under", "cited=0.5") == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["questions"] == 4
    assert printed["figures"]["cited"]["questions"] == 3
    assert printed["tags"]["why"]["cited"]["value"] == 1
    assert Path(printed["kept"]).parent == tmp_path / "mine" / "evaluation"
    assert not (tmp_path / "mine" / "ledger.db").exists()


@pytest.mark.usefixtures("corpus")
def test_the_command_prints_the_four_figures_last_and_fails_under_a_floor(
    golden: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, str(golden), "--fail-under", "cited=1.01") == 1
    printed = capsys.readouterr()
    names = [line.split("  ")[0] for line in printed.out.splitlines()[-4:]]
    assert names == ["facts found", "right document cited", "abstained rightly", "abstained wrongly"]
    assert "cited is 1, below 1.01." in printed.err


@pytest.mark.usefixtures("corpus")
def test_a_fault_is_one_sentence(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    golden.write_text('{"question": "a"}\n{"question": }\n')
    assert "Line 2 of small: this is no JSON" in str(called(monkeypatch, str(golden)))
