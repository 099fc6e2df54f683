"""Feeds (RSS, Atom) and sitemaps: the pages that they list.

A page whose feed or sitemap says when it changed has that as its version; any other page is asked for on each
run with what its server said of it the last time (ETag, Last-Modified), and is sent only if it changed.
A feed lists its latest entries alone, so what is not in it any more stays in the corpus.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree

from assistant.core.errors import FetchError, SyncError
from assistant.core.limits import MAX_SOURCE
from assistant.ingest import fetch
from assistant.ingest.fetch import Reply
from assistant.ingest.readers.encoding import apply_charset
from assistant.sync.remote.addresses import Address
from assistant.sync.remote.items import UNKNOWN, Body, Listing, RemoteItem, RemoteSource
from assistant.sync.remote.polite import Visitor

PAGES = 10_000
"""Limit on the pages of a sitemap."""
_CHANGED, _ETAG, _MODIFIED, _DIGEST = "changed ", "etag ", "modified ", "sha256 "
"""How a version begins that is a date in the list, or of what a server says, or of the bytes."""
_FEEDS = ("rss", "feed", "RDF")
_SITEMAPS = ("urlset", "sitemapindex")


def open_source(address: Address) -> RemoteSource:
    """Return the feed or the sitemap at `https://…`."""
    fetch.require_host(address.host, address.private)
    query = f"?{address.query}" if address.query else ""
    return FeedSource(
        f"{address.scheme}://{address.place}{address.path or '/'}{query}", Visitor(address.private)
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    url: str
    changed: str = ""


class FeedSource(RemoteSource):
    """The pages of a feed or a sitemap."""

    def __init__(self, name: str, visitor: Visitor) -> None:
        self.name = name
        self._visitor = visitor
        self._place = TemporaryDirectory(prefix="assistant-pages-", ignore_cleanup_errors=True)
        self._here: dict[str, tuple[str, str]] = {}
        """Changed pages that the listing was sent already: the file of each, and its version."""

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return the pages."""
        root = self._root(self.name)
        is_whole = _kind(root) in _SITEMAPS
        entries = self._pages(root) if is_whole else _entries(root, self.name)
        found = {entry.url: entry for entry in entries}
        if len(found) > PAGES:
            raise SyncError(
                f"The sitemap has more than {PAGES:,} pages; follow one of its parts.", retryable=False
            )
        items = [self._item(entry, known.get(entry.url, "")) for entry in found.values()]
        return Listing(tuple(item for item in items if item), is_whole=is_whole)

    def read(self, item: RemoteItem) -> Body:
        """Return a page, as text in a known encoding."""
        if item.name in self._here:
            file, version = self._here.pop(item.name)
            with open(file, "rb") as kept:
                return Body(kept.read(), version)
        try:
            reply = self._visitor.get(item.name)
            fetch.require_page(reply)
        except FetchError as fault:
            # Where others are away, the feed's own site is not.
            raise FetchError(
                fault.message, retryable=fault.retryable and not self._is_elsewhere(item.name)
            ) from fault
        data = apply_charset(reply.data, reply.headers.get("content-type", ""))
        return Body(data, _version(reply, data) if item.version == UNKNOWN else item.version)

    def close(self) -> None:
        """Delete what was fetched."""
        self._place.cleanup()

    def _item(self, entry: _Entry, before: str) -> RemoteItem | None:
        """Return a page with its version, asked for where the list does not say; None if it is gone."""
        path = PurePosixPath(urlsplit(entry.url).path.lstrip("/"))
        if entry.changed:
            return RemoteItem(entry.url, f"{_CHANGED}{entry.changed}", path)
        if not before:
            return RemoteItem(entry.url, UNKNOWN, path)
        try:
            reply = self._visitor.get(entry.url, _condition(before))
        except FetchError as fault:
            if fault.retryable and not self._is_elsewhere(entry.url):
                raise
            return RemoteItem(entry.url, before, path)
        if reply.status in (404, 410):
            return None
        if reply.status in (429, 503):
            fetch.require_page(reply)
        if reply.status not in (200, 203):
            # Not changed, or it cannot be told now.
            return RemoteItem(entry.url, before, path)
        data = apply_charset(reply.data, reply.headers.get("content-type", ""))
        version = _version(reply, data)
        if version != before:
            self._keep(entry.url, version, data)
        return RemoteItem(entry.url, version, path)

    def _is_elsewhere(self, url: str) -> bool:
        return urlsplit(url).hostname != urlsplit(self.name).hostname

    def _keep(self, url: str, version: str, data: bytes) -> None:
        file = f"{self._place.name}/{hashlib.sha256(url.encode()).hexdigest()}"
        with open(file, "wb") as kept:
            kept.write(data)
        self._here[url] = file, version

    def _root(self, url: str) -> Any:
        """Return the root of a feed or sitemap."""
        reply = self._visitor.get(url, asked_for=url == self.name)
        fetch.require_page(reply)
        root = _parsed(_unpacked(reply.data))
        kind = _kind(root)
        if kind not in (*_FEEDS, *_SITEMAPS):
            raise SyncError(
                "This is no feed and no sitemap; add a single page with `assistant add`.", retryable=False
            )
        return root

    def _pages(self, root: Any) -> Iterator[_Entry]:
        """Yield the pages of a sitemap, and of those in it. By the protocol they are on its own host."""
        host = urlsplit(self.name).hostname
        for child in _children(root, self.name):
            if urlsplit(child.url).hostname != host:
                continue
            if _kind(root) == "urlset":
                yield child
                continue
            part = self._root(child.url)
            if _kind(part) == "urlset":
                yield from (
                    page for page in _children(part, child.url) if urlsplit(page.url).hostname == host
                )


