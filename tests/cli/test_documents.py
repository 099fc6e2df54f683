"""The commands that manage documents: arguments, output and exit codes, also through a server."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import loopback
import pytest
from conftest import Run

from assistant.assistant import Assistant

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds. Descale it every three months.\n"
TOASTER = "# Brisa toaster\n\nThe Brisa toaster has seven browning levels.\n"
PATIENCE = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two manuals."""
    (tmp_path / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "docs" / "kettle.md").write_text(KETTLE)
    (tmp_path / "docs" / "sub" / "toaster.md").write_text(TOASTER)
    return tmp_path / "docs"


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "assistant.cli", *map(str, words)]


# -- add ---------------------------------------------------------------------------------------------


def test_standard_input_is_added_and_replaced_under_its_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text, status in ((KETTLE, "added"), (KETTLE, "unchanged"), (TOASTER, "updated")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        [row] = run("add", "-", "--name", "manual.md", "--json").rows
        assert (row["status"], row["source"]) == (status, "manual.md")


@pytest.mark.parametrize("words", [["-"], ["-", "-", "--name", "x.md"]])
def test_standard_input_needs_a_name_and_only_that(run: Run, words: list[str]) -> None:
    done = run("add", *words)
    assert done.code == 1
    assert "needs a name: `assistant add - --name notes.md`." in done.err


def test_a_file_is_added_under_another_name(run: Run, folder: Path) -> None:
    file = folder / "kettle.md"
    [row] = run("add", file, "--as", "manual.md", "--json").rows
    assert (row["status"], row["source"]) == ("added", "manual.md")
    for words in ([folder], [file, file], ["https://example.org/a.md"]):
        done = run("add", *words, "--as", "x.md")
        assert done.code == 1
        assert "--as names the standard input or one file" in done.err


def test_documents_are_tagged_listed_and_asked_by_their_tags(run: Run, folder: Path) -> None:
    run("add", folder, "--tag", "kitchen", "--tag", " 2024 ")
    [row, *_] = run("list", "--json").rows[0]
    assert row["tags"] == ["2024", "kitchen"]
    assert "2024, kitchen" in run("list").out
    question = "How fast does the Arvo kettle boil one litre?"
    assert "95 seconds" in run("ask", question, "--tag", "Kitchen").out
    done = run("ask", question, "--tag", "garden")
    assert (done.code, done.err.strip()) == (1, "assistant: No document is in that part: tagged garden.")


def test_a_tag_of_no_use_is_refused_before_anything_is_added(run: Run, folder: Path) -> None:
    done = run("add", folder, "--tag", " ")
    assert done.code == 1
    assert "A tag is a word or a few" in done.err
    assert run("list", "--json").rows == [[]]


def test_of_a_folder_only_what_is_chosen_is_added(run: Run, folder: Path) -> None:
    done = run("add", folder, "--include", "*.md", "--exclude", "sub", "--exclude", "x*", "--json")
    assert [row["source"] for row in done.rows] == [str(folder / "kettle.md")]


def test_a_pipe_is_refused_and_not_waited_for(run: Run, folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    done = run("add", folder / "pipe.md", folder)
    assert done.code == 1
    assert "is a pipe" in done.out.splitlines()[0]
    assert done.out.count("added ") == 2
    assert re.fullmatch(r"2 added, 1 rejected in [\d.]+ s\n", done.err)


def test_an_archive_gives_a_line_for_each_document(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "manuals.zip", "w") as archive:
        archive.writestr("kettle.md", KETTLE)
        archive.writestr("toaster.md", TOASTER)
    done = run("add", tmp_path / "manuals.zip", "--json")
    assert [row["source"] for row in done.rows] == [
        f"{tmp_path}/manuals.zip/{name}.md" for name in ("kettle", "toaster")
    ]


# -- remove ------------------------------------------------------------------------------------------


def test_documents_are_removed_by_id_by_name_and_by_folder(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "copy.md").write_text(KETTLE)
    (folder / "sub" / "lamp.md").write_text("# Lamp\n\nA green lamp stands in the hall.\n")
    run("add", folder)
    monkeypatch.chdir(folder)
    done = run("remove", "kettle.md")
    assert (done.code, done.out) == (0, "")
    assert "Arvo kettle has another name, and stays under that." in done.err
    done = run("remove", "sub", "nothing.md", "--json")
    assert done.code == 1
    assert sorted(row["title"] for row in done.rows) == ["Brisa toaster", "Lamp"]
    assert "no document with the id or the name nothing.md" in done.err
    [[entry]] = run("list", "--json").rows
    assert run("remove", entry["id"]).out == "removed  Arvo kettle\n"
    assert run("list", "--json").rows == [[]]


def test_the_list_shows_what_a_document_weighs_and_what_else_it_is_called(run: Run, folder: Path) -> None:
    (folder / "copy.md").write_text(KETTLE)
    run("add", folder)
    table = run("list").out
    assert re.search(r"Arvo kettle +1 +93 B +20\d\d-\d\d-\d\d +\S+ \(and 1 other name\)", table)


# -- check, export, import ---------------------------------------------------------------------------


def test_check_repairs_what_it_is_asked_to(run: Run, folder: Path, tmp_path: Path) -> None:
    run("add", folder)
    next((tmp_path / "home" / "originals").iterdir()).write_bytes(b"?")
    assert run("check").code == 1
    assert "repaired" in run("check", "--repair", "--json").rows[0]


def test_another_home_takes_in_what_was_exported(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", folder)
    [before] = run("list", "--json").rows
    done = run("export", tmp_path / "corpus.zip", "--json")
    size = (tmp_path / "corpus.zip").stat().st_size
    assert done.rows == [{"file": str(tmp_path / "corpus.zip"), "documents": 2, "size": size}]
    assert run("export", tmp_path / "corpus.zip").out.startswith("2 documents in ")
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another"))
    assert run("import", tmp_path / "corpus.zip").out.count("added ") == 2
    assert re.fullmatch(r"2 unchanged in [\d.]+ s\n", run("import", tmp_path / "corpus.zip").err)
    [after] = run("list", "--json").rows
    assert [entry | {"added": ""} for entry in after] == [entry | {"added": ""} for entry in before]
    (tmp_path / "corpus.zip").write_bytes(b"PK\x03\x04")
    refused = run("import", tmp_path / "corpus.zip")
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)


# -- sync --------------------------------------------------------------------------------------------


def test_a_folder_is_synced_as_planned(run: Run, folder: Path) -> None:
    planned = run("sync", folder, "--dry-run", "--json")
    assert planned.rows == [
        {"kind": "add", "source": str(folder / name), "before": None}
        for name in ("kettle.md", "sub/toaster.md")
    ]
    assert run("list", "--json").rows == [[]]
    done = run("sync", folder)
    assert done.out.count("added ") == 2
    (folder / "kettle.md").rename(folder / "boiler.md")
    (folder / "sub" / "toaster.md").write_text(TOASTER.replace("seven", "nine"))
    (folder / "empty.md").touch()
    planned = run("sync", folder, "--dry-run")
    assert planned.out == (
        f"move       {folder}/kettle.md -> {folder}/boiler.md\n"
        f"add        {folder}/empty.md\n"
        f"replace    {folder}/sub/toaster.md\n"
    )
    assert planned.err == "3 to do, 0 unchanged; nothing was done.\n"
    done = run("sync", folder, "--json")
    assert done.code == 1
    told = {row["source"]: row for row in done.rows}
    assert told[f"{folder}/boiler.md"]["status"] == "moved"
    assert told[f"{folder}/boiler.md"]["before"] == f"{folder}/kettle.md"
    assert told[f"{folder}/sub/toaster.md"]["status"] == "updated"
    assert told[f"{folder}/empty.md"]["reason"].endswith(".")
    (folder / "empty.md").unlink()
    (folder / "boiler.md").unlink()
    done = run("sync", folder)
    assert done.out == f"removed    {folder}/boiler.md\n"
    assert re.fullmatch(r"1 removed, 1 unchanged in [\d.]+ s\n", done.err)


def test_what_cannot_be_synced_is_told_in_a_sentence(run: Run, folder: Path, tmp_path: Path) -> None:
    for words, told in (
        ([tmp_path / "absent"], "There is no folder"),
        ([tmp_path / "absent", "--watch"], "There is no folder"),
        ([folder, "--watch", "--dry-run"], "not both"),
        ([folder, "--include", "*.pdf"], "no document of a known kind"),
    ):
        done = run("sync", *words)
        assert (done.code, done.out) == (1, "")
        assert told in done.err
        assert len(done.err.splitlines()) == 1


@contextlib.contextmanager
def started(words: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    # Without a buffer of ours, so that what waits in the pipe can be asked for.
    process = subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[bytes]) -> str:
    """Return the next line that a command prints, or "" after a timeout."""
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    return process.stdout.readline().decode() if ready else ""


def interrupted(process: subprocess.Popen[bytes]) -> tuple[list[str], list[str]]:
    """Interrupt a command and return its remaining output on both streams."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Traceback" not in err
    return out.decode().splitlines(), err.decode().splitlines()


def listed(environment: dict[str, str]) -> list[str]:
    """The names that another command sees."""
    words = command("list", "--json")
    done = subprocess.run(words, env=environment, capture_output=True, timeout=PATIENCE, check=True)
    return [entry["source"] for entry in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with loopback.owning(tmp_path_factory.mktemp("served")) as assistant:
        yield assistant


@pytest.fixture
def served(serving: Assistant) -> Iterator[Path]:
    """The home of a store that is being served, empty before and after."""
    yield serving.settings.home
    serving.remove_all([entry.id for entry in serving.list()])


@pytest.mark.parametrize("through_a_server", [False, True])
def test_a_folder_is_followed_until_ctrl_c_and_the_store_is_free_meanwhile(
    environment: dict[str, str], folder: Path, through_a_server: bool, request: pytest.FixtureRequest
) -> None:
    if through_a_server:
        environment["ASSISTANT_HOME"] = str(request.getfixturevalue("served"))
    with started(command("sync", folder, "--watch", "--json"), environment) as watching:
        assert [json.loads(line(watching))["status"] for _ in range(2)] == ["added", "added"]
        (folder / "kettle.md").rename(folder / "boiler.md")
        assert json.loads(line(watching))["before"] == str(folder / "kettle.md")
        (folder / "sub" / "toaster.md").unlink()
        assert json.loads(line(watching))["status"] == "removed"
        listed = subprocess.run(
            command("list", "--json"), env=environment, capture_output=True, timeout=PATIENCE
        )
        assert [entry["source"] for entry in json.loads(listed.stdout)] == [str(folder / "boiler.md")]
        _, err = interrupted(watching)
        assert err[0].startswith("Following ")
        assert err[-1] == "Stopped. What was finished is kept."
        # The store is opened again and again, and is found sound each time.
        assert "index" not in " ".join(err)


# -- progress and stopping ---------------------------------------------------------------------------


def on_a_terminal(words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command on a terminal; return its exit code and everything on the screen."""
    ours, theirs = pty.openpty()
    environment = environment | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(words, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen = b""
    # At the end of the process, reading fails.
    with contextlib.suppress(OSError):
        while chunk := os.read(ours, 65536):
            screen += chunk
    os.close(ours)
    return process.wait(PATIENCE), screen.decode()


def test_a_person_sees_a_bar_what_was_rejected_and_a_summary(
    environment: dict[str, str], tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(30):
        (many / f"{number:02}.md").write_text(
            f"# Number {number}\n\nText of number {number}.\n" if number else ""
        )
    code, screen = on_a_terminal(command("add", many), environment)
    shown = re.sub(r"\x1b\[[\d;?]*\w", "", screen)
    assert code == 1
    assert "Adding ━" in shown
    assert re.search(r"\d+/30 ", shown)
    assert "embedding" in shown or "reading" in shown
    assert shown.count("rejected   ") == 1
    assert "added      " not in shown
    assert re.search(r"29 added, 1 rejected in [\d.]+ s", shown)


def test_results_go_to_a_file_whole_while_a_person_watches(environment: dict[str, str], folder: Path) -> None:
    results = folder.parent / "results"
    words = ["sh", "-c", f'"$@" > {results}', "sh", *command("add", folder, "--json")]
    code, screen = on_a_terminal(words, environment)
    assert code == 0
    assert [json.loads(row)["status"] for row in results.read_text().splitlines()] == ["added", "added"]
    assert '"status"' not in screen


def test_documents_are_carried_and_followed_through_a_server_too(
    run: Run, folder: Path, tmp_path: Path, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(served))
    assert run("sync", folder).out.count("added ") == 2
    (folder / "kettle.md").rename(folder / "boiler.md")
    assert run("sync", folder).out.startswith("moved ")
    assert run("export", tmp_path / "corpus.zip").code == 0
    assert run("remove", folder).out.count("removed ") == 2
    assert run("import", tmp_path / "corpus.zip").out.count("added ") == 2
    assert run("check", "--repair", "--json").rows[0]["problems"] == []
    assert run("remove", folder / "boiler.md", folder / "sub").out.count("removed ") == 2


def test_stopped_within_a_server_s_work_it_says_so_and_the_server_goes_on(
    environment: dict[str, str], tmp_path: Path, served: Path
) -> None:
    environment["ASSISTANT_HOME"] = str(served)
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        (many / f"{number:03}.md").write_text(f"# Number {number}\n\n" + f"Text of number {number}.\n\n" * 5)
    with started(command("add", many), environment) as adding:
        first = line(adding)
        out, err = interrupted(adding)
    assert err[-1] == "Stopped. What was finished is kept."
    told = [row.split()[1].rstrip(":") for row in [first, *out]]
    assert 0 < len(told) < 300
    assert set(told) <= set(listed(environment))
