"""Sentences that have the words of a question and say something else."""

from __future__ import annotations

import pytest
from documents import document

from assistant.answering.question import Question
from assistant.answering.reversals import (
    AROUND,
    asked_kinds,
    asked_predicates,
    is_of_another_kind,
    is_of_others,
    is_reversed,
    without_reversed,
)
from assistant.answering.units import load_contexts
from assistant.core.types import ScoredPassage
from assistant.ingest.splitting import split

LOAN = "In 1702 the bankers of Tolmark lent Varesia 90,000 ducats for its fleet."
MATCH = "Redmere beat Stoneford 3-1 at home on 14 October."
CUP = "Redmere were knocked out of the cup by Westhaven in the third round."


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many ducats did Varesia lend to Tolmark?", LOAN),
        ("When did Stoneford beat Redmere?", MATCH),
        ("Who knocked Westhaven out of the cup?", CUP),
        ("Whom did Redmere knock out of the cup?", CUP),
        ("Whom did Alan Birch succeed?", "The manager, Rosa Kemp, succeeded Alan Birch in May."),
        ("Which company bought Sound Ferries?", "Sound Ferries bought the Orran Company in 1958."),
        ("How many moved from Tolmark to Varesia?", "Some 2,000 moved from Varesia to Tolmark in 1740."),
        ("Who appointed the council?", "The council appointed Ada Byrne."),
    ],
)
def test_who_does_it_to_whom_is_not_turned_round(question: str, sentence: str) -> None:
    assert is_reversed(question, asked_predicates(question), sentence)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many ducats did Tolmark lend to Varesia?", LOAN),
        ("When did Redmere beat Stoneford?", MATCH),
        ("Who beat Stoneford?", MATCH),
        ("Who knocked Redmere out of the cup?", CUP),
        ("Who succeeded Alan Birch?", "The manager, Rosa Kemp, succeeded Alan Birch in May."),
        ("When was the Orran Company bought by Sound Ferries?", "Sound Ferries bought the Orran Company."),
        ("When did the shop open?", "The mayor opened the shop in 1990."),
        ("Whom did Ada Byrne meet?", "Otto Lind met Ada Byrne in Paris."),
        ("What did Iran export to Cuba?", "Cuba imports medicine from Iran."),
        ("By whom was the bridge built?", "The bridge was built by Anna Holm in 1894."),
        ("Who was appointed by the council?", "The council appointed Ada Byrne."),
        ("Did Stoneford beat Redmere?", MATCH),
    ],
)
def test_the_same_in_another_order_is_no_reversal(question: str, sentence: str) -> None:
    assert not is_reversed(question, asked_predicates(question), sentence)


ORCHARD = "The south block was planted in 2011. The north block yielded 11.2 tonnes."


@pytest.mark.parametrize(
    ("question", "sentence", "is_another"),
    [
        ("What did the south block yield?", "The north block yielded 11.2 tonnes.", True),
        ("What did the north block yield?", "The north block yielded 11.2 tonnes.", False),
        ("What did the west block yield?", "The north block yielded 11.2 tonnes.", False),
        ("What did the south block yield?", "It yielded 11.2 tonnes.", False),
    ],
)
def test_another_of_the_kind_that_the_document_tells_apart_is_no_answer(
    question: str, sentence: str, is_another: bool
) -> None:
    assert is_of_another_kind(asked_kinds(question, ORCHARD), sentence, "Orchard") is is_another


def test_several_kinds_that_are_asked_about_are_all_answers() -> None:
    question = "What did the south block and the north block yield?"
    assert not is_of_another_kind(asked_kinds(question, ORCHARD), "The north block yielded 11.2 tonnes.", "")


def test_a_sentence_on_what_others_did_is_no_answer() -> None:
    question, known = "What did Yusuf Aydin criticise?", frozenset({"yusuf", "aydin"})
    sentence = "Milo Grant criticised the sample as too small."
    assert is_of_others(asked_predicates(question), sentence, "Naps", known)
    assert not is_of_others(asked_predicates("What did Milo Grant criticise?"), sentence, "Naps", known)
    assert not is_of_others(asked_predicates(question), "He criticised the sample.", "Naps", known)


def test_a_long_document_is_compared_around_its_passage_alone() -> None:
    """Otherwise a question on a document of a megabyte would take a second longer."""
    question = Question("What did the south block yield?")
    left = {}
    for name, days in {"short": 1, "long": AROUND}.items():
        rain = "It rained.\n\n" * days
        held = document(
            f"# Orchard\n\nThe south block is old.\n\n{rain}The north block yielded 11.2 tonnes.\n"
        )
        passage = split(held)[-1]
        [context] = load_contexts(
            [ScoredPassage(passage, held.title, held.source, 1.0)], {held.id: held}.__getitem__
        )
        unit = context.candidate(passage.sentences[-1], "The north block yielded 11.2 tonnes.", 1.0)
        left[name] = without_reversed(question, [unit], [context])
    assert left == {"short": [], "long": left["long"]}
    assert len(left["long"]) == 1
