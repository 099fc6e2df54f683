"""The bytes of documents as they were added, each in a file that is named by its SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from assistant.core.errors import StoreError


class Originals:
    """Those of one home folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, data: bytes) -> None:
        """Keeps bytes, where they are not kept already.

        Raises:
            StoreError: they cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.holds(sha256):
            _write(self._folder / sha256, data)

    def holds(self, sha256: str) -> bool:
        """Whether the bytes of this hash are kept, and are still those."""
        return self.read(sha256) is not None

    def read(self, sha256: str) -> bytes | None:
        """The bytes of this hash; None where they are missing or damaged."""
        try:
            data = (self._folder / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def remove(self, sha256s: Iterable[str]) -> None:
        """Removes the bytes of these hashes."""
        for sha256 in sha256s:
            (self._folder / sha256).unlink(missing_ok=True)

    def keep_only(self, sha256s: Collection[str]) -> int:
        """Removes all but the bytes of these hashes, halves that an interruption left too; gives how many."""
        orphans = [path for path in self._folder.glob("*") if path.name not in sha256s]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)


def _write(path: Path, data: bytes) -> None:
    """Writes a file so that it is either whole or not there.

    Raises:
        StoreError: it cannot be written.
    """
    beside = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as fault:
        told = f"{path.parent} cannot be written ({fault.strerror}); make room there, then do the same again."
        raise StoreError(told) from fault
