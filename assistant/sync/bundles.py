"""The whole corpus as one file that another machine takes in: a zip of the originals, and a manifest.

    manifest.json          format, version, and of each document: sha256, sources, title, added
    originals/<sha256>     the bytes of a document, as they were added

A bundle may come from anywhere: nothing of it is unpacked to a disk, and all of it is verified before any of
it is added. What is derived (text, passages, vectors) is not in it, and is made anew where it is taken in.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.core.errors import NotFound, ReadError, StoreError
from assistant.core.types import Entry, Source
from assistant.ingest.files import MAX_BYTES, require_regular

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote
    from assistant.ingest.restore import Salvage

    Exported = Assistant | Remote | Salvage

FORMAT = "documents of an assistant"
VERSION = 1
MANIFEST = "manifest.json"
MAX_MANIFEST = 100_000_000
"""Bytes that a manifest may have."""
MAX_NAME = 4_000
"""Bytes that a name may have."""
MAX_RATIO = 200
"""How many times as large as the file its content may be: text becomes a tenth, a bomb a thousandth."""
MAX_DOCUMENTS = 100_000
MAX_TOTAL = 20_000_000_000
"""Bytes of all documents together, on the way out and in; a file is refused before any of it is read."""
_ORIGINAL = re.compile(r"originals/[0-9a-f]{64}")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What `zipfile` raises where a file is damaged, packed in another way, or protected by a password."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document of a bundle: by which hash its bytes are found, and the names that it goes by."""

    sha256: str
    sources: tuple[str, ...]


# -- out -----------------------------------------------------------------------------------------------------


