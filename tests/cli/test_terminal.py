"""No document, name or set can send control sequences; an empty name is not the current folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run

from assistant.cli import output, progress
from assistant.core.types import AddResult, Source

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
TEXT = f"# Zebra {ESCAPES} prices\n\nThe zebra {ESCAPES} costs 40 crowns.\n"


def obeyed(printed: str) -> set[str]:
    """The characters of what was printed that a terminal obeys."""
    return {c for c in printed if not c.isprintable() and c != "\n"}


@pytest.fixture
def added(run: Run, tmp_path: Path) -> Path:
    """A folder with one document, of which name and text hold what a terminal obeys, added."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / f"zebra{ESCAPES}.md").write_text(TEXT)
    done = run("add", folder)
    assert (done.code, obeyed(done.out + done.err)) == (0, set())
    return folder


@pytest.mark.parametrize("command", ["add", "sync", "remove", "import", "export", "eval"])
@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_not_the_current_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "notes.md").write_text("# Notes\n\nThe notes are here.\n")
    monkeypatch.chdir(tmp_path / "docs")
    done = run(command, name)
    assert done.code == 1
    assert (
        done.err == f"assistant: The name given to `assistant {command}` is empty. Name a file or a folder.\n"
    )
    assert not (tmp_path / "home").exists()


def test_an_empty_name_for_the_standard_input_is_refused(run: Run) -> None:
    done = run("add", "-", "--name", "")
    assert (done.code, "is empty" in done.err) == (1, True)


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["show"], ["show", "--json"]])
def test_a_title_moves_no_terminal(run: Run, added: Path, words: list[str]) -> None:
    [[entry]] = run("list", "--json").rows
    done = run(*words, *([entry["id"]] if "show" in words else []))
    assert "Zebra" in done.out
    assert obeyed(done.out + done.err) == set()


def test_json_without_control_characters_says_the_same(run: Run, added: Path) -> None:
    [[entry]] = run("list", "--json").rows
    assert Path(entry["source"]) == added / f"zebra{ESCAPES}.md"
    assert json.loads(output.as_json(ESCAPES)) == ESCAPES


def test_an_error_moves_no_terminal(run: Run, added: Path) -> None:
    for words in (["add", f"{ESCAPES}.md"], ["remove", ESCAPES], ["show", ESCAPES], ["import", ESCAPES]):
        done = run(*words)
        assert done.code == 1
        assert obeyed(done.out + done.err) == set()


def test_what_follows_a_folder_or_leaves_moves_no_terminal(run: Run, added: Path) -> None:
    (added / f"other{ESCAPES}.md").write_text("# Lamp\n\nA green lamp is in the hall.\n")
    for words in (["sync", added, "--dry-run"], ["sync", added], ["remove", added]):
        done = run(*words)
        assert done.code == 0
        assert "lamp" in done.out.lower() or "other" in done.out
        assert obeyed(done.out + done.err) == set()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_golden_set_moves_no_terminal(run: Run, added: Path, tmp_path: Path, options: list[str]) -> None:
    row = {"question": f"What does {ESCAPES} the zebra cost?", "facts": [f"50 {ESCAPES} crowns"]}
    path = tmp_path / f"set{ESCAPES}.jsonl"
    path.write_text(json.dumps(row) + "\n")
    done = run("eval", path, *options)
    assert "zebra" in done.out
    assert obeyed(done.out + done.err) == set()
    path.write_text(f'{{"question": "{ESCAPES}"')
    done = run("eval", path, *options)
    assert done.code == 1
    assert obeyed(done.out + done.err) == set()


def test_progress_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    source = Source(f"a{ESCAPES}.md", lambda: b"")
    with progress.track_adding([source], as_json=False) as shown:
        outcome = AddResult(source.name, "rejected", reason=f"It {ESCAPES} is empty.")
        shown.on_result(outcome, output.outcome_line(outcome))
    captured = capsys.readouterr()
    assert "rejected" in captured.out
    assert obeyed(captured.out + captured.err) == set()
