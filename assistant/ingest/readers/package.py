"""Zip files, opened within limits: archives of documents, and document formats based on zip."""

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
from assistant.ingest.readers.content import clean_metadata, one_line

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""Signatures of zip files."""
UNPACKED = 1_000_000_000
"""Limit on the unpacked bytes of a zip file."""
FILES = 50_000
"""Limit on the files in a zip file."""
CAUTIOUS: dict[str, Any] = {
    **{"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False},
    **{"recover": True, "remove_comments": True, "remove_pis": True},
}
"""Options of the XML parser: nothing is fetched, and entities are not expanded."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FAULTS = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError)
_MAIN = re.compile(rb"""ContentType\s*=\s*["']([^"']{1,200}\.main\+xml)["']""")


def open_zip(data: bytes) -> zipfile.ZipFile:
    """Open a zip file. Raises ReadError if it is damaged or exceeds the limits."""
    # Counted before the directory is read, as each file costs memory there.
    if data.count(b"PK\x01\x02") > FILES:
        raise ReadError(f"has more than {FILES:,} files; unpack it and add those that matter.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _FAULTS:
        raise ReadError("is damaged: its archive cannot be opened; get or save it again.") from None
    if sum(file.file_size for file in archive.infolist()) > UNPACKED:
        raise ReadError(f"unpacks to more than {UNPACKED // 1_000_000} MB; split it and add the parts.")
    return archive


def declared_type(archive: zipfile.ZipFile) -> str | None:
    """Return the media type that a zip file declares; None for a plain archive of files.

    Office files declare that of their main part; EPUB and OpenDocument have a file `mimetype`.
    """
    names = set(archive.namelist())
    if "mimetype" in names:
        return read_part(archive, "mimetype", 200).decode("ascii", "replace").strip()
    if "META-INF/container.xml" in names:
        return "application/epub+zip"
    if "[Content_Types].xml" in names:
        main = _MAIN.search(read_part(archive, "[Content_Types].xml", 5_000_000))
        return main.group(1).decode("ascii", "replace") if main else "an Office file"
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        return "an Apple iWork file"
    return None


def read_part(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo, limit: int = 200_000_000) -> bytes:
    """Return the bytes of a file. Raises ReadError if it is encrypted, damaged or too large."""
    with open_part(archive, name) as packed:
        data = packed.read(limit + 1)
    if len(data) > limit:
        raise ReadError("has a part that is too large to be read; split it and add the parts.")
    return data


@contextmanager
def open_part(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Open a file in the archive. Raises ReadError if it is encrypted or damaged."""
    try:
        file = archive.getinfo(name) if isinstance(name, str) else name
    except KeyError:
        raise ReadError("is damaged: a part is missing; open it, save it again and add that.") from None
    if file.flag_bits & 1:
        raise ReadError("needs a password; save a copy without one and add that.")
    if file.compress_type not in _METHODS:  # other methods unpack without a limit
        raise ReadError("uses an unusual compression; unpack it and add its files.")
    try:
        with archive.open(file) as packed:
            yield packed
    except _FAULTS:
        raise ReadError("is damaged: it cannot be unpacked; get it again.") from None


def read_relations(archive: zipfile.ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """Return the references of a part of an Office file to other parts: id -> type and name.

    The empty name is the package itself.
    """
    folder, _, last = name.rpartition("/")
    path = posixpath.join(folder, "_rels", f"{last}.rels")
    if path not in archive.NameToInfo:
        return {}
    return {
        relation.get("Id", ""): (
            relation.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/"),
        )
        for relation in read_xml(archive, path).iter("{*}Relationship")
        if relation.get("TargetMode") != "External"
    }


def main_part(archive: zipfile.ZipFile, default: str) -> str:
    """Return the name of the main part of an Office file."""
    references = read_relations(archive, "").values()
    return next((target for type_, target in references if type_ == "officeDocument"), default)


def core_properties(archive: zipfile.ZipFile) -> tuple[str | None, dict[str, str]]:
    """Return the title of an Office file, and its author and date."""
    references = read_relations(archive, "").values()
    path = next((target for type_, target in references if type_ == "core-properties"), "")
    if path not in archive.NameToInfo:
        return None, {}
    fields = {element.tag.rpartition("}")[2]: element.text for element in read_xml(archive, path)}
    date = (fields.get("created") or fields.get("modified") or "")[:10]
    metadata = clean_metadata([("author", fields.get("creator")), ("date", date)])
    return one_line(fields.get("title") or "") or None, metadata


def read_xml(archive: zipfile.ZipFile, name: str) -> Any:
    """Parse an XML part, repairing malformed XML, and return its root. Raises ReadError if it is not XML."""
    from lxml import etree

    root = etree.fromstring(read_part(archive, name), etree.XMLParser(**CAUTIOUS))
    if root is None:
        raise ReadError("is damaged: a part is not XML; open it, save it again and add that.")
    return root
