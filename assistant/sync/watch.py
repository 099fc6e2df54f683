"""Following a folder: hearing of changes as they happen, and waiting until a file is written to its end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from assistant.core.errors import AssistantError
from assistant.sync.folders import Folder, Look, Stamp

TICK = 0.5
"""Seconds after which it is looked whether a file has settled, and whether the folder is the same still."""
SETTLED = 1.0
"""Seconds for which a file must not have changed to count as written."""
WAITED = 10.0
"""Seconds for which all else waits for files that are being written: what moved looks like one at first, and
its old name must not be taken away before."""
GATHERED = 1.5
"""Seconds for which changes that come one after the other are gathered."""
AGAIN = 60.0
"""Seconds after which the folder is looked at in any case: not all disks tell of changes."""
RETRY = 10.0
"""Seconds after which what failed is tried again."""


def follow(
    look: Look, changed: Callable[[Folder], object], say: Callable[[str], None], stop: threading.Event
) -> None:
    """Calls `changed` with what the folder holds, at once, and whenever that has become something else.

    What goes wrong is said, once, and tried again. Ends when `stop` is set, or by Ctrl-C.
    """
    following = _Following(look, changed, say)
    while not stop.is_set():
        # What happens from here on is heard of, so that the first look misses nothing.
        for number, heard in enumerate(_heard(look.root, stop)):
            if heard or not number or following.is_due():
                following.step()


class _Following:
    """What was seen last, what is waited for, and what was said."""

    def __init__(self, look: Look, changed: Callable[[Folder], object], say: Callable[[str], None]) -> None:
        self._look = look
        self._changed = changed
        self._say = say
        self._is_first = True
        self._settling: dict[Path, tuple[Stamp, float]] = {}
        self._since: float | None = None
        """Since when there are files that are being written."""
        self._last: Mapping[Path, Stamp] | None = None
        self._said = ""
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether it is time to look although nothing was heard."""
        return bool(self._settling) or time.monotonic() >= self._next

    def step(self) -> None:
        """Looks, and tells where there is something else than before."""
        try:
            folder = self._looked()
            if not self._is_to_wait():
                if folder.stamps != self._last:
                    self._changed(folder)
                self._last = folder.stamps
                self._said, self._next = "", time.monotonic() + AGAIN
        except Exception as fault:
            told = fault.message if isinstance(fault, AssistantError) else f"{type(fault).__name__}: {fault}"
            if told != self._said:
                self._say(told)
            self._last, self._said, self._next = None, told, time.monotonic() + RETRY

    def _is_to_wait(self) -> bool:
        now = time.monotonic()
        if not self._settling:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= WAITED:
            # What is written to all the time, as a log is, does not hold up the rest.
            self._since = now
            return False
        return bool(self._settling)

    def _looked(self) -> Folder:
        before, self._settling = self._settling, {}

        def is_settled(path: Path, stamp: Stamp) -> bool:
            # At first all is taken as it is.
            now = time.monotonic()
            known, since = before.get(path, (None, now))
            if self._is_first or (known == stamp and now - since >= SETTLED):
                return True
            self._settling[path] = stamp, since if known == stamp else now
            return False

        folder = self._look(is_settled)
        self._is_first = False
        return folder


def _heard(root: Path, stop: threading.Event) -> Iterator[bool]:
    """At least once a tick, whether something changed below the folder; ends where it is another folder."""
    from watchfiles import watch

    folder = _number(root)
    if folder is None:
        stop.wait(TICK)
        yield False
        return
    heard = watch(
        root,
        watch_filter=None,
        stop_event=stop,
        debounce=int(GATHERED * 1000),
        rust_timeout=int(TICK * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    try:
        for changes in heard:
            yield bool(changes)
            if _number(root) != folder:
                return
    except (OSError, RuntimeError):
        # The system tells of no more folders than it is set to: then they are looked at.
        while not stop.wait(TICK) and _number(root) == folder:
            yield True


def _number(root: Path) -> tuple[int, int] | None:
    """What tells a folder from another one at the same place."""
    try:
        found = os.stat(root)
    except OSError:
        return None
    return found.st_dev, found.st_ino
