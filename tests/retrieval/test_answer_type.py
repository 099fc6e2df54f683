"""What kind of thing a question asks for, and whether a text holds one."""

from __future__ import annotations

import pytest

from assistant.retrieval.answer_type import lacks

TIMELESS = "The agreement was signed by the minister of trade."


@pytest.mark.parametrize(
    "question",
    ["When was it signed?", "Since when?", "Since when has it grown?", "How long was it?", "Which year?"],
)
def test_a_question_for_a_time_is_not_answered_without_one(question: str) -> None:
    assert lacks(question, [TIMELESS])
    assert not lacks(question, [TIMELESS, "That was in March 2019."])


@pytest.mark.parametrize(
    "question",
    ["What happens when the server is gone?", "When the server is gone, what then?", "What was signed?"],
)
def test_when_a_thing_happens_is_not_always_what_is_asked(question: str) -> None:
    assert not lacks(question, [TIMELESS])


@pytest.mark.parametrize(
    ("question", "holding"),
    [
        ("How much is it?", "It costs 5 dollars."),
        ("How many were there?", "There were several of them."),
        ("Who signed it?", "It was signed by Hugo Chávez."),
        ("What percentage is that?", "It is a third."),
    ],
)
def test_amounts_and_persons_are_told_where_they_stand(question: str, holding: str) -> None:
    assert lacks(question, ["it is not said here"])
    assert not lacks(question, ["it is not said here", holding])
