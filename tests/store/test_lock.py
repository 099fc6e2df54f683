"""The store has one owner, who is known to the others, and is free as soon as that process is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.core.errors import StoreBusy, StoreError
from assistant.ingest import sandbox
from assistant.store import lock
from assistant.store.lock import Lock, Owner

HOLD = """
import sys
from pathlib import Path
from assistant.store import lock as owner
held = owner.take(Path(sys.argv[1]), "a test", sys.argv[2] or None)
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
    first = lock.take(tmp_path / "new" / "home", "assistant add")
    assert isinstance(first, Lock)
    assert lock.take(tmp_path / "new" / "home", "ask") == Owner(os.getpid(), "assistant add", None)
    first.say("assistant chat", "http://127.0.0.1:1")
    assert lock.take(tmp_path / "new" / "home", "ask") == Owner(
        os.getpid(), "assistant chat", "http://127.0.0.1:1"
    )
    first.release()
    second = lock.take(tmp_path / "new" / "home", "ask")
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
    assert lock.take(tmp_path, "ask") == Owner(process.pid, "a test", "http://127.0.0.1:1")
    process.kill()
    process.communicate()
    assert json.loads((tmp_path / "owner.lock").read_text())["pid"] == process.pid
    held = lock.take(tmp_path, "ask")
    assert isinstance(held, Lock)
    assert lock.take(tmp_path, "list") == Owner(os.getpid(), "ask", None)
    held.release()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"pid": "x"}', '{"pid": 1}', "\0\0"])
def test_an_owner_that_has_not_said_its_name_is_waited_for(tmp_path: Path, content: str) -> None:
    held = lock.take(tmp_path, "ask")
    assert isinstance(held, Lock)
    (tmp_path / "owner.lock").write_text(content)
    assert lock.take(tmp_path, "list") == Owner(0, "starting", None)
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

    held = lock.wait(tmp_path, "ask", waiting)
    assert isinstance(held, Lock)
    assert told == [Owner(process.pid, "a test", None)]
    held.release()
    process.communicate()


def test_a_server_is_not_waited_for(tmp_path: Path) -> None:
    held = lock.take(tmp_path, "assistant chat", "http://127.0.0.1:1")
    assert isinstance(held, Lock)
    assert lock.wait(tmp_path, "ask", pytest.fail) == Owner(
        os.getpid(), "assistant chat", "http://127.0.0.1:1"
    )
    held.release()


def test_waiting_comes_to_an_end(tmp_path: Path) -> None:
    held = lock.take(tmp_path, "assistant add")
    assert isinstance(held, Lock)
    with pytest.raises(StoreBusy, match=r"\(assistant add\) still holds the store"):
        lock.wait(tmp_path, "ask", lambda _: None, seconds=0.2)
    held.release()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(StoreError, match="set ASSISTANT_HOME"):
            lock.take(home, "ask")


def test_the_child_that_reads_documents_does_not_hold_the_store(tmp_path: Path) -> None:
    held = lock.take(tmp_path, "assistant add")
    assert isinstance(held, Lock)
    sandbox.read_safely(b"<!doctype html><title>A</title><p>Some text in a page.</p>", "a.html")
    (child,) = (child.process for child in sandbox._pool._idle[-1:])
    assert child.poll() is None
    held.release()
    again = lock.take(tmp_path, "ask")
    assert isinstance(again, Lock), "the child has the lock"
    again.release()
