"""One run at a time, measured beside whatever else the server does, followed and cancelled from outside."""

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
"""Readers of the progress, each of which costs a connection and no thread."""
CANCELLED = "The run was cancelled; nothing of it is kept."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run has come. `run` is its id once it is kept, `fault` a sentence where it failed."""

    running: bool = False
    sets: tuple[str, ...] = ()
    done: int = 0
    of: int = 0
    run: str | None = None
    fault: str | None = None


class Cancelled(Exception):
    """The person does not want the run any more; nothing of it is kept."""


class Measuring:
    """Measures an assistant's answers in a thread of its own."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._starting = threading.Lock()
        self._followers: set[Callable[[], None]] = set()
        self._standing = Standing()
        self._cancelled = False
        self._thread: threading.Thread | None = None

    @property
    def standing(self) -> Standing:
        """How far the run that goes on, or the last one, has come."""
        return self._standing

    def start(self, sets: Sequence[GoldenSet], then: Callable[[str], None] = lambda run: None) -> None:
        """Begins to ask these sets; `then` hears the run's id when it is kept.

        Raises:
            StoreBusy: a run goes on already.
        """
        with self._starting:
            if self._standing.running:
                raise StoreBusy("A run goes on already; wait for it, or cancel it.")
            self._cancelled = False
            self._standing = Standing(True, tuple(one.name for one in sets))
        self._thread = threading.Thread(target=self._measure, args=(sets, then), daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ends the run that goes on, if any, and waits until it has ended."""
        self._cancelled = True
        if self._thread:
            self._thread.join()

    def followed(self) -> AsyncIterator[Standing]:
        """How far the run has come, each time that this changes, until it has ended; in a running loop.

        Whoever is slow misses what is outdated, and the server keeps nothing for them.

        Raises:
            StoreBusy: too many follow it already.
        """
        if len(self._followers) >= FOLLOWERS:
            raise StoreBusy("Too many follow the run; close other pages that show it, then try again.")
        return self._follow()

    async def _follow(self) -> AsyncIterator[Standing]:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended before its readers
                loop.call_soon_threadsafe(changed.set)

        if len(self._followers) >= FOLLOWERS:  # that came at the same moment
            return
        self._followers.add(wake)
        try:
            seen = None
            while seen is None or seen.running:
                changed.clear()
                if self._standing == seen:
                    await changed.wait()
                    continue
                seen = self._standing
                yield seen
        finally:
            self._followers.discard(wake)

    def _measure(self, sets: Sequence[GoldenSet], then: Callable[[str], None]) -> None:
        try:
            found = evaluate.asked(self._assistant, self._assistant.settings.home, sets, self._progress)
            then(found.id)
            self._tell(replace(self._standing, running=False, run=found.id))
        except Cancelled:
            self._tell(Standing(sets=self._standing.sets, fault=CANCELLED))
        except AssistantError as fault:
            self._tell(replace(self._standing, running=False, fault=fault.message))
        except Exception:
            _log.exception("A run came to an end.")
            self._tell(replace(self._standing, running=False, fault=FAULT))

    def _progress(self, done: int, of: int) -> None:
        if self._cancelled:
            raise Cancelled
        self._tell(replace(self._standing, done=done, of=of))

    def _tell(self, standing: Standing) -> None:
        self._standing = standing
        for wake in tuple(self._followers):
            wake()
