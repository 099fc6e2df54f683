"""Keeps originals and labels in step with the ledger, and refuses a ledger that does not belong to them.

Both carry the store's id and a change number. The ledger's number is incremented in the transaction of a
change, that of the originals once their files have followed. So the originals may be one change behind after
an interruption; a ledger that is behind is an old one that was put back.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

from assistant.core.errors import LedgerError, ReadError, StoreError
from assistant.core.types import Source
from assistant.store import digests
from assistant.store.ledger import CHANGE_NUMBER, STORE_ID, Ledger
from assistant.store.originals import Label, Originals, StoreState
from assistant.store.records import LedgerChange, PreparedDocument


def require_ledger_file(path: Path, originals: Originals) -> None:
    """Check that the ledger has a file if there are originals.

    To be called before the database is opened: that creates a missing file, and deletes the log beside an
    empty one.

    Raises:
        LedgerError: the file is missing or empty.
    """
    if (not path.exists() or path.stat().st_size == 0) and originals.hashes():
        raise LedgerError.of(
            f"{path.name} is {'empty' if path.exists() else 'missing'}, but originals are there"
        )


def unique_labels(
    originals: Originals, sha256s: Iterable[str], used_names: Iterable[str] = ()
) -> dict[str, Label]:
    """Return the labels of originals, oldest first, without the names of earlier ones or `used_names`.

    An original without a label, or without a free name, gets a new name.
    """
    names, unique = set(used_names), {}
    labels = {sha256: originals.label(sha256) or Label((), "", "") for sha256 in sha256s}
    for sha256, label in sorted(labels.items(), key=lambda item: (item[1].added, item[0])):
        place = f"recovered/{sha256[:16]}"
        new_name = f"{place}/{PurePath(label.sources[0]).name}" if label.sources else place
        free = tuple(name for name in label.sources if name not in names) or (new_name,)
        names.update(free)
        unique[sha256] = replace(label, sources=free)
    return unique


def to_sources(originals: Originals, labels: Mapping[str, Label]) -> list[Source]:
    """Return originals as sources, one for each of their names."""
    return [
        Source(name, partial(_read, originals, sha256, name))
        for sha256, label in labels.items()
        for name in label.sources
    ]


def _read(originals: Originals, sha256: str, name: str) -> bytes:
    data = originals.read(sha256)
    if data is None:
        raise ReadError(f"The original of {name} is missing or damaged; add it again.")
    return data


class Reconciler:
    """Applies changes of the ledger to the originals. One thread at a time makes changes."""

    def __init__(self, ledger: Ledger, originals: Originals) -> None:
        self._ledger, self._originals = ledger, originals
        self._is_behind = False
        """True if a full disk kept the files from following an earlier change."""

    def require_match(self) -> None:
        """Check that the ledger belongs to the originals and is not older than they are.

        Raises:
            LedgerError: it does not belong to them, or is older.
        """
        if not self._originals.hashes():
            return
        current, followed = self._state(), self._originals.state()
        if not current.store and not self._ledger.counts()[0]:
            raise LedgerError.of("it holds nothing, but originals are there")
        if followed is not None and followed.store != current.store:
            raise LedgerError.of("it is of another store than the originals")
        if followed is not None and followed.change > current.change:
            raise LedgerError.of("it is older than the originals")

    def recover(self) -> None:
        """Complete what an interruption left unfinished."""
        self._originals.remove_partial()
        self._erase()
        if not self._state().store:
            # The ledger is new, or of an earlier version.
            digests.write_missing(self._ledger.engine)
            self._ledger.set_note(STORE_ID, secrets.token_hex(16))
        if self._originals.state() != self._state():
            self._is_behind = True
            self._follow(())

    def missing(self, prepared: Iterable[PreparedDocument]) -> set[str]:
        """Return the hashes of documents whose originals are not stored yet."""
        return {item.sha256 for item in prepared if not self._originals.has(item.sha256)}

    def add(self, originals: Iterable[bytes], document_ids: Iterable[str]) -> None:
        """Store the originals and labels of documents that are recorded but not yet acknowledged.

        Raises:
            StoreError: they cannot be written.
        """
        for data in originals:
            self._originals.add(data)
        self._set_labels(self._ledger.labels(document_ids))
        self._originals.sync()

    def apply(self, change: LedgerChange) -> None:
        """Erase the originals that a change of the ledger removed, and relabel those that it renamed.

        Raises:
            StoreError: an original cannot be removed.
        """
        self._erase()
        self._follow(change.renamed)

    def erase_unacknowledged(self) -> None:
        """Erase the originals of documents that were never acknowledged."""
        self._erase()

    def unrecorded(self) -> set[str]:
        """Return the hashes of originals without a record."""
        return self._originals.hashes() - self._ledger.sha256s()

    def mislabelled(self) -> dict[str, Label]:
        """Return the correct labels of originals whose labels are missing or differ from the ledger."""
        labels = self._ledger.labels()
        return {sha256: label for sha256, label in labels.items() if self._originals.label(sha256) != label}

    def relabel(self) -> None:
        """Write all labels from the ledger.

        Raises:
            StoreError: they cannot be written.
        """
        self._set_labels(self._ledger.labels())

    def _state(self) -> StoreState:
        return StoreState(self._ledger.note(STORE_ID, ""), int(self._ledger.note(CHANGE_NUMBER, "0")))

    def _follow(self, renamed: Iterable[str]) -> None:
        """Relabel, and write the state; what a full disk prevents is done after the next change, or when the
        store is opened."""
        try:
            self._set_labels(self._ledger.labels(None if self._is_behind else renamed))
            self._originals.sync()
            self._originals.set_state(self._state())
            self._is_behind = False
        except StoreError:
            self._is_behind = True

    def _set_labels(self, labels: Mapping[str, Label]) -> None:
        for sha256, label in labels.items():
            self._originals.set_label(sha256, label)

    def _erase(self) -> None:
        hashes = self._ledger.erasable.hashes()
        if hashes:
            self._originals.remove(hashes)
            self._originals.sync()
            self._ledger.erasable.clear(hashes)
