"""`assistant eval` as a person runs it: own questions over an own store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.cli import app
from assistant.core import config
from assistant.evaluation.drafting.home_sets import HomeSets

DOCUMENTS = {
    "salt.md": "# The salt mine\n\nThe salt mine of Wieliczka opened in the 13th century. "
    "It produced table salt until 2007. About a million people visit it every year.\n",
    "bees.md": "# The dance of bees\n\nHoney bees dance to tell where flowers are. "
    "The angle of the dance shows the direction from the sun.\n",
}
QUESTIONS = [
    '{"question": "What do honey bees dance for?", "documents": ["bees.md"], "facts": ["where flowers are"]}',
    '{"question": "When did the salt mine of Wieliczka open?", "patterns": ["1[0-9]th century"],'
    ' "passages": ["The salt mine of Wieliczka opened in the 13th century."]}',
]
Call = Callable[..., int]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of a store with two documents."""
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ASSISTANT_CORPUS", "none")
    with Assistant.open(config.load()) as opened:
        for name, text in DOCUMENTS.items():
            opened.add_bytes(text.encode(), name)
    return tmp_path / "home"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(QUESTIONS))
    return path


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs `assistant eval …`; gives the exit code."""

    def call(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["assistant", "eval", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        return int(ended.value.code or 0)

    return call


@pytest.mark.usefixtures("home")
def test_own_questions_over_an_own_store(
    called: Call, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(mine, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["questions"] == 2
    assert told["conditions"]["documents"] == "2"
    assert {name: told["figures"][name]["value"] for name in ("facts", "cited")} == {"facts": 1, "cited": 1}


def test_the_run_and_its_report_stay_in_the_home_folder(
    called: Call, home: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called(mine)
    (report,) = (home / "evaluation" / "quoted").glob("*.html")
    (run,) = (home / "evaluation").glob("*.json")
    printed = capsys.readouterr().out
    assert f"Run {run.stem}, report {report}" in printed
    assert "facts found" in printed.splitlines()[-3]


@pytest.mark.usefixtures("home")
def test_the_report_goes_where_it_is_wanted(called: Call, mine: Path, tmp_path: Path) -> None:
    assert called(mine, "--report", tmp_path / "report.html") == 0
    assert "2 questions of mine" in (tmp_path / "report.html").read_text("utf-8")


def test_a_report_that_cannot_be_written_is_told_before_anything_is_asked(
    called: Call, home: Path, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(mine, "--report", tmp_path / "none" / "report.html") == 1
    assert "The report cannot be written to" in capsys.readouterr().err
    assert not (home / "evaluation").exists()


@pytest.mark.usefixtures("home")
def test_a_report_to_a_pipe_is_refused_and_not_waited_for(
    called: Call, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert called(mine, "--report", tmp_path / "pipe") == 1
    assert "is a pipe, not a file" in capsys.readouterr().err


def test_a_wrong_line_is_named_by_its_number(
    called: Call, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text("\n".join([*QUESTIONS, '{"question": "Why?", "fact": ["x"]}']))
    assert called(mine) == 1
    assert "assistant: Line 3 of mine: 'fact' is unknown" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("floors", "code"),
    [
        (["--fail-under", "facts=1"], 0),
        (["--fail-under", "facts=1", "cited=0.9"], 0),
        (["--fail-under", "facts=1", "cited=1.01"], 1),
        (["--fail-under", "facts=1", "--fail-under", "cited=1.01"], 1),
        (["--fail-under", "p50=0"], 1),
        (["--fail-under", "abstained_rightly=0.5"], 1),
    ],
)
def test_a_figure_worse_than_its_floor_gives_exit_code_1(
    called: Call, mine: Path, floors: list[str], code: int
) -> None:
    assert called(mine, *floors) == code


def test_an_unknown_metric_is_told_before_anything_is_asked(
    called: Call, home: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(mine, "--fail-under", "accuracy=0.9") == 1
    assert "--fail-under knows no accuracy; known are" in capsys.readouterr().err
    assert not (home / "evaluation").exists()


@pytest.mark.usefixtures("home")
def test_compared_with_the_last_run_it_says_what_changed(
    called: Call, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called(mine, "--json")
    before = json.loads(capsys.readouterr().out)["run"]
    with Assistant.open(config.load()) as opened:
        opened.remove(next(entry.id for entry in opened.list() if entry.source == "bees.md"))
    assert called(mine, "--compare", "last", "--json") == 0
    printed = capsys.readouterr()
    comparison = json.loads(printed.out)["comparison"]
    assert comparison["before"] == before
    assert [changed["question"] for changed in comparison["changed"]] == ["What do honey bees dance for?"]
    assert "name the document bees.md, which the store does not hold" in printed.err


@pytest.mark.usefixtures("home")
def test_without_a_run_to_compare_with_it_says_so(
    called: Call, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(mine, "--compare", "last") == 1
    assert "There is no run last; none is kept yet." in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_without_a_set_a_store_of_other_documents_asks_for_one(
    called: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called() == 1
    assert "assistant: Name a golden set: the shipped ones ask of the" in capsys.readouterr().err


def test_without_a_set_the_shipped_ones_are_asked_of_the_shipped_corpus(
    shipped: Assistant, tmp_path: Path
) -> None:
    from assistant.evaluation import evaluate as command
    from assistant.evaluation.golden import sets

    told: list[str] = []
    names = [one.name for one in sets.load_sets(command.resolve_sets([], shipped, tmp_path, told.append))]
    assert names == ["conversations", "handbook", "iran", "unanswerable"]
    assert told == []


# -- while a server has the store ----------------------------------------------------------------------------


@pytest.fixture
def served(home: Path, environment: dict[str, str]) -> Iterator[None]:
    """A server that owns the store in `home`."""
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "answers at" in process.stdout.readline()
        yield
        process.terminate()


@pytest.mark.usefixtures("served")
def test_a_server_that_has_the_store_measures_and_drafts(
    called: Call, home: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(mine, "--json", "--fail-under", "facts=1") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["questions"], told["figures"]["cited"]["value"]) == (2, 1)
    assert Path(told["kept"]).parent == home / "evaluation"
    assert "2 questions of mine" in Path(told["report"]).read_text("utf-8")
    assert called(mine, "--compare", "last") == 0
    assert f"Compared with {told['run']}" in capsys.readouterr().out
    assert called("suggest", "salt.md") == 0
    assert "When did the salt mine of Wieliczka open?" in capsys.readouterr().out
    mine.write_text("no\n")
    assert called(mine) == 1
    assert "Line 1 of mine: this is no JSON" in capsys.readouterr().err


# -- drafts --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_drafts_are_lines_that_can_be_edited_and_asked(
    called: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("suggest", "--number", "5") == 0
    lines = capsys.readouterr().out
    drafted = tmp_path / "drafted.jsonl"
    drafted.write_text(lines)
    assert {"question", "documents", "passages", "facts"} <= json.loads(lines.splitlines()[0]).keys()
    assert called(drafted, "--json") == 0
    assert json.loads(capsys.readouterr().out)["questions"] == len(lines.splitlines())
    assert called("suggest", "--number", "5") == 0
    assert capsys.readouterr().out == lines


@pytest.mark.usefixtures("home")
def test_drafts_for_programs_have_ids_and_places(called: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("suggest", "salt.md", "--json") == 0
    (draft, *_) = json.loads(capsys.readouterr().out)
    assert draft["source"] == "salt.md"
    assert draft["passage"]["place"].keys() == {"document", "start", "end"}


@pytest.mark.usefixtures("home")
def test_an_unknown_document_is_named(called: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("suggest", "absent.md") == 1
    assert "No document is called absent.md" in capsys.readouterr().err


def test_the_own_sets_are_asked_by_name_and_together(
    called: Call, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called("suggest")
    with Assistant.open(config.load()) as opened:
        own = HomeSets(home)
        own.accept(own.pending_drafts(opened)[0].draft.id, opened)
    for words in (["own"], []):
        capsys.readouterr()
        assert called(*words, "--json") == 0
        assert json.loads(capsys.readouterr().out)["sets"] == ["own"]
