"""The memory that a process and all that it starts take at most."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

EVERY = 0.02
"""Seconds between two looks: what lives shorter is not seen."""


class Peak:
    """While it is open as a `with`: watches a process and its descendants, where the system has /proc.

    `megabytes` is then the largest resident size that any one of them reached.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.megabytes = 0.0

    def __enter__(self) -> Peak:
        for pid in _family(self._pid):
            # From here on the kernel counts anew.
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._look()
            time.sleep(EVERY)

    def _look(self) -> None:
        self.megabytes = max([self.megabytes, *map(_peak, _family(self._pid))])


def _family(pid: int) -> Iterator[int]:
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listed.read_text().split():
                yield from _family(int(child))


def _peak(pid: int) -> float:
    with contextlib.suppress(OSError):
        if found := re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE):
            return int(found[1]) * 1024 / 1e6
    return 0.0
