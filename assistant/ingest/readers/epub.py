"""E-books (.epub): the chapters in reading order, with their headings."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line
from assistant.ingest.readers.encoding import decode
from assistant.ingest.readers.package import open_zip, read_part, read_xml
from assistant.ingest.readers.web.html import write_page

_DC = "{http://purl.org/dc/elements/1.1/}"
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Encryption methods for fonts, which leave the text readable."""


def read_epub(data: bytes) -> Content:
    """Parse an e-book. A chapter without a heading gets its title in the table of contents."""
    archive = open_zip(data)
    _require_unencrypted(archive)
    container = read_xml(archive, "META-INF/container.xml")
    path = next((file.get("full-path") for file in container.iter("{*}rootfile")), "") or ""
    book = read_xml(archive, path)
    files = _Manifest(archive, path, book)
    draft = ContentBuilder()
    for chapter in files.chapters():
        if text := decode(read_part(archive, chapter), declared=True):
            write_page(draft, text, files.contents.get(chapter, ""))
    title, date, authors = (
        separator.join(filter(None, (one_line(element.text or "") for element in book.iter(f"{_DC}{name}"))))
        for name, separator in (("title", " "), ("date", " "), ("creator", ", "))
    )
    metadata = clean_metadata([("author", authors), ("date", date[:10])])
    return draft.content("application/epub+zip", title or None, metadata)


def _require_unencrypted(archive: zipfile.ZipFile) -> None:
    """Raise ReadError if the book has DRM."""
    if "META-INF/encryption.xml" in archive.NameToInfo:
        for method in read_xml(archive, "META-INF/encryption.xml").iter("{*}EncryptionMethod"):
            if method.get("Algorithm", "") not in _FONT_METHODS:
                raise ReadError("is protected by DRM; add a copy that is not.")


class _Manifest:
    """The files of a book, as listed in its package document."""

    def __init__(self, archive: zipfile.ZipFile, path: str, book: Any) -> None:
        self._archive, self._folder = archive, posixpath.dirname(path)
        self._items = {item.get("id"): item for item in book.iter("{*}item")}
        self._order = [item.get("idref") for item in book.iter("{*}itemref")]
        self.contents = self._titles()

    def chapters(self) -> list[str]:
        """Return the paths of the existing chapters in reading order."""
        items = [self._items[key] for key in self._order if key in self._items]
        kinds = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
        paths = [self._path(item) for item in items if item.get("media-type") in kinds]
        return [path for path in dict.fromkeys(paths) if path in self._archive.NameToInfo]

    def _path(self, item: Any) -> str:
        return _resolve(self._folder, item.get("href", ""))

    def _titles(self) -> dict[str, str]:
        """Map each file to its first title in the tables of contents (of EPUB 3 and 2)."""
        titles: dict[str, str] = {}
        for item in self._items.values():
            is_nav = "nav" in item.get("properties", "").split()
            if (is_nav or item.get("media-type") == "application/x-dtbncx+xml") and (
                path := self._path(item)
            ) in self._archive.NameToInfo:
                for href, title in _changed(read_xml(self._archive, path), is_nav):
                    titles.setdefault(_resolve(posixpath.dirname(path), href), title)
        return titles


def _resolve(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _changed(contents: Any, is_nav: bool) -> list[tuple[str, str]]:
    if is_nav:
        return [(a.get("href", ""), one_line("".join(a.itertext()))) for a in contents.iter("{*}a")]
    return [
        (target.get("src", ""), one_line("".join(label.itertext())))
        for point in contents.iter("{*}navPoint")
        if (target := point.find("{*}content")) is not None
        and (label := point.find("{*}navLabel")) is not None
    ]
