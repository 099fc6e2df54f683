"""Slack: unused space in the files of Chroma's HNSW graphs.

Chroma writes it from uninitialised memory, which may hold text of a removed document. `header.bin` of each
graph holds an int32, the version, and then 64-bit numbers, of which the third is the number of elements and
the fourth the size of one in bytes (hnswlib as included in Chroma 1.5).
"""

from __future__ import annotations

import struct
from pathlib import Path

VERSION = 1
LENGTH_BYTES = 4
"""Size of an element in `length.bin`."""
_HEADER = struct.Struct("<iQQQQ")


def wipe(folder: Path) -> None:
    """Overwrite the slack of all graphs in Chroma's folder with zeros."""
    for header in folder.glob("*/header.bin"):
        version, _, _, elements, size = _HEADER.unpack_from(header.read_bytes())
        if version == VERSION:
            _wipe_from(header.with_name("data_level0.bin"), elements * size)
            _wipe_from(header.with_name("length.bin"), elements * LENGTH_BYTES)


def _wipe_from(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        rest = file.read()
        if any(rest):
            file.seek(start)
            file.write(bytes(len(rest)))
