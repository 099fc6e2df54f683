"""Slack: room in the files of Chroma's graph that holds no vector.

Chroma writes it as it stood in memory, where a text may have stood before that is removed now. In each graph
`header.bin` tells how many elements it holds and their size: after an int32, the version, come 64-bit
numbers, of which the third is the elements and the fourth the bytes of one (hnswlib as kept in Chroma 1.5).
"""

from __future__ import annotations

import struct
from pathlib import Path

VERSION = 1
LENGTH = 4
"""Bytes of an element in `length.bin`."""
_HEADER = struct.Struct("<iQQQQ")


def wipe(chroma: Path) -> None:
    """Fills the slack of all graphs in the folder with zeros, where it is not."""
    for header in chroma.glob("*/header.bin"):
        version, _, _, elements, size = _HEADER.unpack_from(header.read_bytes())
        if version == VERSION:
            _wipe(header.with_name("data_level0.bin"), elements * size)
            _wipe(header.with_name("length.bin"), elements * LENGTH)


def _wipe(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        rest = file.read()
        if any(rest):
            file.seek(start)
            file.write(bytes(len(rest)))
