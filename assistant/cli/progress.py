"""Progress of a command on the error stream: a bar on a terminal, and a summary at the end."""

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

    from assistant.core.types import AddResult, ProgressStep, Source, Stage

STATUSES = ("added", "updated", "moved", "removed", "rejected", "unchanged")
FEW = 10
"""Documents up to which each has its own line under a bar too."""
_STAGES: dict[Stage, tuple[float, float]] = {
    "reading": (0, 0.1),
    "splitting": (0.1, 0.15),
    "embedding": (0.15, 1),
}
"""Start and end of each stage, as shares of the work on a document, roughly."""
_MAX_NAME = 60


class Bar(Protocol):
    """A progress bar: `amount` of `total` in fractions, `done` in whole items, and the current activity."""

    def update(self, amount: float, done: int, total: int, doing: str = "") -> None: ...

    def line(self, text: str) -> None: ...


@dataclass
class AddProgress:
    """Progress of adding sources. Results come from one thread, steps from any."""

    bar: Bar | None
    waiting: set[str]
    """Names of the sources without a result yet."""
    total: int
    all_lines: bool
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    """Share of the work done on each source in progress, 0 to 1; several are in progress at a time."""
    doing: str = ""
    started: float = field(default_factory=time.monotonic)

    def on_step(self, step: ProgressStep) -> None:
        """Show a step."""
        if self.bar is None:
            return
        share = f" {step.share:.0%}" if step.share else ""
        self.doing = f"{step.stage} {_shorten(output.plain(step.source))}{share}"
        start, end = _STAGES[step.stage]
        self.shares[step.source] = start + (end - start) * step.share
        self._update(self.bar)

    def on_result(self, result: AddResult, line: str) -> None:
        """Count a result and print its line; under a bar, with many sources, only if it was rejected."""
        self.counts[result.status] += 1
        self._count(result.source)
        if self.bar is None:
            print(line, flush=True)
            return
        self._update(self.bar)
        if self.all_lines or result.status == "rejected" or self.total <= FEW:
            self.bar.line(line)

    def summary(self) -> str:
        """Return the counts in one line: `12 added, 1 rejected, 40 unchanged in 12 s`."""
        counts = [f"{self.counts[status]} {status}" for status in STATUSES if self.counts[status]]
        return f"{', '.join(counts)} in {output.duration(time.monotonic() - self.started)}"

    def _count(self, source: str) -> None:
        """Count a source as done: the first document of an archive counts for it, others raise the total."""
        self.shares.pop(source, None)
        name = source
        while name not in self.waiting and "/" in name:
            name = name.rpartition("/")[0]
        if name in self.waiting:
            self.waiting.remove(name)
        else:
            self.total += 1
        self.done += 1

    def _update(self, bar: Bar) -> None:
        # A copy, as another thread may add a step.
        amount = min(self.done + sum(list(self.shares.values())), self.total)
        bar.update(amount, self.done, self.total, self.doing)


@contextmanager
def track_adding(sources: Sequence[Source], *, as_json: bool) -> Iterator[AddProgress]:
    """Yield the progress of adding `sources`; print a summary at the end, unless `as_json`."""
    waiting = {source.name for source in sources}
    with _bar("Adding", len(waiting)) as bar:
        adding = AddProgress(bar, waiting, len(waiting), all_lines=as_json)
        try:
            yield adding
        finally:
            if adding.counts.total() and not as_json:
                output.say(adding.summary())


@contextmanager
def track_count(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback for (done, total)."""
    with _bar(label, None) as bar:
        yield lambda done, total: bar.update(done, done, total) if bar else None


@contextmanager
def _bar(label: str, total: int | None) -> Iterator[Bar | None]:
    """Yield a bar if the error stream is a terminal, else None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        *(TextColumn(label), BarColumn(20), TextColumn("{task.fields[speed]}")),
        TextColumn("{task.fields[doing]}", markup=False, table_column=rest),
    )
    # The standard output may be a file, and must not be redirected to the error stream.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, expand=True, redirect_stdout=False)
    with bar:
        yield _RichBar(bar, bar.add_task(label, total=total, speed="", doing=""))


class _RichBar:
    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._started = time.monotonic()

    def update(self, amount: float, done: int, total: int, doing: str = "") -> None:
        speed = f"{done}/{total}"
        seconds = time.monotonic() - self._started
        if amount > 0 and seconds > 1:
            speed += f" {amount / seconds:.1f}/s {output.duration((total - amount) * seconds / amount)} left"
        self._bar.update(self._task, completed=amount, total=total, speed=speed, doing=doing)

    def line(self, text: str) -> None:
        if sys.stdout.isatty():
            # Both streams are on one screen: the bar has to make room.
            self._bar.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            print(text, flush=True)


def _shorten(name: str) -> str:
    """Return the end of a name, which says more than its beginning."""
    return name if len(name) <= _MAX_NAME else f"…{name[1 - _MAX_NAME :]}"
