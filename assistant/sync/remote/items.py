"""What every source by address gives: its items with their versions, and the bytes of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from assistant.core.limits import MAX_SOURCE
from assistant.ingest.files import ENDINGS

UNKNOWN = "?"
"""The version of an item that only reading it tells."""


@dataclass(frozen=True, slots=True)
class RemoteItem:
    """An item that a source lists: its name in the corpus, which is an address, and its version there."""

    name: str
    version: str
    path: PurePosixPath
    """Where it is below the source, for patterns."""


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of an item, and the version that these are."""

    data: bytes
    version: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All items of a source that may be documents."""

    items: tuple[RemoteItem, ...]
    left_out: tuple[str, ...] = ()
    """The names of its files of no known kind."""
    is_whole: bool = True
    """False if what is not listed may still be there, as the older entries of a feed are."""

    @property
    def is_empty(self) -> bool:
        """True if the source holds nothing at all."""
        return not (self.items or self.left_out)


class RemoteSource(Protocol):
    """A place that documents are fetched from. One thread uses it at a time.

    Its methods raise FetchError or SyncError, `retryable` if the place does not answer now. No name and no
    message has a password in it.
    """

    name: str
    """The address of the source, under which the versions of its items are kept."""

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return all items, or raise. `known` has the versions taken before, by name, to ask for less."""
        ...

    def read(self, item: RemoteItem) -> Body:
        """Return the bytes of an item."""
        ...

    def expect(self, items: Sequence[RemoteItem]) -> None:
        """Hear which items are going to be read, in this order, so that they can be fetched together."""
        return

    def close(self) -> None:
        """Let go of connections and files."""
        return


def by_kind(items: list[RemoteItem]) -> Listing:
    """Return a listing of files: of known kinds, and the rest left out; hidden ones are neither."""
    seen = [item for item in items if not _is_hidden(item.path)]
    return Listing(
        tuple(item for item in seen if _is_known(item)),
        tuple(item.name for item in seen if not _is_known(item)),
    )


def _is_known(item: RemoteItem) -> bool:
    return item.path.suffix.lower() in ENDINGS and len(item.name) <= MAX_SOURCE


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith((".", "~$")) for part in path.parts)
