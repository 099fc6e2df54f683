"""Rebuilds a damaged ledger from the originals, and exports the originals without a ledger.

The new ledger is built in a separate store over the same originals, and replaces the old one once it is
complete. An interruption leaves the old ledger, and the next repair continues with the new one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from assistant.core.errors import LedgerError, NotFound, StoreError
from assistant.core.types import DocumentInfo, Notify
from assistant.embedding.embedders import Embedder
from assistant.ingest.library import Library
from assistant.store import conversations, health, reconciler
from assistant.store.addresses import IN_HOME, Stores
from assistant.store.ledger import CHANGE_NUMBER, STORE_ID, Ledger
from assistant.store.originals import Label, Originals, StoreState, open_originals
from assistant.store.reconciler import Reconciler
from assistant.store.records import LedgerChange
from assistant.users import accounts

FOLDER = "repair"
FILES = ("ledger.db-wal", "ledger.db-shm", "ledger.db")
"""In order of deletion: a log must never be combined with another database."""


def repair(home: Path, embedder: Embedder, notify: Notify, stores: Stores = IN_HOME) -> tuple[str, ...]:
    """Rebuild the ledger of `home` if it cannot be used; return one sentence for each action.

    A database elsewhere is filled if it is empty; what else befalls it is for a backup of its own.
    """
    if stores.database:
        return _adopt(open_originals(home, stores), stores.database)
    try:
        _require(home)
    except LedgerError as fault:
        notify(fault.message)
    else:
        shutil.rmtree(home / FOLDER, ignore_errors=True)
        return ()
    originals = Originals(home / "originals")
    notify(f"Reading {len(originals.hashes())} originals into a new ledger.")
    actions = _build(home, originals, embedder, notify)
    _swap(home)
    return actions


def _adopt(originals: Originals, url: URL) -> tuple[str, ...]:
    """Make an empty database that of these originals, which a check then records.

    Raises:
        StoreError: it holds another store, or an older state of this one.
    """
    with contextlib.closing(Ledger(url)) as ledger:
        try:
            Reconciler(ledger, originals).require_match()
            return ()
        except LedgerError as fault:
            if ledger.note(STORE_ID, ""):
                raise StoreError(
                    "The database is older than the originals, or of another store; put back a newer copy of "
                    "it, or name an empty one."
                ) from fault
        state = originals.state() or StoreState(secrets.token_hex(16), 0)
        ledger.set_note(STORE_ID, state.store)
        ledger.set_note(CHANGE_NUMBER, str(state.change))
        # Documents that were removed must not be added again from the shipped corpus.
        ledger.set_note("shipped", "done")
    return ("The empty database is filled from the originals, without conversations.",)


def _require(home: Path) -> None:
    """Check that the ledger is intact and belongs to the originals.

    Raises:
        LedgerError: it is not.
    """
    originals = Originals(home / "originals")
    reconciler.require_ledger_file(home / "ledger.db", originals)
    if not (home / "ledger.db").exists():
        return
    with contextlib.closing(Ledger.at(home / "ledger.db")) as ledger:
        Reconciler(ledger, originals).require_match()
        for fault in health.file_faults(ledger):
            raise LedgerError.of(fault)


class _Rebuilt(Library):
    """A library over the originals of another home, which it only reads."""

    def _open_originals(self, home: Path, stores: Stores) -> Originals:
        return Originals(home.parent / "originals")

    def _set_up(self, home: Path, embedder: Embedder, notify: Notify) -> None:
        super()._set_up(home, embedder, notify)
        self._reconciler = _ReadOnlyReconciler(self.ledger, self._originals)


class _ReadOnlyReconciler(Reconciler):
    """A reconciler that does not change the originals."""

    def require_match(self) -> None: ...

    def recover(self) -> None: ...

    def add(self, originals: object, document_ids: object) -> None: ...

    def apply(self, change: LedgerChange) -> None: ...

    def erase_unacknowledged(self) -> None: ...

    def unrecorded(self) -> set[str]:
        return set()


def _build(home: Path, originals: Originals, embedder: Embedder, notify: Notify) -> tuple[str, ...]:
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if _is_broken(folder):
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    labels = reconciler.unique_labels(originals, originals.hashes())
    with contextlib.closing(_Rebuilt(folder, embedder, notify)) as library:
        rejected = [
            o for o in library.add(reconciler.to_sources(originals, labels)) if o.status == "rejected"
        ]
        ledger = library.ledger
        ledger.set_labels(labels)
        lost = _lost(home / "ledger.db", originals)
        turns = _salvage(home / "ledger.db", ledger)
        state = originals.state()
        if state is not None:
            ledger.set_note(STORE_ID, state.store)
            ledger.set_note(CHANGE_NUMBER, str(state.change))
        # Documents that were removed must not be added again from the shipped corpus.
        ledger.set_note("shipped", "done")
        documents = ledger.counts()[0]
    return (
        f"Rebuilt the ledger: {documents} documents from their originals, {turns} turns of conversations.",
        *(f"The original of {o.source} was left unchanged: {o.reason}" for o in rejected),
        *(f"The original of {name} is missing; add it again." for name in lost),
    )


def _is_broken(folder: Path) -> bool:
    """True if the ledger of an interrupted repair is unusable."""
    try:
        with contextlib.closing(Ledger.at(folder / "ledger.db")) as ledger:
            return bool(health.file_faults(ledger))
    except LedgerError:
        return True


def _salvage(path: Path, ledger: Ledger) -> int:
    """Copy users, and readable conversations but for turns that quote a lost document; return the number of
    turns."""
    rows: list[Sequence[object]] = []
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
        # Row by row, to keep the rows before a damaged one.
        for row in old.execute("SELECT conversation, at, turn FROM turns ORDER BY number"):
            rows.append(row)
    ids = {entry.id for entry in ledger.entries()}
    count = conversations.import_turns(ledger.engine, rows, ids)
    owned: list[Sequence[object]] = []
    # A ledger of an earlier version has no such table.
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
        for row in old.execute("SELECT id, owner, name, pinned FROM conversations"):
            owned.append(row)
    conversations.import_owned(ledger.engine, owned)
    known: list[Sequence[object]] = []
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
        for row in old.execute("SELECT id, name, role, password, added, fixed FROM users"):
            known.append(row)
    accounts.import_users(ledger.engine, known)
    return count


def _lost(path: Path, originals: Originals) -> list[str]:
    """Return the documents of the old ledger that have no original."""
    hashes = originals.hashes()
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
        rows = old.execute("SELECT sha256, source FROM documents WHERE ready").fetchall()
        return [source for sha256, source in rows if sha256 not in hashes]
    return []


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _swap(home: Path) -> None:
    shutil.rmtree(home / "index", ignore_errors=True)
    for name in FILES:
        (home / name).unlink(missing_ok=True)
    os.replace(home / FOLDER / "ledger.db", home / "ledger.db")
    os.replace(home / FOLDER / "index", home / "index")
    shutil.rmtree(home / FOLDER)


class Salvage:
    """The part of a store that an export needs, from originals and labels alone."""

    def __init__(self, home: Path, stores: Stores = IN_HOME) -> None:
        self._originals = open_originals(home, stores)
        self._labels = reconciler.unique_labels(self._originals, self._originals.hashes())

    def list(self) -> list[DocumentInfo]:
        """Return all intact originals, each with its hash as id."""
        return [_entry(*item) for item in self._labels.items() if self._originals.is_intact(item[0])]

    def original(self, document_id: str) -> bytes:
        """Return the bytes of an original.

        Raises:
            NotFound: it is missing or damaged.
        """
        data = self._originals.read(document_id)
        if data is None:
            raise NotFound(f"The original {document_id} is missing or damaged.")
        return data


def _entry(sha256: str, label: Label) -> DocumentInfo:
    names = label.sources
    return DocumentInfo(sha256, label.title, names[0], "", 0, 0, label.added, names, tags=label.tags)
