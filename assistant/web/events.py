"""Reports long-running work to a browser or a client with server-sent events.

The work runs in a thread and sends events. Once the client has left, sending raises `Gone`, which stops the
work as Ctrl-C would: finished parts are kept, and nothing is left half done.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from fastapi.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from assistant.core import serialization
from assistant.core.errors import FAULT, AssistantError
from assistant.core.serialization import Json

Tell = Callable[[str, Json], None]
"""Sends an event with its name and data; callable from any thread."""
Work = Callable[[Tell], None]
During = AbstractAsyncContextManager[object, bool | None]

_log = logging.getLogger(__name__)


class Gone(Exception):
    """The client has left."""


def reply(work: Work, during: During | None = None) -> EventSourceResponse:
    """Stream the events of `work`, then `done`, or `fault` with a message.

    Call it in the server's loop. `during` is entered at once, and left when the work has ended.
    """
    return EventSourceResponse(_Events(work, during or nullcontext()).stream())


class _Events:
    def __init__(self, work: Work, during: During) -> None:
        self._work = work
        self._during = during
        self._gone = threading.Event()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        # A separate task: a client that leaves ends the response at once, but the work ends later.
        self._working = asyncio.create_task(self._start())

    async def stream(self) -> AsyncIterator[str]:
        try:
            while (event := await self._queue.get()) is not None:
                yield event
            await self._working
        finally:
            self._gone.set()

    async def _start(self) -> None:
        async with self._during:
            await run_in_threadpool(self._run)

    def _run(self) -> None:
        try:
            self._work(self._tell)
            self._tell("done", {})
        except Gone:
            pass
        except AssistantError as fault:
            self._send(serialization.event("fault", {"error": fault.message}))
        except Exception:
            _log.exception("Work reported by events failed.")
            self._send(serialization.event("fault", {"error": FAULT}))
        finally:
            self._send(None)

    def _tell(self, name: str, data: Json) -> None:
        if self._gone.is_set():
            raise Gone
        self._send(serialization.event(name, data))

    def _send(self, event: str | None) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, event)
