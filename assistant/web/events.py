"""Work that takes a while, told to a browser or a client as it happens, by server-sent events.

The work runs in a thread and tells each event. Where nobody listens any more its next word raises `Gone`, so
that it stops where Ctrl-C would stop it: what was finished stays, and nothing is left half done.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from assistant.core import serialization
from assistant.core.errors import FAULT, AssistantError
from assistant.core.serialization import Json

Tell = Callable[[str, Json], None]
"""Takes the name of an event and what it says; may be called from any thread."""
Work = Callable[[Tell], None]
During = AbstractAsyncContextManager[object, bool | None]

_log = logging.getLogger(__name__)


class Gone(Exception):
    """Nobody listens any more."""


def reply(work: Work, during: During | None = None) -> StreamingResponse:
    """The events that `work` tells, then `done`, or `fault` with a sentence.

    To be called in the server's loop. `during` is entered at once, and left when the work has ended.
    """
    events = _Events(work, during or nullcontext())
    return StreamingResponse(events.told(), media_type="text/event-stream")


class _Events:
    def __init__(self, work: Work, during: During) -> None:
        self._work = work
        self._during = during
        self._gone = threading.Event()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        # A task of its own: who leaves ends the reply at once, but the work ends in its own time.
        self._working = asyncio.create_task(self._begun())

    async def told(self) -> AsyncIterator[str]:
        try:
            while (event := await self._queue.get()) is not None:
                yield event
            await self._working
        finally:
            self._gone.set()

    async def _begun(self) -> None:
        async with self._during:
            await run_in_threadpool(self._run)

    def _run(self) -> None:
        try:
            self._work(self._tell)
            self._tell("done", {})
        except Gone:
            pass
        except AssistantError as fault:
            self._say(serialization.event("fault", {"error": fault.message}))
        except Exception:
            _log.exception("What was told by events came to an end.")
            self._say(serialization.event("fault", {"error": FAULT}))
        finally:
            self._say(None)

    def _tell(self, name: str, data: Json) -> None:
        if self._gone.is_set():
            raise Gone
        self._say(serialization.event(name, data))

    def _say(self, event: str | None) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, event)
