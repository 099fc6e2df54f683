"""E-books (.epub): the chapters in reading order, each whole, with its headings."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, Draft, described, one_line
from assistant.ingest.readers.encoding import decoded
from assistant.ingest.readers.html import write_page
from assistant.ingest.readers.package import opened, part, tree

_DC = "{http://purl.org/dc/elements/1.1/}"
_HARMLESS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Ways in which fonts are made unusable outside of their book."""


def read_epub(data: bytes) -> Content:
    """Content of an e-book. A chapter without a heading gets the one that the table of contents gives it."""
    archive = opened(data)
    _check_lock(archive)
    path = next(
        (e.get("full-path") for e in _tree(archive, "META-INF/container.xml").iter("{*}rootfile")), ""
    )
    book = _tree(archive, path or "")
    files = _Manifest(archive, path or "", book)
    draft = Draft()
    for chapter in files.chapters():
        if text := decoded(part(archive, chapter), declared=True):
            write_page(draft, text, files.contents.get(chapter, ""))
    said = {
        name: one_line(" ".join(t.text or "" for t in book.iter(f"{_DC}{name}")))
        for name in ("title", "date")
    }
    authors = ", ".join(filter(None, (one_line(e.text or "") for e in book.iter(f"{_DC}creator"))))
    metadata = described([("author", authors), ("date", said["date"][:10])])
    return Content(
        "application/epub+zip", draft.text, said["title"] or None, tuple(draft.headings), metadata=metadata
    )


def _tree(archive: zipfile.ZipFile, path: str) -> Any:
    return tree(part(archive, path))


def _check_lock(archive: zipfile.ZipFile) -> None:
    """Raises ReadError where a shop has locked the book to its own readers."""
    if "META-INF/encryption.xml" in archive.NameToInfo:
        for method in _tree(archive, "META-INF/encryption.xml").iter("{*}EncryptionMethod"):
            if method.get("Algorithm", "") not in _HARMLESS:
                raise ReadError("is locked by its shop (DRM); add a copy that is not.")


class _Manifest:
    """The files of a book as its package names them."""

    def __init__(self, archive: zipfile.ZipFile, path: str, book: Any) -> None:
        self._archive, self._folder = archive, posixpath.dirname(path)
        self._items = {item.get("id"): item for item in book.iter("{*}item")}
        self._order = [item.get("idref") for item in book.iter("{*}itemref")]
        self.contents = self._titles()

    def chapters(self) -> list[str]:
        """The paths of the chapters in reading order, those that are there."""
        items = [self._items[key] for key in self._order if key in self._items]
        kinds = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
        paths = [self._path(item) for item in items if item.get("media-type") in kinds]
        return [path for path in dict.fromkeys(paths) if path in self._archive.NameToInfo]

    def _path(self, item: Any) -> str:
        return self._beside(self._folder, item.get("href", ""))

    @staticmethod
    def _beside(folder: str, href: str) -> str:
        return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))

    def _titles(self) -> dict[str, str]:
        """What the tables of contents (of EPUB 3 and 2) call each file: the first entry that leads to it."""
        found: dict[str, str] = {}
        for item in self._items.values():
            is_nav = "nav" in item.get("properties", "").split()
            if (is_nav or item.get("media-type") == "application/x-dtbncx+xml") and (
                path := self._path(item)
            ) in self._archive.NameToInfo:
                for href, title in _entries(_tree(self._archive, path), is_nav):
                    found.setdefault(self._beside(posixpath.dirname(path), href), title)
        return found


def _entries(contents: Any, is_nav: bool) -> list[tuple[str, str]]:
    if is_nav:
        return [(a.get("href", ""), one_line("".join(a.itertext()))) for a in contents.iter("{*}a")]
    return [
        (target.get("src", ""), one_line("".join(label.itertext())))
        for point in contents.iter("{*}navPoint")
        if (target := point.find("{*}content")) is not None
        and (label := point.find("{*}navLabel")) is not None
    ]
