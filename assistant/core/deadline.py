"""A deadline for all parts of an answer, which can be brought forward."""

from __future__ import annotations

import threading
import time
from weakref import WeakSet

_running = WeakSet["Deadline"]()
_lock = threading.Lock()


class Deadline:
    """The moment when work on an answer ends. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._withdrawn = threading.Event()
        with _lock:
            _running.add(self)

    @property
    def left(self) -> float:
        """Remaining seconds; 0 once the deadline has passed."""
        return 0.0 if self.is_withdrawn else max(0.0, self._end - time.monotonic())

    @property
    def is_withdrawn(self) -> bool:
        """True if the caller has left."""
        return self._withdrawn.is_set()

    def withdraw(self) -> None:
        """End the deadline now, because the caller has left."""
        self._withdrawn.set()


def withdraw_all() -> None:
    """End every deadline of this process, before the process itself ends."""
    with _lock:
        for deadline in list(_running):
            deadline.withdraw()
