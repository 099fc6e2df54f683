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
        """Take the room, or as much of it as there is: what is left over here, others take."""
        held = self._path.stat().st_size if self._path.exists() else 0
        size = min(SIZE, held + shutil.disk_usage(self._home).free)
        # Less than is free, where the file system needs some of it for itself.
        while size >= max(LEAST, held + 1) and not self._grows_to(size):
            size -= size // 8

    def _grows_to(self, size: int) -> bool:
        if not hasattr(os, "posix_fallocate"):
            return False
        is_new = not self._path.exists()
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(file, 0, size)
        except OSError:
            if is_new:
                self._path.unlink()
            return False
        finally:
            os.close(file)
        return True
