"""The originals and labels of a store, kept in step with its ledger; one that does not fit them is refused.

Both carry the store's identity and the number of the last change. The ledger's goes up in the transaction of
the change, that of the originals when their files have followed. So originals may be one change behind, after
an interruption; a ledger that is behind is an old one, put back in the place of what it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path, PurePath

from assistant.core.errors import LedgerError, ReadError, StoreError
from assistant.core.types import Source
from assistant.store import digests
from assistant.store.ledger import CHANGE, STORE, Gone, Ledger
from assistant.store.originals import Label, Originals, Stamp
from assistant.store.records import Prepared


def require_file(path: Path, originals: Originals) -> None:
    """Makes sure that there is a file of a ledger, where there are originals.

    To be asked before the database is opened, which makes a file that is missing, and removes the log beside
    an empty one.

    Raises:
        LedgerError: it is missing or empty.
    """
    if (not path.exists() or path.stat().st_size == 0) and originals.hashes():
        raise LedgerError.of(
            f"{path.name} is {'empty' if path.exists() else 'missing'}, but originals are there"
        )


def labels(originals: Originals, sha256s: Iterable[str], taken: Iterable[str] = ()) -> dict[str, Label]:
    """What originals are called, those first that were added first. One without a label, or whose names are
    all `taken`, gets a name of its own."""
    names, found = set(taken), {}
    kept = {sha256: originals.label(sha256) or Label((), "", "") for sha256 in sha256s}
    for sha256, label in sorted(kept.items(), key=lambda item: (item[1].added, item[0])):
        place = f"recovered/{sha256[:16]}"
        own = f"{place}/{PurePath(label.sources[0]).name}" if label.sources else place
        free = tuple(name for name in label.sources if name not in names) or (own,)
        names.update(free)
        found[sha256] = Label(free, label.title, label.added)
    return found


def sources(originals: Originals, labels: Mapping[str, Label]) -> list[Source]:
    """Originals as sources, one for each of their names."""
    return [
        Source(name, partial(_bytes, originals, sha256, name))
        for sha256, label in labels.items()
        for name in label.sources
    ]


def _bytes(originals: Originals, sha256: str, name: str) -> bytes:
    data = originals.read(sha256)
    if data is None:
        raise ReadError(f"The original of {name} is missing or damaged; add it again.")
    return data


class Shelf:
    """What follows each change of the ledger. Changes are for one thread at a time."""

    def __init__(self, ledger: Ledger, originals: Originals) -> None:
        self._ledger, self._originals = ledger, originals
        self._is_behind = False
        """Whether files could not follow an earlier change: full disk."""

    def require(self) -> None:
        """Makes sure that the ledger is the one of these originals, as new as they are.

        Raises:
            LedgerError: it is not.
        """
        if not self._originals.hashes():
            return
        (store, change), stamp = self._noted(), self._originals.stamp()
        if not store and not self._ledger.counts()[0]:
            raise LedgerError.of("it holds nothing, but originals are there")
        if stamp is not None and stamp.store != store:
            raise LedgerError.of("it is of another store than the originals")
        if stamp is not None and stamp.change > change:
            raise LedgerError.of("it is older than the originals")

    def open(self) -> None:
        """Makes up for what an interruption left."""
        self._originals.remove_halves()
        self._erase()
        if not self._noted()[0]:
            # It is new, or an earlier version made it.
            digests.write_missing(self._ledger.engine)
            self._ledger.set_note(STORE, secrets.token_hex(16))
        if self._originals.stamp() != Stamp(*self._noted()):
            self._is_behind = True
            self._follow(())

    def _noted(self) -> tuple[str, int]:
        """Which store the ledger is of, and how many changes it went through."""
        return self._ledger.note(STORE, ""), int(self._ledger.note(CHANGE, "0"))

    def missing(self, prepared: Iterable[Prepared]) -> set[str]:
        """The hashes of those whose originals are not kept yet."""
        kept = self._originals.hashes()
        return {item.sha256 for item in prepared if item.sha256 not in kept}

    def keep(self, originals: Iterable[bytes], document_ids: Iterable[str]) -> None:
        """Keeps the originals of documents that are recorded and not yet acknowledged, with their labels.

        Raises:
            StoreError: they cannot be written.
        """
        for data in originals:
            self._originals.keep(data)
        self._set_labels(self._ledger.labels(document_ids))
        self._originals.sync()

    def follow(self, gone: Gone) -> None:
        """After a change of the ledger: removes the originals that went, and renames those that have other
        names.

        Raises:
            StoreError: an original cannot be removed.
        """
        self._erase()
        self._follow(gone.renamed)

    def forget(self) -> None:
        """Removes the originals of what was never acknowledged."""
        self._erase()

    def unrecorded(self) -> set[str]:
        """The hashes of originals of which there is no record."""
        return self._originals.hashes() - self._ledger.sha256s()

    def mislabelled(self) -> dict[str, Label]:
        """The right labels of originals whose labels are missing or say something else than the ledger."""
        labels = self._ledger.labels()
        return {sha256: label for sha256, label in labels.items() if self._originals.label(sha256) != label}

    def relabel(self) -> None:
        """Writes all labels as the ledger has them.

        Raises:
            StoreError: they cannot be written.
        """
        self._set_labels(self._ledger.labels())

    def _follow(self, renamed: Iterable[str]) -> None:
        """Renames and stamps; what a full disk prevents is done after the next change, or at the opening."""
        try:
            self._set_labels(self._ledger.labels(None if self._is_behind else renamed))
            self._originals.sync()
            self._originals.set_stamp(Stamp(*self._noted()))
            self._is_behind = False
        except StoreError:
            self._is_behind = True

    def _set_labels(self, labels: Mapping[str, Label]) -> None:
        for sha256, label in labels.items():
            self._originals.set_label(sha256, label)

    def _erase(self) -> None:
        may_go = self._ledger.erasable.hashes()
        if may_go:
            self._originals.remove(may_go)
            self._originals.sync()
            self._ledger.erasable.clear(may_go)
