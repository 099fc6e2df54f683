"""A disk that gets full at twenty points: a clear error, old answers go on, all is well with room again.

The disk is a small tmpfs, so this takes the right to mount one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from faults.history import text, word
from faults.kills import half_there
from faults.process import opened, waited
from stores import is_wholly_sound

from assistant.assistant import Assistant
from assistant.core.errors import AssistantError
from assistant.core.types import Source
from eval.bench_figure import Figure

HELD = 40
NEW = 120
"""Documents that come in or take the place of others while the disk gets full."""
POINTS, FULL = 28, 20
"""Points that are tried; at some the reserve of a store is room enough."""
_NUMBER = count()
SPARE = f"{HELD - 1}.md"
"""What is removed, or cannot be, while the disk is full."""
ROOM = 200_000_000
DIED: dict[str, list[str]] = {"errors": [], "wrong": ["the process died"]}
KINDS = ("add", "replace", "rebuild", "add", "reopen")
"""What is done at the points, in turn; at `reopen` the index is gone, and is made anew."""


@dataclass
class Result:
    """The outcome of one point."""

    what: str
    errors: list[str] = field(default_factory=list)
    """What a person was told."""
    wrong: list[str] = field(default_factory=list)


def figures(points: int = POINTS) -> list[Figure]:
    """Fill the disk at `points` points and measure the outcomes."""
    if not may_mount():
        print("  a small disk cannot be mounted here, which takes root", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        results = run(Path(folder), points)
    wrong = [f"{result.what}: {fault}" for result in results for fault in result.wrong]
    told = [error for result in results for error in result.errors]
    mute = [error for error in told if not _is_clear(error)]
    for fault in (wrong + mute)[:20]:
        print(f"  {fault}", file=sys.stderr)
    return [
        Figure(
            "points at which the disk got full", sum(bool(r.errors) for r in results), least=min(points, FULL)
        ),
        Figure("errors that a person would not understand", len(mute), most=0),
        Figure("answers lost, documents half there, not well with room again", len(wrong), most=0),
    ]


def may_mount() -> bool:
    """True if this process may mount a disk of its own."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return done.returncode == 0


def run(folder: Path, points: int) -> list[Result]:
    """Each point on a disk of its own, that has a little more room each time."""
    base = folder / "base"
    waited(lambda: _given(base, range(HELD)), folder / "made")
    needs = {kind: _needed(folder, base, kind) for kind in dict.fromkeys(KINDS)}
    results = []
    for number in range(points):
        kind = KINDS[number % len(KINDS)]
        free = int(needs[kind] * number / points)
        with _disk(folder / "disk", ROOM) as disk:
            shutil.copytree(base, disk / "home")
            told = waited(partial(_filled_up, disk, kind, free), folder / "told") or DIED
            again = waited(partial(_looked_at, disk / "home"), folder / "told") or DIED
        result = Result(f"{kind} with {free // 1000:,} kB", told["errors"], told["wrong"] + again["wrong"])
        print(f"  {result}", file=sys.stderr, flush=True)
        results.append(result)
    return results


def _needed(folder: Path, base: Path, kind: str) -> int:
    """Return the most bytes that a change needs while it runs, measured on a disk with room."""
    with _disk(folder / "disk", ROOM) as disk:
        shutil.copytree(base, disk / "home")
        before, peak, over = _free(disk), [0], threading.Event()

        def watch() -> None:
            while not over.wait(0.002):
                peak[0] = max(peak[0], before - _free(disk))

        watching = threading.Thread(target=watch)
        watching.start()
        waited(lambda: _done(disk / "home", kind), folder / "told")
        over.set()
        watching.join()
        return peak[0]


def _done(home: Path, kind: str) -> dict[str, object]:
    if kind == "reopen":
        shutil.rmtree(home / "index")
    with opened(home) as assistant:
        _do(assistant, kind)
    return {}


def _do(assistant: Assistant, kind: str) -> None:
    if kind in ("add", "replace"):
        first = 1_000 if kind == "add" else 2_000
        names = [f"{n if kind == 'replace' and n < HELD else n + 1_000}.md" for n in range(NEW)]
        list(assistant.add(_sources(names, range(first, first + NEW))))
    elif kind == "rebuild":
        assistant.rebuild()


