"""The container of an Outlook message: folders and streams in one file ([MS-CFB])."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from olefile import OleFileIO
    from olefile.olefile import OleDirectoryEntry

OLE = b"\xd0\xcf\x11\xe0"
"""The first bytes of a compound file ([MS-CFB])."""
_DEEP = 12
"""Folders within folders, beyond which nothing is looked at."""
_FOLDER, _STREAM = 1, 2


class Folder:
    """A folder of a container."""

    def __init__(self, container: OleFileIO, entry: OleDirectoryEntry, depth: int = 0) -> None:
        # By its entries, as the methods that take paths look for each among all.
        self._container, self._entry, self._depth = container, entry, depth

    def stream(self, name: str) -> bytes | None:
        """Return the bytes of a stream; None if there is none of this name."""
        entry = self._entry.kids_dict.get(name.lower())
        if entry is None or entry.entry_type != _STREAM:
            return None
        return bytes(self._container._open(entry.isectStart, entry.size).read())

    def folder(self, name: str) -> Folder | None:
        """Return the folder of this name, if there is one."""
        return next(self.folders(name), None)

    def folders(self, beginning: str) -> Iterator[Folder]:
        """Yield the folders whose names begin so, in the order of their names."""
        for name, entry in sorted(self._entry.kids_dict.items()):
            is_folder = entry.entry_type == _FOLDER and name.startswith(beginning.lower())
            if is_folder and self._depth < _DEEP:
                yield Folder(self._container, entry, self._depth + 1)


@contextmanager
def opened(data: bytes) -> Iterator[Folder]:
    """Open a container and give its topmost folder.

    Raises nearly anything if it is damaged: a file in which folders or streams are shared, or lead back to
    themselves, is not read in part.
    """
    from olefile import DEFECT_INCORRECT, OleFileIO

    with OleFileIO(data, raise_defects=DEFECT_INCORRECT) as container:
        yield Folder(container, container.root)
