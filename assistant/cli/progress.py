"""How far a command has come, on the error stream: a bar where a person is watching, a line at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from assistant.cli import output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from assistant.core.types import Outcome, Source, Stage, Step
    from assistant.sync.folders import Done

STATUSES = ("added", "updated", "moved", "removed", "rejected", "unchanged")
FEW = 10
"""Documents up to which each is told by a line of its own under a bar too."""
_STAGES: dict[Stage, tuple[float, float]] = {
    "reading": (0, 0.1),
    "splitting": (0.1, 0.15),
    "embedding": (0.15, 1),
}
"""Which part of the work on a document each stage is, about."""
_LONGEST = 60


class Bar(Protocol):
    """Something that shows how far it has come: so much of the whole, which is `done` items, and in words."""

    def update(self, come: float, done: int, of: int, doing: str = "") -> None: ...

    def line(self, text: str) -> None: ...


@dataclass
class Adding:
    """Hears what becomes of sources, and tells a person. One thread gives the outcomes, any the steps."""

    bar: Bar | None
    waiting: set[str]
    """The names of the sources that are still to come."""
    total: int
    all_lines: bool
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    """How far each source has come that is being added: many are at the same time."""
    doing: str = ""
    began: float = field(default_factory=time.monotonic)

    def step(self, step: Step) -> None:
        """To be told of each step."""
        if self.bar is None:
            return
        share = f" {step.share:.0%}" if step.share else ""
        self.doing = f"{step.stage} {_ending(output.plain(step.source))}{share}"
        begun, whole = _STAGES[step.stage]
        self.shares[step.source] = begun + (whole - begun) * step.share
        self._update(self.bar)

    def came(self, outcome: Outcome | Done, line: str) -> None:
        """To be told of each outcome, with the line that says so.

        Under a bar, where many are to come, the line is printed only where something is wrong.
        """
        self.counts[outcome.status] += 1
        self._count(outcome.source)
        if self.bar is None:
            print(line, flush=True)
            return
        self._update(self.bar)
        if self.all_lines or outcome.status == "rejected" or self.total <= FEW:
            self.bar.line(line)

    def summary(self) -> str:
        """All that was told, in one line: `12 added, 1 rejected, 40 unchanged in 12 s`."""
        counts = [f"{self.counts[status]} {status}" for status in STATUSES if self.counts[status]]
        return f"{', '.join(counts)} in {output.lasting(time.monotonic() - self.began)}"

    def _count(self, source: str) -> None:
        """Counts a source as done. The first document of an archive stands for it, the others come on top."""
        self.shares.pop(source, None)
        place = source
        while place not in self.waiting and "/" in place:
            place = place.rpartition("/")[0]
        if place in self.waiting:
            self.waiting.remove(place)
        else:
            self.total += 1
        self.done += 1

    def _update(self, bar: Bar) -> None:
        # A copy, as another thread may be telling of a step.
        come = min(self.done + sum(list(self.shares.values())), self.total)
        bar.update(come, self.done, self.total, self.doing)


@contextmanager
def adding(sources: Sequence[Source], *, as_json: bool) -> Iterator[Adding]:
    """What hears of the adding of sources. For people a summary is printed at the end, or when stopped."""
    waiting = {source.name for source in sources}
    with _bar("Adding", len(waiting)) as bar:
        told = Adding(bar, waiting, len(waiting), all_lines=as_json)
        try:
            yield told
        finally:
            if told.counts.total() and not as_json:
                output.say(told.summary())


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """What hears how many are done, and of how many."""
    with _bar(what, None) as bar:
        yield lambda done, of: bar.update(done, done, of) if bar else None


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Bar | None]:
    """A bar where a person is watching the error stream, else none."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        *(TextColumn(what), BarColumn(20), TextColumn("{task.fields[told]}")),
        TextColumn("{task.fields[doing]}", markup=False, table_column=rest),
    )
    # The standard output may be a file: it is not to be led to the error stream.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, expand=True, redirect_stdout=False)
    with bar:
        yield _Rich(bar, bar.add_task(what, total=total, told="", doing=""))


class _Rich:
    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._began = time.monotonic()

    def update(self, come: float, done: int, of: int, doing: str = "") -> None:
        told = " ".join([f"{done}/{of}", *self._speed(come, of)])
        self._bar.update(self._task, completed=come, total=of, told=told, doing=doing)

    def _speed(self, come: float, of: int) -> Iterator[str]:
        """The rate, and the time that is left at this rate, as soon as they mean something."""
        seconds = time.monotonic() - self._began
        if come > 0 and seconds > 1:
            yield f"{come / seconds:.1f}/s"
            yield f"{output.lasting((of - come) * seconds / come)} left"

    def line(self, text: str) -> None:
        if sys.stdout.isatty():
            # Both streams are one screen: the bar has to make room.
            self._bar.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            print(text, flush=True)


def _ending(name: str) -> str:
    """The end of a name, which tells more than its beginning."""
    return name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}"
