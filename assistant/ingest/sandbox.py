"""Parses in child processes with limits on time and memory: a hostile file can only end its child.

`python -m assistant.ingest.sandbox MEGABYTES` is the child. For each document it reads a line of JSON and the
bytes from standard input, and writes a line of JSON to standard output.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import os
import subprocess
import sys
import threading
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from assistant.core.errors import ReadError
from assistant.core.types import Document, Heading, Page
from assistant.ingest.parse import is_plain, read

SECONDS = 18.0
"""Time limit of one document: below 20 with the time to send it and to replace the child."""
MEGABYTES = 1000
AT_HAND = 300_000
"""Bytes of Markdown or text parsed in this process: a larger table may take a minute and a gigabyte."""
CHILDREN = max(2, os.cpu_count() or 1)
"""Number of concurrent children."""
_DOCUMENTS = 500
"""Documents after which a child is replaced, to free memory that libraries leak."""


def read_safely(
    data: bytes, name: str, *, seconds: float = SECONDS, megabytes: int = MEGABYTES, errand: object = None
) -> Document:
    """Parse a document as `read` does, but in a child with these limits if it needs a library.

    Raises ReadError as `read` does, if the child exceeds its limits, and if `stop` ends the `errand`.
    """
    if is_at_hand(data, name):
        return read(data, name)
    return _pool.read(data, name, seconds, megabytes, errand)


def is_at_hand(data: bytes, name: str) -> bool:
    """True if these bytes are parsed in this process: text so short that it takes seconds at most."""
    return len(data) <= AT_HAND and is_plain(data, name)


def stop(errand: object) -> None:
    """End all parsing for this errand."""
    _pool.stop(errand)


class _Child:
    """A process that parses one document after the other."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes
        self.process = _start(megabytes)
        self._done = 0

    def read(self, data: bytes, name: str, seconds: float) -> dict[str, Any]:
        self._done += 1
        return _request(self.process, data, name, seconds)

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

    def read(self, data: bytes, name: str, seconds: float, megabytes: int, errand: object) -> Document:
        child = self._acquire(megabytes, errand)
        try:
            reply = child.read(data, name, seconds)
        except BaseException:
            self._release(child, is_healthy=False)
            raise
        self._release(child, is_healthy=True)
        if "error" in reply:
            raise ReadError(str(reply["error"]))
        return _document(reply)

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


def _request(child: subprocess.Popen[bytes], data: bytes, name: str, seconds: float) -> dict[str, Any]:
    """Return the reply of the child. Raises ReadError if it dies of its limits or of the file."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        reply = _exchange(child, data, name)
    finally:
        timer.cancel()
        if late.is_set():
            child.wait()  # or it would still count as alive
    if reply is not None:
        return reply
    short = PurePath(name).name or name
    if late.is_set():
        raise ReadError(f"{short} takes longer than {seconds:g} seconds to read; split it and add the parts.")
    raise ReadError(f"{short} needs too much memory or crashes its reader; save it again or split it.")


def _exchange(child: subprocess.Popen[bytes], data: bytes, name: str) -> dict[str, Any] | None:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps({"name": name, "size": len(data)}).encode() + b"\n")
        child.stdin.write(data)
        child.stdin.flush()
        reply = json.loads(child.stdout.readline())
    except (OSError, ValueError):
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


atexit.register(close)


def _serve(megabytes: int) -> None:
    """Parse documents until standard input ends. Output of libraries is discarded."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit(megabytes)
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        reply = _reply(_exactly(sys.stdin.buffer, request["size"]), request["name"])
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the parent ended")
    return data


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
