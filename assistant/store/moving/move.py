"""A move of a whole store: its rows, its originals and what else is in its home; the index is built anew.

The source is read only. Until all of it has been compared, the target notes that it is unfinished, by which
nobody else opens it, and by which the same move goes on where it was interrupted.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sql

from assistant.core.errors import StoreBusy, StoreError
from assistant.core.types import Notify
from assistant.store import database, digests
from assistant.store.addresses import Stores
from assistant.store.database import Ownership
from assistant.store.index import Index
from assistant.store.index.generations import Generations
from assistant.store.ledger import MOVING, Ledger
from assistant.store.lock import Owner, acquire
from assistant.store.moving import rows
from assistant.store.originals import Originals, open_originals
from assistant.store.schema import VERSION, documents, meta, tables, turns

LEFT = ("ledger.db", "originals", "index", "owner.lock", "reserve", "repair", "config.toml")
"""Prefixes of the files of a home that are not copied: they are moved by other means, built anew, or hold
settings of the place itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """The location of a store: its home folder, and the servers of the parts that are not in it."""

    home: Path
    stores: Stores

    @property
    def originals(self) -> Originals:
        """The originals of the store."""
        return open_originals(self.home, self.stores)

    def has_originals_of(self, other: Place) -> bool:
        """True if the originals are where those of another store are."""
        mine, theirs = self.stores.originals, other.stores.originals
        return mine == theirs and (mine is not None or self.home == other.home)

    @property
    def url(self) -> sql.URL:
        """The address of the ledger's database."""
        return self.stores.database or database.sqlite_url(self.home / "ledger.db")


@dataclass(frozen=True, slots=True)
class Moved:
    """Counts of what was moved and compared: rows by table, and originals."""

    rows: Mapping[str, int]
    originals: int


def move(source: Ledger, at: Place, to: Place, notify: Notify, on_rows: Callable[[int, int], None]) -> Moved:
    """Move the store of `source`, which this process has open at `at`, to another place. `on_rows` is called
    with the rows that are copied so far, and with all of them.

    Raises:
        StoreError: the target is in use, holds something else, or is not the same in the end.
        StoreUnreachable: a server does not answer; the same move goes on later.
    """
    if at.url == to.url:
        raise StoreError("The store is there already; name another folder, or another database.")
    with _owning(at, to), contextlib.closing(_opened(to)) as target:
        is_begun = _begin(source, target, at, to)
        with source.engine.connect() as db:
            counted = rows.counts(db)
            copied, total = 0, sum(counted.values())
            notify(f"Copying {total:,} rows of {counted['documents']:,} documents.")
            for count in rows.copy(db, target.engine, is_begun=is_begun):
                copied += count
                on_rows(copied, total)
            originals = _copy_originals(at, to, notify)
            notify("Comparing every row.")
            _compare(db, target.engine)
        _build_index(source, target, to, notify)
        _copy_others(at.home, to.home)
        target.set_note("schema", VERSION)
    return Moved(counted, originals)


@contextlib.contextmanager
def _owning(at: Place, to: Place) -> Iterator[None]:
    """Keep others from the target meanwhile. The source is this process's own already."""
    with contextlib.ExitStack() as stack:
        if to.home != at.home:
            lock = acquire(to.home, "assistant move")
            if isinstance(lock, Owner):
                raise StoreBusy(f"Process {lock.pid} ({lock.doing}) has {to.home} open; end it, then move.")
            stack.callback(lock.release)
        if to.stores.database:
            stack.callback(Ownership(to.stores.database).release)
        yield


def _opened(to: Place) -> Ledger:
    if to.stores.database:
        return Ledger(to.stores.database, unfinished=True)
    return Ledger.at(to.home / "ledger.db", unfinished=True)


def _begin(source: Ledger, target: Ledger, at: Place, to: Place) -> bool:
    """Note in the target that it is being moved to; return True if it was before.

    Raises:
        StoreError: it holds something else.
    """
    mark = f"{MOVING} {source.note('store', '')}"
    if target.note("schema", VERSION) == mark:
        return True
    with target.engine.connect() as db:
        held = [db.scalar(sql.select(sql.func.count()).select_from(table)) for table in (documents, turns)]
    kept = not to.has_originals_of(at) and len(to.originals.hashes())
    if any((*held, kept)):
        raise StoreError(
            f"The target holds a store already ({held[0]} documents, {held[1]} turns of conversations); "
            "name an empty folder or database, or empty this one."
        )
    target.set_note("schema", mark)
    with target.engine.connect() as db:
        # A store that was opened once has notes of its own.
        return bool(db.scalar(sql.select(sql.func.count()).select_from(meta).where(meta.c.key != "schema")))


def _copy_originals(at: Place, to: Place, notify: Notify) -> int:
    """Copy the originals and their labels; return their number.

    Raises:
        StoreError: one is damaged.
    """
    old, new, is_other = at.originals, to.originals, not to.has_originals_of(at)
    hashes = sorted(old.hashes())
    notify(f"{'Copying' if is_other else 'Comparing'} {len(hashes):,} originals.")
    for sha256 in hashes:
        data = old.read(sha256)
        if data is None:
            raise StoreError(f"The original {sha256} is damaged; run `assistant check`, then move.")
        if is_other:
            new.add(data)
            if label := old.label(sha256):
                new.set_label(sha256, label)
    if is_other:
        new.remove(new.hashes().difference(hashes))
        new.sync()
        if state := old.state():
            new.set_state(state)
    return len(hashes)


def _compare(source: sql.Connection, target: sql.Engine) -> None:
    """Compare every row, and every document with its digest.

    Raises:
        StoreError: something differs.
    """
    for table in tables.sorted_tables:
        for page in rows.differences(source, target, table):
            if page.missing or page.extra:
                raise StoreError(f"The {table.name} are not the same; run the same `assistant move` again.")
    idents = sql.select(documents.c.id).where(documents.c.ready)
    with target.connect() as db:
        for ident in source.scalars(idents).all():
            if not digests.is_intact(db, ident):
                raise StoreError(f"The record of {ident} is damaged; run `assistant check --repair`.")


def _build_index(source: Ledger, target: Ledger, to: Place, notify: Notify) -> None:
    """Build the index beside that of the source, and compare it with the ledger.

    Raises:
        StoreError: it does not hold what the ledger holds.
    """
    # Where both have one home or one server, the names of generations must not be the same.
    target.set_note("generation", source.note("generation", "1"))
    index = Generations(to.home / "index", target, threading.RLock(), notify, to.stores.chroma)
    index.build_beside()
    with contextlib.closing(index):
        notify("Comparing every vector.")
        _compare_index(target, index.live)


def _compare_index(ledger: Ledger, index: Index) -> None:
    keys = ledger.keys()
    is_same = index.keys() == (keys, keys)
    for batch in ledger.records() if is_same else ():
        found = index.vectors([record.key for record in batch])
        is_same = is_same and all(np.array_equal(record.vector, found[record.key]) for record in batch)
    if not is_same:
        raise StoreError("The index is not the same as the ledger; run the same `assistant move` again.")


def _copy_others(home: Path, to: Path) -> None:
    """Copy what people have made in a home: question sets, runs, the model that was chosen."""
    for path in home.iterdir() if home != to else ():
        if path.name.startswith(LEFT):
            continue
        if path.is_dir():
            shutil.copytree(path, to / path.name, dirs_exist_ok=True)
        else:
            shutil.copy2(path, to / path.name)
