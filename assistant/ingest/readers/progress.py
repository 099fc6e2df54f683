"""Progress of a reader, page by page, for the process that watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watch = Callable[[int, int], None]
"""Called with the number of the page that is begun, from 0, and the number of all pages."""

_watches: list[Watch] = []


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` be called within, in this process."""
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)


def begin_page(number: int, total: int) -> None:
    """Tell that a page is begun."""
    for watch in _watches:
        watch(number, total)
