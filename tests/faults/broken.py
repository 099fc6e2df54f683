"""Broken and hostile files, one after the other, given to one assistant in a process of its own.

None may end it, each is refused or read in time and within memory, none takes anything from the machine, and
what is sound is still taken in.
"""

from __future__ import annotations

import json
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.damaged import Case
from faults.hostile import SECRET, cases
from faults.memory import Peak
from faults.process import Blind, opened, surroundings
from faults.samples import samples

from assistant.assistant import Assistant
from assistant.core.types import ProgressStep, Source
from eval.bench_figure import Figure

SECONDS = 20.0
MEGABYTES = 1_000.0
FILES = 0
"""Files that are made, if more than those that are written down."""
PATIENCE = 600.0
"""Seconds after which an assistant that says nothing is taken for hanging."""
STORE = 40
"""Files that one store takes in."""
TAKEN_IN = ("added", "updated")
"""What may become of a sound file; the second, as it comes under the same name again and again.

What is attached to one may be as it was.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one file. `seconds` is the time that its slowest document took to read."""

    name: str
    alive: bool
    seconds: float = 0.0
    megabytes: float = 0.0
    outcomes: tuple[tuple[str, str], ...] = ()
    """The status of each document in it, with the reason where it was rejected."""


def figures(some: Callable[[Sequence[Case]], Sequence[Case]] = lambda given: given) -> list[Figure]:
    """Crashes, times and memory over all cases, or over those that `some` leaves."""
    chosen = some(cases(FILES))
    results, sound, problems, leaked = run(chosen)
    slowest = max(results, key=lambda result: result.seconds)
    largest = max(results, key=lambda result: result.megabytes)
    refused = [result for result in results if all(status == "rejected" for status, _ in result.outcomes)]
    mute = [name for name, _, told in _refusals(results) if not _is_clear(told)]
    return [
        Figure("broken files", len(results), least=len(chosen)),
        Figure("crashes of the assistant", sum(not result.alive for result in results), most=0),
        Figure("of them refused", len(refused)),
        Figure(f"the slowest to be refused or read ({slowest.name})", slowest.seconds, "s", most=SECONDS),
        Figure(f"the most memory of a process ({largest.name})", largest.megabytes, "MB", most=MEGABYTES),
        Figure(f"refusals without a clear sentence {mute[:3]}", len(mute), most=0),
        Figure("sound files that were not taken in between them", sound, most=0),
        Figure("problems of the store at the end", problems, most=0),
        Figure("documents that hold what no document of theirs held", leaked, most=0),
    ]


def run(chosen: Iterable[Case]) -> tuple[list[Result], int, int, int]:
    """Return the results; then counts of sound files not added, store problems, and leaked texts.

    A store takes in `STORE` files, one after the other in one process, so that what the memory of a process
    is measured for is the files and not a store that they have made large.
    """
    cases, results, sound, problems, leaked = list(chosen), [], 0, 0, 0
    for first in range(0, len(cases), STORE):
        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder) / "given"
            assistant = _Asked(Path(folder) / "home")
            try:
                for number, case in enumerate(cases[first : first + STORE]):
                    results.append(_given(assistant, case, given))
                    sound += number % 20 == 0 and not _takes_in(assistant, given, number)
                told = assistant.ask({"end": True}) or {"problems": ["no reply"], "leaked": 0}
            finally:
                assistant.close()
        problems += len(told["problems"])
        leaked += told["leaked"]
    return results, sound, problems, leaked


def _given(assistant: _Asked, case: Case, folder: Path) -> Result:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / case.name
    path.write_bytes(case.make())
    began = time.monotonic()
    with assistant.peak() as peak:
        reply = assistant.ask({"path": str(path)})
    took = time.monotonic() - began
    if reply is None:
        result = Result(case.name, alive=False, seconds=took, megabytes=peak.megabytes)
    else:
        outcomes = tuple((status, reason) for status, reason in reply["outcomes"])
        result = Result(case.name, True, reply["seconds"], peak.megabytes, outcomes)
    print(f"  {_line(result)}  whole {took:.1f} s", file=sys.stderr, flush=True)
    return result


