"""Things of a kind that are told apart by a number."""

import pytest

from assistant.answering.numbered import Numbered, is_of_another_number, numbered, shared_with

REVIEW = "Stage 1 is over. Stage 2 runs until May. Stages 3 and 4 are not yet dated. Etappe 5 entfällt."


def asked_of(document: str, question: str) -> Numbered:
    return shared_with(document, numbered(question))


def test_a_sentence_on_another_stage_is_told_apart() -> None:
    asked = asked_of(REVIEW, "When does stage 2 of the review run?")
    assert is_of_another_number(asked, "Stages 3 and 4 are not yet dated.", "")
    assert is_of_another_number(asked, "Stage 1 is over.", "")


@pytest.mark.parametrize(
    ("sentence", "above"),
    [
        ("Stage 2 runs until May.", ""),
        ("Stages 1-3 run until May.", ""),
        ("Stages 1, 2 und 3 run until May.", ""),
        ("It comes before stage 3.", "Stage 2"),
        ("The review runs until May.", ""),
    ],
)
def test_one_that_has_it_or_no_number_is_not(sentence: str, above: str) -> None:
    assert not is_of_another_number(asked_of(REVIEW, "When does stage 2 run?"), sentence, above)


@pytest.mark.parametrize("question", ["When does stage 7 run?", "Does it cost 5 euros?", "What ran in 2019?"])
def test_a_number_that_the_document_does_not_have_tells_nothing_apart(question: str) -> None:
    assert not asked_of(f"{REVIEW} It costs 5 euros.", question)