def _parsed(data: bytes) -> Any:
    """Return the root of an XML document. A feed with faults is read as far as it goes; a sitemap is not."""
    for is_lenient in (False, True):
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, recover=is_lenient, huge_tree=False
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            continue
        if root is not None and (not is_lenient or _kind(root) in _FEEDS):
            return root
        if root is not None and _kind(root) in _SITEMAPS:
            raise FetchError("The sitemap is damaged or cut; try again later.", retryable=True)
    raise SyncError(
        "This is no feed and no sitemap; add a single page with `assistant add`.", retryable=False
    )


def _unpacked(data: bytes) -> bytes:
    """Return a sitemap unpacked, if it is compressed."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(data, fetch.LIMIT)
    except zlib.error as fault:
        raise FetchError("The sitemap is damaged; try again later.", retryable=True) from fault
    if not unpacker.eof:
        raise FetchError("The sitemap is cut or too large; try again later.", retryable=True)
    return plain


def _kind(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _children(root: Any, base: str) -> Iterator[_Entry]:
    for child in root:
        parts = {_kind(part): (part.text or "").strip() for part in child}
        if url := _page(base, parts.get("loc", "")):
            yield _Entry(url, parts.get("lastmod", "")[:100])


def _entries(root: Any, base: str) -> Iterator[_Entry]:
    """Yield the entries of a feed. The date of an RSS item is that of its publication, which says no more."""
    for element in root.iter():
        kind = _kind(element)
        if kind == "entry":
            links = [part for part in element if _kind(part) == "link"]
            hrefs = [part.get("href", "") for part in links if part.get("rel", "alternate") == "alternate"]
            changed = next((part.text or "" for part in element if _kind(part) == "updated"), "")
            if url := _page(base, next(iter(hrefs), "")):
                yield _Entry(url, changed.strip()[:100])
        elif kind == "item":
            texts = [(part.text or "").strip() for part in element if _kind(part) == "link"]
            if url := _page(base, next(filter(None, texts), "")):
                yield _Entry(url)


def _page(base: str, link: str) -> str:
    """Return the address of a page without its fragment; empty if it is none of the web."""
    try:
        url = urldefrag(urljoin(base, link)).url if link else ""
        return url if urlsplit(url).scheme in ("http", "https") and len(url) <= MAX_SOURCE else ""
    except ValueError:
        return ""


def _condition(version: str) -> dict[str, str]:
    """Return the headers that ask for a page only if it is another than this version."""
    if version.startswith(_ETAG):
        return {"If-None-Match": version.removeprefix(_ETAG)}
    if version.startswith(_MODIFIED):
        return {"If-Modified-Since": version.removeprefix(_MODIFIED)}
    return {}


def _version(reply: Reply, data: bytes) -> str:
    """Return the version of a page: what its server calls it, or else the digest of its bytes."""
    for mark, header in ((_ETAG, "etag"), (_MODIFIED, "last-modified")):
        value = reply.headers.get(header, "")
        if value.isascii() and value.isprintable() and 0 < len(value) < 1_000:
            return mark + value
    return _DIGEST + hashlib.sha256(data).hexdigest()
