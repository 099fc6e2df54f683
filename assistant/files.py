"""Files and folders on this machine as sources."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from assistant.errors import ReadError
from assistant.types import Source

SUFFIXES = frozenset({".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".docx"})
"""What is taken from a folder. A file that is named itself is always tried."""
MAX_BYTES = 200_000_000


def sources(paths: Iterable[Path]) -> Iterator[Source]:
    """A source for each file named, and for each readable file below each folder named, by its full path."""
    for path in paths:
        # Unlike the method of Path, this takes any name.
        is_folder = os.path.isdir(path)
        yield from (source(file) for file in _below(path)) if is_folder else (source(path),)


def source(path: Path, name: str | None = None) -> Source:
    """The source that a file is; its name is its full path unless another is given.

    Bytes of the name that are no UTF-8 stand in it as `\\xe9`, for it is kept and shown as text.
    """
    name = name or os.path.abspath(path)
    return Source(os.fsencode(name).decode("utf-8", "backslashreplace"), functools.partial(_load, path))


def shipped(folder: Path) -> list[Source]:
    """The documents of the shipped corpus, named from the corpus folder on: `corpus/handbook/asking.md`."""
    return [source(file, f"corpus/{file.relative_to(folder).as_posix()}") for file in _below(folder)]


def _below(folder: Path) -> Iterator[Path]:
    """Files in reading order; what is hidden, and links that lead out of the folder, are left alone."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        known = path.suffix.lower() in SUFFIXES and path.is_file()
        if known and not hidden and path.resolve().is_relative_to(root):
            yield path


def _load(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB; add it in parts.")
        return path.read_bytes()
    except FileNotFoundError as fault:
        raise ReadError(f"There is no file {path}; check the name.") from fault
    except OSError as fault:
        raise ReadError(f"{path} cannot be read ({fault.strerror}); check its permissions.") from fault
