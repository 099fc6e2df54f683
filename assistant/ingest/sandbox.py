"""Reading in a child process with limits on time and memory, so that a hostile file takes down only that.

`python -m assistant.ingest.sandbox MEGABYTES` is the child: a line of JSON and the bytes come in by standard
input, a line of JSON goes out by standard output, for one document after the other.
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
"""With what it takes to tell, to end the child and to begin another, no file holds anybody up for 20."""
MEGABYTES = 1000
AT_HAND = 300_000
"""Bytes of Markdown or text that are read here: of more, a table alone may take a minute and a gigabyte."""
CHILDREN = max(2, os.cpu_count() or 1)
"""That read at the same time."""
_DOCUMENTS = 500
"""After so many documents a child is replaced: what libraries leak is given back."""


def read_safely(
    data: bytes, name: str, *, seconds: float = SECONDS, megabytes: int = MEGABYTES, errand: object = None
) -> Document:
    """The same as `read`, but whatever needs a library is read by a child that has these limits.

    Raises ReadError as `read` does, where the child needs more time or memory, and where `stop` ends what is
    read on the same `errand`.
    """
    if is_at_hand(data, name):
        return read(data, name)
    return _pool.read(data, name, seconds, megabytes, errand)


def is_at_hand(data: bytes, name: str) -> bool:
    """Whether these bytes are read here: so little text that what comes of it takes a few seconds at most."""
    return len(data) <= AT_HAND and is_plain(data, name)


def stop(errand: object) -> None:
    """Ends all reading on this errand."""
    _pool.stop(errand)


class _Child:
    """A process that reads one document after the other."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes
        self.process = _started(megabytes)
        self._done = 0

    def read(self, data: bytes, name: str, seconds: float) -> dict[str, Any]:
        self._done += 1
        return _asked(self.process, data, name, seconds)

    def serves(self, megabytes: int) -> bool:
        """Whether it can read another document within this limit."""
        return self.process.poll() is None and self.megabytes == megabytes and self._done < _DOCUMENTS

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class _Pool:
    """Children that stay alive from document to document. Threads wait until one is free."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._idle: list[_Child] = []
        self._busy: dict[_Child, object] = {}
        self._starting = 0

    def read(self, data: bytes, name: str, seconds: float, megabytes: int, errand: object) -> Document:
        child = self._taken(megabytes, errand)
        try:
            reply = child.read(data, name, seconds)
        except BaseException:
            self._given_back(child, sound=False)
            raise
        self._given_back(child, sound=True)
        if "error" in reply:
            raise ReadError(str(reply["error"]))
        return _document(reply)

    def stop(self, errand: object) -> None:
        with self._change:
            for child, other in self._busy.items():
                if other is errand:
                    child.process.kill()

    def close(self) -> None:
        """Ends all children."""
        with self._change:
            children, self._idle = [*self._idle, *self._busy], []
        for child in children:
            child.process.kill()

    def _taken(self, megabytes: int, errand: object) -> _Child:
        with self._change:
            self._change.wait_for(lambda: len(self._busy) + self._starting < CHILDREN)
            # The last that was given back, so that one after the other is read by one child.
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

    def _given_back(self, child: _Child, *, sound: bool) -> None:
        with self._change:
            del self._busy[child]
            if sound:
                self._idle.append(child)
            self._change.notify()
        if not sound:
            child.end()


def _started(megabytes: int) -> subprocess.Popen[bytes]:
    """A child with our code and nothing else of our surroundings: no keys, not the folder we are in."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT", "PYTHONPATH")
    env = {key: os.environ[key] for key in kept if key in os.environ}
    ours = str(Path(__file__).resolve().parents[2])
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [ours, env.get("PYTHONPATH")]))
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "assistant.ingest.sandbox", str(megabytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
    )


def _asked(child: subprocess.Popen[bytes], data: bytes, name: str, seconds: float) -> dict[str, Any]:
    """The child's reply. Raises ReadError where it dies, of its limits or of the file."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        reply = _exchanged(child, data, name)
    finally:
        timer.cancel()
        if late.is_set():
            child.wait()  # so that nobody takes it for alive
    if reply is not None:
        return reply
    short = PurePath(name).name or name
    if late.is_set():
        raise ReadError(f"{short} takes longer than {seconds:g} seconds to read; split it and add the parts.")
    raise ReadError(
        f"{short} needs too much memory or breaks its reader; save it anew or split it, and add that."
    )


def _exchanged(child: subprocess.Popen[bytes], data: bytes, name: str) -> dict[str, Any] | None:
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
    """A Document from what the child wrote. Its shape is checked, since a broken child may write anything."""
    try:
        return Document(
            **{key: str(reply[key]) for key in ("id", "title", "source", "media_type", "text")},
            headings=tuple(Heading(int(a), str(b), int(c), int(d)) for a, b, c, d in reply["headings"]),
            pages=tuple(Page(int(a), int(b), int(c)) for a, b, c in reply["pages"]),
            metadata={str(key): str(value) for key, value in reply["metadata"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError("The file breaks its reader; save it anew and add that.") from error


_pool = _Pool()
atexit.register(_pool.close)


# -- the child -----------------------------------------------------------------------------------------------


def _serve(megabytes: int) -> None:
    """Reads documents until standard input ends. What libraries print goes nowhere."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit(megabytes)
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        reply = _reply(_exactly(sys.stdin.buffer, asked["size"]), asked["name"])
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
    """Memory is limited, and no file can be written; where the system has no such limits, only time is."""
    try:
        import resource
    except ImportError:
        return
    for what, limit in (
        (resource.RLIMIT_AS, megabytes * 1_000_000),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
