"""The right to change a store that several processes have open: one thread of one of them has it at a time.

An advisory lock of PostgreSQL says who, on a connection of its own. A lost connection loses the lock, while
its process may not know yet. So whoever takes the right notes a random mark, and each change of the ledger
verifies in its own transaction that the mark is still there (`require`). Who has finished takes the mark
away; whoever finds one knows that the process before was interrupted, and makes up for it.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable

import sqlalchemy as sql

from assistant.core.errors import AssistantError, StoreBusy, StoreError, StoreUnreachable
from assistant.store.database import upsert
from assistant.store.schema import meta

WRITER = 0x77726974
"""The advisory lock of the process that changes the store."""
MARK = "writer"
"""The note of the mark; empty while nobody changes the store."""


_UNFINISHED = (StoreError, StoreUnreachable)


class WriteLock:
    """A lock as of `threading.RLock`, for the threads of this process and for other processes."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine, self._threads, self._depth = engine, threading.RLock(), 0
        self._connection: sql.Connection | None = None
        self._is_unfinished = False
        self.mark = ""
        """The mark of this process while it has the right; empty else."""
        self.was_interrupted = False
        """True if whoever had the right before did not finish."""
        self.on_taken: Callable[[], None] = lambda: None
        """Called when the right was taken, before anything is changed."""
        self.on_leaving: Callable[[], None] = lambda: None
        """Called before it is given back; where that fails, the next process makes up for it."""

    def __enter__(self) -> None:
        self._threads.acquire()
        self._depth += 1
        if self._depth == 1:
            try:
                self._take()
                self.on_taken()
            except BaseException:
                self._depth = 0
                self._give_back()
                self._threads.release()
                raise

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        try:
            # Other errors of ours are answers, such as that there is no such document.
            if fault and (isinstance(fault, _UNFINISHED) or not isinstance(fault, AssistantError)):
                self._is_unfinished = True
            if self._depth == 1 and not self._is_unfinished:
                self._leave()
        finally:
            self._depth -= 1
            if not self._depth:
                self._give_back()
            self._threads.release()

    def _take(self) -> None:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.execute(sql.select(sql.func.pg_advisory_lock(WRITER)))
        mark = secrets.token_hex(16)
        with self._engine.begin() as db:
            query = sql.select(meta.c.value).where(meta.c.key == MARK).with_for_update()
            self.was_interrupted = bool(db.scalar(query))
            upsert(db, meta, {"key": MARK, "value": mark})
        self.mark, self._is_unfinished = mark, False

    def _leave(self) -> None:
        """Take the mark away, as all is finished."""
        with contextlib.suppress(StoreError, StoreUnreachable):
            self.on_leaving()
            is_mine = (meta.c.key == MARK) & (meta.c.value == self.mark)
            with self._engine.begin() as db:
                db.execute(meta.update().where(is_mine).values(value=""))

    def _give_back(self) -> None:
        self.mark = ""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(StoreError, StoreUnreachable):
            connection.execute(sql.select(sql.func.pg_advisory_unlock(WRITER)))
            connection.close()
            return
        # A lock that cannot be given back goes with its connection.
        with contextlib.suppress(StoreError, StoreUnreachable):
            connection.invalidate()
            connection.close()


def require(db: sql.Connection, lock: WriteLock | None) -> None:
    """Check in a transaction that this process still has the right to change the store.

    Raises:
        StoreBusy: it has lost it with its connection, and another process may have it.
    """
    if lock is not None:
        query = sql.select(meta.c.value).where(meta.c.key == MARK).with_for_update(read=True)
        if not lock.mark or db.scalar(query) != lock.mark:
            raise StoreBusy("The connection to the database was lost in the midst of a change; try again.")