def write(store: Exported, path: Path, told: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Writes all documents of the store to a file, which is whole or not there; gives how many they are.

    A bundle that stands there is replaced. `told` hears how many are written, and of how many.

    Raises:
        StoreError: something else stands there, the file cannot be written, or an original is missing.
        ReadError: a pipe or a device stands there, or there is more than a bundle may hold.
    """
    if not path.is_dir():
        require_regular(path)
    if path.exists() and not _is_bundle(path):
        raise StoreError(f"{path} is there and is no export of an assistant; choose another name.")
    entries = store.list()
    _require_moderate("The export", len(entries), sum(entry.size for entry in entries))
    documents = []
    with _beside(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        for done, entry in enumerate(entries, 1):
            data = _bytes_of(store, entry)
            if data is None:
                continue
            sha256 = hashlib.sha256(data).hexdigest()
            archive.writestr(f"originals/{sha256}", data)
            named = {"sources": entry.sources, "title": entry.title, "added": entry.added}
            documents.append({"sha256": sha256, **named})
            told(done, len(entries))
        manifest = {"format": FORMAT, "version": VERSION, "documents": documents}
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return len(documents)


def _require_moderate(what: str, documents: int, size: int) -> None:
    """Raises ReadError where there is more than a bundle may hold."""
    if documents > MAX_DOCUMENTS or size > MAX_TOTAL:
        raise ReadError(
            f"{what} would hold {documents:,} documents of {size / 1e9:,.1f} GB; "
            f"{MAX_DOCUMENTS:,} and {MAX_TOTAL // 1_000_000_000} GB are the most."
        )


def _bytes_of(store: Exported, entry: Entry) -> bytes | None:
    """The original of a document; None where somebody has removed it meanwhile."""
    try:
        return store.original(entry.id)
    except NotFound:
        if any(other.id == entry.id for other in store.list()):
            raise
        return None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A file to write to, which takes the place of `path` at the end; on any fault it goes."""
    beside = path.with_name(f".{path.name}.part")
    require_regular(beside)
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as fault:
        told = f"{path} cannot be written ({fault.strerror}); make room there, or choose another place."
        raise StoreError(told) from fault
    finally:
        beside.unlink(missing_ok=True)


def _is_bundle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (OSError, *_BROKEN):
        return False


# -- in ------------------------------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[list[Source]]:
    """The documents of a bundle as sources, one for each of their names, after all of it was verified.

    Raises:
        ReadError: there is no such file, it is no bundle, or it is not whole.
    """
    with _archive(path) as archive:
        documents = _verified(archive, path)
        yield [
            Source(name, partial(_original, archive, path, document.sha256))
            for document in documents
            for name in document.sources
        ]


def _archive(path: Path) -> zipfile.ZipFile:
    if not path.is_dir():
        require_regular(path)
    try:
        return zipfile.ZipFile(path)
    except OSError as fault:
        raise ReadError(f"{path} cannot be read ({fault.strerror}); check the name.") from fault
    except _BROKEN as fault:
        raise ReadError(
            f"{path.name} is no export of an assistant, or half of one; give what `assistant export` wrote."
        ) from fault


def _verified(archive: zipfile.ZipFile, path: Path) -> list[Kept]:
    """The documents that the manifest names, after each was found whole."""
    try:
        files = {file.filename: file for file in archive.infolist()}
        _require_moderate(path.name, len(files) - 1, sum(file.file_size for file in files.values()))
        _require_harmless(archive, path.stat().st_size)
        documents = _documents(_read(archive, MANIFEST, MAX_MANIFEST))
        for document in documents:
            if f"originals/{document.sha256}" not in files:
                raise _Refused("lacks documents that its manifest names; copy it whole, or export it again")
            _require_whole(archive, document.sha256)
    except _Refused as fault:
        raise ReadError(f"{path.name} {fault}.") from fault
    except (OSError, RecursionError, *_BROKEN) as fault:
        raise ReadError(f"{path.name} is damaged; copy it whole, or export it again.") from fault
    return documents


def _require_harmless(archive: zipfile.ZipFile, size: int) -> None:
    """Makes sure that only what an export writes is in there, at a size that it may have."""
    files = archive.infolist()
    names = {file.filename for file in files}
    if MANIFEST not in names or not all(map(_ORIGINAL.fullmatch, names - {MANIFEST})):
        raise _Refused("is no export of an assistant; to add documents from an archive, use `assistant add`")
    plain = all(
        file.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not file.flag_bits & 1
        for file in files
    )
    if len(names) < len(files) or not plain:
        raise _Refused("was changed after it was exported; export it again")
    if sum(file.file_size for file in files) > MAX_RATIO * size:
        raise _Refused(f"would unpack to more than {MAX_RATIO} times its size, as no real export does")


def _documents(manifest: bytes) -> list[Kept]:
    told = json.loads(manifest)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise _Refused("is no export of an assistant; to add documents from an archive, use `assistant add`")
    if told.get("version") != VERSION:
        raise _Refused("was written by another version of the assistant; use that version")
    try:
        documents = [_kept(document) for document in told["documents"]]
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as fault:
        raise _Refused("has a manifest that no export writes; export it again") from fault
    names = [name for document in documents for name in document.sources]
    if len(set(names)) < len(names):
        raise _Refused("calls two documents by one name; export it again")
    return documents


def _kept(document: Any) -> Kept:
    """One document of the manifest. Raises TypeError where a part of it is not as it should be."""
    sha256, sources = str(document["sha256"]), document["sources"]
    if not _ORIGINAL.fullmatch(f"originals/{sha256}") or not isinstance(sources, list) or not sources:
        raise TypeError
    for name in sources:
        if not 0 < len(name.encode()) <= MAX_NAME:
            raise TypeError
    return Kept(sha256, tuple(sources))


def _require_whole(archive: zipfile.ZipFile, sha256: str) -> None:
    found = hashlib.sha256(_read(archive, f"originals/{sha256}", MAX_BYTES)).hexdigest()
    if found != sha256:
        raise _Refused("holds a document that is not what it was; copy it whole, or export it again")


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise _Refused(f"holds a file of more than {limit // 1_000_000} MB, as no export does")
    return archive.read(name)


def _original(archive: zipfile.ZipFile, path: Path, sha256: str) -> bytes:
    try:
        return archive.read(f"originals/{sha256}")
    except (OSError, *_BROKEN) as fault:
        raise ReadError(f"{path.name} changed while it was read; run the same again.") from fault


class _Refused(Exception):
    """What is wrong with a bundle: the end of a sentence that begins with its name."""
