"""Files and folders on this machine, and standard input, as sources."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import BinaryIO

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest.parse import SUFFIXES, refusal

ENDINGS = frozenset({*SUFFIXES, ".zip", ".mbox"})
"""Suffixes of files taken from a folder. A file given by its own name is always tried."""
MAX_BYTES = 200_000_000
_LOOK = 200_000
"""Bytes of a file that tell its kind."""
_KINDS = {
    stat.S_ISDIR: "a folder; add it by its own name",
    stat.S_ISFIFO: "a pipe, not a file; save its output, or add it with: assistant add - --name NAME",
    stat.S_ISSOCK: "a socket, not a file; check the name",
    stat.S_ISCHR: "a device, not a file; check the name",
    stat.S_ISBLK: "a device, not a file; check the name",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter for the files of a folder, by patterns with `*`, `?` and `[…]`; `*` matches slashes too.

    A pattern without a slash is matched against each part of the path below the folder: `drafts` matches all
    files below a folder of that name. One with a slash is matched against the path and its parent folders.
    """

    include: tuple[str, ...] = ()
    """If not empty, a file must match one of them."""
    exclude: tuple[str, ...] = ()

    def enters(self, path: PurePath) -> bool:
        """True if files below this folder, a path relative to the chosen folder, may be taken."""
        return not any(_matches(path, pattern) for pattern in self.exclude)

    def takes(self, path: PurePath) -> bool:
        """True if the file at this path, relative to the chosen folder, is taken."""
        return self.enters(path) and (
            not self.include or any(_matches(path, pattern) for pattern in self.include)
        )


