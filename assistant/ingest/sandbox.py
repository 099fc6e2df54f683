"""Parses in child processes with limits on computing time and memory: a hostile file can only end its child.

`python -m assistant.ingest.sandbox MEGABYTES` is the child. For each document it reads a line of JSON and the
bytes from standard input, and writes a line of JSON to standard output, after one for every few pages.
"""

from __future__ import annotations

import atexit
import base64
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from assistant.core.errors import ReadError
from assistant.core.types import Document, Heading, Page
from assistant.ingest.converting import conversion
from assistant.ingest.parse import identity, is_plain, old_of, read
from assistant.ingest.readers.attachments import Attachment, attachments, may_have_attachments
from assistant.ingest.readers.office.old import OldFormat
from assistant.ingest.readers.pdf.picture import Box, Picture, picture
from assistant.ingest.readers.progress import watched
from assistant.ingest.readers.scan.engine import is_installed

SECONDS = 18.0
"""Limit on the computing time of one document: below 20 with the time to send it and to replace the child.

Time on the clock counts for nothing, since on a busy machine it may be many times as long.
"""
PAGE_SECONDS = 0.2
"""What each page adds to it, where a document has pages: ten times what a page takes."""
SCAN_SECONDS = 60.0
"""What each page adds that is read by text recognition: four times what a full page takes."""
PAGES = 5000
"""Pages that add to it."""
MEGABYTES = 1_500 if is_installed() else 1_000
"""Limit on the address space of a child; text recognition takes 1 GB of it."""
AT_HAND = 300_000
"""Bytes of Markdown or text parsed in this process: a larger table may take a minute and a gigabyte."""
CHILDREN = max(2, os.cpu_count() or 1)
"""Number of concurrent children."""
OnShare = Callable[[float], None]
_OUT_OF_TIME = getattr(signal, "SIGPROF", 0)
_TELLING = 0.5
"""Seconds between two words about the pages."""
_DOCUMENTS = 500
"""Documents after which a child is replaced, to free memory that libraries leak."""


def read_safely(
    data: bytes,
    name: str,
    *,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
    errand: object = None,
    on_share: OnShare | None = None,
) -> Document:
    """Parse a document as `read` does, but in a child with these limits if it needs a library.

    `on_share` is called now and then with the share of its pages that are read, 0 to 1.

    Raises ReadError as `read` does, if the child exceeds its limits, and if `stop` ends the `errand`.
    """
    if is_at_hand(data, name):
        return read(data, name)
    old = old_of(data, name)
    if old is None:
        return _document(_pool.ask(_Request(data, name, seconds, on_share), megabytes, errand))
    made = _converted(data, name, old, errand)
    document = _document(_pool.ask(_Request(made, name, seconds, on_share), megabytes, errand))
    how = {"converted": f"from {old.suffix} by LibreOffice"}
    return dataclasses.replace(document, id=identity(data), metadata={**document.metadata, **how})


def _converted(data: bytes, name: str, old: OldFormat, errand: object) -> bytes:
    try:
        return conversion.converted(data, old, errand)
    except ReadError as error:
        raise ReadError(f"{PurePath(name).name or name} {error.message}") from None


def attachments_safely(data: bytes, name: str, *, errand: object = None) -> list[Attachment]:
    """Return names and bytes of what is attached to a document, found in a child; none if it dies of it."""
    if not may_have_attachments(data, PurePath(name).suffix.lower()):
        return []
    try:
        reply = _pool.ask(_Request(data, name, SECONDS, wants="attachments"), MEGABYTES, errand)
        return [(str(called), base64.b64decode(content)) for called, content in reply["attachments"]]
    except (ReadError, KeyError, TypeError, ValueError):
        return []


