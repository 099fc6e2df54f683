"""A made-up web for the tests of fetching: its names, its pages, and a record of requests.

Only two functions are replaced, `resolve` and `connect`. Names resolve to made-up public addresses, and
whoever connects to one of those reaches a server of the test on the loopback address. Nothing reaches out.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore
import pytest

from assistant.core.errors import FetchError
from assistant.ingest import fetch

PUBLIC = "5.6.7.8"
PAGE = b"<html><title>Opening hours</title><body><p>The library opens at nine every day.</p></body></html>"

Reply = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """A web of made-up names behind one server, and the record of what was resolved and connected to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.replies: dict[str, Reply] = {}
        self.names: dict[str, list[list[str]]] = {}
        self.resolved: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.received: list[tuple[str, dict[str, str]]] = []
        self.dead: set[str] = set()

    def resolve(self, host: str, port: int) -> list[str]:
        """Return the answers for a name one after the other, and then the last one for ever."""
        self.resolved.append(host)
        answers = self.names.get(host) or [stands_for(host)]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: str, port: int, seconds: float) -> httpcore.NetworkStream:
        self.connected.append((address, port))
        if address in self.dead:
            raise httpcore.ConnectError("refused")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, seconds)

    def page(self, path: str, body: bytes = PAGE, status: int = 200, **headers: str) -> None:
        self.replies[path] = lambda handler: answer(handler, status, body, headers)

    def moved(self, path: str, to: str, status: int = 302) -> None:
        self.page(path, b"", status, Location=to)

    def fetch(self, path: str) -> bytes:
        return fetch.fetch(f"http://docs.example.com{path}").data

    def refusal(self, url: str) -> FetchError:
        with pytest.raises(FetchError) as caught:
            fetch.fetch(url)
        return caught.value


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def stands_for(host: str) -> list[str]:
    """Return the address of a name from the list of hostile addresses; any other name is public."""
    try:
        # So the system's resolver reads 0x7f000001 and 127.1.
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        written = re.search(r"(\d+\.\d+\.\d+\.\d+)\.nip\.io$", host)
        local = host.startswith(("localhost", "ip6-", "foo"))
        metadata = "." not in host or host.endswith(".internal")
        inside = "127.0.0.1" if local else "169.254.169.254" if metadata else PUBLIC
        return [written[1] if written else inside]


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A web in place of the real one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            made.replies[self.path](self)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Ignore clients that go away in the middle, as some tests make them."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made = Web(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setattr(fetch, "resolve", made.resolve)
        monkeypatch.setattr(fetch, "connect", made.connect)
        yield made
        server.shutdown()
