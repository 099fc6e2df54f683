"""Helpers for the tests of a store: documents found by one word, and the content of a library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conftest import Hashing, given

from assistant.core.types import AddResult
from assistant.ingest.library import Library
from assistant.store.index import terms


def text(word: str, passages: int = 1) -> str:
    """A document that only a question for `word` finds."""
    return f"# About {word}\n\n" + "\n\n".join(f"## Part {n}\n\nThe {word} is here." for n in range(passages))


def add(library: Library, **documents: str) -> list[AddResult]:
    return list(library.add(given(**documents)))


def statuses(outcomes: Sequence[AddResult]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def found(library: Library, word: str) -> set[str]:
    """The sources of what is found for a word, by words and by meaning, and is answerable."""
    by_words = library.search(lambda index: index.match(dict.fromkeys(terms(word), 1.0), 50))
    vector = Hashing().embed([word])[0]
    by_meaning = library.search(lambda index: index.nearest(vector, 50))
    kept = library.ledger.stored_passages({*by_words, *by_meaning})
    assert {key for key in kept if word in kept[key].passage.text} <= by_meaning.keys() & by_words.keys()
    return {item.source for item in kept.values() if word in item.passage.text}


def is_sound(library: Library) -> bool:
    health = library.check()
    return health.passages == health.vectors == health.words and not health.problems


def originals(home: Path) -> set[str]:
    """The hashes of all that is kept, each of which has its label."""
    names = {path.name for path in (home / "originals").glob("*")}
    kept = {name for name in names if not name.endswith(".json")}
    assert names == kept | {f"{name}.json" for name in kept}
    return kept


def is_wholly_sound(library: Library, kept_in: Path | None = None) -> bool:
    """Counts agree, no problem, no source and no bytes twice, no original without its document."""
    health, entries = library.check(), library.ledger.entries()
    kept = originals(kept_in.parent if kept_in else library._home)
    return (
        health.problems == ()
        and health.passages == health.vectors == health.words
        and health.passages == sum(entry.passages for entry in entries if entry.duplicate_of is None)
        and len({entry.source for entry in entries}) == len({entry.id for entry in entries}) == len(entries)
        and kept == library.ledger.sha256s()
    )