def _sources(names: Sequence[str], numbers: Sequence[int]) -> list[Source]:
    return [Source(name, lambda n=n: text(n)) for name, n in zip(names, numbers, strict=True)]  # type: ignore[misc]


def _given(home: Path, numbers: Sequence[int]) -> dict[str, object]:
    with opened(home) as assistant:
        list(assistant.add(_sources([f"{number}.md" for number in numbers], numbers)))
    return {}


# -- at one point ------------------------------------------------------------------------------------


def _filled_up(disk: Path, kind: str, free: int) -> dict[str, list[str]]:
    errors: list[str] = []
    wrong: list[str] = []
    if kind == "reopen":
        shutil.rmtree(disk / "home" / "index")
        _fill(disk, free)
        said: list[str] = []
        with _told(errors):
            opened(disk / "home", said.append).close()
        # It is opened all the same, with an index in memory, and that is told.
        errors += [told for told in said if "disk" in told]
        _with_room(disk)
    with opened(disk / "home") as assistant:
        _fill(disk, free)
        with _told(errors):
            _do(assistant, kind)
        _fill(disk, 0)
        with _told(errors):
            assistant.remove(next(entry.id for entry in assistant.list() if entry.source == SPARE))
        wrong += _faults(assistant, "full")
        if kind in ("rebuild", "reopen") and (unfound := _unfound(assistant)):
            wrong.append(f"full: {len(unfound)} documents are not found")
        _with_room(disk)
        _do(assistant, kind)
        wrong += _faults(assistant, "with room again")
        wrong += [] if is_wholly_sound(assistant.library) else [f"not sound: {assistant.check().problems}"]
    return {"errors": errors, "wrong": wrong}


def _unfound(assistant: Assistant) -> list[str]:
    """Return the words of documents there from the beginning that asking for them does not show."""
    words = [word(number, 0) for number in range(0, HELD - 1, 5)]
    return [each for each in words if each not in _shown(assistant, f"Where does {each} stand?")]


def _shown(assistant: Assistant, question: str) -> str:
    """Return all that an answer shows: itself, or what comes nearest."""
    try:
        answer = assistant.ask(question, f"conversation {next(_NUMBER)}")
    except AssistantError as fault:
        return fault.message
    return " ".join([answer.text, *(citation.quote for citation in answer.related)])


@contextmanager
def _told(errors: list[str]) -> Iterator[None]:
    try:
        yield
    except AssistantError as fault:
        errors.append(fault.message)


def _fill(disk: Path, free: int) -> None:
    """Fill the disk up to the last `free` bytes."""
    (disk / "filler").unlink(missing_ok=True)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4_096, _free(disk) - free))


def _with_room(disk: Path) -> None:
    (disk / "filler").unlink()


def _faults(assistant: Assistant, when: str) -> list[str]:
    """Return the faults: documents that are gone, or not found once by each of their sections."""
    entries = assistant.list()
    wrong = []
    if missing := {f"{number}.md" for number in range(HELD)} - {entry.source for entry in entries} - {SPARE}:
        wrong.append(f"{len(missing)} documents are gone")
    half = [e.source for e in entries if list(half_there(assistant, int(e.title.split()[-1]), there=True))]
    wrong += [f"{len(half)} documents are not wholly there, {half[0]} for one"] if half else []
    return [f"{when}: {fault}" for fault in wrong]


def _looked_at(home: Path) -> dict[str, object]:
    with opened(home) as assistant:
        wrong = _faults(assistant, "opened again")
        return {"wrong": wrong + ([] if is_wholly_sound(assistant.library) else ["opened again: not sound"])}


def _is_clear(told: str) -> bool:
    """True if the message is a sentence that names the disk as the cause."""
    named = any(word in told for word in ("disk", "room", "space"))
    return named and told.endswith(".") and len(told) < 400 and "Traceback" not in told


# -- the disk ----------------------------------------------------------------------------------------


@contextmanager
def _disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of so many bytes, mounted at the folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize
