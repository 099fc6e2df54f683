"""Evaluation runs in a background thread of the server, one at a time, with progress and cancellation."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from assistant.assistant import Assistant
from assistant.core.errors import FAULT, AssistantError, StoreBusy
from assistant.evaluation import evaluate
from assistant.evaluation.golden.sets import GoldenSet

FOLLOWERS = 100
"""Concurrent readers of the progress; each costs a connection and no thread."""
CANCELLED = "The run was cancelled; nothing of it is kept."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Progress of a run. `run` is its id once it is saved, `fault` a message if it failed."""

    running: bool = False
    sets: tuple[str, ...] = ()
    done: int = 0
    of: int = 0
    run: str | None = None
    fault: str | None = None


class Cancelled(Exception):
    """The run was cancelled; nothing of it is saved."""


class EvaluationJob:
    """Measures an assistant's answers in a background thread."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._starting = threading.Lock()
        self._followers: set[Callable[[], None]] = set()
        self._progress = JobProgress()
        self._cancelled = False
        self._thread: threading.Thread | None = None

    @property
    def progress(self) -> JobProgress:
        """Progress of the current run, or of the last one."""
        return self._progress

    def start(self, sets: Sequence[GoldenSet]) -> None:
        """Start to ask these sets.

        Raises:
            StoreBusy: a run is in progress.
        """
        with self._starting:
            if self._progress.running:
                raise StoreBusy("A run goes on already; wait for it, or cancel it.")
            self._cancelled = False
            self._progress = JobProgress(True, tuple(golden.name for golden in sets))
        self._thread = threading.Thread(target=self._measure, args=(sets,), daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Cancel the current run, if any, and wait for its end."""
        self._cancelled = True
        if self._thread:
            self._thread.join()

    def follow(self) -> AsyncIterator[JobProgress]:
        """Yield the progress whenever it changes, until the run ends; needs a running event loop.

        A slow reader skips outdated progress; nothing is queued for it.

        Raises:
            StoreBusy: there are too many readers.
        """
        if len(self._followers) >= FOLLOWERS:
            raise StoreBusy("Too many follow the run; close other pages that show it, then try again.")
        return self._follow()

    async def _follow(self) -> AsyncIterator[JobProgress]:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop may have ended before its readers
                loop.call_soon_threadsafe(changed.set)

        if len(self._followers) >= FOLLOWERS:  # others came at the same moment
            return
        self._followers.add(wake)
        try:
            seen = None
            while seen is None or seen.running:
                changed.clear()
                if self._progress == seen:
                    await changed.wait()
                    continue
                seen = self._progress
                yield seen
        finally:
            self._followers.discard(wake)

    def _measure(self, sets: Sequence[GoldenSet]) -> None:
        try:
            run = evaluate.run_sets(self._assistant, self._assistant.settings.home, sets, self._on_progress)
            self._publish(replace(self._progress, running=False, run=run.id))
        except Cancelled:
            self._publish(JobProgress(sets=self._progress.sets, fault=CANCELLED))
        except AssistantError as fault:
            self._publish(replace(self._progress, running=False, fault=fault.message))
        except Exception:
            _log.exception("A run failed.")
            self._publish(replace(self._progress, running=False, fault=FAULT))

    def _on_progress(self, done: int, total: int) -> None:
        if self._cancelled:
            raise Cancelled
        self._publish(replace(self._progress, done=done, of=total))

    def _publish(self, progress: JobProgress) -> None:
        self._progress = progress
        for wake in tuple(self._followers):
            wake()
