"""A blob store of the bytes of documents as they were added, each in a file named by its SHA-256.

A label, a small JSON file beside it, has the names, the title, the date and the tags of the document. The
ledger can be rebuilt from originals and labels. Only originals that are named are removed, never those
without a record.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.core.errors import StoreError
from assistant.core.private_files import PARTIAL, write_private
from assistant.store.addresses import Stores

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
    """Return the originals of a store."""
    return Originals(stores.originals or home / "originals")


class Originals:
    """The originals of one home folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder.with_name(f"{folder.name}.json")

    def add(self, data: bytes) -> None:
        """Store bytes unless they are stored already.

        Raises:
            StoreError: they cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.is_intact(sha256):
            write_private(self._folder / sha256, data)

    def is_intact(self, sha256: str) -> bool:
        """True if there is an original with this hash and it is undamaged."""
        return self.read(sha256) is not None

    def has(self, sha256: str) -> bool:
        """True if there is an original with this hash, intact or not."""
        return (self._folder / sha256).exists()

    def read(self, sha256: str) -> bytes | None:
        """Return the original with this hash; None if it is missing or damaged."""
        try:
            data = (self._folder / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def hashes(self) -> set[str]:
        """Return the hashes of all originals, including damaged ones."""
        try:
            return {name for name in os.listdir(self._folder) if _SHA256.fullmatch(name)}
        except OSError:
            return set()

    def remove(self, sha256s: Iterable[str]) -> None:
        """Remove the originals with these hashes and their labels.

        Raises:
            StoreError: they cannot be removed.
        """
        for sha256 in sha256s:
            for path in (self._folder / sha256, self._label(sha256)):
                try:
                    path.unlink()
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError as fault:
                    raise StoreError(f"{path} cannot be removed ({fault.strerror}); remove it.") from fault

    def remove_partial(self) -> None:
        """Remove files that an interruption left partially written."""
        for path in self._folder.glob(f"*{PARTIAL}"):
            path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Flush the folder to the disk, so that file names survive a power failure."""
        with contextlib.suppress(OSError):
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    # -- labels ----------------------------------------------------------------------------------

    def label(self, sha256: str) -> Label | None:
        """Return the label of the original with this hash; None if it is missing or damaged."""
        label = _read_json(self._label(sha256))
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
            write_private(self._label(sha256), json.dumps(asdict(label)).encode())

    def _label(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.json"

    # -- the state -------------------------------------------------------------------------------

    def state(self) -> StoreState | None:
        """Return the state that the originals are at; None if it is missing or damaged."""
        state = _read_json(self._state)
        store, change = state.get("store"), state.get("change")
        return StoreState(store, change) if isinstance(store, str) and isinstance(change, int) else None

    def set_state(self, state: StoreState) -> None:
        """Write the state that the originals are at.

        Raises:
            StoreError: it cannot be written.
        """
        write_private(self._state, json.dumps(asdict(state)).encode())


def _read_json(path: Path) -> Mapping[str, object]:
    """Return the object in a file; an empty one if it is missing or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
