"""Zip archives of documents: what lies in one, as sources."""

from __future__ import annotations

import re
import stat
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import PurePath, PurePosixPath

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest.parse import LIMIT, SUFFIXES
from assistant.ingest.readers.content import one_line, plain
from assistant.ingest.readers.package import ZIP, declared_type, open_zip, read_part

MEMBERS = 10_000
"""Documents that an archive may hold."""
CHARACTERS = 50_000_000
"""Of text that the documents of an archive may hold together: some 25,000 pages."""
PASSAGES = 100_000
"""Passages that they may make together, the same as of one document: minutes of embedding, and not hours."""

SECONDS = 1_200.0
"""That all of them may take to be read."""

_TEXTS = frozenset(".md .markdown .txt .csv .tsv .tab .json .jsonl .ndjson".split())
"""Kinds of which all is text, so that its length is known before anything is unpacked."""
_WIDEST = 4
"""Bytes of a character at most, in any encoding."""
_TOO_MUCH = (
    f"holds more than {CHARACTERS // 1_000_000} million characters or {PASSAGES:,} passages of text, "
    f"or takes longer than {SECONDS / 60:.0f} minutes to read; split it and add the parts."
)
_DRIVE = re.compile(r"[A-Za-z]:$")


class Allowance:
    """What the documents of one archive may still bring and take. Safe to use from several threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._characters, self._passages, self._seconds = CHARACTERS, PASSAGES, SECONDS
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The reading of a document, of which the time is counted.

        Raises:
            ReadError: all that is allowed was used by others.
        """
        if min(self._characters, self._passages, self._seconds) <= 0:
            raise ReadError(f"{self._name} {_TOO_MUCH}")
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._seconds -= time.monotonic() - began

    def take(self, characters: int, passages: int) -> None:
        """Counts what a document brings.

        Raises:
            ReadError: it is more than is left; nothing after it is read.
        """
        with self._lock:
            self._characters -= characters
            self._passages -= passages
            if min(self._characters, self._passages) < 0:
                raise ReadError(f"{self._name} {_TOO_MUCH}")


@dataclass(frozen=True, slots=True)
class Member(Source):
    """A document in an archive."""

    allowance: Allowance


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
        archive = open_zip(data)
        if declared_type(archive) is not None:
            return None
        if {"manifest.json", "originals"} <= {file.split("/")[0] for file in archive.namelist()}:
            raise ReadError("is an export of an assistant; take it in with `assistant import`.")
        found = dict(islice(_found(archive, name, Allowance(short)), MEMBERS + 1))
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
    if not found:
        raise ReadError(f"{short} is an archive that holds no document of a kind that can be read.")
    if len(found) > MEMBERS:
        raise ReadError(f"{short} holds more than {MEMBERS:,} documents; split it and add the parts.")
    return [found[path] for path in sorted(found)]


def _require_readable(archive: zipfile.ZipFile) -> None:
    """Raises ReadError where the archive says itself that it holds more text than it may."""
    texts = (
        file.file_size
        for file in archive.infolist()
        if (path := _path(file)) and path.suffix.lower() in _TEXTS
    )
    if sum(texts) > _WIDEST * CHARACTERS:
        raise ReadError(_TOO_MUCH)


def _found(
    archive: zipfile.ZipFile, name: str, allowance: Allowance, *, nested: bool = False
) -> Iterator[tuple[str, Source]]:
    """Each document with its full name. A later file of the same name takes the place of the earlier one."""
    _require_readable(archive)
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
                yield from _found(inner, full, allowance, nested=True)
                continue
        yield full, Member(full, partial(_load, archive, file, path.name), allowance)


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
        inner = open_zip(read_part(archive, file, LIMIT))
        return inner if declared_type(inner) is None else None
    except ReadError:
        return None


def _load(archive: zipfile.ZipFile, file: zipfile.ZipInfo, short: str) -> bytes:
    if short.lower().endswith(".zip"):
        raise ReadError(f"{short} cannot be opened within its archive; unpack it and add what is in it.")
    if file.file_size > LIMIT:
        raise ReadError(f"{short} is larger than {LIMIT // 1_000_000} MB; split it and add the parts.")
    try:
        return read_part(archive, file, LIMIT)
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
