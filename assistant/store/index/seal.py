"""The seal of an index: size and checksum of each file when the index was last written.

An index that does not match its seal is not opened: Chroma opens the remains of a graph as if it were
complete and crashes on a damaged one, and Tantivy answers from flipped bits.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from assistant.core.errors import StoreError
from assistant.store.index import slack

FILE = "seal.json"
CLOCK_TICK = 2_000_000_000
"""Upper bound on the resolution of file times, in nanoseconds; FAT has the coarsest."""
BLOCK_BYTES = 1 << 20


class Seal(Protocol):
    """Guards the files of an index."""

    is_broken: bool
    """True from the first change until the seal is written."""

    def verify(self) -> None:
        """Raise StoreError if the files are not as they were sealed."""

    def break_open(self) -> None:
        """Remove the seal, before the files are changed."""

    def write(self) -> None:
        """Seal the files as they are."""


class FileSeal:
    """The seal of an index in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE
        self._checked: dict[Path, tuple[tuple[int, ...], list[int]]] = {}
        self.is_broken = False

    def verify(self) -> None:
        """Raise StoreError if the files are not as they were sealed."""
        states = self._states()
        if states and self._file.read_text("utf-8") != _serialize(states):
            message = f"The index in {self._folder} is not as it was written; run `assistant rebuild`."
            raise StoreError(message)

    def break_open(self) -> None:
        """Remove the seal, before the files are changed."""
        self._file.unlink(missing_ok=True)
        self.is_broken = True

    def write(self) -> None:
        """Wipe the slack of the files, and seal them as they are."""
        slack.wipe(self._folder / "chroma")
        partial = self._folder / f"{FILE}.part"
        partial.write_text(_serialize(self._states()), "utf-8")
        partial.replace(self._file)
        self.is_broken = False

    def _states(self) -> dict[str, list[int]]:
        """Return size and checksum of each sealed file, by its path relative to the folder."""
        paths = (path for path in sorted(self._folder.rglob("*")) if path.is_file() and self._is_sealed(path))
        return {path.relative_to(self._folder).as_posix(): self._state(path) for path in paths}

    def _is_sealed(self, path: Path) -> bool:
        """False for locks, the seal itself, and a graph without Chroma's list of its elements, which Chroma
        writes anew, including uninitialised memory, at each opening."""
        if path.suffix == ".lock" or path.parent == self._folder:
            return False
        is_in_graph = path.parent.parent == self._folder / "chroma"
        return not is_in_graph or (path.parent / "index_metadata.pickle").exists()

    def _state(self, path: Path) -> list[int]:
        """Return size and checksum. An untouched file is not read again, as most files never change."""
        now, status = time.time_ns(), path.stat()
        touched = (status.st_size, status.st_mtime_ns, status.st_ino)
        checked = self._checked.get(path)
        if checked is not None and checked[0] == touched:
            return checked[1]
        state = [status.st_size, _checksum(path)]
        # A file written within the current clock tick may be written again without a new time.
        if 0 <= status.st_mtime_ns < now - CLOCK_TICK:
            self._checked[path] = (touched, state)
        return state


class NoSeal:
    """The seal of an index in memory."""

    is_broken = False

    def verify(self) -> None: ...

    def break_open(self) -> None: ...

    def write(self) -> None: ...


def _serialize(states: Mapping[str, list[int]]) -> str:
    """Return the content of the seal: a line of JSON, and a line with its checksum."""
    content = json.dumps(states)
    return f"{content}\n{zlib.crc32(content.encode())}\n"


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            value = zlib.crc32(block, value)
    return value
