"""Clients that are slow, many or ask for endless work, while honest ones ask, add and are answered.

Each shape holds connections open and drips into them. The honest client does the same as it did on the idle
server: it asks for the health, asks a question and adds a document.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import httpx

from eval.bench_figure import Figure

ROUNDS = 5
"""How often the honest client asks and adds, alone and beside each shape."""
HANGS = 60.0
"""Seconds after which a command counts as one that hangs."""
HEALTH_MS = 50.0
TIMES_IDLE = 2.0
_number = count()


@dataclass(frozen=True, slots=True)
class Shape:
    """The bytes that each of so many connections sends first, and then again and again."""

    name: str
    first: Callable[[], bytes]
    drip: bytes = b""
    connections: int = 1


@dataclass
class Served:
    """A running server, and how long honest requests to it took, in seconds."""

    address: str
    process: subprocess.Popen[str]
    health: list[float] = field(default_factory=list)
    honest: list[float] = field(default_factory=list)
    refused: int = 0


def figures(names: Sequence[str] = (), rounds: int = ROUNDS) -> list[Figure]:
    """All shapes, or those of these names, and the commands that are given what is no file."""
    shapes = [shape for shape in SHAPES if not names or shape.name in names]
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        for _ in range(2):  # the first ones load the model
            _be_honest(server)
        server.honest.clear()
        for _ in range(2 * rounds):
            _be_honest(server)
        idle = statistics.median(server.honest)
        times, health = {}, {}
        for shape in shapes:
            server.honest.clear()
            server.health.clear()
            with attacked(server, shape):
                for _ in range(rounds):
                    _be_honest(server)
            times[shape.name] = statistics.median(server.honest) / idle
            health[shape.name] = statistics.median(server.health) * 1_000
        grown = _grows_without_client(server)
        server.process.terminate()
        began = time.monotonic()
        server.process.wait(HANGS)
        ended = time.monotonic() - began
        hanging = list(_hanging(Path(folder)))
    slowest, sickest = max(times, key=times.__getitem__), max(health, key=health.__getitem__)
    print(
        f"  slowest beside: {slowest}; health worst beside: {sickest}", *hanging, sep="\n  ", file=sys.stderr
    )
    return [
        Figure("shapes of slow, many and endless requests", len(shapes)),
        Figure("an honest question with a document added, idle", idle * 1_000, "ms"),
        Figure("the same beside a shape, times as long", times[slowest], most=TIMES_IDLE),
        Figure("honest requests refused", server.refused, most=0),
        Figure("health beside a shape", health[sickest], "ms", most=HEALTH_MS),
        Figure("documents added after their client has gone", grown, most=0),
        Figure("seconds until SIGTERM has ended it", ended, "s", most=10),
        Figure("commands that hang on a pipe or a device, or take it", len(hanging), most=0),
    ]


# -- a server and its honest client --------------------------------------------------------------------------


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The real server over a store of its own."""
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
    with subprocess.Popen(command, env=_environment(folder), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        try:
            yield Served(found[0], process)
        finally:
            process.kill()


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    return kept | {"ASSISTANT_HOME": str(folder / "home"), "ASSISTANT_CORPUS": "none"}


def _be_honest(server: Served) -> None:
    """One round of what a person does, timed."""
    with httpx.Client(base_url=server.address, timeout=HANGS, trust_env=False) as client:
        for _ in range(4):
            server.health.append(_timed(server, lambda: client.get("/api/health")))
        number = next(_number)
        body = f"# Kettle {number}\n\nKettle number {number} holds {number + 2} litres.".encode()
        named = {"source": f"honest/{number}.md"}
        asked = {"question": "How much does a kettle hold?"}
        added = _timed(server, lambda: client.post("/api/documents", params=named, content=body))
        server.honest.append(added + _timed(server, lambda: client.post("/api/ask", json=asked)))


def _timed(server: Served, call: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    try:
        server.refused += call().status_code >= 400
    except httpx.HTTPError:
        server.refused += 1
    return time.perf_counter() - began


# -- an attack -----------------------------------------------------------------------------------------------


@contextmanager
def attacked(server: Served, shape: Shape) -> Iterator[None]:
    """The block beside a shape, whose connections are closed after it."""
    host, port = server.address.removeprefix("http://").rsplit(":", 1)
    sent, over = threading.Event(), threading.Event()
    with ExitStack() as held:
        opened = [_connected(held, host, int(port)) for _ in range(shape.connections)]
        first = shape.first()
        sending = threading.Thread(target=_send, args=(opened, first, shape.drip, sent, over))
        sending.start()
        sent.wait(1)
        try:
            yield
        finally:
            over.set()
            sending.join()
    with suppress(httpx.HTTPError):
        httpx.delete(f"{server.address}/api/eval", timeout=HANGS, trust_env=False)


def _connected(held: ExitStack, host: str, port: int) -> socket.socket:
    opened = held.enter_context(socket.create_connection((host, port), timeout=5))
    opened.setblocking(False)
    return opened


def _send(
    opened: Sequence[socket.socket], first: bytes, drip: bytes, sent: threading.Event, over: threading.Event
) -> None:
    left = dict.fromkeys(opened, first)
    while not over.is_set():
        for one in opened:
            with suppress(OSError):
                if left[one]:
                    left[one] = left[one][one.send(left[one]) :]
                elif drip:
                    one.send(drip)
        if not any(left.values()):
            sent.set()
        over.wait(0.5 if sent.is_set() else 0.01)


def _grows_without_client(server: Served) -> int:
    """Return how many documents of an archive are added well after its client has gone."""
    with attacked(server, Shape("", lambda: upload("many.zip", archive(3_000, 400)))):
        time.sleep(3)
    for _ in range(3):  # what was begun may be ended
        before = _documents(server)
        time.sleep(5)
        if (grown := _documents(server) - before) == 0:
            break
    return grown


def _documents(server: Served) -> int:
    reply = httpx.get(f"{server.address}/api/health", timeout=HANGS, trust_env=False)
    return int(reply.json()["documents"])


# -- requests ------------------------------------------------------------------------------------------------


def head(method: str, path: str, length: int | None = None, *more: str) -> bytes:
    """The beginning of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *more]
    lines += [f"Content-Length: {length}"] if length is not None else []
    return "\r\n".join([*lines, "", ""]).encode()


def upload(name: str, body: bytes) -> bytes:
    """A whole upload."""
    return head("POST", f"/api/documents?{urlencode({'source': name})}", len(body)) + body


def posted(path: str, value: object) -> bytes:
    """A whole request with JSON."""
    body = json.dumps(value).encode()
    return head("POST", path, len(body)) + body


def golden(*rows: object, **more: str) -> bytes:
    """A run of golden questions that the client sends."""
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return posted("/api/eval", {"sets": [{"name": "a", "text": text, **more}]})


def archive(documents: int, words: int) -> bytes:
    """A small archive of so many documents of so many words, no two the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for n in range(documents):
            file.writestr(
                f"{n}.md", f"# Number {n}\n\n" + f"The boiler of house {n} is cold. " * (words // 7)
            )
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for n in range(5):
            file.writestr(f"{n}.txt", b"boil the water again. " * (190_000_000 // 22))
    return out.getvalue()


_UPLOAD = "/api/documents?source=a.md"
_ASKED = {"question": "How much does a kettle hold?"}
_BACKTRACKING = ["(a+)+$", "(a|a)*b", "(.*a){20}b", r"(\w+\s?)+\d{9}", "(x+x+)+y"]
_RUN = [{"question": f"How much does kettle {n} hold?", "answerable": False} for n in range(300)]
SHAPES = (
    Shape("uploads of a byte", lambda: head("POST", _UPLOAD, 9_000), b"a", 8),
    Shape("many uploads of a byte", lambda: head("POST", _UPLOAD, 190_000_000), b"a", 200),
    Shape("uploads that stop at the headers", lambda: head("POST", _UPLOAD, 9_000), b"", 100),
    Shape(
        "uploads in chunks",
        lambda: head("POST", _UPLOAD, None, "Transfer-Encoding: chunked"),
        b"1\r\na\r\n",
        50,
    ),
    Shape(
        "uploads that wait to go on", lambda: head("POST", _UPLOAD, 9_000, "Expect: 100-continue"), b"", 50
    ),
    Shape(
        "uploads that stop at 20 MB", lambda: head("POST", _UPLOAD, 90_000_000) + b"a " * 10_000_000, b"", 4
    ),
    Shape("connections that send nothing", lambda: b"", b"", 400),
    Shape("headers of a byte", lambda: b"GET / HTTP/1.1\r\nX: ", b"a", 400),
    Shape("headers that stop", lambda: b"GET /api/health HTTP/1.1\r\nHost: local", b"", 400),
    Shape("second requests that stop", lambda: head("GET", "/api/health") + b"GET / HT", b"", 100),
    Shape("questions of a byte", lambda: head("POST", "/api/ask", 900), b" ", 100),
    Shape("questions to nobody", lambda: head("POST", "/api/nothing", 900), b" ", 100),
    Shape("replies that nobody reads", lambda: head("GET", "/assets/index.js") * 50, b"", 50),
    Shape("names of 4,000 characters", lambda: upload("n" * 3_990 + ".md", b"# A\n\nCold."), b"", 20),
    Shape(
        "names of no character",
        lambda: head("POST", "/api/documents?source=%ED%A0%80.md", 8) + b"# A\n\nAb",
        b"",
        20,
    ),
    Shape(
        "addresses that are none",
        lambda: head("POST", "/api/documents?url=http%3A%2F%2F127.0.0.1%3A1", 0),
        b"",
        50,
    ),
    Shape("patterns that backtrack", lambda: golden(*({**_ASKED, "patterns": [p]} for p in _BACKTRACKING))),
    Shape("patterns that repeat", lambda: golden({**_ASKED, "patterns": [r"[\w ]{1,900}b"] * 50})),
    Shape("a set that is a device", lambda: golden(_ASKED, path="/dev/zero"), b"", 4),
    Shape("a set that is a pipe", lambda: golden(_ASKED, path="/proc/self/fd/0"), b"", 4),
    Shape("quotes of 100,000 characters", lambda: golden({**_ASKED, "passages": ["e " * 50_000]})),
    Shape("a set of brackets", lambda: golden("[" * 400_000), b"", 4),
    Shape("readers of a run", lambda: golden(*_RUN) + head("GET", "/api/eval/progress"), b"", 60),
    Shape("a small archive of much text", lambda: upload("bomb.zip", _bomb()), b"", 4),
    Shape("archives of many documents", lambda: upload("many.zip", archive(5_000, 40)), b"", 4),
)


# -- commands ------------------------------------------------------------------------------------------------


def _hanging(folder: Path) -> Iterator[str]:
    """The commands that do not end in a sentence where a pipe or a device is given to them."""
    (folder / "notes.md").write_text("# Notes\n\nThe kettle holds two litres.\n")
    os.mkfifo(folder / "pipe")
    run("add", folder / "notes.md", folder=folder)
    for place in (folder / "pipe", Path("/dev/zero"), Path("/dev/tty")):
        for words in (("add",), ("import",), ("export",), ("eval",), ("eval", "own", "--report")):
            if not run(*words, place, folder=folder):
                yield f"{' '.join(words)} {place}"


def run(*words: str | Path, folder: Path) -> bool:
    """True if the command ends in time, with a refusal in a sentence."""
    command = [sys.executable, "-m", "assistant.cli", *map(str, words)]
    try:
        done = subprocess.run(
            command, env=_environment(folder), capture_output=True, text=True, timeout=HANGS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 1 and "Traceback" not in done.stderr
