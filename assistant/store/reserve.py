"""Room that a store keeps for itself, so that it can be opened, and emptied, on a disk that is full."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

SIZE = 8_000_000
"""Bytes. Opening a small store writes about 1 MB: logs of SQLite, files that Chroma touches, the seal."""
LEAST = 64_000


class Reserve:
    """A file without content, of which the room is given up while something must be written."""

    def __init__(self, home: Path) -> None:
        self._home, self._path = home, home / "reserve"

    @contextlib.contextmanager
    def spent(self) -> Iterator[None]:
        """While this is open, there is the room of the reserve, if the disk has no other."""
        if shutil.disk_usage(self._home).free < SIZE:
            self._path.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.fill()

    def fill(self) -> None:
        """Takes the room, or as much of it as there is."""
        size = SIZE
        while size >= LEAST and not self._is_filled(size):
            size //= 2

    def _is_filled(self, size: int) -> bool:
        if self._path.exists() and self._path.stat().st_size >= size:
            return True
        if not hasattr(os, "posix_fallocate"):
            return False
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(file, 0, size)
        except OSError:
            self._path.unlink()
            return False
        finally:
            os.close(file)
        return True
