"""The connections of the server: none waits for ever, and none keeps the others out.

Uvicorn has a time limit for a connection that rests between two requests, and none for one that sends its
first request slowly or does not take its reply.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

UPLOADS = "/api/documents"
"""Where bodies come that take their time; `uploads` minds it."""


class Connection(H11Protocol):
    """HTTP/1.1 with deadlines. A connection that breaks one is closed."""

    request_seconds: ClassVar[float] = 20.0
    """For a whole request, from its first moment to the last byte of its body, but for uploads' bodies."""
    stall_seconds: ClassVar[float] = 30.0
    """For a reply to go on, where its reader takes nothing."""
    most_waiting: ClassVar[int] = 256
    """Connections whose request has not come yet; for another, the one that waits longest is closed."""

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._mind_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._mind_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._mind_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end_deadline()
        self._end_stall()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._end_stall()
        self._stalled = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_stall()

    def _mind_request(self) -> None:
        """Begins the deadline of a request that is awaited, ends that of one that has come."""
        if not self._awaits():
            self._end_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.request_seconds, self.transport.abort)
            self._make_room()

    def _awaits(self) -> bool:
        """Whether a part of a request is still to come, and nobody else minds how fast."""
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            is_upload = (self.scope["method"], self.scope["path"]) == ("POST", UPLOADS)
            return not is_upload or self.cycle.response_complete
        return state is h11.IDLE

    def _make_room(self) -> None:
        waiting = [other for other in self.connections if isinstance(other, Connection) and other._deadline]
        if len(waiting) > self.most_waiting:
            min(waiting, key=Connection._due).transport.abort()

    def _due(self) -> float:
        return self._deadline.when() if self._deadline else 0.0

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
