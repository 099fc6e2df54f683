"""Blobs in the files of a folder, which only their owner can read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from assistant.core.errors import StoreError
from assistant.core.private_files import PARTIAL, write_private

STATE = "state"
"""The name of the blob that tells of all others."""


class Blobs(Protocol):
    """Bytes under names. A blob is there as a whole or not at all."""

    def names(self) -> Iterable[str]:
        """Return all names, except that of the state."""

    def has(self, name: str) -> bool:
        """True if there is a blob with this name."""

    def read(self, name: str) -> bytes | None:
        """Return a blob; None if it is missing or cannot be read."""

    def write(self, name: str, data: bytes) -> None:
        """Write a blob, or raise StoreError."""

    def remove(self, name: str) -> None:
        """Remove a blob if it is there, or raise StoreError."""

    def remove_partial(self) -> None:
        """Remove what an interruption left written in part."""

    def sync(self) -> None:
        """Flush the names, so that they survive a power failure."""


class FolderBlobs:
    """The files of a folder. The state is a file beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterable[str]:
        """Return all names, except that of the state."""
        try:
            return os.listdir(self._folder)
        except OSError:
            return []

    def has(self, name: str) -> bool:
        """True if there is a blob with this name."""
        return self._path(name).exists()

    def read(self, name: str) -> bytes | None:
        """Return a blob; None if it is missing or cannot be read."""
        try:
            return self._path(name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Write a blob.

        Raises:
            StoreError: it cannot be written.
        """
        write_private(self._path(name), data)

    def remove(self, name: str) -> None:
        """Remove a blob, if it is there.

        Raises:
            StoreError: it cannot be removed.
        """
        path = self._path(name)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as fault:
            raise StoreError(f"{path} cannot be removed ({fault.strerror}); remove it.") from fault

    def remove_partial(self) -> None:
        """Remove files that an interruption left partially written."""
        for path in self._folder.glob(f"*{PARTIAL}"):
            path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Flush the folder to the disk, so that file names survive a power failure."""
        with contextlib.suppress(OSError):
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _path(self, name: str) -> Path:
        return self._folder.with_name(f"{self._folder.name}.json") if name == STATE else self._folder / name
