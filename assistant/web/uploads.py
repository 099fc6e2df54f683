"""Receives documents within limits on time, memory and concurrency.

Slow uploads do not block others: a body is received, or an address fetched, before it waits for its turn, and
if memory runs short, the slowest body is dropped.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from weakref import WeakValueDictionary

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException
from starlette.requests import ClientDisconnect, Request

from assistant.core.errors import AssistantError
from assistant.core.types import Source
from assistant.ingest import fetch
from assistant.ingest.files import MAX_BYTES
from assistant.ingest.readers.package import ZIP
from assistant.ingest.sandbox import is_at_hand

TOO_LARGE = f"The document is larger than {MAX_BYTES // 1_000_000} MB; add it in parts."
TOO_SLOW = "The document arrives too slowly; send it again over a better connection, or in parts."
BROKEN_OFF = "The document did not arrive completely; send it again."
CROWDED = "Too many documents are being sent; send it again in a minute."


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on documents being received, for each and for all together."""

    least: int = 200_000
    """Bytes that must arrive in each `window`; the last one may have fewer."""
    window: float = 10.0
    """Seconds."""
    whole: float = 1_800.0
    """Seconds for one body: 200 MB at 111 kB a second."""
    held: int = 4 * MAX_BYTES
    """Bytes of all documents being received or added."""
    adding: int = 4
    """Documents added concurrently; as many again of those that take seconds at most."""
    fetching: int = 64
    """Addresses fetched concurrently: each occupies a thread for 20 seconds at most."""
    site: int = 4
    """Addresses of one site fetched concurrently."""


LIMITS = Limits()


class _Body:
    """A body being received."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.began = asyncio.get_running_loop().time()
        self.timeout: asyncio.Timeout | None = None
        self.refusal = HTTPException(408, TOO_SLOW)

    @property
    def rate(self) -> float:
        """Average bytes a second."""
        return len(self.data) / max(asyncio.get_running_loop().time() - self.began, 0.1)

    def leave(self) -> None:
        """Stop receiving, to make room for others."""
        self.refusal = HTTPException(503, CROWDED)
        if self.timeout is not None and not self.timeout.expired():
            self.timeout.reschedule(asyncio.get_running_loop().time())


class Uploads:
    """The documents being received by one server. All methods run in the server's loop."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._held = 0
        self._arriving: set[_Body] = set()
        self._long = asyncio.Semaphore(self._limits.adding)
        self._short = asyncio.Semaphore(self._limits.adding)
        self._fetching = CapacityLimiter(self._limits.fetching)
        self._sites: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def received(self, request: Request, name: str) -> AsyncIterator[Source]:
        """Receive the body of a request as a source, in memory until the block ends.

        Raises:
            HTTPException: it is too large, too slow or incomplete, or there is no room for it.
        """
        data = await self._body(request)
        async with self._holding(data):
            yield _in_memory(name, data)

    async def _body(self, request: Request) -> bytes:
        if int(request.headers.get("content-length", 0)) > MAX_BYTES:
            raise HTTPException(413, TOO_LARGE)
        body = _Body()
        self._arriving.add(body)
        try:
            await self._receive(request, body)
        finally:
            if body in self._arriving:
                self._arriving.discard(body)
                self._held -= len(body.data)
        return bytes(body.data)

    async def _receive(self, request: Request, body: _Body) -> None:
        now = asyncio.get_running_loop().time
        limits, end, counted = self._limits, now() + self._limits.whole, 0
        try:
            async with asyncio.timeout_at(now() + limits.window) as body.timeout:
                async for chunk in request.stream():
                    self._take(body, chunk)
                    if len(body.data) - counted >= limits.least:
                        counted = len(body.data)
                        body.timeout.reschedule(min(end, now() + limits.window))
        except ClientDisconnect as fault:
            raise HTTPException(400, BROKEN_OFF) from fault
        except TimeoutError as fault:
            raise body.refusal from fault

    def _take(self, body: _Body, chunk: bytes) -> None:
        if body not in self._arriving:
            raise body.refusal
        body.data += chunk
        self._held += len(chunk)
        if len(body.data) > MAX_BYTES:
            raise HTTPException(413, TOO_LARGE)
        while self._held > self._limits.held:
            slowest = min(self._arriving, key=lambda other: other.rate)
            self._arriving.discard(slowest)
            self._held -= len(slowest.data)
            slowest.leave()
            if slowest is body:
                raise body.refusal

    @asynccontextmanager
    async def _holding(self, data: bytes) -> AsyncIterator[None]:
        if self._held + len(data) > self._limits.held:
            raise HTTPException(503, CROWDED)
        self._held += len(data)
        try:
            yield
        finally:
            self._held -= len(data)

    @asynccontextmanager
    async def fetched(self, url: str) -> AsyncIterator[Source]:
        """Fetch an address as a source, in memory until the block ends. Its `load` raises a failed fetch.

        Raises:
            HTTPException: there is no room for it.
        """
        turn = self._sites.setdefault(fetch.site(url), asyncio.Semaphore(self._limits.site))
        async with turn:
            try:
                data = await to_thread.run_sync(fetch.source(url).load, limiter=self._fetching)
            except AssistantError as fault:
                yield Source(url, partial(_raise, fault))
                return
        async with self._holding(data):
            yield _in_memory(url, data)

    @asynccontextmanager
    async def turn(self, source: Source) -> AsyncIterator[None]:
        """Wait for a turn to add. Documents that take seconds do not wait for those that may take minutes."""
        async with self._short if _is_short(source) else self._long:
            yield


def _in_memory(name: str, data: bytes) -> Source:
    return Source(name, lambda: data)


def _raise(fault: AssistantError) -> bytes:
    raise fault


def _is_short(source: Source) -> bool:
    with suppress(AssistantError):
        data = source.load()
        return is_at_hand(data, source.name) and not data.startswith(ZIP)
    return True


@asynccontextmanager
async def while_there(request: Request) -> AsyncIterator[threading.Event]:
    """Leave the block early if the client leaves; the event is set then, for work in threads.

    Enter it after the body has been read.
    """
    gone = threading.Event()
    with anyio.CancelScope() as scope:

        def leave() -> None:
            gone.set()
            scope.cancel()

        async with on_disconnect(request, leave):
            yield gone


@asynccontextmanager
async def on_disconnect(request: Request, leave: Callable[[], None]) -> AsyncIterator[None]:
    """Call `leave` if the client leaves during the block. Enter it after the body has been read."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        leave()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
