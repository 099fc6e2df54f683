"""Connections that exceed their time are closed, and block nobody."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import loopback
import pytest

from assistant.web.connections import Connection

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = b"x" * 30_000_000


class Impatient(Connection):
    request_seconds = 0.2
    stall_seconds = 0.2
    most_waiting = 3


class Patient(Connection):
    most_waiting = 3


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answers when the whole body is there; much, at /large."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    body = LARGE if scope["path"] == "/large" else b"fine"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for at in range(0, len(body), 1_000_000):
        await send({"type": "http.response.body", "body": body[at : at + 1_000_000], "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def served(connection: type[Connection]) -> AbstractContextManager[int]:
    return loopback.listening(app, http=connection, log_level="critical", lifespan="off")


def connected(port: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port))
    opened.settimeout(60)
    return opened


def is_closed(opened: socket.socket) -> bool:
    """Waits until the server has closed it."""
    try:
        while opened.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        GET + b"GET / HTTP/1.1\r\n",
    ],
)
def test_a_request_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    with served(Impatient) as port, connected(port) as slow:
        slow.sendall(begun)
        assert is_closed(slow)


def test_a_reply_that_nobody_takes_is_given_up() -> None:
    with served(Impatient) as port, connected(port) as stalled:
        stalled.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert stalled.recv(100)
        asyncio.run(asyncio.sleep(1))
        size = 0
        try:
            while some := stalled.recv(1_000_000):
                size += len(some)
        except ConnectionResetError:
            pass
        assert size < len(LARGE)


def test_many_that_send_nothing_keep_nobody_out() -> None:
    with served(Patient) as port:
        idle = [connected(port) for _ in range(10)]
        with connected(port) as honest:
            honest.sendall(GET)
            assert b"200 OK" in honest.recv(1_000)
        assert all(is_closed(one) for one in idle[:6])
        for one in idle:
            one.close()


def test_an_upload_may_take_longer_than_other_requests_and_not_when_it_is_answered() -> None:
    head = b"POST /api/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf"
    with served(Impatient) as port, connected(port) as slow:
        slow.sendall(head)
        asyncio.run(asyncio.sleep(0.6))
        slow.sendall(b"half")
        assert b"200 OK" in slow.recv(1_000)
