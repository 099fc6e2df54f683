"""Places that documents are followed from: servers on the loopback address, and what tests ask of them."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol

USER, PASSWORD, WRONG = "kim", "Tulip-4711", "Crocus-0815"


class Place(Protocol):
    """A server with documents, by paths such as `lamp.md`."""

    forgets: bool
    """True if what is deleted is taken out of the corpus."""
    renames: bool
    """True if what changes gets another name."""

    @property
    def environment(self) -> dict[str, str]:
        """How a person tells their credentials."""
        ...

    @property
    def wrong(self) -> dict[str, str]:
        """The same with a password that is not right."""
        ...

    @property
    def address(self) -> str: ...

    @property
    def bodies(self) -> int:
        """Documents sent so far."""
        ...

    def name(self, path: str) -> str: ...

    def put(self, path: str, text: str) -> None: ...

    def delete(self, path: str) -> None: ...

    def break_after(self, bodies: int) -> None:
        """Break every connection once so many more documents are sent."""

    def heal(self) -> None: ...


LOGIN = {"ASSISTANT_SYNC_USER": USER, "ASSISTANT_SYNC_PASSWORD": PASSWORD}
WRONG_LOGIN = LOGIN | {"ASSISTANT_SYNC_PASSWORD": WRONG}


class Breaking:
    """Counts the documents that a server sends, and breaks connections after some."""

    def __init__(self) -> None:
        self.bodies = 0
        self._last: int | None = None

    def break_after(self, bodies: int) -> None:
        self._last = self.bodies + bodies

    def heal(self) -> None:
        self._last = None

    def may_send(self, count: int = 1) -> bool:
        if self._last is not None and self.bodies + count > self._last:
            return False
        self.bodies += count
        return True


class Handler(BaseHTTPRequestHandler):
    """A request for the place of its server, without a word on the error stream."""

    protocol_version = "HTTP/1.0"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST", "PROPFIND")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_") and name[3:] in self.methods:
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        self.server.place.serve(self)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def is_known(self, user: str, password: str) -> bool:
        expected = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    place: Any = None

    def handle_error(self, *_: object) -> None:
        """Ignore clients that go away."""


@contextmanager
def served(place: Any) -> Iterator[int]:
    """Serve a place with a method `serve`; yield the port."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.place = place
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
