"""Until when an answer may be worked on: one moment for all of its parts, which can be brought forward."""

from __future__ import annotations

import threading
import time
from weakref import WeakSet

_running = WeakSet["Deadline"]()
_lock = threading.Lock()


class Deadline:
    """A moment after which nothing more is done for an answer. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._withdrawn = threading.Event()
        with _lock:
            _running.add(self)

    @property
    def left(self) -> float:
        """Seconds until then; 0 where it is over."""
        return 0.0 if self.is_withdrawn else max(0.0, self._end - time.monotonic())

    @property
    def is_withdrawn(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._withdrawn.is_set()

    def withdraw(self) -> None:
        """Ends it now, because who asked has left."""
        self._withdrawn.set()


def withdraw_all() -> None:
    """Ends every deadline of this process, because the process itself is to end."""
    with _lock:
        for deadline in list(_running):
            deadline.withdraw()
