"""Conversations in the ledger: whose they are, how they are listed, found, named and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import given

from assistant.core.types import Answer, Citation, Sentence, Turn
from assistant.ingest.library import Library
from assistant.store.conversations import Conversations

MINE, YOURS = "a" * 64, "b" * 64


@pytest.fixture
def kept(library: Library) -> Conversations:
    return library.ledger.conversations


def turn(question: str, told: str = "It boils.", document: str | None = None) -> Turn:
    cited = Citation(1, document, "p", "Kettle", "kettle.md", None, 0, 9, told) if document else None
    answer = Answer(question, question, True, (Sentence(told, (1,)),), (cited,) if cited else ())
    return Turn(question, question, answer)


def converse(kept: Conversations, ident: str, owner: str, *questions: str) -> None:
    assert kept.claim(ident, owner)
    for question in questions:
        kept.append(ident, turn(question))


def test_a_conversation_belongs_to_whoever_began_it(kept: Conversations) -> None:
    converse(kept, "c1", MINE, "How fast?")
    assert not kept.claim("c1", YOURS)
    assert (kept.owner("c1"), kept.owner("c2")) == (MINE, None)
    assert kept.listed(YOURS) == []


def test_a_conversation_is_named_after_its_first_question_until_it_is_named(kept: Conversations) -> None:
    converse(kept, "c1", MINE, "How fast?", "And the Brisa?")
    [info] = kept.listed(MINE)
    assert (info.id, info.name, info.turns, info.pinned) == ("c1", "How fast?", 2, False)
    kept.change("c1", name="Kettles", pinned=True)
    assert [(info.name, info.pinned) for info in kept.listed(MINE)] == [("Kettles", True)]
    kept.change("c1", name="")
    assert kept.name("c1") == "How fast?"


def test_the_latest_comes_first_within_one_second_too(kept: Conversations) -> None:
    for number in range(9, 0, -1):
        converse(kept, f"c{number}", MINE, "How fast?")
    converse(kept, "c5", MINE, "And now?")
    assert [info.id for info in kept.listed(MINE)] == ["c5", "c1", "c2", "c3", "c4", "c6", "c7", "c8", "c9"]


def test_an_empty_conversation_is_not_listed(kept: Conversations) -> None:
    kept.claim("c1", MINE)
    assert kept.listed(MINE) == []


@pytest.mark.parametrize("sought", ["fast brisa", "BOILS", "kitch"])
def test_words_are_found_in_names_questions_and_answers(kept: Conversations, sought: str) -> None:
    converse(kept, "c1", MINE, "How fast?", "And the Brisa?")
    converse(kept, "c2", MINE, "Who?")
    kept.change("c1", name="Kitchen")
    assert "c1" in [info.id for info in kept.listed(MINE, sought)]
    assert kept.listed(MINE, f"{sought} zebra") == []


def test_a_verdict_is_kept_with_its_turn_and_taken_back(kept: Conversations) -> None:
    converse(kept, "c1", MINE, "How fast?")
    [before] = kept.kept("c1")
    kept.judge(before.number, "good")
    kept.judge(before.number, "bad")
    assert [turn.verdict for turn in kept.kept("c1")] == ["bad"]
    kept.judge(before.number, None)
    assert kept.kept("c1") == [before]


def test_a_deleted_conversation_stands_in_no_file(library: Library, tmp_path: Path) -> None:
    kept = library.ledger.conversations
    for number in range(20):
        converse(kept, f"c{number}", MINE, f"How much quagga {number}?" * 20)
    kept.change("c7", name="Of quagga")
    for number in range(20):
        library.delete_conversations(f"c{number}")
    assert kept.listed(MINE) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"quagga" in path.read_bytes()] == []


def test_what_a_deletion_leaves_to_do_is_made_up_for(library: Library) -> None:
    converse(library.ledger.conversations, "c1", MINE, "How fast?")
    library.ledger.conversations.delete("c1")
    assert library.check().problems
    library.check(repair=True)
    assert library.check().problems == ()


def test_a_conversation_goes_with_the_last_document_that_it_quotes(library: Library) -> None:
    kept = library.ledger.conversations
    [added] = library.add(given(kettle="# Kettle\n\nThe Arvo kettle boils.\n"))
    kept.claim("c1", MINE)
    kept.append("c1", turn("How fast?", document=added.document_id))
    kept.change("c1", name="The Arvo")
    library.remove_all([str(added.document_id)])
    assert (kept.listed(MINE), kept.owner("c1")) == ([], None)
