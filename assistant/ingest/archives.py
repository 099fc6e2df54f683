"""Zip archives of documents: what lies in one, as sources."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import PurePath, PurePosixPath

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest.parse import LIMIT, SUFFIXES
from assistant.ingest.readers.content import one_line, plain
from assistant.ingest.readers.package import ZIP, kind, opened, part

MEMBERS = 10_000
"""Documents that an archive may hold."""

_DRIVE = re.compile(r"[A-Za-z]:$")


def members(data: bytes, name: str) -> list[Source] | None:
    """The documents in a zip archive, named `<name>/<path inside>`, in the order of their names.

    None where the bytes are no zip, or are one document (.docx, .epub, …). Archives in the archive are
    opened, those within them are not. As in a folder, what is hidden, links, and files of other kinds
    are left out. Raises ReadError where it needs a password, is damaged, too large, or holds no document.
    """
    if not data.startswith(ZIP):
        return None
    short = one_line(PurePath(name).name or name)[:200]
    try:
        archive = opened(data)
        if kind(archive) is not None:
            return None
        if {"manifest.json", "originals"} <= {file.split("/")[0] for file in archive.namelist()}:
            raise ReadError("is an export of an assistant; take it in with `assistant import`.")
        found = dict(islice(_found(archive, name), MEMBERS + 1))
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
    if not found:
        raise ReadError(f"{short} is an archive that holds no document of a kind that can be read.")
    if len(found) > MEMBERS:
        raise ReadError(f"{short} holds more than {MEMBERS:,} documents; split it and add the parts.")
    return [found[path] for path in sorted(found)]


def _found(archive: zipfile.ZipFile, name: str, *, nested: bool = False) -> Iterator[tuple[str, Source]]:
    """Each document with its full name. A later file of the same name takes the place of the earlier one."""
    left = LIMIT  # bytes that archives in the archive may have together, as they stay in memory
    for file in archive.infolist():
        path = _path(file)
        suffix = path.suffix.lower() if path else ""
        if path is None or suffix not in (*SUFFIXES, ".zip"):
            continue
        if file.flag_bits & 1:
            raise ReadError("needs a password; unpack it and add what is in it.")
        full = f"{name}/{path}"
        if suffix == ".zip":
            left -= file.file_size
            inner = None if nested or left < 0 else _inner(archive, file)
            if inner is not None:
                yield from _found(inner, full, nested=True)
                continue
        yield full, Source(full, partial(_load, archive, file, path.name))


def _path(file: zipfile.ZipInfo) -> PurePosixPath | None:
    """Where a file lies in its archive, never above or outside of it; None for what is left out."""
    if file.is_dir() or stat.S_ISLNK(file.external_attr >> 16):
        return None
    parts = _decoded(file).replace("\\", "/").split("/")
    parts = [p for p in parts if p not in ("", ".", "..") and not _DRIVE.match(p)]
    left_out = any(p.startswith((".", "~$")) or p == "__MACOSX" for p in parts)
    return None if left_out or not parts else PurePosixPath(*parts)


def _decoded(file: zipfile.ZipInfo) -> str:
    """The name. Where it is not marked as UTF-8 it may be that all the same, else it is taken for DOS."""
    name = file.filename
    if not file.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return re.sub("[\t\n]", " ", plain(name))


def _inner(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> zipfile.ZipFile | None:
    """An archive in the archive; None where it cannot be opened, which is told when it is loaded."""
    try:
        inner = opened(part(archive, file, LIMIT))
        return inner if kind(inner) is None else None
    except ReadError:
        return None


def _load(archive: zipfile.ZipFile, file: zipfile.ZipInfo, short: str) -> bytes:
    if short.lower().endswith(".zip"):
        raise ReadError(f"{short} cannot be opened within its archive; unpack it and add what is in it.")
    if file.file_size > LIMIT:
        raise ReadError(f"{short} is larger than {LIMIT // 1_000_000} MB; split it and add the parts.")
    try:
        return part(archive, file, LIMIT)
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
