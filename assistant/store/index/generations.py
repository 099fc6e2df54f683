"""Generations of the index: the live one is searched and changed, and a new one built beside it replaces it.

If the disk has no room for a new generation, it is built in memory until the store is opened again.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from assistant.core.errors import StoreError, StoreUnreachable
from assistant.core.types import Notify
from assistant.store.addresses import ChromaServer
from assistant.store.index.index import Index
from assistant.store.ledger import STORE_ID, Ledger

T = TypeVar("T")
TOLD = 50_000
"""The passages after which it is told how far a new index is."""
MEMORY = "memory"
"""The name of the generation whose words are in memory."""


class Generations:
    """The index in `folder`; the ledger names the live generation. One thread at a time makes changes."""

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        writing: AbstractContextManager[Any],
        notify: Notify,
        chroma: ChromaServer | None = None,
    ) -> None:
        """`writing` is the lock of changes to the ledger; `notify` is called if something takes time. The
        vectors are on the server `chroma`, if there is one."""
        self._folder, self._ledger, self._writing, self._notify = folder, ledger, writing, notify
        self._chroma = chroma
        self._is_inconsistent = False
        """True if a change failed halfway and the index was not rebuilt since."""

    def open(self, *, rebuild: bool) -> None:
        """Open the live generation. With `rebuild`, or if it is damaged or differs from the ledger, build the
        next one.

        Raises:
            StoreUnreachable: the vectors are on a server that does not answer.
        """
        self._delete_vectors(MEMORY)
        if not rebuild and self._open_live():
            return
        self._notify("Building the index anew from the ledger.")
        try:
            self._index = self._build()
        except StoreError as fault:
            self._notify(f"{fault.message} Meanwhile it is in memory.")
            self._index = self._build_in_memory()
        self._remove_others()

    def build_beside(self) -> None:
        """Build the next generation and open it. Others stay, as they may be those of another ledger.

        Raises:
            StoreError: it cannot be built.
            StoreUnreachable: the vectors are on a server that does not answer.
        """
        self._index = self._build()

    @property
    def live(self) -> Index:
        """The open generation."""
        return self._index

    def move_to_memory(self) -> None:
        """Rebuild the index in memory and free the disk space of the live generation."""
        old, self._index = self._index, self._build_in_memory()
        self._is_inconsistent = False
        old.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Close the files of the live generation."""
        self._index.close()

    def require_reachable(self) -> None:
        """Check that a server with the vectors answers.

        Raises:
            StoreUnreachable: it does not.
        """
        if self._chroma:
            self._index.counts()

    def search(self, find: Callable[[Index], T]) -> T:
        """Return the result of `find`; if the index fails, rebuild it and try once more.

        Raises:
            StoreError: the ledger fails too.
            StoreUnreachable: the vectors are on a server that does not answer.
        """
        index = self._index
        try:
            return find(index)
        except StoreError:
            with self._writing:
                # Otherwise another thread has just replaced it.
                if index is self._index:
                    self._notify("The index cannot be read; building it anew.")
                    self._restore()
            return find(self._index)

    def change(self, change: Callable[[Index], None]) -> bool:
        """Apply a change of the ledger to the index. Return False if that failed and the index was rebuilt
        from the ledger as it is now.

        Raises:
            StoreUnreachable: the vectors are on a silent server; the next change makes up for it.
        """
        if self._is_inconsistent:
            self.rebuild()
            return False
        try:
            change(self._index)
        except StoreUnreachable:
            self._is_inconsistent = True
            raise
        except StoreError:
            self._is_inconsistent = True
            self._notify("The index cannot be written; building it anew.")
            self.rebuild()
            return False
        return True

    def distrust(self) -> None:
        """Rebuild the index at the next change: the ledger did not follow the last one."""
        self._is_inconsistent = True

    def rebuild(self) -> None:
        """Build the next generation from the ledger and replace the live one.

        Raises:
            StoreError: it cannot be written; the live one stays.
        """
        old, self._index = self._index, self._build()
        self._is_inconsistent = False
        old.close()
        self._remove_others()

    def _restore(self) -> None:
        try:
            self.rebuild()
        except StoreError:
            self.move_to_memory()

    def _open_live(self) -> bool:
        """Open the live generation; return False if it is damaged or differs from the ledger."""
        try:
            index = self._opened(self._path(self._number))
        except StoreError:
            self._notify("The index is damaged.")
            return False
        passages = self._ledger.counts()[1]
        with _closing_on_failure(index):
            try:
                is_complete = index.counts() == (passages, passages)
            except StoreError:
                is_complete = False
        if is_complete:
            self._index = index
        else:
            index.close()
        return is_complete

    def _build(self) -> Index:
        """Build the next generation, check it, and make it the live one."""
        number = self._number + 1
        shutil.rmtree(self._path(number), ignore_errors=True)
        try:
            index = self._opened(self._path(number))
            with _closing_on_failure(index):
                self._fill(index)
                index.seal()
                self._ledger.set_note("generation", str(number))
        except BaseException:
            self._remove(self._path(number))
            raise
        return index

    def _build_in_memory(self) -> Index:
        index = self._opened(None)
        with _closing_on_failure(index):
            self._fill(index)
        return index

    def _fill(self, index: Index) -> None:
        count = 0
        for records in self._ledger.records():
            index.add(records)
            if (count + len(records)) // TOLD > count // TOLD:
                self._notify(f"{count + len(records):,} passages are indexed.")
            count += len(records)
        if index.counts() != (count, count):
            raise StoreError("The index could not be built; check the disk, then run `assistant rebuild`.")

    def _remove_others(self) -> None:
        """Remove all generations but the live one."""
        for folder in self._folder.glob("*"):
            if folder.name != str(self._number):
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Remove a generation. While its server is away its folder stays, by which it is found later."""
        with contextlib.suppress(StoreUnreachable):
            self._delete_vectors(folder.name)
            shutil.rmtree(folder, ignore_errors=True)

    def _opened(self, folder: Path | None) -> Index:
        """Open the generation in a folder, or an empty one in memory."""
        if self._chroma is None:
            return Index(folder)
        from assistant.store.index.served import ServedVectors

        name = self._collection(folder.name if folder else MEMORY)
        return Index(folder, functools.partial(ServedVectors, self._chroma, name))

    def _delete_vectors(self, generation: str) -> None:
        if self._chroma:
            from assistant.store.index import served

            served.delete(self._chroma, self._collection(generation))

    def _collection(self, generation: str) -> str:
        """Return the name that no other store on the server has."""
        return f"assistant-{self._ledger.note(STORE_ID, '')}-{generation}"

    @property
    def _number(self) -> int:
        return int(self._ledger.note("generation", "1"))

    def _path(self, generation: int) -> Path:
        return self._folder / str(generation)


@contextlib.contextmanager
def _closing_on_failure(index: Index) -> Iterator[None]:
    try:
        yield
    except BaseException:
        index.close()
        raise
