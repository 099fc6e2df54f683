"""Compression of the files of the page. Files whose address has a hash are compressed once."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.delivery.files import KEPT

FOR_EVER = ("/assets/", "/theme.css", KEPT)
"""The beginnings of addresses whose content never changes: a hash of it is in each."""
PACKED = ("/page/", "/static/", *FOR_EVER)
"""The beginnings of the addresses of text that is compressed, besides the page itself."""
TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")
"""The beginnings of media types that grow smaller."""
LEAST = 400
"""Bytes below which nothing is gained."""
QUALITY, KEPT_QUALITY = 5, 10
"""Of Brotli, for what is compressed each time, and once: 10 takes half a second for all files of the page."""
MOST_KEPT = 8_000_000
"""Bytes of compressed files that are kept in memory."""
Encoding = Literal["br", "gzip"]


@dataclass(frozen=True, slots=True)
class Packed:
    """A compressed response."""

    start: Message
    body: bytes
    is_whole: bool = True
    """False if it broke off, as whoever asked had left."""


class Packing:
    """ASGI middleware that compresses the files of the page.

    It compresses no answer of the API: where a secret is compressed with text that another chose, the length
    tells of it (BREACH, 2013).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, bytes, Encoding], Packed] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        encoding = _encoding(scope)
        if encoding is None:
            await self._app(scope, receive, send)
            return
        key = (scope["path"], scope["query_string"], encoding)
        packed = self._kept.get(key)
        if packed is None:
            packed = await self._pack(scope, receive, encoding)
            if not packed.start:
                return
            if scope["path"].startswith(FOR_EVER) and packed.start["status"] == 200 and packed.is_whole:
                self._keep(key, packed)
        # A copy, as the next middleware adds headers to it.
        await send({**packed.start, "headers": [*packed.start["headers"]]})
        await send({"type": "http.response.body", "body": packed.body})

    async def _pack(self, scope: Scope, receive: Receive, encoding: Encoding) -> Packed:
        start: Message = {}
        body = bytearray()
        ended = False

        async def collect(message: Message) -> None:
            nonlocal start, ended
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                ended = not message.get("more_body", False)

        # Nobody below compresses as well.
        headers = [pair for pair in scope["headers"] if pair[0].lower() != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, receive, collect)
        if not start:
            return Packed(start, b"", is_whole=False)
        told = MutableHeaders(scope=start)
        if not ended or told.get("content-length", str(len(body))) != str(len(body)):
            return Packed(start, bytes(body), is_whole=False)
        told.add_vary_header("Accept-Encoding")
        is_text = told.get("content-type", "").startswith(TEXT) and "content-encoding" not in told
        if start["status"] != 200 or not is_text or len(body) < LEAST:
            return Packed(start, bytes(body))
        quality = KEPT_QUALITY if scope["path"].startswith(FOR_EVER) else QUALITY
        smaller = await run_in_threadpool(_compressed, bytes(body), encoding, quality)
        told["Content-Encoding"] = encoding
        told["Content-Length"] = str(len(smaller))
        return Packed(start, smaller)

    def _keep(self, key: tuple[str, bytes, Encoding], packed: Packed) -> None:
        # Two requests at the same time may have compressed it.
        if key in self._kept:
            return
        self._kept[key] = packed
        self._size += len(packed.body)
        while self._size > MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.body)


def _encoding(scope: Scope) -> Encoding | None:
    """Return how a response is compressed; None for one that is sent as it is."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    if scope["path"] != "/" and not scope["path"].startswith(PACKED):
        return None
    header = Headers(scope=scope).get("accept-encoding", "")
    accepted = {name.partition(";")[0].strip() for name in header.split(",")}
    return "br" if "br" in accepted else "gzip" if "gzip" in accepted else None


def _compressed(data: bytes, encoding: Encoding, quality: int) -> bytes:
    if encoding == "gzip":
        return gzip.compress(data, 6, mtime=0)
    return bytes(brotli.compress(data, quality=quality))
