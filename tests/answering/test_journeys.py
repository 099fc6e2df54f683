"""Journeys the other way round."""

import pytest

from assistant.answering.journeys import asked_countries, is_opposite

ASKED = asked_countries("Which ministers from Asia went to Norway?")


@pytest.mark.parametrize(
    "sentence",
    [
        "The foreign minister of the Kingdom of Norway visited Japan, Korea and Vietnam.",
        "Vietnam was one of the Asian countries that the minister of Norway visited.",
        "La ministra de Noruega viajó a Japón.",
    ],
)
def test_a_journey_from_where_the_question_wants_it_to_go_is_opposite(sentence: str) -> None:
    assert is_opposite(ASKED, sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The foreign minister of Japan visited Norway.",
        "Norway was visited by the minister of Japan.",
        "After Norway's minister had visited Japan, Japan's minister came to Norway.",
        "Norway sells salmon to Japan.",
        "The minister of Norway travelled much.",
    ],
)
def test_other_sentences_are_not(sentence: str) -> None:
    assert not is_opposite(ASKED, sentence)


def test_a_question_that_names_no_destination_has_no_opposite() -> None:
    asked = asked_countries("Which countries did the minister visit?")
    assert not is_opposite(asked, "Norway's minister visited Japan.")
