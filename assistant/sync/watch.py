"""Watching of a folder: reacts to changes as they happen, once files are completely written."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from assistant.core.errors import AssistantError
from assistant.core.types import Notify
from assistant.sync.folders import FolderContents, FolderScanner, Stamp

TICK = 0.5
"""Seconds between checks whether files have settled and the folder is still the same."""
SETTLED = 1.0
"""Seconds without a change after which a file counts as written."""
MAX_WAIT = 10.0
"""Seconds for which all else waits for files being written: a moved file looks like one at first, and its old
name must not be removed before."""
DEBOUNCE = 1.5
"""Seconds for which changes in quick succession are collected."""
RESCAN = 60.0
"""Seconds after which the folder is scanned in any case: not all file systems report changes."""
RETRY = 10.0
"""Seconds after which a failed scan is repeated."""


def follow(
    scanner: FolderScanner,
    on_change: Callable[[FolderContents], object],
    notify: Notify,
    stop: threading.Event,
) -> None:
    """Call `on_change` with the folder's contents, at once and whenever they change, until `stop` is set.

    A fault is reported to `notify` once, and the scan is repeated.
    """
    follower = _Follower(scanner, on_change, notify)
    while not stop.is_set():
        # The watch starts before the first scan, so that no change in between is missed.
        for number, is_changed in enumerate(_watch_folder(scanner.root, stop)):
            if is_changed or not number or follower.is_due():
                follower.step()


class _Follower:
    def __init__(
        self,
        scanner: FolderScanner,
        on_change: Callable[[FolderContents], object],
        notify: Notify,
    ) -> None:
        self._scanner = scanner
        self._on_change = on_change
        self._notify = notify
        self._is_first = True
        self._settling: dict[Path, tuple[Stamp, float]] = {}
        self._waiting_since: float | None = None
        self._last: Mapping[Path, Stamp] | None = None
        self._last_fault = ""
        self._next = 0.0

    def is_due(self) -> bool:
        """True if it is time for a scan although no change was reported."""
        return bool(self._settling) or time.monotonic() >= self._next

    def step(self) -> None:
        """Scan, and call `on_change` if the contents differ from before."""
        try:
            folder = self._scan()
            if not self._must_wait():
                if folder.stamps != self._last:
                    self._on_change(folder)
                self._last = folder.stamps
                self._last_fault, self._next = "", time.monotonic() + RESCAN
        except Exception as error:
            fault = error.message if isinstance(error, AssistantError) else f"{type(error).__name__}: {error}"
            if fault != self._last_fault:
                self._notify(fault)
            self._last, self._last_fault, self._next = None, fault, time.monotonic() + RETRY

    def _must_wait(self) -> bool:
        now = time.monotonic()
        if not self._settling:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since >= MAX_WAIT:
            # A file written all the time, such as a log, does not hold up the rest.
            self._waiting_since = now
            return False
        return bool(self._settling)

    def _scan(self) -> FolderContents:
        before, self._settling = self._settling, {}

        def is_settled(path: Path, stamp: Stamp) -> bool:
            # The first scan takes every file as it is.
            now = time.monotonic()
            last_stamp, since = before.get(path, (None, now))
            if self._is_first or (last_stamp == stamp and now - since >= SETTLED):
                return True
            self._settling[path] = stamp, since if last_stamp == stamp else now
            return False

        folder = self._scanner(is_settled)
        self._is_first = False
        return folder


def _watch_folder(root: Path, stop: threading.Event) -> Iterator[bool]:
    """Yield at least once a tick, True if something changed below the folder; end if it is replaced."""
    from watchfiles import watch

    folder = _identify(root)
    if folder is None:
        stop.wait(TICK)
        yield False
        return
    events = watch(
        root,
        watch_filter=None,
        stop_event=stop,
        debounce=int(DEBOUNCE * 1000),
        rust_timeout=int(TICK * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    try:
        for changes in events:
            yield bool(changes)
            if _identify(root) != folder:
                return
    except (OSError, RuntimeError):
        # The system's limit of watched folders is reached: poll instead.
        while not stop.wait(TICK) and _identify(root) == folder:
            yield True


def _identify(root: Path) -> tuple[int, int] | None:
    """Return device and inode, which differ between two folders at the same path."""
    try:
        stat = os.stat(root)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
