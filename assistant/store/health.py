"""What can be wrong with a store, told a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core.types import Entry
from assistant.store.ledger import Ledger
from assistant.store.originals import Originals

INDEX = "The index does not hold what the ledger holds; run `assistant rebuild`."
EMBEDDER = "The vectors were made by another embedder; run `assistant rebuild`."


def problems(ledger: Ledger, originals: Originals) -> Iterator[str]:
    """What is wrong with the ledger and the originals."""
    for fault in ledger.faults():
        yield f"The ledger's file is damaged ({fault}); export all, and import it into a new store."
    for entry in ledger.entries():
        if _is_broken(ledger, entry):
            yield f"Passages of {entry.source} are not its text; remove it, then add it again."
        if not originals.holds(ledger.sha256(entry.id) or ""):
            yield f"The original of {entry.source} is missing or damaged; add it again."


def _is_broken(ledger: Ledger, entry: Entry) -> bool:
    text = ledger.document(entry.id).text
    return any(text[p.start : p.end] != p.text for p in ledger.passages_of(entry.id))
