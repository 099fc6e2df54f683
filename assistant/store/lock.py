"""Who owns the store: one process at a time, by a lock on `owner.lock`.

A second process that has Chroma's folder open never finds new passages, so the others either talk to the
owner, where it is a server, or wait for it. The lock is the kernel's: it goes with the process, however that
ends. The file says who holds it: pid, what it does, and a server's URL.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.core.errors import StoreBusy, StoreError


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a store. `url` is None where it is not a server."""

    pid: int
    doing: str
    url: str | None


class Lock:
    """The store's lock, held by this process until `release`."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def say(self, doing: str, url: str | None = None) -> None:
        """Tells the other processes what this one does, and where it serves."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "doing": doing, "url": url}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Lets another process have the store."""
        self._file.close()


def take(home: Path, doing: str, url: str | None = None) -> Lock | Owner:
    """The lock on the store in `home`; where another process holds it, who that is.

    Raises:
        StoreError: the folder cannot be made or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (home / "owner.lock").open("a+", encoding="utf-8")
    except OSError as fault:
        raise StoreError(
            f"The home folder {home} cannot be written ({fault.strerror}); set ASSISTANT_HOME to another."
        ) from fault
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            return _read(file)
    lock = Lock(file)
    lock.say(doing, url)
    return lock


def wait(home: Path, doing: str, waiting: Callable[[Owner], None], seconds: float = 600) -> Lock | Owner:
    """The lock, waited for while a process that is no server holds it; `waiting` is told once for whom.

    Gives the owner where it is, or becomes, a server.

    Raises:
        StoreBusy: `seconds` passed.
    """
    limit = time.monotonic() + seconds
    told = False
    while True:
        held = take(home, doing)
        if isinstance(held, Lock) or held.url:
            return held
        if time.monotonic() > limit:
            raise StoreBusy(f"Process {held.pid} ({held.doing}) still holds the store; try again later.")
        if not told:
            waiting(held)
            told = True
        time.sleep(0.1)


def _read(file: IO[str]) -> Owner:
    file.seek(0)
    try:
        said = json.load(file)
        return Owner(int(said["pid"]), str(said["doing"]), said["url"])
    except (ValueError, KeyError, TypeError):
        # The owner is just writing, or has only just taken the lock.
        return Owner(0, "starting", None)
