"""Who goes first: questions do, before what can wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 0.5
"""Seconds that other work waits: it goes on, however many ask."""


class Precedence:
    """Questions being answered, counted, and others that wait while there are any."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._asking = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """While a question is being answered."""
        with self._change:
            self._asking += 1
        try:
            yield
        finally:
            with self._change:
                self._asking -= 1
                self._change.notify_all()

    def give_way(self) -> None:
        """Waits until no question is being answered, or long enough."""
        with self._change:
            self._change.wait_for(lambda: not self._asking, LONGEST)
