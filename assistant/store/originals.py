"""The bytes of documents as they were added, each a blob named by its SHA-256.

A label, a small JSON blob beside it, has the names, the title, the date and the tags of the document. The
ledger can be rebuilt from originals and labels. Only originals that are named are removed, never those
without a record.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.store.addresses import Stores
from assistant.store.blobs.folder import STATE, Blobs, FolderBlobs

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Label:
    """The names of an original, the first first, its title, when it was added, and its tags."""

    sources: tuple[str, ...]
    title: str
    added: str
    """ISO 8601, UTC."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreState:
    """The id of a store, and the number of its last change."""

    store: str
    change: int


def open_originals(home: Path, stores: Stores) -> Originals:
    """Return the originals of a store: in its home, in a folder elsewhere, or in a bucket."""
    place = stores.originals or home / "originals"
    if isinstance(place, Path):
        return Originals(place)
    from assistant.store.blobs.bucket import BucketBlobs

    return Originals(BucketBlobs(place))


class Originals:
    """The originals of one store."""

    def __init__(self, place: Path | Blobs) -> None:
        self._blobs: Blobs = FolderBlobs(place) if isinstance(place, Path) else place

    def add(self, data: bytes) -> None:
        """Store bytes unless they are stored already.

        Raises:
            StoreError: they cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.is_intact(sha256):
            self._blobs.write(sha256, data)

    def is_intact(self, sha256: str) -> bool:
        """True if there is an original with this hash and it is undamaged."""
        return self.read(sha256) is not None

    def has(self, sha256: str) -> bool:
        """True if there is an original with this hash, intact or not."""
        return self._blobs.has(sha256)

    def read(self, sha256: str) -> bytes | None:
        """Return the original with this hash; None if it is missing or damaged."""
        data = self._blobs.read(sha256)
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None

    def hashes(self) -> set[str]:
        """Return the hashes of all originals, including damaged ones."""
        return {name for name in self._blobs.names() if _SHA256.fullmatch(name)}

    def remove(self, sha256s: Iterable[str]) -> None:
        """Remove the originals with these hashes and their labels.

        Raises:
            StoreError: they cannot be removed.
        """
        for sha256 in sha256s:
            self._blobs.remove(sha256)
            self._blobs.remove(_label(sha256))

    def remove_partial(self) -> None:
        """Remove what an interruption left partially written."""
        self._blobs.remove_partial()

    def sync(self) -> None:
        """Flush the names, so that they survive a power failure."""
        self._blobs.sync()

    # -- labels ----------------------------------------------------------------------------------

    def label(self, sha256: str) -> Label | None:
        """Return the label of the original with this hash; None if it is missing or damaged."""
        label = _parse(self._blobs.read(_label(sha256)))
        sources, title, added = (label.get(name) for name in ("sources", "title", "added"))
        if not isinstance(sources, list) or not sources or not all(isinstance(s, str) for s in sources):
            return None
        if not isinstance(title, str) or not isinstance(added, str):
            return None
        # A label of an earlier version has none.
        given = label.get("tags", [])
        tags = tuple(tag for tag in given if isinstance(tag, str)) if isinstance(given, list) else ()
        return Label(tuple(sources), title, added, tags)

    def set_label(self, sha256: str, label: Label) -> None:
        """Write the label of an original unless it is unchanged.

        Raises:
            StoreError: it cannot be written.
        """
        if self.label(sha256) != label:
            self._blobs.write(_label(sha256), json.dumps(asdict(label)).encode())

    # -- the state -------------------------------------------------------------------------------

    def state(self) -> StoreState | None:
        """Return the state that the originals are at; None if it is missing or damaged."""
        state = _parse(self._blobs.read(STATE))
        store, change = state.get("store"), state.get("change")
        return StoreState(store, change) if isinstance(store, str) and isinstance(change, int) else None

    def set_state(self, state: StoreState) -> None:
        """Write the state that the originals are at.

        Raises:
            StoreError: it cannot be written.
        """
        self._blobs.write(STATE, json.dumps(asdict(state)).encode())


def _label(sha256: str) -> str:
    return f"{sha256}.json"


def _parse(data: bytes | None) -> Mapping[str, object]:
    """Return the object in a blob; an empty one if it is missing or damaged."""
    try:
        content = json.loads(data or b"")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
