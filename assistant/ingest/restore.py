"""A ledger that cannot be relied on, made anew from the originals; and these exported without any.

The new one is built beside, in a store of its own over the same originals, and takes the old one's place when
it is whole. An interruption leaves the old one, and what was embedded; the next repair goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.core.errors import LedgerError, NotFound
from assistant.core.types import Entry
from assistant.embedding.embedders import Embedder
from assistant.ingest.library import Library
from assistant.store import conversations, health, shelf
from assistant.store.ledger import CHANGE, STORE, Gone, Ledger
from assistant.store.originals import Label, Originals
from assistant.store.shelf import Shelf

FOLDER = "repair"
FILES = ("ledger.db-wal", "ledger.db-shm", "ledger.db")
"""In the order in which they go: a log must never meet another database."""


def repair(home: Path, embedder: Embedder, say: Callable[[str], None]) -> tuple[str, ...]:
    """Makes the ledger in `home` anew where it cannot be relied on; gives what was done, a sentence each."""
    try:
        _require(home)
    except LedgerError as fault:
        say(fault.message)
    else:
        shutil.rmtree(home / FOLDER, ignore_errors=True)
        return ()
    originals = Originals(home / "originals")
    say(f"Reading {len(originals.hashes())} originals into a new ledger.")
    done = _build(home, originals, embedder, say)
    _swap(home)
    return done


def _require(home: Path) -> None:
    """Makes sure that the ledger is the one of the originals, and whole as a file.

    Raises:
        LedgerError: it is not.
    """
    originals = Originals(home / "originals")
    shelf.require_file(home / "ledger.db", originals)
    if not (home / "ledger.db").exists():
        return
    with contextlib.closing(Ledger.at(home / "ledger.db")) as ledger:
        Shelf(ledger, originals).require()
        for fault in health.file_faults(ledger):
            raise LedgerError.of(fault)


class _Rebuilt(Library):
    """A library over the originals of another home, which it only reads."""

    def _open_originals(self, home: Path) -> Originals:
        return Originals(home.parent / "originals")

    def _set_up(self, home: Path, embedder: Embedder, say: Callable[[str], None]) -> None:
        super()._set_up(home, embedder, say)
        self._shelf = _Untouched(self.ledger, self._originals)


class _Untouched(Shelf):
    """Originals that do not follow the ledger."""

    def require(self) -> None: ...

    def open(self) -> None: ...

    def keep(self, originals: object, document_ids: object) -> None: ...

    def follow(self, gone: Gone) -> None: ...

    def forget(self) -> None: ...

    def unrecorded(self) -> set[str]:
        return set()


def _build(
    home: Path, originals: Originals, embedder: Embedder, say: Callable[[str], None]
) -> tuple[str, ...]:
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if _is_broken(folder):
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    labels = shelf.labels(originals, originals.hashes())
    with contextlib.closing(_Rebuilt(folder, embedder, say)) as library:
        rejected = [o for o in library.add(shelf.sources(originals, labels)) if o.status == "rejected"]
        ledger = library.ledger
        ledger.redate({sha256: label.added for sha256, label in labels.items() if label.added})
        lost = _lost(home / "ledger.db", originals)
        turns = _salvage(home / "ledger.db", ledger)
        stamp = originals.stamp()
        if stamp is not None:
            ledger.set_note(STORE, stamp.store)
            ledger.set_note(CHANGE, str(stamp.change))
        # What was emptied is not to be filled again.
        ledger.set_note("shipped", "done")
        documents = ledger.counts()[0]
    return (
        f"Made the ledger anew: {documents} documents from their originals, {turns} turns of conversations.",
        *(f"The original of {o.source} was left as it is: {o.reason}" for o in rejected),
        *(f"There is no original of {name} any more; add it again." for name in lost),
    )


def _is_broken(folder: Path) -> bool:
    """Whether what an interrupted repair left is of no use."""
    try:
        with contextlib.closing(Ledger.at(folder / "ledger.db")) as ledger:
            return bool(health.file_faults(ledger))
    except LedgerError:
        return True


def _salvage(path: Path, ledger: Ledger) -> int:
    """Takes over the conversations that can still be read, but for turns that quote a document which is gone;
    gives how many turns."""
    rows: list[Sequence[object]] = []
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
        # Row by row, so that what stands before a damage is not lost.
        for row in old.execute("SELECT conversation, at, turn FROM turns ORDER BY number"):
            rows.append(row)
    held = {entry.id for entry in ledger.entries()}
    return conversations.take_over(ledger.engine, rows, held)


def _lost(path: Path, originals: Originals) -> list[str]:
    """The documents of which the old ledger can still tell, and there is no original."""
    kept = originals.hashes()
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as old:
        return [source for sha256, source in old.execute("SELECT sha256, source FROM documents WHERE ready")
                if sha256 not in kept]  # fmt: skip
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


# -- export without a ledger ---------------------------------------------------------------------------------


class Salvage:
    """As much of a store as an export asks for, from originals and labels alone."""

    def __init__(self, home: Path) -> None:
        self._originals = Originals(home / "originals")
        self._labels = shelf.labels(self._originals, self._originals.hashes())

    def list(self) -> list[Entry]:
        """All originals that are whole, each under its hash."""
        return [_entry(*item) for item in self._labels.items() if self._originals.holds(item[0])]

    def original(self, document_id: str) -> bytes:
        """The bytes of an original.

        Raises:
            NotFound: it is missing or damaged.
        """
        data = self._originals.read(document_id)
        if data is None:
            raise NotFound(f"The original {document_id} is missing or damaged.")
        return data


def _entry(sha256: str, label: Label) -> Entry:
    return Entry(sha256, label.title, label.sources[0], "", 0, 0, label.added, label.sources)
