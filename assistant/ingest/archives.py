"""Zip archives, mailboxes, and what is attached to a mail or a PDF: the documents in one, as sources."""

from __future__ import annotations

import re
import stat
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import PurePath, PurePosixPath

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest import mailboxes, sandbox
from assistant.ingest.parse import LIMIT, SUFFIXES
from assistant.ingest.readers.content import one_line, plain
from assistant.ingest.readers.package import ZIP, declared_type, open_zip, read_part
from assistant.ingest.readers.scan import pictures

MEMBERS = 10_000
"""Limit on the documents of an archive."""
CHARACTERS = 50_000_000
"""Limit on the text of all documents of an archive together: some 25,000 pages."""
PASSAGES = 100_000
"""Limit on their passages, the same as for one document: minutes of embedding, not hours."""
SECONDS = 1_200.0
"""Limit on the time to read all of them."""

_PLAIN_SUFFIXES = frozenset(".md .markdown .txt .csv .tsv .tab .json .jsonl .ndjson".split())
"""Suffixes of plain text, with a length known before unpacking."""
_WIDEST = 4
"""The most bytes of a character in any encoding."""
_TOO_MUCH = (
    f"has more than {CHARACTERS // 1_000_000} million characters or {PASSAGES:,} passages of text, "
    f"or takes longer than {SECONDS / 60:.0f} minutes to read; split it and add the parts."
)
_PICTURE = 50_000
"""Bytes from which on a picture that is attached may be a scan."""
_DRIVE = re.compile(r"[A-Za-z]:$")


class Allowance:
    """The budget of characters, passages and seconds of one archive. Thread-safe."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._characters, self._passages, self._seconds = CHARACTERS, PASSAGES, SECONDS
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Count the time to read a document.

        Raises:
            ReadError: the budget is used up.
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
        """Count the text of a document.

        Raises:
            ReadError: it exceeds the budget; no later document is read.
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
    is_whole: bool = False
    """True for a document whose attachments are taken already, and for these."""


def members(data: bytes, name: str) -> list[Source] | None:
    """Return the documents in a zip archive, a mailbox, a mail or a PDF, named `<name>/<path inside>`.

    They are in the order of their names; first a mail or a PDF itself, under its own name. None if the bytes
    are one document without others in it (.docx, …).
    Archives are opened one
    level deep. Hidden files, links and files of other kinds are left out, as in a folder. Raises ReadError
    if it needs a password, is damaged, too large, or has no document.
    """
    short = one_line(PurePath(name).name or name)[:200]
    if not data.startswith(ZIP):
        return _mails(data, name, short) or _attached(data, name, short)
    try:
        archive = open_zip(data)
        if declared_type(archive) is not None:
            return None
        if {"manifest.json", "originals"} <= {file.split("/")[0] for file in archive.namelist()}:
            raise ReadError("is an export of an assistant; load it with `assistant import`.")
        documents = dict(islice(_iterate(archive, name, Allowance(short)), MEMBERS + 1))
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
    if not documents:
        raise ReadError(f"{short} is an archive without a readable document.")
    if len(documents) > MEMBERS:
        raise ReadError(f"{short} has more than {MEMBERS:,} documents; split it and add the parts.")
    return [documents[path] for path in sorted(documents)]


def _mails(data: bytes, name: str, short: str) -> list[Source] | None:
    """Return the mails in a mailbox, numbered in its order; None if it is not one."""
    ranges = mailboxes.ranges(data)
    if len(ranges) > MEMBERS:
        raise ReadError(f"{short} has more than {MEMBERS:,} mails; split it and add the parts.")
    allowance = Allowance(short)
    return [
        Member(f"{name}/{number:05}.eml", partial(mailboxes.mail, data, *place), allowance)
        for number, place in enumerate(ranges, 1)
    ] or None


