"""What can be wrong with a store, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core.errors import LedgerError, StoreError
from assistant.store.ledger import Ledger
from assistant.store.originals import Originals
from assistant.store.shelf import Shelf

INDEX = "The index does not hold what the ledger holds; run `assistant rebuild`."
EMBEDDER = "The vectors were made by another embedder; run `assistant rebuild`."
MB = 1_000_000


def problems(ledger: Ledger, originals: Originals, shelf: Shelf) -> Iterator[str]:
    """What is wrong with the ledger and the originals; damage to one document keeps none of the others from
    being looked at."""
    for fault in file_faults(ledger):
        yield LedgerError.of(fault).message
    for ident, sha256, source in ledger.identities():
        if not ledger.is_whole(ident):
            yield f"The record of {source} is damaged; `assistant check --repair` makes it anew."
        if not originals.holds(sha256):
            yield f"The original of {source} is missing or damaged; add it again."
    try:
        if number := len(shelf.unrecorded()):
            yield unrecorded(number)
        for label in shelf.mislabelled().values():
            name = label.sources[0]
            yield f"Beside the original of {name} there are other names; run `assistant check --repair`."
    except StoreError as fault:
        yield fault.message


def file_faults(ledger: Ledger) -> list[str]:
    """What is wrong with the file of the ledger as a whole."""
    try:
        return ledger.faults()
    except StoreError as fault:
        return [fault.message]


def damaged(ledger: Ledger) -> dict[str, str]:
    """The documents whose records are damaged: the hashes of their originals, each with the id."""
    return {sha256: ident for ident, sha256, _ in ledger.identities() if not ledger.is_whole(ident)}


def unrecorded(number: int) -> str:
    """That there are originals without a record."""
    originals = "1 original has" if number == 1 else f"{number} originals have"
    return f"{originals} no record, and none was touched; `assistant check --repair` takes them in."


def owed(size: int) -> str:
    """That the disk was not yet made to forget what was removed."""
    return f"Traces of what was removed are still on the disk. {needed(size)}"


def needed(size: int) -> str:
    """How much room it takes to erase what is removed."""
    return f"Erasing takes {max(1, size // MB):,} MB of room; make it, then run `assistant check --repair`."
