"""Export of the whole corpus as one zip file, and import on another machine.

    manifest.json          format, version, and for each document: sha256, sources, title, added
    originals/<sha256>     the bytes of a document, as added

A bundle is untrusted: it is never unpacked to a disk, and is verified completely before any document is
added. Derived data (text, passages, vectors) is not included; the import computes it.
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
from assistant.core.types import DocumentInfo, Source
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
"""Bytes of a manifest."""
MAX_NAME = 4_000
"""Bytes of a name."""
MAX_RATIO = 200
"""Content size over file size: about 10 for text, over 1,000 for a zip bomb."""
MAX_DOCUMENTS = 100_000
MAX_TOTAL = 20_000_000_000
"""Bytes of all documents together, for export and import; checked before anything is read."""
_ORIGINAL = re.compile(r"originals/[0-9a-f]{64}")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""Raised by `zipfile` for files that are damaged, packed another way, or protected by a password."""


@dataclass(frozen=True, slots=True)
class BundledDocument:
    """A document of a bundle: the hash of its bytes, and its names."""

    sha256: str
    sources: tuple[str, ...]


# -- out -----------------------------------------------------------------------------------------------------


def write(
    store: Exported, path: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Write all documents of the store to a bundle, atomically, and return their number.

    An existing bundle is replaced.

    Raises:
        StoreError: the path holds something else, the file cannot be written, or an original is missing.
        ReadError: the path is a pipe or a device, or the corpus exceeds the limits of a bundle.
    """
    if not path.is_dir():
        require_regular(path)
    if path.exists() and not _is_bundle(path):
        raise StoreError(f"{path} is there and is no export of an assistant; choose another name.")
    entries = store.list()
    _check_limits("The export", len(entries), sum(entry.size for entry in entries))
    documents = []
    with _atomic_file(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for done, entry in enumerate(entries, 1):
            data = _load_original(store, entry)
            if data is None:
                continue
            sha256 = hashlib.sha256(data).hexdigest()
            archive.writestr(f"originals/{sha256}", data)
            names = {"sources": entry.sources, "title": entry.title, "added": entry.added}
            documents.append({"sha256": sha256, **names})
            on_progress(done, len(entries))
        manifest = {"format": FORMAT, "version": VERSION, "documents": documents}
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return len(documents)


def _check_limits(what: str, documents: int, size: int) -> None:
    if documents > MAX_DOCUMENTS or size > MAX_TOTAL:
        raise ReadError(
            f"{what} would hold {documents:,} documents of {size / 1e9:,.1f} GB; "
            f"{MAX_DOCUMENTS:,} and {MAX_TOTAL // 1_000_000_000} GB are the most."
        )


def _load_original(store: Exported, entry: DocumentInfo) -> bytes | None:
    """Return the original of a document; None if it was removed in the meantime."""
    try:
        return store.original(entry.id)
    except NotFound:
        if any(other.id == entry.id for other in store.list()):
            raise
        return None


@contextmanager
def _atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary file that replaces `path` at the end, and is deleted on any fault."""
    part = path.with_name(f".{path.name}.part")
    require_regular(part)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as fault:
        reason = f"{path} cannot be written ({fault.strerror}); make room there, or choose another place."
        raise StoreError(reason) from fault
    finally:
        part.unlink(missing_ok=True)


def _is_bundle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (OSError, *_BROKEN):
        return False


# -- in ------------------------------------------------------------------------------------------------------


@contextmanager
def open_bundle(path: Path) -> Iterator[list[Source]]:
    """Verify a bundle and yield its documents as sources, one for each name.

    Raises:
        ReadError: there is no such file, or it is no complete bundle.
    """
    with _open_archive(path) as archive:
        documents = _verify(archive, path)
        yield [
            Source(name, partial(_read_verified, archive, path, document.sha256))
            for document in documents
            for name in document.sources
        ]


def _open_archive(path: Path) -> zipfile.ZipFile:
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


def _verify(archive: zipfile.ZipFile, path: Path) -> list[BundledDocument]:
    """Return the documents in the manifest, after checking the hash of each."""
    try:
        files = {file.filename: file for file in archive.infolist()}
        _check_limits(path.name, len(files) - 1, sum(file.file_size for file in files.values()))
        _check_files(archive, path.stat().st_size)
        documents = _parse_manifest(_read(archive, MANIFEST, MAX_MANIFEST))
        for document in documents:
            if f"originals/{document.sha256}" not in files:
                raise _Refused("lacks documents that its manifest names; copy it whole, or export it again")
            _check_hash(archive, document.sha256)
    except _Refused as fault:
        raise ReadError(f"{path.name} {fault}.") from fault
    except (OSError, RecursionError, *_BROKEN) as fault:
        raise ReadError(f"{path.name} is damaged; copy it whole, or export it again.") from fault
    return documents


def _check_files(archive: zipfile.ZipFile, size: int) -> None:
    """Check that the archive holds only files that an export writes, within the size limits."""
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


def _parse_manifest(data: bytes) -> list[BundledDocument]:
    manifest = json.loads(data)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _Refused("is no export of an assistant; to add documents from an archive, use `assistant add`")
    if manifest.get("version") != VERSION:
        raise _Refused("was written by another version of the assistant; use that version")
    try:
        documents = [_parse_document(document) for document in manifest["documents"]]
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as fault:
        raise _Refused("has a manifest that no export writes; export it again") from fault
    names = [name for document in documents for name in document.sources]
    if len(set(names)) < len(names):
        raise _Refused("calls two documents by one name; export it again")
    return documents


def _parse_document(document: Any) -> BundledDocument:
    """Parse one document of the manifest. Raises TypeError if a part of it is wrong."""
    sha256, sources = str(document["sha256"]), document["sources"]
    if not _ORIGINAL.fullmatch(f"originals/{sha256}") or not isinstance(sources, list) or not sources:
        raise TypeError
    for name in sources:
        if not 0 < len(name.encode()) <= MAX_NAME:
            raise TypeError
    return BundledDocument(sha256, tuple(sources))


def _check_hash(archive: zipfile.ZipFile, sha256: str) -> None:
    if hashlib.sha256(_read(archive, f"originals/{sha256}", MAX_BYTES)).hexdigest() != sha256:
        raise _Refused("holds a document that is not what it was; copy it whole, or export it again")


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise _Refused(f"holds a file of more than {limit // 1_000_000} MB, as no export does")
    return archive.read(name)


def _read_verified(archive: zipfile.ZipFile, path: Path, sha256: str) -> bytes:
    try:
        return archive.read(f"originals/{sha256}")
    except (OSError, *_BROKEN) as fault:
        raise ReadError(f"{path.name} changed while it was read; run the same again.") from fault


class _Refused(Exception):
    """A fault of a bundle, as the end of a sentence that begins with its name."""
