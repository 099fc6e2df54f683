"""Priorities: questions go first, then the first documents of an adding, then all that can wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import IntEnum

FEW = 8
"""Documents of a small batch."""
MAX_WAIT = 0.5
"""Seconds that other work waits: it goes on, however many ask."""


class Rank(IntEnum):
    """Kinds of work, those first that others wait for."""

    QUESTION = 0
    NEW = 1
    """The first batch of an adding, if it is small; for most it is the only one."""
    REST = 2


def rank_of(documents: int, *, is_first: bool) -> Rank:
    """Return the rank of a batch of so many documents."""
    return Rank.NEW if is_first and documents <= FEW else Rank.REST


class QuestionPriority:
    """Work that is being done, counted by rank, and others that wait while there is any of a rank before."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._doing = [0] * len(Rank)
        self._rest = threading.Lock()

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

    @contextmanager
    def in_turn(self, rank: Rank) -> Iterator[None]:
        """Do work once nothing of a rank before it is being done; work that can wait is done one at a time.

        Otherwise a question would wait for all that several addings have begun.
        """
        with self._rest if rank is Rank.REST else nullcontext():
            self.give_way(rank)
            with self.first(rank):
                yield

    def give_way(self, rank: Rank = Rank.REST) -> None:
        """Waits until nothing of a rank before this one is being done, or long enough."""
        with self._change:
            self._change.wait_for(lambda: not any(self._doing[:rank]), MAX_WAIT)
