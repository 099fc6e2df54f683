"""The bytes of documents as they were added, each in a file that is named by its SHA-256, with a label.

A label is a small JSON file beside it with the names, the title and the date of the document. From originals
and labels the ledger can be made anew. Nothing here goes because something else is missing: what
may go is named.
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

_SHA256 = re.compile(r"[0-9a-f]{64}")
_HALF = ".part"


@dataclass(frozen=True, slots=True)
class Label:
    """The names of an original, first the one that it was added under, its title, and when it was added."""

    sources: tuple[str, ...]
    title: str
    added: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The store that originals belong to, and the number of the last change that they went through."""

    store: str
    change: int


class Originals:
    """Those of one home folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = folder.with_name(f"{folder.name}.json")

    def keep(self, data: bytes) -> None:
        """Keeps bytes, where they are not kept already.

        Raises:
            StoreError: they cannot be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.holds(sha256):
            _write(self._folder / sha256, data)

    def holds(self, sha256: str) -> bool:
        """Whether the bytes of this hash are kept, and are still those."""
        return self.read(sha256) is not None

    def read(self, sha256: str) -> bytes | None:
        """The bytes of this hash; None where they are missing or damaged."""
        try:
            data = (self._folder / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def hashes(self) -> set[str]:
        """The hashes of all that is kept, damaged files included."""
        try:
            return {name for name in os.listdir(self._folder) if _SHA256.fullmatch(name)}
        except OSError:
            return set()

    def remove(self, sha256s: Iterable[str]) -> None:
        """Removes the bytes of these hashes, and their labels.

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

    def remove_halves(self) -> None:
        """Removes files that an interruption left half written."""
        for path in self._folder.glob(f"*{_HALF}"):
            path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Makes the names of the files survive a failure of power."""
        with contextlib.suppress(OSError):
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    # -- labels ----------------------------------------------------------------------------------

    def label(self, sha256: str) -> Label | None:
        """The label of the original of this hash; None where it is missing or damaged."""
        found = _read_json(self._label(sha256))
        sources, title, added = (found.get(name) for name in ("sources", "title", "added"))
        if not isinstance(sources, list) or not sources or not all(isinstance(s, str) for s in sources):
            return None
        if not isinstance(title, str) or not isinstance(added, str):
            return None
        return Label(tuple(sources), title, added)

    def set_label(self, sha256: str, label: Label) -> None:
        """Writes the label of an original, where it is another.

        Raises:
            StoreError: it cannot be written.
        """
        if self.label(sha256) != label:
            _write(self._label(sha256), json.dumps(asdict(label)).encode())

    def _label(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.json"

    # -- the stamp -------------------------------------------------------------------------------

    def stamp(self) -> Stamp | None:
        """The stamp of these originals; None where there is none, or it is damaged."""
        found = _read_json(self._stamp)
        store, change = found.get("store"), found.get("change")
        return Stamp(store, change) if isinstance(store, str) and isinstance(change, int) else None

    def set_stamp(self, stamp: Stamp) -> None:
        """Writes the stamp.

        Raises:
            StoreError: it cannot be written.
        """
        _write(self._stamp, json.dumps(asdict(stamp)).encode())


def _read_json(path: Path) -> Mapping[str, object]:
    """The object in a file; an empty one where it is missing or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, data: bytes) -> None:
    """Writes a file, for its owner alone, so that it is either whole or not there.

    Raises:
        StoreError: it cannot be written.
    """
    beside = path.with_name(f"{path.name}{_HALF}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as fault:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        message = (
            f"{path.parent} cannot be written ({fault.strerror}); make room there, then do the same again."
        )
        raise StoreError(message) from fault
