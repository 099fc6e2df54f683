"""The container of an Outlook message: folders and streams in one file ([MS-CFB])."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from olefile import OleFileIO

OLE = b"\xd0\xcf\x11\xe0"
"""What a container begins with."""
_DEEP = 12
"""Folders within folders, beyond which nothing is looked at."""
_Path = tuple[str, ...]


class Folder:
    """A folder of a container; the names of streams and folders are as they are written."""

    def __init__(self, container: OleFileIO, below: dict[_Path, list[str]], path: _Path = ()) -> None:
        self._container, self._below, self._path = container, below, path

    def stream(self, name: str) -> bytes | None:
        """Return the bytes of a stream; None if there is none of this name."""
        path = [*self._path, name]
        if name not in self._below[self._path] or not self._container.exists("/".join(path)):
            return None
        if self._container.get_type(path) != 2:
            return None
        return bytes(self._container.openstream(path).read())

    def folder(self, name: str) -> Folder | None:
        """Return the folder of this name, if there is one."""
        return next(self.folders(name), None)

    def folders(self, beginning: str) -> Iterator[Folder]:
        """Yield the folders whose names begin so, in the order of their names."""
        for name in sorted(self._below[self._path]):
            path = (*self._path, name)
            is_folder = name.startswith(beginning) and self._container.get_type([*path]) == 1
            if is_folder and len(path) < _DEEP:
                yield Folder(self._container, self._below, path)


@contextmanager
def opened(data: bytes) -> Iterator[Folder]:
    """Open a container and give its topmost folder.

    Raises nearly anything if it is damaged: a file in which folders or streams are shared, or lead back to
    themselves, is not read in part.
    """
    from olefile import DEFECT_INCORRECT, OleFileIO

    with OleFileIO(data, raise_defects=DEFECT_INCORRECT) as container:
        below: dict[_Path, list[str]] = defaultdict(list)
        for path in container.listdir(streams=True, storages=True):
            below[tuple(path[:-1])].append(path[-1])
        yield Folder(container, below)
