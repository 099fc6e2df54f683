"""The assistant for asyncio: the same methods, awaited. Each runs on a thread, and the loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TypeVar, Unpack

from assistant.assistant import Assistant, Entries, Parts
from assistant.core.config import Settings
from assistant.core.types import AddResult, Answer, Document, DocumentInfo, Health, Source

T = TypeVar("T")


class AsyncAssistant:
    """An open `Assistant`, for asyncio; close it, or use it as an asynchronous context manager.

    A question whose task is cancelled, or whose stream is closed, is withdrawn: no model goes on with it.
    """

    def __init__(self, assistant: Assistant) -> None:
        """Wrap an open assistant, which is closed with this one."""
        self.assistant = assistant

    @classmethod
    async def open(cls, settings: Settings, **parts: Unpack[Parts]) -> AsyncAssistant:
        """Open the store in `settings.home`; see `Assistant.open`, which says what is raised."""
        return cls(await asyncio.to_thread(lambda: Assistant.open(settings, **parts)))

    async def __aenter__(self) -> AsyncAssistant:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the store and release its lock."""
        await asyncio.to_thread(self.assistant.close)

    async def ask(
        self, question: str, conversation: str | None = None, documents: Sequence[str] = ()
    ) -> Answer:
        """Answer `question`; see `Assistant.ask`."""
        until = self.assistant.deadline()
        try:
            return await asyncio.to_thread(self.assistant.ask, question, conversation, documents, until)
        finally:
            until.withdraw()

    async def stream(
        self, question: str, conversation: str | None = None, documents: Sequence[str] = ()
    ) -> AsyncIterator[Answer]:
        """Yield the answer as it grows; see `Assistant.stream`."""
        until = self.assistant.deadline()
        try:
            async for answer in _threaded(self.assistant.stream(question, conversation, documents, until)):
                yield answer
        finally:
            until.withdraw()

    async def add(self, sources: Iterable[Source]) -> AsyncIterator[AddResult]:
        """Add sources; yield each result when it is durable."""
        async for result in _threaded(self.assistant.add(sources)):
            yield result

    async def add_bytes(self, data: bytes, source: str) -> AddResult:
        """Add a document from memory."""
        return await asyncio.to_thread(self.assistant.add_bytes, data, source)

    async def list(self) -> Entries:
        """Return all documents, sorted by source."""
        return await asyncio.to_thread(self.assistant.list)

    async def show(self, document_id: str) -> Document:
        """Return a document with its text; see `Assistant.show`."""
        return await asyncio.to_thread(self.assistant.show, document_id)

    async def remove(self, document_id: str) -> DocumentInfo:
        """Remove a document permanently; see `Assistant.remove`."""
        return await asyncio.to_thread(self.assistant.remove, document_id)

    async def check(self, repair: bool = False) -> Health:
        """Verify the store; see `Assistant.check`."""
        return await asyncio.to_thread(self.assistant.check, repair)


async def _threaded(items: Iterator[T]) -> AsyncIterator[T]:
    """Yield the items of an iterator, each made on a thread."""
    done = object()
    while (item := await asyncio.to_thread(next, items, done)) is not done:
        yield item  # type: ignore[misc]