def _line(result: Result) -> str:
    said = "DIED" if not result.alive else ", ".join(f"{s} {r}".strip() for s, r in result.outcomes[:2])
    return f"{result.seconds:5.1f} s {result.megabytes:5.0f} MB  {result.name}: {said[:160]}"


def _takes_in(assistant: _Asked, folder: Path, number: int) -> bool:
    """True if a file of each format, with a word of its own, is added."""
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in samples().items():
        unique = data.replace(b"harbour master", b"harbour keeper %d" % number)
        if unique != data:
            (folder / name).write_bytes(unique)
    replies = [assistant.ask({"path": str(path)}) for path in folder.iterdir()]
    return all(reply and _is_taken_in([status for status, _ in reply["outcomes"]]) for reply in replies)


def _is_taken_in(statuses: Sequence[str]) -> bool:
    return statuses[0] in TAKEN_IN and set(statuses[1:]) <= {*TAKEN_IN, "unchanged"}


def _refusals(results: Iterable[Result]) -> list[tuple[str, str, str]]:
    return [(r.name, *outcome) for r in results for outcome in r.outcomes if outcome[0] == "rejected"]


def _is_clear(told: str) -> bool:
    """True if the message is a sentence for a person, without names from the code."""
    inside = ("Traceback", "Error(", "Exception", "None", "assistant/", "0x")
    return 15 < len(told) < 500 and told.endswith(".") and not any(word in told for word in inside)


# -- the assistant in a process of its own -----------------------------------------------------------


class _Asked:
    """A process that adds what it is told to; started again where it ended."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._start()

    def ask(self, order: dict[str, Any]) -> dict[str, Any] | None:
        """Its reply; None where it died or said nothing for too long."""
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
            line = self._line()
        except OSError:
            line = ""
        if not line:
            self.close()
            self._start()
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply

    def peak(self) -> Peak:
        """Measures, while it is open, the memory of the process and of all that it started."""
        return Peak(self._child.pid)

    def close(self) -> None:
        """Ends it."""
        self._child.kill()
        self._child.communicate()

    def _line(self) -> str:
        assert self._child.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            return self._child.stdout.readline() if selector.select(PATIENCE) else ""

    def _start(self) -> None:
        command = [sys.executable, "-m", "faults.broken", str(self._home)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=surroundings()
        )


def serve(home: Path) -> None:
    """The process: a line of JSON in, a line of JSON out."""

    with opened(home, embedder=Blind) as assistant:
        for line in sys.stdin:
            order = json.loads(line)
            reply = _added(assistant, Path(order["path"])) if "path" in order else _looked_at(assistant)
            print(json.dumps(reply), flush=True)


def _added(assistant: Assistant, path: Path) -> dict[str, Any]:
    began, first, read = time.monotonic(), dict[str, float](), dict[str, float]()

    def told(step: ProgressStep) -> None:
        now = time.monotonic()
        first.setdefault(step.source, now)
        if step.stage != "reading":
            read.setdefault(step.source, now)

    outcomes = []
    for outcome in assistant.add([Source(str(path), path.read_bytes)], told):
        read.setdefault(outcome.source, time.monotonic())
        outcomes.append((outcome.status, outcome.reason or ""))
    seconds = max(read[source] - first.get(source, began) for source in read)
    return {"seconds": seconds, "outcomes": outcomes}


def _looked_at(assistant: Assistant) -> dict[str, Any]:
    health = assistant.check()
    problems = list(health.problems)
    if not health.passages == health.vectors == health.words:
        problems.append("counts differ")
    texts = (assistant.show(entry.id).text for entry in assistant.list())
    return {"problems": problems, "leaked": sum(SECRET in text for text in texts)}


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
