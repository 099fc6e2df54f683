"""Places in documents: resolved to text, or reported as gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hashing, given

from assistant.evaluation.golden import places, sets
from assistant.evaluation.golden.places import QuoteLookup, find_gone, resolve_set
from assistant.evaluation.golden.sets import GoldenSet, Place
from assistant.ingest.library import Library

BEES = "# Bees\n\nHoney bees dance to tell where flowers are.\n"
SALT = "# Salt\n\nThe mine opened in 1280.\n"


class Store(Library):
    """A library with the two methods by which documents are looked up."""

    def show(self, document_id: str) -> sets.Any:
        return self.ledger.document(document_id)

    def list(self) -> sets.Any:
        return self.ledger.entries()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    library = Store(tmp_path, Hashing())
    yield library
    library.close()


def added(store: Store, **documents: str) -> str:
    (outcome,) = store.add(given(**documents))
    assert outcome.document_id
    return outcome.document_id


def place(store: Store, ident: str, words: str) -> Place:
    start = store.show(ident).text.index(words)
    return Place(ident, start, start + len(words))


def make_set(*questions: sets.Question) -> GoldenSet:
    return sets.parse_set("\n".join(map(sets.to_line, questions)), "mine")


def test_the_text_at_a_place_is_told_with_its_document(store: Store) -> None:
    at = place(store, added(store, bees=BEES), "bees dance")
    assert QuoteLookup(store).quote(at) == places.Quote("bees.md", "Bees", "bees dance", at)


def test_facts_are_looked_up_before_a_question_is_asked(store: Store) -> None:
    at = place(store, added(store, bees=BEES), "where flowers are")
    (question,) = sets.questions(
        resolve_set(make_set(sets.Question("a", "Why?", facts=((at, "honey"),))), QuoteLookup(store))
    )
    assert question.facts == (("where flowers are", "honey"),)


def test_a_question_of_a_removed_document_is_left_out_and_told(store: Store) -> None:
    ident = added(store, bees=BEES)
    at = place(store, ident, "where flowers are")
    mine = make_set(
        sets.Question("a", "Why?", documents=("bees.md",), passages=(at,)), sets.Question("b", "Who?")
    )
    assert list(find_gone(mine, QuoteLookup(store))) == []
    store.remove(ident)
    assert [q.id for q in sets.questions(resolve_set(mine, QuoteLookup(store)))] == ["b"]
    assert [q.id for q in find_gone(mine, QuoteLookup(store))] == ["a"]


def test_of_a_new_version_the_document_is_expected_and_no_place_of_it(store: Store) -> None:
    at = place(store, added(store, bees=BEES), "where flowers are")
    mine = make_set(sets.Question("a", "Why?", documents=("bees.md",), passages=(at,), facts=((at,),)))
    added(store, bees=f"{BEES}\nThey dance in the dark.\n")
    (question,) = sets.questions(resolve_set(mine, QuoteLookup(store)))
    assert (question.documents, question.passages, question.facts) == (("bees.md",), (), ())


def test_words_of_a_person_are_asked_whatever_was_removed(store: Store) -> None:
    written = make_set(sets.Question("a", "Why?", documents=("absent.md",), passages=("where flowers are",)))
    assert list(sets.questions(resolve_set(written, QuoteLookup(store)))) == list(sets.questions(written))
