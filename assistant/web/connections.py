"""Time limits for connections, so that none blocks others.

Uvicorn limits the time between two requests, but not that of a slow first request or of a client that does
not read its response.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

UPLOADS = "/api/documents"
"""The address of uploads, which may take longer; `uploads` limits their time."""


class Connection(H11Protocol):
    """HTTP/1.1 with deadlines. A connection that misses one is closed."""

    request_seconds: ClassVar[float] = 20.0
    """Time limit for a whole request, except for the body of an upload."""
    stall_seconds: ClassVar[float] = 30.0
    """Time limit for a client that stops reading its response."""
    most_waiting: ClassVar[int] = 256
    """Limit on connections without a complete request; the one waiting longest is closed for another."""

    _turns: ClassVar[itertools.count[int]] = itertools.count()
    _turn: int = 0
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._update_deadline()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._update_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._update_deadline()

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

    def _update_deadline(self) -> None:
        """Start the deadline of an awaited request, or cancel that of a received one."""
        if not self._awaits():
            self._end_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.request_seconds, self.transport.abort)
            self._turn = next(self._turns)
            self._make_room()

    def _awaits(self) -> bool:
        """True if a part of a request is awaited, and no upload limits its time."""
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            is_upload = (self.scope["method"], self.scope["path"]) == ("POST", UPLOADS)
            return not is_upload or self.cycle.response_complete
        return state is h11.IDLE

    def _make_room(self) -> None:
        # Ordered by turns: connections accepted together have the same time on uvloop's clock.
        waiting = [
            other for other in self.connections if isinstance(other, Connection) and other._is_waiting()
        ]
        if len(waiting) > self.most_waiting:
            min(waiting, key=lambda other: other._turn).transport.abort()

    def _is_waiting(self) -> bool:
        return self._deadline is not None and not self.transport.is_closing()

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
