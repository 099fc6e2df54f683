"""Who owns the store: one process at a time, by a lock on `owner.lock`.

A second process that has Chroma's folder open never finds new passages, so the others either talk to the
owner, where it is a server, or wait for it. The lock is the kernel's: it goes with the process, however that
ends. The file says who holds it: pid, what it does, and a server's URL.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.core.errors import StoreBusy, StoreError
from assistant.core.types import Notify

_OTHERS = 0o077
"""The rights of everybody but the owner of a file."""


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
        # On a full disk nobody learns who holds it, but it is held.
        with contextlib.suppress(OSError):
            self._file.seek(0)
            self._file.truncate()
            json.dump({"pid": os.getpid(), "doing": doing, "url": url}, self._file)
            self._file.flush()

    def release(self) -> None:
        """Lets another process have the store."""
        try:
            self._file.close()
        except OSError:
            # On a full disk something is still unwritten; it is closed all the same.
            return


def take(home: Path, doing: str, url: str | None = None) -> Lock | Owner:
    """The lock on the store in `home`; where another process holds it, who that is.

    Raises:
        StoreError: the folder cannot be made or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.fdopen(os.open(home / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
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


def close_to_others(home: Path, notify: Notify) -> None:
    """Takes the rights on a home, and on all in it, from everybody but its owner, where others have any;
    `notify` hears where that cannot be done."""
    try:
        if not home.stat().st_mode & _OTHERS:
            return
        for folder, _, names in os.walk(home):
            for name in (folder, *(os.path.join(folder, name) for name in names)):
                if name == str(home) or not os.path.islink(name):
                    os.chmod(name, os.stat(name).st_mode & 0o700)
    except OSError as fault:
        notify(f"Others may be able to look into {home}, which cannot be prevented ({fault.strerror}).")


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