ALL = Choice()


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder."""

    files: tuple[Path, ...]
    """Chosen files with a known suffix, in reading order."""
    closed: tuple[Path, ...]
    """Folders that cannot be read."""
    others: int
    """The number of other files that are not hidden."""
    left_out: tuple[Path, ...] = ()
    """Those of them that were chosen, but are of no known kind."""


def sources(
    paths: Iterable[Path], choice: Choice = ALL, on_left_out: Callable[[Sequence[Path]], None] | None = None
) -> Iterator[Source]:
    """Yield a source for each file, and for each readable file below each folder, named by its full path.

    A folder that cannot be read is a source too, and raises ReadError when it is loaded. `on_left_out` is
    called with the files of a folder that are of no known kind.
    """
    for path in paths:
        # Unlike `Path.is_dir`, this accepts any name.
        if not os.path.isdir(path):
            yield source(path)
            continue
        listing = below(path, choice)
        if on_left_out:
            on_left_out(listing.left_out)
        yield from map(source, listing.files)
        yield from (Source(name(folder), functools.partial(_refuse, folder)) for folder in listing.closed)


def source(path: Path, called: str | None = None) -> Source:
    """Return a file as a source, named by its full path or as `called`."""
    return Source(called or name(path), functools.partial(load, path))


def name(path: Path) -> str:
    """Return the name of a file in the corpus: its full path, with `\\xe9` for bytes that are not UTF-8."""
    return os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")


def standard_input(stream: BinaryIO, called: str) -> Source:
    """Read the stream to its end, now, as one document."""
    data = stream.read(MAX_BYTES + 1)
    return Source(called, lambda: _require_size(data, called))


def shipped(folder: Path) -> list[Source]:
    """Return the documents of the shipped corpus, named `corpus/handbook/asking.md`."""
    return [source(file, f"corpus/{file.relative_to(folder).as_posix()}") for file in below(folder).files]


def below(folder: Path, choice: Choice = ALL) -> Listing:
    """List a folder recursively, without hidden files and links that lead out of it."""
    files: list[Path] = []
    closed: list[Path] = []
    left_out: list[Path] = []
    others = 0
    root = folder.resolve()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        place = path.relative_to(folder)
        # Links to folders are not followed: their targets are listed elsewhere, or form a loop.
        if path == folder or (os.path.isdir(path) and not os.path.islink(path)):
            if choice.enters(place):
                waiting += _list_reversed(path, closed)
        elif path.suffix.lower() in ENDINGS and choice.takes(place) and _belongs(path, root):
            files.append(path)
        elif os.path.isfile(path):
            others += 1
            if choice.takes(place) and path.suffix.lower() not in ENDINGS and _belongs(path, root):
                left_out.append(path)
    return Listing(tuple(files), tuple(closed), others, tuple(left_out))


def why_left_out(path: Path) -> str:
    """Return why a file of a folder is not taken: what it is and what to do, or that its kind is unknown."""
    try:
        with open_regular(path) as file:
            return refusal(file.read(_LOOK), path.name) or "of no known kind; add it by its own name"
    except ReadError:
        return "cannot be read"


def _list_reversed(folder: Path, closed: list[Path]) -> list[Path]:
    """Return the paths in a folder in reverse order; an unreadable folder is added to `closed`."""
    try:
        # A folder may be listed although its files cannot be opened.
        if not os.access(folder, os.X_OK):
            raise PermissionError
        return [folder / name for name in sorted(os.listdir(folder), reverse=True) if not _is_hidden(name)]
    except OSError:
        closed.append(folder)
        return []


def told_closed(folder: Path) -> str:
    """Return the message for a folder that cannot be read."""
    return f"The folder {folder} cannot be read; check its permissions."


def load(path: Path) -> bytes:
    """Return the bytes of a regular file of at most 200 MB.

    Raises:
        ReadError: it does not exist, is not a regular file, cannot be read, or is larger.
    """
    with open_regular(path) as file:
        return _require_size(file.read(MAX_BYTES + 1) or b"", path.name)


def load_text(path: Path, what: str, limit: int) -> str:
    """Return the text of a UTF-8 file of at most `limit` bytes; messages call it `what`.

    Raises:
        ReadError: as in `load`, or it is not UTF-8.
    """
    with open_regular(path) as file:
        data = file.read(limit + 1) or b""
    if len(data) > limit:
        raise ReadError(f"The {what} {path} is larger than {limit // 1_000_000} MB; split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ReadError(f"The {what} {path} is not UTF-8; save it as UTF-8.") from fault


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, without blocking on pipes and devices.

    Raises:
        ReadError: it does not exist, is not a regular file, or cannot be read.
    """
    try:
        # Opening a pipe without a writer would block.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            require_regular(path, os.fstat(file.fileno()).st_mode)
            yield file
    except FileNotFoundError as fault:
        raise ReadError(f"There is no file {path}; check the name.") from fault
    except OSError as fault:
        # A socket cannot be opened, so its kind is checked afterwards.
        require_regular(path, _mode(path))
        raise ReadError(f"{path} cannot be read ({fault.strerror}); check its permissions.") from fault


def _require_size(data: bytes, what: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise ReadError(f"{what} is larger than {MAX_BYTES // 1_000_000} MB; add it in parts.")
    return data


def require_regular(path: Path, mode: int | None = None) -> None:
    """Check that `path`, if it exists, is a regular file.

    Raises:
        ReadError: it is a folder, a pipe, a socket or a device.
    """
    mode = _mode(path) if mode is None else mode
    for is_kind, description in _KINDS.items():
        if is_kind(mode):
            raise ReadError(f"{path} is {description}.")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _refuse(folder: Path) -> bytes:
    raise ReadError(told_closed(folder))


def _is_hidden(name: str) -> bool:
    # The second is the lock file of a document open in Office.
    return name.startswith((".", "~$"))


def _belongs(path: Path, root: Path) -> bool:
    """True if this is a regular file, and not a link to one outside the folder."""
    inside = not os.path.islink(path) or Path(os.path.realpath(path)).is_relative_to(root)
    return inside and os.path.isfile(path)


def _matches(path: PurePath, pattern: str) -> bool:
    if "/" not in pattern:
        return any(fnmatchcase(part, pattern) for part in path.parts)
    wanted = pattern.removeprefix("./").strip("/")
    return any(fnmatchcase(whole.as_posix(), wanted) for whole in (path, *path.parents))
