"""The store has one owner, who is known to the others, and is free as soon as that process is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.errors import StoreBusy, StoreError
from assistant.ingest import sandbox
from assistant.store import lock
from assistant.store.lock import Lock, Owner

HOLD = """
import sys
from pathlib import Path
from assistant.store import lock as owner
held = owner.acquire(Path(sys.argv[1]), "a test", sys.argv[2] or None)
print(type(held).__name__, flush=True)
sys.stdin.readline()
"""


def holding(home: Path, url: str = "") -> subprocess.Popen[str]:
    """A process that tries to take the store and keeps what it got until it is told to end."""
    command = [sys.executable, "-c", HOLD, str(home), url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_the_first_owns_the_store_and_the_second_hears_who_does(tmp_path: Path) -> None:
    first = lock.acquire(tmp_path / "new" / "home", "assistant add")
    assert isinstance(first, Lock)
    assert lock.acquire(tmp_path / "new" / "home", "ask") == Owner(os.getpid(), "assistant add", None)
    first.announce("assistant chat", "http://127.0.0.1:1")
    assert lock.acquire(tmp_path / "new" / "home", "ask") == Owner(
        os.getpid(), "assistant chat", "http://127.0.0.1:1"
    )
    first.release()
    second = lock.acquire(tmp_path / "new" / "home", "ask")
    assert isinstance(second, Lock)
    second.release()


def test_of_many_that_come_at_once_one_gets_it(tmp_path: Path) -> None:
    processes = [holding(tmp_path) for _ in range(6)]
    try:
        assert sorted(map(said, processes)) == ["Lock"] + ["Owner"] * 5
    finally:
        for process in processes:
            process.communicate("\n")


def test_a_killed_owner_leaves_the_store_free(tmp_path: Path) -> None:
    process = holding(tmp_path, "http://127.0.0.1:1")
    assert said(process) == "Lock"
    assert lock.acquire(tmp_path, "ask") == Owner(process.pid, "a test", "http://127.0.0.1:1")
    process.kill()
    process.communicate()
    assert json.loads((tmp_path / "owner.lock").read_text())["pid"] == process.pid
    held = lock.acquire(tmp_path, "ask")
    assert isinstance(held, Lock)
    assert lock.acquire(tmp_path, "list") == Owner(os.getpid(), "ask", None)
    held.release()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"pid": "x"}', '{"pid": 1}', "\0\0"])
def test_an_owner_that_has_not_said_its_name_is_waited_for(tmp_path: Path, content: str) -> None:
    held = lock.acquire(tmp_path, "ask")
    assert isinstance(held, Lock)
    (tmp_path / "owner.lock").write_text(content)
    assert lock.acquire(tmp_path, "list") == Owner(0, "starting", None)
    held.release()


def test_another_command_is_waited_for_and_named_once(tmp_path: Path) -> None:
    process = holding(tmp_path)
    assert said(process) == "Lock"
    told: list[Owner] = []

    def waiting(held: Owner) -> None:
        told.append(held)
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()

    held = lock.wait_for(tmp_path, "ask", waiting)
    assert isinstance(held, Lock)
    assert told == [Owner(process.pid, "a test", None)]
    held.release()
    process.communicate()


def test_a_server_is_not_waited_for(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path, "assistant chat", "http://127.0.0.1:1")
    assert isinstance(held, Lock)
    assert lock.wait_for(tmp_path, "ask", pytest.fail) == Owner(
        os.getpid(), "assistant chat", "http://127.0.0.1:1"
    )
    held.release()


def test_waiting_comes_to_an_end(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path, "assistant add")
    assert isinstance(held, Lock)
    with pytest.raises(StoreBusy, match=r"\(assistant add\) still holds the store"):
        lock.wait_for(tmp_path, "ask", lambda _: None, seconds=0.2)
    held.release()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(StoreError, match="set ASSISTANT_HOME"):
            lock.acquire(home, "ask")


def test_the_child_that_reads_documents_does_not_hold_the_store(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path, "assistant add")
    assert isinstance(held, Lock)
    sandbox.read_safely(b"<!doctype html><title>A</title><p>Some text in a page.</p>", "a.html")
    (child,) = (child.process for child in sandbox._pool._idle[-1:])
    assert child.poll() is None
    held.release()
    again = lock.acquire(tmp_path, "ask")
    assert isinstance(again, Lock), "the child has the lock"
    again.release()


def rights(home: Path) -> dict[str, int]:
    """The rights on a folder and on all in it."""
    return {path.name: path.stat().st_mode & 0o777 for path in (home, *home.rglob("*"))}


def test_a_home_that_others_could_read_is_narrowed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "originals").mkdir(parents=True)
    for file in (home / "ledger.db", home / "originals" / "a"):
        file.write_text("")
        file.chmod(0o644)
    for folder in (home / "originals", home):
        folder.chmod(0o755)
    lock.restrict_access(home, pytest.fail)
    assert rights(home) == {"home": 0o700, "originals": 0o700, "ledger.db": 0o600, "a": 0o600}


def test_what_a_home_links_to_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for other in (tmp_path / "folder", tmp_path / "folder" / "program"):
        other.mkdir() if other.name == "folder" else other.write_text("")
        other.chmod(0o755)
        (tmp_path / "home" / other.name).symlink_to(other)
    (tmp_path / "home" / "script").write_text("")
    (tmp_path / "home" / "script").chmod(0o755)
    lock.restrict_access(tmp_path / "home", pytest.fail)
    assert set(rights(tmp_path / "folder").values()) == {0o755}
    assert (tmp_path / "home" / "script").stat().st_mode & 0o777 == 0o700


def test_a_store_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    for _ in range(2):
        with Assistant.open(replace(config.load({}), home=home, corpus=None)) as opened:
            opened.add_bytes(b"# Lamp\n\nA green lamp is in the hall.\n", "lamp.md")
            assert home.stat().st_mode & 0o777 == 0o700
    private = {name for name, mode in rights(home).items() if not mode & 0o077}
    assert {"home", "ledger.db", "owner.lock", "originals", "originals.json", "reserve"} <= private


def test_the_key_of_a_server_is_told_to_who_has_the_home_alone(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path, "chat")
    assert isinstance(held, Lock)
    held.announce("chat", "http://127.0.0.1:1", "a key")
    owner = lock.acquire(tmp_path, "ask")
    assert isinstance(owner, Owner)
    assert owner.key == "a key"
    assert "a key" not in repr(owner)
    assert (tmp_path / "owner.lock").stat().st_mode & 0o077 == 0
    held.release()
