"""Health checks of the ledger and the originals, one sentence for each problem."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core.errors import LedgerError, StoreError
from assistant.store.ledger import Ledger
from assistant.store.originals import Originals
from assistant.store.reconciler import Reconciler

INDEX_PROBLEM = "The index does not hold what the ledger holds; run `assistant rebuild`."
EMBEDDER_PROBLEM = "The vectors were made by another embedder; run `assistant rebuild`."
MB = 1_000_000


def find_problems(ledger: Ledger, originals: Originals, reconciler: Reconciler) -> Iterator[str]:
    """Yield the problems of the ledger and the originals; damage to one document does not hide the others."""
    for fault in file_faults(ledger):
        yield LedgerError.of(fault).message
    for ident, sha256, source in ledger.identities():
        if not ledger.is_intact(ident):
            yield f"The record of {source} is damaged; `assistant check --repair` makes it anew."
        if not originals.is_intact(sha256):
            yield f"The original of {source} is missing or damaged; add it again."
    for _, conversation in ledger.conversations.damaged():
        yield f"A turn of the conversation {conversation} is damaged; `assistant check --repair` removes it."
    try:
        if count := len(reconciler.unrecorded()):
            yield unrecorded_message(count)
        for label in reconciler.mislabelled().values():
            name = label.sources[0]
            yield f"Beside the original of {name} there are other names; run `assistant check --repair`."
    except StoreError as fault:
        yield fault.message


def file_faults(ledger: Ledger) -> list[str]:
    """Return the faults of the ledger's file as a whole."""
    try:
        return ledger.faults()
    except StoreError as fault:
        return [fault.message]


def damaged_documents(ledger: Ledger) -> dict[str, str]:
    """Return the ids of documents with damaged records, by the hashes of their originals."""
    return {sha256: ident for ident, sha256, _ in ledger.identities() if not ledger.is_intact(ident)}


def unrecorded_message(count: int) -> str:
    """Return the message that `count` originals have no record."""
    originals = "1 original has" if count == 1 else f"{count} originals have"
    return f"{originals} no record, and none was touched; `assistant check --repair` takes them in."


def traces_message(size: int) -> str:
    """Return the message that removed text is still on the disk; erasing it takes `size` bytes."""
    return f"Traces of what was removed are still on the disk. {space_message(size)}"


def space_message(size: int) -> str:
    """Return the message that erasing removed text takes `size` bytes."""
    return f"Erasing takes {max(1, size // MB):,} MB of room; make it, then run `assistant check --repair`."