def _attached(data: bytes, name: str, short: str) -> list[Source] | None:
    """Return a document and what is attached to it, of kinds that are read; None if nothing is."""
    found = [
        (called, content)
        for called, content in sandbox.attachments_safely(data, name)
        if _is_worth_reading(PurePosixPath(called).suffix.lower(), len(content))
    ]
    if not found:
        return None
    allowance = Allowance(short)
    whole = Member(name, lambda: data, allowance, is_whole=True)
    return [
        whole,
        *(
            Member(f"{name}/{called}", partial(_same, content), allowance, is_whole=True)
            for called, content in found
        ),
    ]


def _is_worth_reading(suffix: str, size: int) -> bool:
    """True for files of kinds that are read here, except small pictures, which are logos and signatures."""
    return suffix in SUFFIXES and (suffix not in pictures.SUFFIXES or size >= _PICTURE)


def within(source: Source) -> list[Source]:
    """Return a document of an archive, and what is attached to it. Raises ReadError if it cannot be read."""
    if isinstance(source, Member) and source.is_whole:
        return [source]
    data = source.load()
    return members(data, source.name) or [replace(source, load=partial(_same, data))]


def _same(content: bytes) -> bytes:
    return content


def _require_readable(archive: zipfile.ZipFile) -> None:
    """Raise ReadError if the directory of the archive lists too much text."""
    texts = (
        file.file_size
        for file in archive.infolist()
        if (path := _path(file)) and path.suffix.lower() in _PLAIN_SUFFIXES
    )
    if sum(texts) > _WIDEST * CHARACTERS:
        raise ReadError(_TOO_MUCH)


def _iterate(
    archive: zipfile.ZipFile, name: str, allowance: Allowance, *, nested: bool = False
) -> Iterator[tuple[str, Source]]:
    """Yield each document with its full name. A later file of the same name replaces the earlier one."""
    _require_readable(archive)
    budget = LIMIT  # bytes of all nested archives together, as they stay in memory
    for file in archive.infolist():
        path = _path(file)
        suffix = path.suffix.lower() if path else ""
        if path is None or suffix not in (*SUFFIXES, ".zip"):
            continue
        if file.flag_bits & 1:
            raise ReadError("needs a password; unpack it and add the files in it.")
        full = f"{name}/{path}"
        if suffix == ".zip":
            budget -= file.file_size
            inner = None if nested or budget < 0 else _open_nested(archive, file)
            if inner is not None:
                yield from _iterate(inner, full, allowance, nested=True)
                continue
        yield full, Member(full, partial(_load, archive, file, path.name), allowance)


def _path(file: zipfile.ZipInfo) -> PurePosixPath | None:
    """Return the path of a file, always inside its archive; None for files that are left out."""
    if file.is_dir() or stat.S_ISLNK(file.external_attr >> 16):
        return None
    parts = _decode_name(file).replace("\\", "/").split("/")
    parts = [p for p in parts if p not in ("", ".", "..") and not _DRIVE.match(p)]
    left_out = any(p.startswith((".", "~$")) or p == "__MACOSX" for p in parts)
    return None if left_out or not parts else PurePosixPath(*parts)


def _decode_name(file: zipfile.ZipInfo) -> str:
    """Decode the name: UTF-8 even if it is not marked as such, else the encoding of DOS."""
    name = file.filename
    if not file.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return re.sub("[\t\n]", " ", plain(name))


def _open_nested(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> zipfile.ZipFile | None:
    """Open a nested archive; None if that fails, which is reported when it is loaded."""
    try:
        inner = open_zip(read_part(archive, file, LIMIT))
        return inner if declared_type(inner) is None else None
    except ReadError:
        return None


def _load(archive: zipfile.ZipFile, file: zipfile.ZipInfo, short: str) -> bytes:
    if short.lower().endswith(".zip"):
        raise ReadError(f"{short} cannot be opened within its archive; unpack it and add the files in it.")
    if file.file_size > LIMIT:
        raise ReadError(f"{short} is larger than {LIMIT // 1_000_000} MB; split it and add the parts.")
    try:
        return read_part(archive, file, LIMIT)
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
