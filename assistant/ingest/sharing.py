"""The library of a store that several processes have open, each with a home of its own."""

from __future__ import annotations

from pathlib import Path

from assistant.core.types import Notify
from assistant.embedding.embedders import Embedder
from assistant.ingest.library import Library
from assistant.store.addresses import IN_HOME, Stores
from assistant.store.changes.writing import WriteLock
from assistant.store.index.generations import Generations
from assistant.store.index.shared import SharedGenerations


def open_library(
    home: Path, embedder: Embedder, notify: Notify = lambda _: None, stores: Stores = IN_HOME
) -> Library:
    """Open the corpus of a home, or the one that it shares with others; see `Library`, which says what is
    raised."""
    return (SharedLibrary if stores.shared else Library)(home, embedder, notify, stores)


class SharedLibrary(Library):
    """A library that follows what other processes change. One thread of one of them writes at a time."""

    _lock: WriteLock
    _shared: SharedGenerations
    _is_open = False

    def _make_generations(self, folder: Path) -> Generations:
        assert self._stores.shared
        self._writing = self._lock = self.ledger.lock = WriteLock(self.ledger.engine)
        self._shared = SharedGenerations(folder, self.ledger, self._lock, self._notify, self._stores.shared)
        self._lock.on_taken, self._lock.on_leaving = self._take_over, self._shared.settle
        return self._shared

    def _recover(self, *, interrupted: bool = False) -> None:
        super()._recover(interrupted=interrupted or self._lock.was_interrupted)
        self._is_open = True

    def _take_over(self) -> None:
        """Follow what others have changed, and make up for what one of them has left unfinished."""
        # Opening makes up for everything itself.
        if self._is_open:
            self._shared.catch_up()
            if self._lock.was_interrupted:
                self._make_up()

    def _make_up(self) -> None:
        self.ledger.delete_unready()
        self._reconciler.recover()
        self._shared.reconcile()
        self._finish()
        self._read_noted()

    def close(self) -> None:
        """Close all files. No other process is waited for, as what they change is not closed."""
        self._close()
