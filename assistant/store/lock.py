"""The lock of a store: one process at a time owns it, by an operating system lock on `owner.lock`.

A second process with Chroma's folder open never finds new passages, so others talk to the owner if it is a
server, or wait for it. The operating system releases the lock when the process ends in any way. The file has
the owner's pid, command and, for a server, URL and key.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.core.errors import StoreBusy, StoreError
from assistant.core.types import Notify

POLL_SECONDS = 0.1
_OTHERS = 0o077
"""The permissions of everyone but the owner of a file."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that owns a store. `url` is None unless it is a server; `key` is then what shows it that a
    command has the home folder."""

    pid: int
    doing: str
    url: str | None
    key: str = field(default="", repr=False, compare=False)


class Lock:
    """The lock of a store, held by this process, in any of its threads, until `release`."""

    def __init__(self, path: Path) -> None:
        """Acquire the lock.

        Raises:
            Timeout: another process, or another lock of this process, holds it.
            OSError: the file cannot be written, or its file system has no locks.
        """
        self._descriptor = -1
        self._lock = FileLock(
            path,
            mode=0o600,
            thread_local=False,
            blocking=False,
            preserve_lock_file=True,
            on_acquired=self._set_descriptor,
        )
        self._lock.acquire()

    def announce(self, doing: str, url: str | None = None, key: str = "") -> None:
        """Tell other processes the command of this one, the URL at which it serves, and the key to it."""
        # Windows locks the first byte, which is blank and never read.
        content = "\n" + json.dumps({"pid": os.getpid(), "doing": doing, "url": url, "key": key})
        # On a full disk nobody learns the owner, but it holds the lock.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, content.encode())

    def release(self) -> None:
        """Let another process own the store."""
        self._descriptor = -1
        self._lock.release()

    def _set_descriptor(self, descriptor: int) -> None:
        self._descriptor = descriptor


def acquire(home: Path, doing: str, url: str | None = None) -> Lock | Owner:
    """Return the lock of the store in `home`; if another process holds it, return its owner.

    Raises:
        StoreError: the folder cannot be created or written.
    """
    path = home / "owner.lock"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = Lock(path)
    except Timeout:
        return _read_owner(path)
    except OSError as fault:
        raise StoreError(
            f"The home folder {home} cannot be written ({fault.strerror}); set ASSISTANT_HOME to another."
        ) from fault
    lock.announce(doing, url)
    return lock


def wait_for(home: Path, doing: str, on_wait: Callable[[Owner], None], seconds: float = 600) -> Lock | Owner:
    """Return the lock once no other command holds it; return the owner if it is, or becomes, a server.

    `on_wait` is called once, with the owner, if there is a wait.

    Raises:
        StoreBusy: `seconds` have passed.
    """
    limit = time.monotonic() + seconds
    is_waiting = False
    while True:
        holder = acquire(home, doing)
        if isinstance(holder, Lock) or holder.url:
            return holder
        if time.monotonic() > limit:
            raise StoreBusy(f"Process {holder.pid} ({holder.doing}) still holds the store; try again later.")
        if not is_waiting:
            on_wait(holder)
            is_waiting = True
        time.sleep(POLL_SECONDS)


def restrict_access(home: Path, notify: Notify) -> None:
    """Remove all permissions of others on a home and everything in it, if they have any on the home; `notify`
    is called if that fails."""
    try:
        if not home.stat().st_mode & _OTHERS:
            return
        for folder, _, names in os.walk(home):
            for name in (folder, *(os.path.join(folder, name) for name in names)):
                if name == str(home) or not os.path.islink(name):
                    os.chmod(name, os.stat(name).st_mode & 0o700)
    except OSError as fault:
        notify(f"Others may be able to look into {home}, which cannot be prevented ({fault.strerror}).")


def _read_owner(path: Path) -> Owner:
    try:
        with path.open("rb") as file:
            file.seek(1)
            content = json.loads(file.read())
        key = str(content.get("key", ""))
        return Owner(int(content["pid"]), str(content["doing"]), content["url"], key)
    except (OSError, ValueError, KeyError, TypeError):
        # The owner has just acquired the lock, or is writing the file.
        return Owner(0, "starting", None)