def picture_safely(data: bytes, name: str, number: int, quotes: Sequence[str]) -> Picture:
    """Return a page of a PDF and the rectangles of quotes on it, rendered in a child.

    Raises:
        ReadError: there is no such page, or it cannot be drawn within the limits.
    """
    more = {"number": number, "quotes": [*quotes]}
    reply = _pool.ask(_Request(data, name, SECONDS, wants="picture", more=more), MEGABYTES, None)
    try:
        return Picture(
            base64.b64decode(reply["png"]),
            int(reply["width"]),
            int(reply["height"]),
            tuple(tuple(_box(box) for box in boxes) for boxes in reply["boxes"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReadError("The page cannot be drawn.") from error


def _box(written: Sequence[float]) -> Box:
    left, top, right, bottom = map(float, written)
    return left, top, right, bottom


def is_at_hand(data: bytes, name: str) -> bool:
    """True if these bytes are parsed in this process: text so short that it takes seconds at most."""
    return len(data) <= AT_HAND and is_plain(data, name)


def stop(errand: object) -> None:
    """End all parsing for this errand."""
    _pool.stop(errand)
    conversion.stop(errand)


@dataclasses.dataclass(frozen=True, slots=True)
class _Request:
    """A document to parse, and its limit on computing time."""

    data: bytes
    name: str
    seconds: float
    on_share: OnShare | None = None
    wants: str = "document"
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Arguments of the reading: the page and the quotes for a picture of them."""


class _Child:
    """A process that parses one document after the other."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes
        self.process = _start(megabytes)
        self._done = 0

    def read(self, request: _Request) -> dict[str, Any]:
        self._done += 1
        return _ask(self.process, request)

    def serves(self, megabytes: int) -> bool:
        """True if it can parse another document within this limit."""
        return self.process.poll() is None and self.megabytes == megabytes and self._done < _DOCUMENTS

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class _Pool:
    """Children that are reused between documents. Threads wait until one is free."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._idle: list[_Child] = []
        self._busy: dict[_Child, object] = {}
        self._starting = 0

    def ask(self, request: _Request, megabytes: int, errand: object) -> dict[str, Any]:
        child = self._acquire(megabytes, errand)
        try:
            reply = child.read(request)
        except BaseException:
            self._release(child, is_healthy=False)
            raise
        self._release(child, is_healthy=True)
        if "error" in reply:
            raise ReadError(str(reply["error"]))
        return reply

    def stop(self, errand: object) -> None:
        with self._change:
            for child, other in self._busy.items():
                if other is errand:
                    child.process.kill()

    def close(self) -> None:
        """End all children."""
        with self._change:
            children, self._idle = [*self._idle, *self._busy], []
        for child in children:
            child.process.kill()

    def _acquire(self, megabytes: int, errand: object) -> _Child:
        with self._change:
            self._change.wait_for(lambda: len(self._busy) + self._starting < CHILDREN)
            # The most recently used, to serve sequential documents with one child.
            child = self._idle.pop() if self._idle else None
            self._starting += 1
        try:
            if child is not None and not child.serves(megabytes):
                child.end()
                child = None
            child = child or _Child(megabytes)
        finally:
            with self._change:
                self._starting -= 1
                if child is not None:
                    self._busy[child] = errand
                self._change.notify()
        return child

    def _release(self, child: _Child, *, is_healthy: bool) -> None:
        with self._change:
            del self._busy[child]
            if is_healthy:
                self._idle.append(child)
            self._change.notify()
        if not is_healthy:
            child.end()


def _start(megabytes: int) -> subprocess.Popen[bytes]:
    """Start a child with our code and a minimal environment: no keys, and not the working folder."""
    names = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT", "PYTHONPATH")
    env = {name: os.environ[name] for name in names if name in os.environ}
    ours = str(Path(__file__).resolve().parents[2])
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [ours, env.get("PYTHONPATH")]))
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "assistant.ingest.sandbox", str(megabytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
    )


def _ask(child: subprocess.Popen[bytes], request: _Request) -> dict[str, Any]:
    """Return the reply of the child. Raises ReadError if it dies of its limits or of the file."""
    reply = _exchange(child, request)
    if reply is not None:
        return reply
    short, seconds = PurePath(request.name).name or request.name, request.seconds
    if child.wait() == -_OUT_OF_TIME:
        raise ReadError(f"{short} takes longer than {seconds:g} seconds to read; split it and add the parts.")
    raise ReadError(f"{short} needs too much memory or crashes its reader; save it again or split it.")


def _exchange(child: subprocess.Popen[bytes], request: _Request) -> dict[str, Any] | None:
    assert child.stdin is not None
    assert child.stdout is not None
    order = {key: getattr(request, key) for key in ("name", "seconds", "wants", "more")} | {
        "size": len(request.data)
    }
    try:
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.write(request.data)
        child.stdin.flush()
        while isinstance(reply := json.loads(child.stdout.readline()), dict) and "share" in reply:
            if request.on_share:
                request.on_share(float(reply["share"]))
    except (OSError, ValueError, TypeError):
        child.kill()
        return None
    return reply if isinstance(reply, dict) else None


def _document(reply: dict[str, Any]) -> Document:
    """Return the document that the child wrote. Its shape is checked: a crashing child may write anything."""
    try:
        return Document(
            **{key: str(reply[key]) for key in ("id", "title", "source", "media_type", "text")},
            headings=tuple(Heading(int(a), str(b), int(c), int(d)) for a, b, c, d in reply["headings"]),
            pages=tuple(Page(int(a), int(b), int(c)) for a, b, c in reply["pages"]),
            metadata={str(key): str(value) for key, value in reply["metadata"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError("The file crashes its reader; save it again and add that.") from error


_pool = _Pool()


def close() -> None:
    """Ends all children."""
    _pool.close()
    conversion.close()


atexit.register(close)


def _serve(megabytes: int) -> None:
    """Parse documents until standard input ends. Output of libraries is discarded."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit(megabytes)
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = _exactly(sys.stdin.buffer, request["size"])
        clock = _Clock(request["seconds"], replies)
        with watched(clock.begin_page):
            if request["wants"] == "attachments":
                reply = _attached(data)
            elif request["wants"] == "picture":
                reply = _pictured(data, **request["more"])
            else:
                reply = _reply(data, request["name"])
        clock.stop()
        _write(replies, reply)


def _write(replies: BinaryIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


class _Clock:
    """Ends this process when a document has taken its computing time, which grows with its pages."""

    def __init__(self, seconds: float, replies: BinaryIO) -> None:
        self._replies = replies
        self._told = time.monotonic()
        self._set(seconds)

    def stop(self) -> None:
        self._set(0)

    def begin_page(self, number: int, total: int, is_scan: bool) -> None:
        """Allow time for the pages, at the first of them, or for a scan, and tell now and then of them."""
        if is_scan:
            self._allow(SCAN_SECONDS)
        elif number == 0:
            self._allow(PAGE_SECONDS * min(total, PAGES))
        if time.monotonic() - self._told > _TELLING:
            self._told = time.monotonic()
            _write(self._replies, {"share": number / total})

    def _allow(self, more: float) -> None:
        if hasattr(signal, "setitimer"):
            left, _ = signal.getitimer(signal.ITIMER_PROF)
            self._set(left + more)

    def _set(self, seconds: float) -> None:
        # The system ends the process by this signal, also while a library is at work.
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, seconds)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the parent ended")
    return data


def _attached(data: bytes) -> dict[str, Any]:
    try:
        found = attachments(data)
    except Exception:  # the document itself is read, or refused, on its own
        found = []
    return {"attachments": [(name, base64.b64encode(content).decode()) for name, content in found]}


def _pictured(data: bytes, number: int, quotes: Sequence[str]) -> dict[str, Any]:
    try:
        drawn = picture(data, number, quotes)
    except ReadError as error:
        return {"error": error.message}
    except Exception:  # as a damaged page is read over, it is shown as text alone
        return {"error": "The page cannot be drawn."}
    return dataclasses.asdict(drawn) | {"png": base64.b64encode(drawn.png).decode()}


def _reply(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = read(data, name)
    except ReadError as error:
        return {"error": error.message}
    pairs = {field.name: getattr(document, field.name) for field in dataclasses.fields(document)}
    pairs["headings"] = [dataclasses.astuple(heading) for heading in document.headings]
    pairs["pages"] = [dataclasses.astuple(page) for page in document.pages]
    return pairs | {"metadata": dict(document.metadata)}


def _limit(megabytes: int) -> None:
    """Limit memory and forbid writing files, if the system has such limits."""
    try:
        import resource
    except ImportError:
        return
    limits = {resource.RLIMIT_AS: megabytes * 1_000_000, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
