"""A small OpenAI-like model server for the tests: it says what it is told to, with faults of real ones."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal[
    "hang", "trickle", "trickle headers", "cut", "end", "garbage", "odd", "page", "encoding", "sse"
]
PATIENCE = 20.0
"""Seconds after which a server that hangs gives up, so that no test waits for ever."""


@dataclass(frozen=True)
class Reply:
    """The reply of the server: `pieces` of an answer, then the end, or a fault in its place.

    hang: silence. trickle, trickle headers: bytes without meaning, on and on. cut: the connection is reset.
    end: it is closed politely, but too early. garbage: no JSON. odd: JSON of another form. page: HTML.
    encoding: bytes that are no UTF-8. sse: lines that are no events.
    """

    pieces: Sequence[str] = ()
    fault: Fault | None = None
    status: int = 200
    finish: str = "stop"
    body: str = '{"error": {"message": "no"}}'
    headers: Sequence[tuple[str, str]] = ()
    counted: tuple[int, int] | None = None
    """The tokens that the server counts in prompt and reply, if it does."""


Script = Callable[[str], Reply | str]


@dataclass
class ModelServer:
    """A running server: what it was asked, in order."""

    url: str
    prompts: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    """Set once a caller was seen to hang up in the middle."""


def text(*pieces: str) -> Reply:
    """A plain answer in these pieces."""
    return Reply(pieces)


@contextmanager
def serve(script: Script | Reply | str | Sequence[Reply | str]) -> Iterator[ModelServer]:
    """A server on loopback that answers by `script`: one reply for all, or one a request (the last for the
    rest), or a function of the prompt."""
    stopped = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_replier(script), stopped))
    server.daemon_threads = True
    server.seen = ModelServer(f"http://127.0.0.1:{server.server_port}/v1")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.seen  # type: ignore[attr-defined]
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def refused() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def _replier(script: Script | Reply | str | Sequence[Reply | str]) -> Script:
    if callable(script):
        return script
    replies = [script] if isinstance(script, Reply | str) else [*script]
    return lambda _: replies.pop(0) if len(replies) > 1 else replies[0]


def _handler(reply: Script, stopped: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            rows = [{"id": "small", "object": "model", "max_model_len": 4096}, {"id": "large"}]
            self._send(200, "application/json", json.dumps({"object": "list", "data": rows}))

        def do_POST(self) -> None:
            seen: ModelServer = self.server.seen  # type: ignore[attr-defined]
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.requests.append(asked)
            seen.headers.append(dict(self.headers))
            seen.prompts.append(asked["messages"][-1]["content"])
            told = reply(seen.prompts[-1])
            try:
                self._answer(Reply([told]) if isinstance(told, str) else told)
            except OSError:
                seen.left.set()

        def _answer(self, told: Reply) -> None:
            if told.status != 200:
                self._send(told.status, "application/json", told.body, told.headers)
            elif told.fault == "page":
                self._send(200, "text/html", "<html><body>Welcome</body></html>")
            elif told.fault == "trickle headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self._trickle(b"a")
            else:
                self._stream(told)

        def _send(self, status: int, kind: str, body: str, headers: Sequence[tuple[str, str]] = ()) -> None:
            self.send_response(status)
            for name, value in [
                ("Content-Type", kind),
                ("Content-Length", str(len(body.encode()))),
                *headers,
            ]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def _stream(self, told: Reply) -> None:
            chunked = told.fault != "end"
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked") if chunked else self.send_header(
                "Connection", "close"
            )
            self.end_headers()
            self._write = self._chunk if chunked else self.wfile.write
            self._event(json.dumps(_chunk({"role": "assistant", "content": ""}, None)))
            for piece in told.pieces:
                self._event(json.dumps(_chunk({"content": piece}, None)))
            if told.fault:
                self._fail(told.fault)
            else:
                self._event(json.dumps(_chunk({}, told.finish)))
                if told.counted:
                    self._event(json.dumps(_usage(*told.counted)))
                self._event("[DONE]")
                self._write(b"")

        def _fail(self, fault: Fault) -> None:
            self.close_connection = True
            if fault == "hang":
                stopped.wait(PATIENCE)
            elif fault == "trickle":
                self._trickle(b": still here\n\n", self._write)
            elif fault == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
            elif fault == "garbage":
                self._event('{"choices": [{"delta": {"con')
            elif fault == "odd":
                self._event('{"choices": [null]}')
            elif fault == "encoding":
                self._write(b'data: {"choices": [{"delta": {"content": "caf\xe9 \xff"}}]}\n\n')
            elif fault == "sse":
                self._write(b"It boils in three minutes.\n\x00\n: \n\n")

        def _trickle(self, byte: bytes, write: Callable[[bytes], object] | None = None) -> None:
            for _ in range(int(PATIENCE / 0.02)):
                (write or self.wfile.write)(byte)
                if stopped.wait(0.02):
                    return

        def _event(self, data: str) -> None:
            self._write(f"data: {data}\n\n".encode())

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    return Handler


def _usage(prompt: int, reply: int) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply}
    return _chunk({}, None) | {"choices": [], "usage": counts}


def _chunk(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "test", "choices": [choice]}
