"""Priorities: questions go first, then the first documents of an adding, then all that can wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

MAX_WAIT = 0.5
"""Seconds that other work waits: it goes on, however many ask."""


class Rank(IntEnum):
    """Kinds of work, those first that others wait for."""

    QUESTION = 0
    NEW = 1
    """The first batch of an adding, which for most is the only one."""
    REST = 2


class QuestionPriority:
    """Work that is being done, counted by rank, and others that wait while there is any of a rank before."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._doing = [0] * len(Rank)

    @contextmanager
    def first(self, rank: Rank = Rank.QUESTION) -> Iterator[None]:
        """While work of this rank is being done."""
        with self._change:
            self._doing[rank] += 1
        try:
            yield
        finally:
            with self._change:
                self._doing[rank] -= 1
                self._change.notify_all()

    def give_way(self, rank: Rank = Rank.REST) -> None:
        """Waits until nothing of a rank before this one is being done, or long enough."""
        with self._change:
            self._change.wait_for(lambda: not any(self._doing[:rank]), MAX_WAIT)
