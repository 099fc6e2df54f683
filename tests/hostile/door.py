"""Requests that the page never sends: files named to Gradio in every shape, and what has no end."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
from hostile.serving import Attacked, attacked

from eval.bench_figure import Figure

MARKER = "a secret of this machine"
CONVERSATION = "0123456789abcdef0123456789abcdef"
Json = Any
MOST_SENT = 32_000_000
"""Bytes after which a request that is still read counts as read without an end."""


def figures(most_routes: int | None = None) -> list[Figure]:
    """Measure all requests, or those to the first routes."""
    with tempfile.TemporaryDirectory() as name, attacked(Path(name)) as server:
        time.sleep(3)
        idle = [*server.health]
        with _listening() as (address, connections):
            paths = list(_paths(Path(name), address))
            read, requests = _name_files(server, paths, _routes()[:most_routes])
        before = server.memory
        cut = [_is_cut_off(server, pieces) for pieces in ENDLESS.values()]
        grown = server.memory - before
        copies = [path for path in server.temporary.rglob("*") if path.is_file()]
        health = server.health[len(idle) :]
    return [
        Figure("requests that name a file", requests),
        Figure("files read", len(read) + len(connections), most=0),
        Figure("files copied", len(copies), most=0),
        Figure("requests without an end that were cut off", sum(cut), least=len(ENDLESS)),
        Figure("memory that they took", grown / 1e6, "MB", most=32),
        Figure("an answer to /api/health before, median", statistics.median(idle) * 1000, "ms"),
        Figure("the slowest before", max(idle) * 1000, "ms"),
        Figure("an answer to /api/health meanwhile, median", statistics.median(health) * 1000, "ms"),
        Figure("the slowest meanwhile", max(health) * 1000, "ms", most=50),
        Figure("exit code after SIGTERM", abs(server.process.returncode), most=0),
    ]


# -- files that are named ------------------------------------------------------------------------------------


def _file(path: str) -> dict[str, Json]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _event(question: Json, **others: Json) -> dict[str, Json]:
    """Return what the page sends for a question, with some parts replaced."""
    sent = {"data": [question, CONVERSATION, ""], "fn_index": 0, "trigger_id": 12, "session_hash": "a1b2c3"}
    return sent | others


def shapes(path: str) -> dict[str, bytes]:
    """Bodies that name a file, by what is odd about them."""
    file = _file(path)
    bodies: dict[str, Json] = {
        "alone": _event("", data=[file]),
        "as a question": _event(file),
        "as a conversation": _event("", data=["How?", file, ""]),
        "as a document": _event("", data=["How?", CONVERSATION, file]),
        "on opening": _event("", data=[file], fn_index=4, trigger_id=0),
        "on following": _event("", data=[file], fn_index=2, trigger_id=0),
        "in a list": _event([file]),
        "in lists": _event([[[[file]]]]),
        "in an object": _event({"a": {"b": [file]}}),
        "with an address": _event(file | {"url": path, "orig_name": "a.txt", "size": 1}),
        "as a stream": _event(file | {"is_stream": True, "is_file": True}),
        "by its name alone": _event({"name": path, "is_file": True, "data": None}),
        "beside": _event("How?", data=["How?", CONVERSATION, "", file]),
        "as what happened": _event("How?", event_data=file),
        "as a batch": _event("How?", data=[[file], [CONVERSATION], [""]], batched=True),
        "in the simple form": _event(file, simple_format=True),
        "as what triggered": _event("How?", trigger_id=file),
        "as a session": _event("How?", session_hash=file),
        "of another event": _event(file, fn_index=1, trigger_id=0),
        "of no event": _event(file, fn_index=True),
        "as a request": _event(file, request=file, event_id=path, oauth_token=path),
        "of a component": {"session_hash": "a", "component_id": 12, "fn_name": "f", "data": [file]},
    }  # fmt: skip
    written = {name: json.dumps(body).encode() for name, body in bodies.items()}
    twice = json.dumps(_event("How?"))[:-1] + f', "data": {json.dumps([file, CONVERSATION, ""])}}}'
    return written | {"twice": twice.encode()}


def _paths(folder: Path, address: str) -> Iterator[str]:
    fifo, secret = folder / "fifo", folder / "secret.txt"
    os.mkfifo(fifo)
    secret.write_text(MARKER, "utf-8")
    yield from ("/dev/zero", str(fifo), str(secret), str(folder / "home" / "ledger.db"), address)


def _routes() -> list[tuple[str, str]]:
    """Method and path of all that Gradio serves, and other ways to write them that it might understand."""
    found = set(_walked(gr.routes.App.create_app(gr.Blocks()).routes, ""))
    odd = ["/gradio_api/queue/join/", "//gradio_api/queue/join", "/gradio_api/queue%2fjoin",
           "/gradio_api/queue%252fjoin", "/gradio_api/./queue/join", "/queue/join", "/mcp",
           "/gradio_api/mcp/sse",
           "/?deep_link={path}", "/assets/../{path}", "/static/..%2f..%2f{path}", "/svelte/{path}",
           "/gradio_api/queue/join?fn_index=0", "/gradio_api/queue/data?session_hash={path}"]  # fmt: skip
    found |= {(method, path) for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT") for path in odd}
    found |= {(method, path) for method in ("HEAD", "OPTIONS") for _, path in found}
    # The page's own door first, so that a sample has it.
    return [("POST", "/gradio_api/queue/join"), *sorted(found)]


def _walked(routes: Sequence[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from _walked(inner.routes, prefix)
        elif hasattr(route, "methods"):
            yield from ((method, prefix + route.path) for method in route.methods or ())


def _name_files(
    server: Attacked, paths: Sequence[str], routes: Sequence[tuple[str, str]]
) -> tuple[list[str], int]:
    """Return the requests by which a file was read, and the number of all."""
    read, requests = [], 0
    for path in paths:
        for method, route in routes:
            bodies = shapes(path) if method == "POST" else {"in the address": b""}
            for name, body in bodies.items():
                requests += 1
                reply = _asked(server, method, _filled(route, path), body)
                if MARKER.encode() in reply or _is_held(server, path):
                    read.append(f"{method} {route} {name}: {path}")
    return read, requests


def _filled(route: str, path: str) -> str:
    for name in ("path:path", "url_path:path", "path_or_url:path", "path"):
        route = route.replace(f"{{{name}}}", quote(path))
    return route.replace("{api_name}", "answered").replace("{", "").replace("}", "").replace(":path", "")


def _asked(server: Attacked, method: str, path: str, body: bytes) -> bytes:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        # A stream of events has no end.
        return reply.read() if reply.getheader("content-length") else reply.read(1_000)
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def _is_held(server: Attacked, path: str) -> bool:
    """True if the server is reading a device or FIFO at the moment: those have no end."""
    return not path.endswith("ledger.db") and path in server.open_files


@contextmanager
def _listening() -> Iterator[tuple[str, list[str]]]:
    """Yield a listening address on this machine, and the connections made to it."""
    connections: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accepting() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append("a connection")
                connection.close()

        thread = threading.Thread(target=accepting, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/secret.txt", connections
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


# -- requests without an end ---------------------------------------------------------------------------------

_HOST = b"Host: localhost\r\n"
_CHUNKED = _HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
_ASK = b"POST /api/ask HTTP/1.1\r\n" + _CHUNKED
_UPLOAD = b"POST /api/documents?source=a.txt HTTP/1.1\r\n" + _CHUNKED
_JOIN = b"POST /gradio_api/queue/join HTTP/1.1\r\n"
ENDLESS: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "an address": lambda: (b"GET /", b"a" * 65_536),
    "a method": lambda: (b"", b"G" * 65_536),
    "a header": lambda: (b"GET / HTTP/1.1\r\n" + _HOST + b"X: ", b"a" * 65_536),
    "the name of a header": lambda: (b"GET / HTTP/1.1\r\n" + _HOST, b"a" * 65_536),
    "many headers": lambda: (b"GET / HTTP/1.1\r\n" + _HOST, b"a: b\r\n" * 10_000),
    "empty lines": lambda: (b"", b"\r\n" * 32_768),
    "an extension of a chunk": lambda: (_UPLOAD + b"1;", b"a" * 65_536),
    "trailers": lambda: (_UPLOAD + b"1\r\na\r\n0\r\n", b"a: b\r\n" * 10_000),
    "chunks": lambda: (_ASK, b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    "chunks of a byte": lambda: (_ASK, b"1\r\n \r\n" * 10_000),
    "an event": lambda: (_JOIN + _CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    "a long event": lambda: (_JOIN + _HOST + b"Content-Length: 900000000\r\n\r\n", b" " * 65_536),
}
"""The beginning of a request, and what comes again and again after it."""


def _is_cut_off(server: Attacked, pieces: Callable[[], tuple[bytes, bytes]]) -> bool:
    first, again = pieces()
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        try:
            connection.sendall(first)
            for _ in range(MOST_SENT // len(again)):
                connection.sendall(again)
        except (ConnectionError, TimeoutError):
            return True
    return False
