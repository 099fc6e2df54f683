"""Files and folders on this machine, and what comes in by standard input, as sources."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import BinaryIO

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest.parse import SUFFIXES

ENDINGS = frozenset({*SUFFIXES, ".zip"})
"""How files are called that are taken from a folder. A file that is named itself is always tried."""
MAX_BYTES = 200_000_000
_KINDS = {
    stat.S_ISDIR: "a folder; add it by its own name",
    stat.S_ISFIFO: "a pipe, and no file; save what comes out, or add it by: assistant add - --name NAME",
    stat.S_ISSOCK: "a socket, and no file; check the name",
    stat.S_ISCHR: "a device, and no file; check the name",
    stat.S_ISBLK: "a device, and no file; check the name",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files of a folder are taken, by patterns with `*`, `?` and `[…]`; `*` matches slashes too.

    A pattern without a slash is held against each part of a file's path below the folder, so that `drafts`
    means all below a folder of that name; one with a slash against the path and every folder on it.
    """

    include: tuple[str, ...] = ()
    """Where there are any, a file must match one of them."""
    exclude: tuple[str, ...] = ()

    def enters(self, path: PurePath) -> bool:
        """Whether anything below this folder, a path from the chosen folder on, may be taken."""
        return not any(_matches(path, pattern) for pattern in self.exclude)

    def takes(self, path: PurePath) -> bool:
        """Whether the file at this path from the folder on is taken."""
        return self.enters(path) and (
            not self.include or any(_matches(path, pattern) for pattern in self.include)
        )


ALL = Choice()


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds."""

    files: tuple[Path, ...]
    """Files of a known kind that were chosen, in reading order."""
    closed: tuple[Path, ...]
    """Folders that cannot be looked into."""
    others: int
    """How many files there are besides; hidden ones do not count."""


def sources(paths: Iterable[Path], choice: Choice = ALL) -> Iterator[Source]:
    """A source for each file named, and for each readable file below each folder named, by its full path.

    A folder that cannot be looked into is a source too, which says so when it is loaded.
    """
    for path in paths:
        # Unlike the method of Path, this takes any name.
        if not os.path.isdir(path):
            yield source(path)
            continue
        listing = below(path, choice)
        yield from map(source, listing.files)
        yield from (Source(name(folder), functools.partial(_refuse, folder)) for folder in listing.closed)


def source(path: Path, called: str | None = None) -> Source:
    """The source that a file is; its name is its full path unless it is called by another."""
    return Source(called or name(path), functools.partial(load, path))


def name(path: Path) -> str:
    """What a file is called in the corpus: its full path.

    Bytes of it that are no UTF-8 stand in it as `\\xe9`, for it is kept and shown as text.
    """
    return os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")


def standard_input(stream: BinaryIO, called: str) -> Source:
    """What comes in until the stream ends, as one document. It is waited for here, not when it is loaded."""
    data = stream.read(MAX_BYTES + 1)
    return Source(called, lambda: _within(data, called))


def shipped(folder: Path) -> list[Source]:
    """The documents of the shipped corpus, named from the corpus folder on: `corpus/handbook/asking.md`."""
    return [source(file, f"corpus/{file.relative_to(folder).as_posix()}") for file in below(folder).files]


def below(folder: Path, choice: Choice = ALL) -> Listing:
    """What is below a folder. What is hidden, and links that lead out of the folder, are left alone."""
    files: list[Path] = []
    closed: list[Path] = []
    others = 0
    root = folder.resolve()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        place = path.relative_to(folder)
        # Links to folders are not entered: what they lead to stands elsewhere, or would come again and again.
        if path == folder or (os.path.isdir(path) and not os.path.islink(path)):
            if choice.enters(place):
                waiting += _inside(path, closed)
        elif path.suffix.lower() in ENDINGS and choice.takes(place) and _belongs(path, root):
            files.append(path)
        else:
            others += os.path.isfile(path)
    return Listing(tuple(files), tuple(closed), others)


def _inside(folder: Path, closed: list[Path]) -> list[Path]:
    """What stands in a folder, the last first; one that cannot be looked into goes to `closed`."""
    try:
        # A folder may tell its names and nothing more.
        if not os.access(folder, os.X_OK):
            raise PermissionError
        return [folder / name for name in sorted(os.listdir(folder), reverse=True) if not _is_hidden(name)]
    except OSError:
        closed.append(folder)
        return []


def told_closed(folder: Path) -> str:
    """Why there is nothing from a folder, in one sentence."""
    return f"The folder {folder} cannot be looked into; check its permissions."


def load(path: Path) -> bytes:
    """The bytes of a regular file of at most 200 MB.

    Raises:
        ReadError: there is none, it is something else, it cannot be read, or it is larger.
    """
    with open_regular(path) as file:
        return _within(file.read(MAX_BYTES + 1) or b"", path.name)


def load_text(path: Path, what: str, limit: int) -> str:
    """The text of a regular file in UTF-8 of at most `limit` bytes; `what` is what a person is told it is.

    Raises:
        ReadError: as `load`, or it is not UTF-8.
    """
    with open_regular(path) as file:
        data = file.read(limit + 1) or b""
    if len(data) > limit:
        raise ReadError(f"The {what} {path} is larger than {limit // 1_000_000} MB; split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ReadError(f"The {what} {path} is not UTF-8; save it as that.") from fault


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open to be read: no pipe is waited for, and no device read.

    Raises:
        ReadError: there is none, it is something else, or it cannot be read.
    """
    try:
        # A pipe that nobody writes to would be waited for at opening.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            require_regular(path, os.fstat(file.fileno()).st_mode)
            yield file
    except FileNotFoundError as fault:
        raise ReadError(f"There is no file {path}; check the name.") from fault
    except OSError as fault:
        # A socket cannot be opened, so what it is has to be asked for.
        require_regular(path, _mode(path))
        raise ReadError(f"{path} cannot be read ({fault.strerror}); check its permissions.") from fault


def _within(data: bytes, what: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise ReadError(f"{what} is larger than {MAX_BYTES // 1_000_000} MB; add it in parts.")
    return data


def require_regular(path: Path, mode: int | None = None) -> None:
    """Makes sure that what stands at `path`, if anything, is a regular file.

    Raises:
        ReadError: it is a folder, a pipe, a socket or a device.
    """
    mode = _mode(path) if mode is None else mode
    for is_kind, told in _KINDS.items():
        if is_kind(mode):
            raise ReadError(f"{path} is {told}.")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _refuse(folder: Path) -> bytes:
    raise ReadError(told_closed(folder))


def _is_hidden(name: str) -> bool:
    # The second is what Office leaves beside a document that is open.
    return name.startswith((".", "~$"))


def _belongs(path: Path, root: Path) -> bool:
    """Whether this is a regular file, and no link to one out of the folder."""
    inside = not os.path.islink(path) or Path(os.path.realpath(path)).is_relative_to(root)
    return inside and os.path.isfile(path)


def _matches(path: PurePath, pattern: str) -> bool:
    if "/" not in pattern:
        return any(fnmatchcase(part, pattern) for part in path.parts)
    wanted = pattern.removeprefix("./").strip("/")
    return any(fnmatchcase(whole.as_posix(), wanted) for whole in (path, *path.parents))
