"""Questions take priority over work that can wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 0.5
"""Seconds that other work waits at most, however many questions there are."""


class Precedence:
    """A counter of the questions being answered, on which other work waits."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._asking = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Count a question while it is being answered."""
        with self._change:
            self._asking += 1
        try:
            yield
        finally:
            with self._change:
                self._asking -= 1
                self._change.notify_all()

    def give_way(self) -> None:
        """Wait until no question is being answered, for at most `LONGEST` seconds."""
        with self._change:
            self._change.wait_for(lambda: not self._asking, LONGEST)
