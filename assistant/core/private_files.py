"""Files that only their owner can read, written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from assistant.core.errors import StoreError

PARTIAL = ".part"
"""Ending of a file that is being written."""


def write_private(path: Path, data: bytes) -> None:
    """Write a file atomically, readable by its owner only.

    Raises:
        StoreError: it cannot be written.
    """
    partial = path.with_name(f"{path.name}{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as fault:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        message = (
            f"{path.parent} cannot be written ({fault.strerror}); make room there, then do the same again."
        )
        raise StoreError(message) from fault
