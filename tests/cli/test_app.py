"""The command line: what it prints, what it exits with, and what it loads."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Done, Run

from assistant.cli import documents
from assistant.embedding.embedders import Embedder

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds. Descale it every three months.\n"
TOASTER = "# Brisa toaster\n\nThe Brisa toaster has seven browning levels.\n"
HOW_FAST = "How fast does the Arvo kettle boil a litre?"
COMMANDS = ["chat", "ask", "add", "list", "show", "remove", "check", "rebuild"]
HEAVY = "chromadb llama_index onnxruntime gradio sqlalchemy httpx tantivy sentencepiece numpy openai".split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two manuals."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "kettle.md").write_text(KETTLE)
    (docs / "toaster.md").write_text(TOASTER)
    return docs


def is_one_sentence(text: str) -> bool:
    return text.startswith("assistant: ") and len(text.splitlines()) == 1 and text.rstrip()[-1] in ".”"


# -- help --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(run: Run, command: str) -> None:
    told = run(command, "--help")
    assert told.code == 0
    assert f"Example: assistant {command}" in told.out


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "chat"])
def test_each_command_but_chat_speaks_json(run: Run, command: str) -> None:
    assert "--json" in run(command, "--help").out


def test_the_help_names_all_commands(run: Run) -> None:
    told = run("--help")
    assert told.code == 0
    assert set(COMMANDS) <= set(told.out.split())


def loaded_by(environment: dict[str, str], *words: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    script = (
        "import sys\nfrom assistant import cli\ntry:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].removeprefix("LOADED ").split())


@pytest.mark.parametrize("words", [["--help"], ["ask", "--help"], ["nonsense"], []])
def test_help_loads_nothing_heavy(environment: dict[str, str], words: list[str]) -> None:
    assert not loaded_by(environment, *words) & set(HEAVY)


def test_asking_loads_no_page(environment: dict[str, str], folder: Path) -> None:
    environment["ASSISTANT_CORPUS"] = str(folder)
    loaded = loaded_by(environment, "ask", HOW_FAST)
    assert "chromadb" in loaded
    assert not loaded & {"gradio", "uvicorn", "playwright"}


# -- adding ------------------------------------------------------------------------------------------


def test_added_documents_are_told_line_by_line(run: Run, folder: Path) -> None:
    done = run("add", folder, "--json")
    assert done.code == 0
    assert [row["status"] for row in done.rows] == ["added", "added"]
    assert [row["source"] for row in done.rows] == [str(folder / "kettle.md"), str(folder / "toaster.md")]
    assert all(row["passages"] == 1 and row["title"] and row["reason"] is None for row in done.rows)
    assert [row["status"] for row in run("add", folder, "--json").rows] == ["unchanged", "unchanged"]
    (folder / "kettle.md").write_text(KETTLE.replace("95", "80"))
    assert run("add", folder).out == (
        f"updated    {folder / 'kettle.md'}: 1 passage\nunchanged  {folder / 'toaster.md'}: 1 passage\n"
    )


def test_what_is_rejected_makes_the_exit_1_and_the_others_are_added(run: Run, folder: Path) -> None:
    (folder / "empty.pdf").write_bytes(b"")
    done = run("add", folder / "absent.md", folder, "--json")
    assert done.code == 1
    assert [row["status"] for row in done.rows] == ["rejected", "rejected", "added", "added"]
    assert all(row["reason"].endswith(".") for row in done.rows[:2])
    assert len(run("list", "--json").rows[0]) == 2


def test_a_folder_without_documents_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    done = run("add", tmp_path / "none")
    assert (done.code, done.out) == (1, "")
    assert "no document of a known kind" in done.err


def test_a_name_that_is_no_utf_8_is_added_and_printed(run: Run, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("# Café\n\nIt opens at nine.\n")
    done = run("add", folder, "--json")
    assert done.code == 0
    assert next(row["source"] for row in done.rows) == f"{folder}/caf\\xe9.md"
    absent = run("add", os.fsdecode(os.fsencode(folder) + b"/nothing\xe9.md"), "--json")
    assert absent.rows[0]["status"] == "rejected"


# -- asking ------------------------------------------------------------------------------------------


def test_an_answer_in_json_can_be_checked(run: Run, folder: Path) -> None:
    run("add", folder)
    done = run("ask", HOW_FAST, "--json")
    [answer] = done.rows
    assert (done.code, answer["answered"], answer["mode"], answer["model"]) == (0, True, "extractive", None)
    assert "95 seconds" in answer["answer"]
    for citation in answer["citations"]:
        [document] = run("show", citation["document_id"], "--json").rows
        assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert f"[{citation['number']}]" in answer["answer"]


def test_a_part_of_the_documents_is_asked(run: Run, folder: Path) -> None:
    run("add", folder)
    question = "How fast does the Arvo kettle boil one litre?"
    assert "95 seconds" in run("ask", question, "--in", "docs", "--since", "2020").out
    done = run("ask", question, "--in", "elsewhere")
    assert (done.code, done.err.strip()) == (1, "assistant: No document is in that part: elsewhere.")


def test_an_answer_for_people_ends_with_its_sources(run: Run, folder: Path) -> None:
    run("add", folder)
    done = run("ask", HOW_FAST)
    answer, sources = done.out.split("\n\nSources\n")
    assert "[1]" in answer
    assert f"  [1] Arvo kettle ({folder / 'kettle.md'})\n      “" in sources


def test_what_is_not_in_the_documents_is_no_failure(run: Run, folder: Path) -> None:
    run("add", folder)
    done = run("ask", "Who painted the ceiling of the Sistine Chapel?")
    assert done.code == 0
    assert done.out.startswith("The documents do not answer this question.\n\nRelated\n")
    [answer] = run("ask", "Who painted the ceiling of the Sistine Chapel?", "--json").rows
    assert (answer["answered"], answer["citations"]) == (False, [])
    assert answer["related"]


def test_a_follow_up_is_understood(run: Run, folder: Path) -> None:
    run("add", folder)
    run("ask", HOW_FAST, "--conversation", "c")
    assert "three months" in run("ask", "And how often should it be descaled?", "--conversation", "c").out


def test_the_first_question_fills_an_empty_store_and_says_so(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CORPUS", str(folder))
    first = run("ask", HOW_FAST)
    assert "95 seconds" in first.out
    assert "reading the 2 documents of the shipped corpus" in first.err
    assert run("ask", HOW_FAST) == Done(0, first.out, "")


@pytest.mark.parametrize("question", ["", "  ", "\n"])
def test_an_empty_question_is_told(run: Run, question: str) -> None:
    done = run("ask", question)
    assert done.code == 1
    assert "The question is empty" in done.err


# -- looking after documents -------------------------------------------------------------------------


def test_documents_are_listed_shown_and_removed(run: Run, folder: Path) -> None:
    assert "assistant add" in run("list").out
    assert run("list", "--json").rows == [[]]
    run("add", folder)
    [listed] = run("list", "--json").rows
    assert [entry["title"] for entry in listed] == ["Arvo kettle", "Brisa toaster"]
    table = run("list").out
    assert all(entry["id"] in table and entry["source"] in table for entry in listed)
    assert KETTLE.strip() in run("show", listed[0]["id"]).out
    done = run("remove", "nothing", listed[0]["id"], "--json")
    assert done.code == 1
    assert is_one_sentence(done.err)
    assert [row["title"] for row in done.rows] == ["Arvo kettle"]
    assert run("show", listed[0]["id"]).code == 1
    assert len(run("list", "--json").rows[0]) == 1


def test_a_long_name_is_not_cut_in_a_pipe(run: Run, folder: Path) -> None:
    deep = folder / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    (deep / "lamp.md").write_text("# Lamp\n\nA green lamp.\n")
    run("add", deep)
    assert str(deep / "lamp.md") in run("list").out


def test_a_sound_store_checks_with_0_and_another_with_1(run: Run, folder: Path, tmp_path: Path) -> None:
    run("add", folder)
    done = run("check", "--json")
    assert (done.code, done.rows) == (
        0,
        [{"documents": 2, "passages": 2, "vectors": 2, "words": 2, "problems": [], "repaired": []}],
    )
    assert run("check").out == "2 documents, 2 passages, 2 vectors, 2 words\nNo problems.\n"
    (original, _) = sorted(path for path in (tmp_path / "home" / "originals").iterdir() if not path.suffix)
    original.write_bytes(b"?")
    done = run("check")
    assert done.code == 1
    assert "add it again" in done.out
    assert run("add", folder).code == 0
    assert run("rebuild", "--json").rows[0]["problems"] == []


# -- faults ------------------------------------------------------------------------------------------


def test_an_unknown_setting_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODLE", "x")
    done = run("list")
    assert (done.code, done.out) == (1, "")
    assert is_one_sentence(done.err)
    assert "ASSISTANT_MODLE" in done.err


def test_a_broken_store_is_one_sentence_and_a_traceback_where_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "ledger.db").write_bytes(b"no database " * 1000)
    done = run("list")
    assert done.code == 1
    assert is_one_sentence(done.err)
    assert "run `assistant check --repair` to rebuild the ledger" in done.err
    with pytest.raises(Exception, match="not a database"):
        run("list", "--debug")


def test_what_nobody_foresaw_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "open_store", lambda doing: 1 / 0)
    done = run("list")
    assert done.code == 1
    assert "division by zero" in done.err
    assert "--debug" in done.err
    assert "Traceback" not in done.err


def test_nothing_of_a_document_moves_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "evil.md").write_text(
        "# Evil \x1b[2J\x07[bold]title[/bold]\n\nThe zebra \x1b]0;owned\x07 costs 40 crowns.\n"
    )
    printed = "".join(
        run(*words).out
        for words in (["add", tmp_path / "evil.md"], ["list"], ["ask", "What does the zebra cost?"])
    )
    assert "[bold]title[/bold]" in printed
    assert not [c for c in printed if not c.isprintable() and c != "\n"]


def test_interrupted_it_says_that_what_was_done_is_kept(environment: dict[str, str], tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(200):
        (many / f"{number:03}.md").write_text(f"# Number {number}\n\n" + f"Text of number {number}.\n\n" * 5)
    command = [sys.executable, "-m", "assistant.cli", "add", str(many)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Stopped. What was finished is kept."
    assert "Traceback" not in err
    told = [line.split()[1].rstrip(":") for line in [first, *out.splitlines()]]
    assert 0 < len(told) < 200
    listed = subprocess.run([*command[:3], "list", "--json"], env=environment, capture_output=True, text=True)
    assert set(told) <= {entry["source"] for entry in json.loads(listed.stdout)}


@pytest.mark.parametrize("kilobytes", [160, 300])
def test_a_full_disk_is_one_sentence_and_harms_nothing(
    environment: dict[str, str], tmp_path: Path, kilobytes: int
) -> None:
    """A limit on the size of files takes the place of a disk that may be filled."""
    (tmp_path / "docs").mkdir()
    for number in range(60):
        (tmp_path / "docs" / f"{number}.md").write_text(f"# Number {number}\n\nText of number {number}.\n")
    command = [sys.executable, "-m", "assistant.cli", "add", str(tmp_path / "docs")]
    limited = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash", *command]
    done = subprocess.run(limited, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert is_one_sentence(done.stderr.splitlines()[-1])
    assert "disk" in done.stderr
    assert "Traceback" not in done.stderr
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.count("added ") == 60


def test_commands_at_the_same_time_take_turns(
    environment: dict[str, str], tmp_path: Path, e5: Embedder
) -> None:
    # With a cold cache the first to add would say that it prepares the model.
    e5.count("kettle")
    commands = [["list"]]
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        for number in range(5):
            (tmp_path / name / f"{number}.md").write_text(f"# {name} {number}\n\nText of {name} {number}.\n")
        commands.append(["add", str(tmp_path / name)])
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "assistant.cli", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    told = [process.communicate() for process in begun]
    assert [process.returncode for process in begun] == [0] * 4, told
    assert all(out.count("added ") == 5 for out, _ in told[1:])
    lines = [line for _, err in told for line in err.splitlines()]
    # Whoever is first waits for nobody, and sums up all the same.
    expected = r"Waiting for process \d+ \(.+\), which has the store open\.|5 added in .+"
    assert all(re.fullmatch(expected, line) for line in lines), told
    command = [sys.executable, "-m", "assistant.cli", "check", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert json.loads(done.stdout)["documents"] == 15


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding_is_no_reason_to_stop(
    environment: dict[str, str], folder: Path, encoding: str
) -> None:
    (folder / "snow.md").write_text("# Snow ☃\n\nThe snowman ☃ is “cold”.\n")
    environment |= {"PYTHONIOENCODING": encoding, "ASSISTANT_CORPUS": str(folder)}
    command = [sys.executable, "-m", "assistant.cli", "ask", "How is the snowman?"]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 0
    assert b"cold" in done.stdout
    assert b"\\u2603" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_fault(environment: dict[str, str], folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", "add", str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    told = process.stderr.read().decode()
    process.stderr.close()
    process.wait()
    assert "Traceback" not in told
    assert "Something went wrong" not in told
