"""Keeping of what was taken from one source: in the ledger here, or through the server that has it open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from assistant.client import Remote
from assistant.store.lists.remotes import Remotes, Taken

if TYPE_CHECKING:
    from assistant.assistant import Assistant

_MOST = 200
"""Items in one request, whose size a server limits."""


class Notes(Protocol):
    """What is kept of one source."""

    def taken(self) -> dict[str, Taken]:
        """Return the items by name."""
        ...

    def note(self, items: Mapping[str, Taken]) -> None:
        """Note items."""
        ...

    def forget(self, names: Iterable[str]) -> None:
        """Forget items."""
        ...

    def ended(self, counts: Mapping[str, int], fault: str = "") -> None:
        """Note that a run ended now."""
        ...


def notes_of(store: Assistant | Remote, source: str) -> Notes:
    """Return what a store keeps of a source."""
    if isinstance(store, Remote):
        return _Served(store, source)
    return _Kept(Remotes(store.library.ledger.engine), source)


class _Kept:
    """In the ledger."""

    def __init__(self, remotes: Remotes, source: str) -> None:
        self._remotes, self._source = remotes, source

    def taken(self) -> dict[str, Taken]:
        return self._remotes.taken(self._source)

    def note(self, items: Mapping[str, Taken]) -> None:
        self._remotes.note(self._source, items)

    def forget(self, names: Iterable[str]) -> None:
        self._remotes.forget(self._source, names)

    def ended(self, counts: Mapping[str, int], fault: str = "") -> None:
        self._remotes.ended(self._source, counts, fault)


class _Served:
    """Through the server."""

    def __init__(self, server: Remote, source: str) -> None:
        self._server, self._source = server, source

    def taken(self) -> dict[str, Taken]:
        rows = self._server.call("GET", "/api/remotes/items", params={"source": self._source})
        return {row["name"]: Taken(row["version"], row["is_refused"]) for row in rows}

    def note(self, items: Mapping[str, Taken]) -> None:
        rows = [
            {"name": name, "version": taken.version, "is_refused": taken.is_refused}
            for name, taken in items.items()
        ]
        for start in range(0, len(rows), _MOST):
            self._send("items", items=rows[start : start + _MOST])

    def forget(self, names: Iterable[str]) -> None:
        rows = list(names)
        for start in range(0, len(rows), _MOST):
            self._send("forget", names=rows[start : start + _MOST])

    def ended(self, counts: Mapping[str, int], fault: str = "") -> None:
        self._send("runs", counts=dict(counts), fault=fault)

    def _send(self, what: str, **body: object) -> None:
        self._server.call("POST", f"/api/remotes/{what}", json={"source": self._source, **body})
