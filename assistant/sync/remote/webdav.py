"""Folders of a WebDAV server, such as Nextcloud: each file with its ETag, or date and size, as version."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from lxml import etree

from assistant.core.errors import FetchError, SyncError
from assistant.ingest import fetch
from assistant.ingest.fetch import Reply, Request
from assistant.ingest.files import MAX_BYTES
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import Address
from assistant.sync.remote.items import Body, Listing, RemoteItem, RemoteSource, by_kind

FOLDERS = 20_000
"""Limit on the folders below the one that is followed."""
SECONDS = 600.0
"""Time limit for one request."""
_ASKED = b"""<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:"><prop>
<resourcetype/><getetag/><getlastmodified/><getcontentlength/>
</prop></propfind>"""
_DAV = "{DAV:}"


def open_source(address: Address) -> RemoteSource:
    """Return the folder at `webdav+https://host/path`."""
    fetch.require_host(address.host, address.private)
    if address.query:
        raise SyncError("The address of a folder has no question mark; write it as %3F.", retryable=False)
    return WebdavSource(address)


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    """As in the server's addresses, percent-encoded."""
    is_folder: bool
    version: str


class WebdavSource(RemoteSource):
    """The files below a folder."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._scheme = address.scheme.removeprefix("webdav+")
        self._root = _normal(address.path).rstrip("/") + "/"
        self._paths: dict[str, str] = {}
        self.name = f"{address.scheme}://{address.place}{unquote(self._root).rstrip('/')}"

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return the files, folder by folder, as servers refuse to list all at once."""
        items, seen, waiting = [], {self._root}, deque([self._root])
        while waiting:
            for entry in self._entries(waiting.popleft()):
                if not entry.is_folder:
                    name = f"{self._address.scheme}://{self._address.place}{unquote(entry.path)}"
                    self._paths[name] = entry.path
                    below = PurePosixPath(unquote(entry.path.removeprefix(self._root)))
                    items.append(RemoteItem(name, entry.version, below))
                elif entry.path not in seen:
                    seen.add(entry.path)
                    waiting.append(entry.path)
            if len(seen) > FOLDERS:
                raise SyncError(f"There are more than {FOLDERS:,} folders; follow a part.", retryable=False)
        return by_kind(items)

    def read(self, item: RemoteItem) -> Body:
        """Return the bytes of a file."""
        reply = self._send(self._paths[item.name], "GET")
        self._require(reply, 200)
        return Body(reply.data, item.version)

    @cached_property
    def _login(self) -> dict[str, str]:
        login = credentials.credentials_for(self._address, is_secure=self._scheme == "https")
        if login is None:
            return {}
        return {
            "Authorization": "Basic " + base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        }

    def _entries(self, folder: str) -> Iterator[_Entry]:
        """Yield what is in a folder; whatever is said of other places is ignored."""
        reply = self._send(folder, "PROPFIND", {"Depth": "1", "Content-Type": "application/xml"}, _ASKED)
        self._require(reply, 207)
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            root = etree.fromstring(reply.data, parser)
        except (etree.XMLSyntaxError, ValueError) as fault:
            message = f"{self._address.host} sends a listing that is cut; try again later."
            raise FetchError(message, retryable=True) from fault
        for response in root.iter(f"{_DAV}response"):
            entry = self._entry(response)
            if entry and entry.path != folder and entry.path.startswith(folder) and _is_plain(entry.path):
                yield entry

    def _entry(self, response: Any) -> _Entry | None:
        split = urlsplit(urljoin(self._root, (response.findtext(f"{_DAV}href") or "").strip()))
        if split.netloc and split.hostname != self._address.host:
            return None
        found = {
            part.tag.removeprefix(_DAV): part
            for status in response.iter(f"{_DAV}propstat")
            if " 200 " in (status.findtext(f"{_DAV}status") or " 200 ") + " "
            for prop in status.iter(f"{_DAV}prop")
            for part in prop
            if isinstance(part.tag, str)
        }
        is_folder = found.get("resourcetype") is not None and (
            found["resourcetype"].find(f"{_DAV}collection") is not None
        )
        path = _normal(split.path).rstrip("/") + ("/" if is_folder else "")
        texts = {name: (part.text or "").strip() for name, part in found.items()}
        dated = f"{texts.get('getlastmodified', '')} {texts.get('getcontentlength', '')}"
        return _Entry(path, is_folder, texts.get("getetag") or dated)

    def _send(
        self, path: str, method: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        url = f"{self._scheme}://{self._address.place}{path}"
        sent = {**(headers or {}), **self._login}
        return fetch.send(url, Request(method, sent, body, self._address.private, MAX_BYTES, SECONDS))

    def _require(self, reply: Reply, status: int) -> None:
        host = self._address.host
        if reply.status == status:
            return
        if reply.status in (401, 403):
            raise credentials.refused(host)
        if reply.status in (404, 410):
            raise FetchError(f"{host} has nothing at this address ({reply.status}); check it.")
        if reply.status in (408, 423, 425, 429) or reply.status >= 500:
            raise FetchError(f"{host} cannot answer now ({reply.status}); try again later.", retryable=True)
        raise SyncError(
            f"{host} has no WebDAV folder there ({reply.status}); check the address.", retryable=False
        )


def _is_plain(path: str) -> bool:
    """True if no part of a path leads elsewhere."""
    return not {".", ".."} & set(path.split("/"))


def _normal(path: str) -> str:
    """Return a path with the same characters escaped, however a server wrote it."""
    return quote(unquote(path), safe="/-._~!$&'()*+,;=:@")
