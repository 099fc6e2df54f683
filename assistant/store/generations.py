"""The live generation of the index: opened, asked, changed, and built anew beside itself where it fails.

Where the disk has no room for it, it is built in memory, and on the disk at the next opening.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from assistant.core.errors import StoreError
from assistant.core.types import Notify
from assistant.store.index import Index
from assistant.store.ledger import Ledger

Result = TypeVar("Result")


class Generations:
    """The index in `folder`, whichever generation the ledger names. Changes are for one thread at a time."""

    def __init__(self, folder: Path, ledger: Ledger, writing: threading.RLock, notify: Notify) -> None:
        """`writing` is held by whoever changes the ledger; `notify` hears of what takes time."""
        self._folder, self._ledger, self._writing, self._notify = folder, ledger, writing, notify
        self._flawed = False
        """Whether the live generation was changed by half, and could not be built anew (on a full disk)."""

    def open(self, *, anew: bool) -> None:
        """Opens the live generation; where it is damaged or not what the ledger holds, or has to be made
        `anew`, builds the next."""
        if not anew and self._opened():
            return
        self._notify("Building the index anew from the ledger.")
        try:
            self._index = self._built()
        except StoreError as fault:
            self._notify(f"{fault.message} Meanwhile it is in memory.")
            self._index = self._built_in_memory()
        self._remove_others()

    def leave_disk(self) -> None:
        """Builds the index in memory, and gives up the room of the live one on the disk."""
        old, self._index = self._index, self._built_in_memory()
        self._flawed = False
        old.close()
        self._remove_all()

    def close(self) -> None:
        """Lets go of the files."""
        self._index.close()

    def search(self, find: Callable[[Index], Result]) -> Result:
        """What `find` finds in the index; where the index fails, it is rebuilt and asked once more.

        Raises:
            StoreError: the ledger, from which it is built, fails too.
        """
        index = self._index
        try:
            return find(index)
        except StoreError:
            with self._writing:
                # Otherwise another thread has just put a new one in its place.
                if index is self._index:
                    self._notify("The index cannot be read; building it anew.")
                    self._restore()
            return find(self._index)

    def change(self, change: Callable[[Index], None]) -> bool:
        """Changes the index as the ledger was changed; False where that failed, and the index was built anew
        from the ledger as it is now."""
        if self._flawed:
            self.rebuild()
            return False
        try:
            change(self._index)
        except StoreError:
            self._flawed = True
            self._notify("The index cannot be written; building it anew.")
            self.rebuild()
            return False
        return True

    def _restore(self) -> None:
        try:
            self.rebuild()
        except StoreError:
            self.leave_disk()

    def rebuild(self) -> None:
        """Builds the next generation from the ledger and puts it in the place of the live one.

        Raises:
            StoreError: it cannot be written; the live one stays.
        """
        old, self._index = self._index, self._built()
        self._flawed = False
        old.close()
        self._remove_others()

    def _opened(self) -> bool:
        try:
            index = Index(self._path(self._number))
        except StoreError:
            self._notify("The index is damaged.")
            return False
        passages = self._ledger.counts()[1]
        try:
            whole = index.counts() == (passages, passages)
        except StoreError:
            whole = False
        if whole:
            self._index = index
        else:
            index.close()
        return whole

    def _built(self) -> Index:
        """A new generation, built beside the live one, checked, and made the live one."""
        number = self._number + 1
        shutil.rmtree(self._path(number), ignore_errors=True)
        try:
            index = Index(self._path(number))
            with _closing_on_failure(index):
                self._fill(index)
                index.seal()
                self._ledger.set_note("generation", str(number))
        except BaseException:
            shutil.rmtree(self._path(number), ignore_errors=True)
            raise
        return index

    def _built_in_memory(self) -> Index:
        index = Index(None)
        with _closing_on_failure(index):
            self._fill(index)
        return index

    def _fill(self, index: Index) -> None:
        count = 0
        for records in self._ledger.records():
            index.add(records)
            count += len(records)
        if index.counts() != (count, count):
            raise StoreError("The index could not be built; check the disk, then run `assistant rebuild`.")

    def _remove_all(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _remove_others(self) -> None:
        """Removes all generations but the live one."""
        for folder in self._folder.glob("*"):
            if folder.name != str(self._number):
                shutil.rmtree(folder, ignore_errors=True)

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
