"""The index of a store that several processes have open.

The vectors are one collection on a Chroma server for all; who changes the store writes them before a document
is acknowledged. The words are each process's own, in its home, and follow the ledger: before each search the
number of its last change is compared, and what the changes in between touched is asked of the ledger and
written as one change. So a document is found at once, and by all of its words.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sql

from assistant.core.errors import StoreError, StoreUnreachable
from assistant.core.types import Notify
from assistant.store.addresses import ChromaServer
from assistant.store.changes import touched
from assistant.store.changes.removing import CHANGE_NUMBER
from assistant.store.changes.writing import WriteLock
from assistant.store.index import served
from assistant.store.index.generations import Generations
from assistant.store.index.index import Index
from assistant.store.index.served import ServedVectors
from assistant.store.index.vectors import batches
from assistant.store.ledger import STORE_ID, Ledger
from assistant.store.schema import meta

T = TypeVar("T")
BATCH = 2000
"""Passages that are compared and added at a time."""
FOLDER, FOLLOWED = "shared", "followed"
"""The folder of the words, which have no generations, and the file in it with the change that they follow."""


class SharedVectors(ServedVectors):
    """A collection that other processes have open too. Its mark is the change of the ledger that it holds."""

    def __init__(
        self, server: ChromaServer, name: str, on_seal: Callable[[], None], folder: Path | None
    ) -> None:
        self._on_seal, self.followed = on_seal, 0
        super().__init__(server, name, folder)

    def seal(self) -> None:
        """Note which change the words follow, before the seal of their files is written."""
        self._on_seal()

    def settle(self, change: int) -> None:
        """Mark the collection as holding what the ledger holds since a change."""
        self._collections.ask("PUT", f"/{self._id}", {"new_metadata": {served.MARK: str(change)}})
        self.followed = change

    def _is_mine(self, mark: object) -> bool:
        self.followed = int(mark) if isinstance(mark, str) and mark.isdecimal() else 0
        return True


class SharedGenerations(Generations):
    """The shared vectors, of which the ledger names the live generation, and the words of this process."""

    def __init__(
        self, folder: Path, ledger: Ledger, writing: WriteLock, notify: Notify, chroma: ChromaServer
    ) -> None:
        super().__init__(folder, ledger, writing, notify, chroma)
        self._server, self._place = chroma, folder / FOLDER
        self._following = threading.RLock()
        self._followed = 0
        """The change that the words follow."""
        self._generation = 0
        self._rewriting: threading.Thread | None = None

    def open(self, *, rebuild: bool) -> None:
        """Open the live generation, and make up for what it lacks; with `rebuild`, all keys are compared.

        To be called with the right to change the store.

        Raises:
            StoreUnreachable: the server of the vectors does not answer.
        """
        self._open_files()
        change = self._ledger.change_number
        if self._vectors.followed > change:
            self._notify("The vectors are newer than the ledger; building them anew.")
            self.rebuild()
        self._follow(change)
        passages = self._ledger.counts()[1]
        if rebuild or self._vectors.followed != change or self._index.counts() != (passages, passages):
            self.reconcile()

    def search(self, find: Callable[[Index], T]) -> T:
        """Return the result of `find` on an index that holds all that is acknowledged.

        Raises:
            StoreError: the ledger fails.
            StoreUnreachable: a server does not answer.
        """
        self.catch_up()
        try:
            return find(self._index)
        except StoreError:
            with self._writing:
                # Another process may have built a new generation meanwhile.
                self.catch_up()
                with contextlib.suppress(StoreError):
                    return find(self._index)
                self._notify("The index cannot be read; building it anew.")
                self._begin_anew()
            return find(self._index)

    def change(self, change: Callable[[Index], None]) -> bool:
        """Apply a change of the ledger to the index. Return False if that failed and the index was built anew
        from the ledger as it is now; what the change brings is made up for at its end.

        Raises:
            StoreUnreachable: the vectors are on a silent server; the next change makes up for it.
        """
        try:
            change(self._index)
        except StoreUnreachable:
            raise
        except StoreError:
            self._notify("The index cannot be written; building it anew.")
            self._is_inconsistent = True
            self._begin_anew()
            return False
        return True

    def catch_up(self) -> None:
        """Let the words follow the ledger, and open the vectors that are the live ones now."""
        change, generation = self._noted()
        if change == self._followed and generation == self._generation:
            return
        with self._following:
            if generation != self._generation:
                self._index.use(self._opened_vectors(self._place))
            if change > self._followed:
                self._follow(change)

    def settle(self) -> None:
        """Note that vectors and words hold what the ledger holds. To be called after all changes were made,
        while this process still has the right to make them."""
        if self._is_inconsistent:
            self.reconcile()
            self._is_inconsistent = False
        change = self._ledger.change_number
        if self._vectors.followed != change:
            self._vectors.settle(change)
        with self._following:
            self._followed = max(change, self._followed)

    def reconcile(self) -> None:
        """Compare the keys of vectors and words with those of the ledger, and make up for each difference."""
        wanted = self._ledger.keys()
        vectors, words = self._index.keys()
        for batch in batches(sorted((vectors | words) - wanted), BATCH):
            self._index.remove(batch)
        for batch in batches(sorted(wanted - (vectors & words)), BATCH):
            self._index.follow(batch, self._ledger.records_among(batch), with_vectors=True)
        if self._index.counts() != (len(wanted), len(wanted)):
            self._index.rewrite(self._ledger.records())

    def rebuild(self) -> None:
        """Build the next generation of the vectors, make it the live one, and write the words anew.

        Raises:
            StoreError: it cannot be written; the live one stays.
        """
        number, former = self._number + 1, self._number
        self._delete_vectors(str(number))
        built = SharedVectors(self._server, self._collection(str(number)), self._note_followed, self._place)
        with contextlib.closing(built):
            for records in self._ledger.records():
                built.add(records)
        self._index.rewrite(self._ledger.records())
        self._ledger.set_note("generation", str(number))
        with self._following:
            self._index.use(self._opened_vectors(self._place))
        self._is_inconsistent = False
        with contextlib.suppress(StoreUnreachable):
            self._delete_vectors(str(former))

    def move_to_memory(self) -> None:
        """Write the words anew, as nothing else is in the home."""
        self._begin_anew()

    def close(self) -> None:
        """Close the files of the words, and the connections."""
        if self._rewriting:
            self._rewriting.join()
        super().close()

    def _open_files(self) -> None:
        if self._read_followed() is None:
            shutil.rmtree(self._place, ignore_errors=True)
        try:
            self._index = self._opened(self._place)
        except StoreError:
            self._notify("Building the index of words anew from the ledger.")
            shutil.rmtree(self._place, ignore_errors=True)
            self._index = self._opened(self._place)

    def _opened(self, folder: Path | None) -> Index:
        self._followed = self._read_followed() or 0
        return Index(folder, self._opened_vectors)

    def _opened_vectors(self, folder: Path | None) -> SharedVectors:
        self._generation = self._number
        name = self._collection(str(self._generation))
        self._vectors = SharedVectors(self._server, name, self._note_followed, folder)
        return self._vectors

    def _begin_anew(self) -> None:
        """Write the words anew, and whatever the vectors lack."""
        with self._following:
            self._index.close()
            shutil.rmtree(self._place, ignore_errors=True)
            self._open_files()
            self.reconcile()
            self._followed = self._ledger.change_number

    def _follow(self, change: int) -> None:
        """Let the words follow the ledger up to a change."""
        keys: Collection[int] | None = touched.since(self._ledger.engine, self._followed, change)
        if keys is None:
            keys = self._ledger.keys() ^ self._index.keys()[1]
        removed = 0
        for batch in batches(sorted(keys), BATCH):
            records = self._ledger.records_among(batch)
            self._index.follow(batch, records)
            removed += len(batch) - len(records)
        self._followed = change
        if removed:
            self._rewrite_later()

    def _rewrite_later(self) -> None:
        """Write all words anew beside the answering of questions, as a removed word stays in the files."""
        if self._rewriting is None or not self._rewriting.is_alive():
            self._rewriting = threading.Thread(target=self._rewrite, daemon=True)
            self._rewriting.start()

    def _rewrite(self) -> None:
        # What fails here is made up for by whoever searches next.
        with contextlib.suppress(StoreError, StoreUnreachable):
            self._index.rewrite(self._ledger.records())

    def _noted(self) -> tuple[int, int]:
        """Return the number of the last change and that of the live generation."""
        query = sql.select(meta.c.key, meta.c.value).where(meta.c.key.in_((CHANGE_NUMBER, "generation")))
        with self._ledger.engine.connect() as db:
            noted = {key: int(value) for key, value in db.execute(query)}
        return noted.get(CHANGE_NUMBER, 0), noted.get("generation", 1)

    def _note_followed(self) -> None:
        store = self._ledger.note(STORE_ID, "")
        (self._place / FOLLOWED).write_text(f"{store} {self._followed}", "ascii")

    def _read_followed(self) -> int | None:
        """Return the change that the words in the home follow; None if they are not those of this ledger."""
        try:
            store, change = (self._place / FOLLOWED).read_text("ascii").split()
            is_ours = store == self._ledger.note(STORE_ID, "") and int(change) <= self._ledger.change_number
            return int(change) if is_ours else None
        except (OSError, ValueError):
            return None
