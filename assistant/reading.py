"""Reading in a child process with limits on time and memory, so that a hostile file takes down only that.

`python -m assistant.reading MEGABYTES` is the child: a line of JSON and the bytes come in by standard input,
a line of JSON goes out by standard output, for one document after the other.
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

from assistant.errors import ReadError
from assistant.read import is_plain, read
from assistant.types import Document, Heading, Page

SECONDS = 20.0
MEGABYTES = 1000
_DOCUMENTS = 500
"""After so many documents a child is replaced: what libraries leak is given back."""


def read_safely(data: bytes, name: str, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> Document:
    """The same as `read`, but PDF, Word and HTML are read by a child that has these limits.

    Raises ReadError as `read` does, and where the child needs more time or memory.
    """
    if is_plain(data, name):
        return read(data, name)
    return _reader.read(data, name, seconds, megabytes)


class _Reader:
    """One child that stays alive from document to document. Threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._megabytes = 0
        self._done = 0

    def read(self, data: bytes, name: str, seconds: float, megabytes: int) -> Document:
        with self._lock:
            if self._megabytes != megabytes or self._done >= _DOCUMENTS:
                self._stop()
            child = self._running(megabytes)
            try:
                reply = _asked(child, data, name, seconds)
            except BaseException:
                self._stop()
                raise
            self._done += 1
        if "error" in reply:
            raise ReadError(str(reply["error"]))
        return _document(reply)

    def close(self) -> None:
        """Ends the child, if there is one."""
        with self._lock:
            self._stop()

    def _running(self, megabytes: int) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._stop()
            self._child = _started(megabytes)
            self._megabytes, self._done = megabytes, 0
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def _started(megabytes: int) -> subprocess.Popen[bytes]:
    """A child with our code and nothing else of our surroundings: no keys, not the folder we are in."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT", "PYTHONPATH")
    env = {key: os.environ[key] for key in kept if key in os.environ}
    ours = str(Path(__file__).resolve().parent.parent)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [ours, env.get("PYTHONPATH")]))
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "assistant.reading", str(megabytes)],
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


_reader = _Reader()
atexit.register(_reader.close)


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
