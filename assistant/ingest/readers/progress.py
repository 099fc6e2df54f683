"""Progress of a reader, page by page, for the process that watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watch = Callable[[int, int, bool], None]
"""Called with the number of the page that is begun, from 0, the number of all, and True for scans."""

_watches: list[Watch] = []


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` be called within, in this process."""
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


def begin_page(number: int, total: int, *, is_scan: bool = False) -> None:
    """Tell that a page is begun; scans are begun after all pages have been, and numbered among themselves."""
    for watch in _watches:
        watch(number, total, is_scan)
