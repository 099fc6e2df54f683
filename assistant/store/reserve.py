"""Reserved disk space, so that a store can be opened, and documents removed, on a full disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

RESERVE_BYTES = 8_000_000
"""Opening a small store writes about 1 MB: SQLite's logs, files that Chroma touches, the seal."""
MIN_BYTES = 64_000


class Reserve:
    """An empty file whose space is released while something must be written."""

    def __init__(self, home: Path) -> None:
        self._home, self._path = home, home / "reserve"

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Release the reserve within this context if the disk is full."""
        if shutil.disk_usage(self._home).free < RESERVE_BYTES:
            self._path.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.fill()

    def fill(self) -> None:
        """Reserve the space, or as much of it as there is; what is left is free for others."""
        reserved = self._path.stat().st_size if self._path.exists() else 0
        size = min(RESERVE_BYTES, reserved + shutil.disk_usage(self._home).free)
        # The file system needs part of the free space for itself.
        while size >= max(MIN_BYTES, reserved + 1) and not self._grow(size):
            size -= size // 8

    def _grow(self, size: int) -> bool:
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
