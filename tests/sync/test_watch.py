"""Following a folder: real changes to real files, heard of and waited for by their effect."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import watchfiles

from assistant.core.errors import StoreBusy
from assistant.ingest import files
from assistant.ingest.parse import identity
from assistant.sync import watch
from assistant.sync.folders import FolderContents, FolderScanner

PATIENCE = 30.0


@dataclass
class Following:
    """A folder that is followed by a thread, and what was heard of it."""

    root: Path
    changed: Callable[[FolderContents], object] = lambda folder: None
    heard: list[dict[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        def changed(folder: FolderContents) -> None:
            self.changed(folder)
            self.heard.append({Path(name).name: ident for name, ident in folder.ids.items()})

        watch.follow(FolderScanner(self.root), changed, self.said.append, self.stop)

    def until(self, condition: Callable[[], object]) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, (self.heard, self.said)
            time.sleep(0.01)

    def until_it_holds(self, **contents: bytes) -> None:
        wanted = {f"{name}.md": identity(data) for name, data in contents.items()}
        self.until(lambda: self.heard and self.heard[-1] == wanted)


@pytest.fixture
def following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Following]:
    for name, seconds in (("TICK", 0.05), ("SETTLED", 0.1), ("DEBOUNCE", 0.1), ("RETRY", 0.1)):
        monkeypatch.setattr(watch, name, seconds)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_bytes(b"first")
    made = Following(tmp_path / "docs")
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_each_change_is_heard_of(following: Following) -> None:
    following.until_it_holds(a=b"first")
    root = following.root
    (root / "b.md").write_bytes(b"second")
    following.until_it_holds(a=b"first", b=b"second")
    (root / "a.md").write_bytes(b"other")
    following.until_it_holds(a=b"other", b=b"second")
    (root / "sub").mkdir()
    (root / "b.md").rename(root / "sub" / "c.md")
    following.until_it_holds(a=b"other", c=b"second")
    (root / "sub" / "d.md").write_bytes(b"in a new folder")
    following.until_it_holds(a=b"other", c=b"second", d=b"in a new folder")
    shutil.rmtree(root / "sub")
    following.until_it_holds(a=b"other")
    assert following.said == []


def test_a_file_is_waited_for_while_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: now))
    heard: list[dict[str, str]] = []
    seen = watch._Follower(FolderScanner(tmp_path), lambda folder: heard.append(folder.ids), pytest.fail)
    seen.step()
    path = tmp_path / "a.md"
    for _ in range(10):
        with path.open("ab") as file:
            file.write(b"more ")
        now += watch.SETTLED * 0.9
        seen.step()
        assert seen.is_due()
    assert heard == [{}]
    now += watch.SETTLED
    seen.step()
    assert heard == [{}, {str(path): identity(b"more " * 10)}]
    assert not seen.is_due()


def test_the_rest_waits_for_what_is_being_written_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: now))
    heard: list[set[str]] = []
    seen = watch._Follower(FolderScanner(tmp_path), lambda folder: heard.append(set(folder.ids)), pytest.fail)
    (tmp_path / "a.md").write_bytes(b"text")
    (tmp_path / "log.txt").write_bytes(b"")
    seen.step()
    (tmp_path / "a.md").rename(tmp_path / "b.md")
    for _ in range(20):
        with (tmp_path / "log.txt").open("ab") as file:
            file.write(b"line\n")
        now += watch.SETTLED
        seen.step()
        # A name is never gone before the other is there.
        assert not heard[1:] or str(tmp_path / "b.md") in heard[1]
    assert heard[1] == {str(tmp_path / "b.md"), str(tmp_path / "log.txt")}


def test_what_fails_is_said_once_and_tried_again(following: Following) -> None:
    following.until_it_holds(a=b"first")
    failures = iter([StoreBusy("Somebody has it."), StoreBusy("Somebody has it."), OSError("a cable")])

    def changed(folder: FolderContents) -> None:
        for failure in failures:
            raise failure

    following.changed = changed
    (following.root / "b.md").write_bytes(b"second")
    following.until_it_holds(a=b"first", b=b"second")
    assert following.said == ["Somebody has it.", "OSError: a cable"]


def test_a_folder_that_goes_and_comes_back_is_followed_again(following: Following) -> None:
    following.until_it_holds(a=b"first")
    away = following.root.with_name("away")
    following.root.rename(away)
    following.until(lambda: following.said)
    assert "check the name, and whether its disk is there" in following.said[0]
    away.rename(following.root)
    following.until(lambda: len(following.heard) == 2)
    (following.root / "a.md").write_bytes(b"back")
    following.until_it_holds(a=b"back")
    shutil.rmtree(following.root)
    following.root.mkdir()
    (following.root / "n.md").write_bytes(b"another")
    following.until_it_holds(n=b"another")


def test_where_the_system_tells_of_nothing_it_is_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watching(*_: object, **__: object) -> Iterator[set[object]]:
        raise OSError("limit reached")
        yield set()

    monkeypatch.setattr(watchfiles, "watch", watching)
    monkeypatch.setattr(watch, "TICK", 0.05)
    monkeypatch.setattr(watch, "SETTLED", 0.1)
    following = Following(tmp_path)
    thread = threading.Thread(target=following.run)
    thread.start()
    following.until_it_holds()
    (tmp_path / "a.md").write_bytes(b"found")
    following.until_it_holds(a=b"found")
    following.stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_what_has_not_changed_is_not_read_again(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    following.until_it_holds(a=b"first")
    read: list[str] = []
    load = files.load
    monkeypatch.setattr(files, "load", lambda path: read.append(path.name) or load(path))
    (following.root / "b.md").write_bytes(b"second")
    following.until_it_holds(a=b"first", b=b"second")
    assert read == ["b.md"]
