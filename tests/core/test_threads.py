"""Several threads on one library: nothing is stored twice, and what remains can always be found."""

from __future__ import annotations

import functools
import threading

from conftest import Hashing, together
from stores import add, is_sound, statuses, text

from assistant.ingest.library import Library
from assistant.store.index import Index, terms


def test_threads_that_add_the_same_at_once_make_one_document(library: Library) -> None:
    told = together(4, lambda _: add(library, a=text("zebra"), b=text("horse")))
    assert (
        sorted(status for outcomes in told for status in statuses(outcomes))
        == ["added"] * 2 + ["unchanged"] * 6
    )
    assert library.check().documents == 2
    assert is_sound(library)


def test_threads_that_change_one_source_at_once_leave_one_version(library: Library) -> None:
    words = ("zebra", "horse", "tiger", "lion")
    together(4, lambda n: [add(library, a=text(words[n] * (1 + turn % 2))) for turn in range(4)])
    [entry] = library.ledger.entries()
    assert entry.source == "a.md"
    assert is_sound(library)


def test_documents_are_found_while_others_come_and_go_and_the_index_is_made_anew(library: Library) -> None:
    """One thread adds and removes, one rebuilds; those that ask find what stays, and nothing half."""
    add(library, **{f"stays{n}": text(f"stays{n}", 3) for n in range(20)})
    over = threading.Event()

    def changing() -> int:
        for turn in range(6):
            outcomes = add(library, **{f"goes{n}": text(f"goes{n}x{turn}", 2) for n in range(10)})
            library.remove(outcomes[0].document_id or "")
        return 0

    def rebuilding() -> int:
        for _ in range(3):
            assert library.rebuild().problems == ()
        return 0

    def asking(number: int) -> int:
        asked = 0
        while not over.is_set() or not asked:
            word = f"stays{(number + asked) % 20}"
            vector, weights = Hashing().embed([word])[0], dict.fromkeys(terms(word), 1.0)
            near = library.search(functools.partial(Index.nearest, vector=vector, limit=10))
            kept = library.ledger.stored_passages(
                [*near, *library.search(functools.partial(Index.match, weights=weights, limit=10))]
            )
            held = [item for item in kept.values() if f" {word} is" in item.passage.text]
            assert len(held) == 3, f"of {word} only {len(held)} passages are found"
            asked += 1
        return asked

    def work(number: int) -> int:
        if number > 1:
            return asking(number)
        try:
            return changing() if number else rebuilding()
        finally:
            if number:
                over.set()

    asked = together(4, work)
    assert all(count > 0 for count in asked[2:])
    assert library.check().documents == 29
    assert is_sound(library)


def test_a_check_while_documents_are_added_finds_no_problem(library: Library) -> None:
    def work(number: int) -> list[str]:
        if number:
            return [problem for _ in range(20) for problem in library.check().problems]
        for turn in range(10):
            add(library, **{f"d{n}": text(f"d{n}x{turn}", 3) for n in range(5)})
        return []

    assert together(2, work) == [[], []]
