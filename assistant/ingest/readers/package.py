"""Zip files, opened within limits: archives of documents, and the formats that are one document in a zip."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import described, one_line

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""What zip files begin with."""
UNPACKED = 1_000_000_000
"""Bytes that a zip file may unpack to."""
FILES = 50_000
"""Files that a zip file may hold."""
CAUTIOUS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "recover": True,
    "remove_comments": True,
    "remove_pis": True,
}
"""How XML is parsed: nothing is fetched, and what grows by entities is cut short."""

_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FAULTS = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError)
_MAIN = re.compile(rb"""ContentType\s*=\s*["']([^"']{1,200}\.main\+xml)["']""")


def opened(data: bytes) -> zipfile.ZipFile:
    """The zip file that the bytes are. Raises ReadError where it is damaged or beyond the limits."""
    # Each file costs an entry in the directory, so this is known before the directory is read.
    if data.count(b"PK\x01\x02") > FILES:
        raise ReadError(f"holds more than {FILES:,} files; unpack it and add those that matter.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _FAULTS:
        raise ReadError("is damaged: the archive in it cannot be opened; get or save it again.") from None
    if sum(file.file_size for file in archive.infolist()) > UNPACKED:
        raise ReadError(f"unpacks to more than {UNPACKED // 1_000_000} MB; split it and add the parts.")
    return archive


def kind(archive: zipfile.ZipFile) -> str | None:
    """What the zip file says that it is, as a media type; None where it is just an archive of files.

    An Office file names its main part in its content types, EPUB and OpenDocument have a file `mimetype`.
    """
    names = set(archive.namelist())
    if "mimetype" in names:
        return part(archive, "mimetype", 200).decode("ascii", "replace").strip()
    if "META-INF/container.xml" in names:
        return "application/epub+zip"
    if "[Content_Types].xml" in names:
        found = _MAIN.search(part(archive, "[Content_Types].xml", 5_000_000))
        return found.group(1).decode("ascii", "replace") if found else "an Office file"
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        return "an Apple iWork file"
    return None


def part(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo, limit: int = 200_000_000) -> bytes:
    """The bytes of a file in the archive. Raises ReadError where it is locked, damaged or too large."""
    with unpacking(archive, name) as packed:
        data = packed.read(limit + 1)
    if len(data) > limit:
        raise ReadError("has a part that is too large to be read; split it and add the parts.")
    return data


@contextmanager
def unpacking(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """A file in the archive, open to be read. Raises ReadError where it is locked or damaged."""
    try:
        file = archive.getinfo(name) if isinstance(name, str) else name
    except KeyError:
        raise ReadError("is damaged: a part of it is missing; open it, save it again and add that.") from None
    if file.flag_bits & 1:
        raise ReadError("needs a password; save a copy without one and add that.")
    if file.compress_type not in _WAYS:  # unpacking of the others has no limit
        raise ReadError("is packed in an unusual way; unpack it and add what is in it.")
    try:
        with archive.open(file) as packed:
            yield packed
    except _FAULTS:
        raise ReadError("is damaged: what is packed in it cannot be unpacked; get it again.") from None


def relations(archive: zipfile.ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """What a part of an Office file refers to in the same file: id -> kind and name of the other part.

    The empty name stands for the file itself.
    """
    folder, _, last = name.rpartition("/")
    path = posixpath.join(folder, "_rels", f"{last}.rels")
    if path not in archive.NameToInfo:
        return {}
    return {
        each.get("Id", ""): (
            each.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, each.get("Target", ""))).lstrip("/"),
        )
        for each in tree(part(archive, path)).iter("{*}Relationship")
        if each.get("TargetMode") != "External"
    }


def core_properties(archive: zipfile.ZipFile) -> tuple[str | None, dict[str, str]]:
    """The title of an Office file, and its author and date."""
    path = next((to for kind, to in relations(archive, "").values() if kind == "core-properties"), "")
    if path not in archive.NameToInfo:
        return None, {}
    said = {each.tag.rpartition("}")[2]: each.text for each in tree(part(archive, path))}
    date = str(said.get("created") or said.get("modified") or "")[:10]
    return one_line(said.get("title") or "") or None, described(
        [("author", said.get("creator")), ("date", date)]
    )


def tree(xml: bytes) -> Any:
    """The root element of XML, mended where it is broken. Raises ReadError where there is none."""
    from lxml import etree

    root = etree.fromstring(xml, etree.XMLParser(**CAUTIOUS))
    if root is None:
        raise ReadError("is damaged: a part of it is no XML; open it, save it again and add that.")
    return root
