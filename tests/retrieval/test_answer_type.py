"""The kind of thing a question asks for, and the texts that hold one."""

from __future__ import annotations

import pytest

from assistant.retrieval.answer_type import lacks

TIMELESS = "The agreement was signed by the minister of trade."
HOLDING = {
    "date": "that was in March",
    "time": "it lasted all summer",
    "amount": "there were several of them",
    "person": "it was signed by Chávez",
}
"""A text for each kind that holds nothing else, but for a date, which is a time too."""
ENGLISH = {
    "date": [
        "Which year?",
        "In what year was it signed?",
        "What exact date is on the treaty?",
        "which day did the ship leave",
        "What month has the most visits?",
        "When exactly was the treaty signed?",
        "WHICH DATES ARE GIVEN?",
    ],
    "time": [
        "When was it signed?",
        "Since when?",
        "Since when has it grown?",
        "How long was it?",
        "How often does the ferry run?",
        "What time does the office close?",
        "And when will the port open?",
        "They left when?!",
        "when must it be paid",
    ],
    "amount": [
        "How much is it?",
        "How many were there?",
        "how old is the pier",
        "How far is it to Caracas?",
        "How high is the tower?",
        "How fast is the train?",
        "What number of ships called?",
        "What percentage is that?",
        "What share does Iran hold?",
        "Of the ships, how many are large?",
    ],
    "person": [
        "Who signed it?",
        "To whom was it sold?",
        "Whose signature is that?",
        "What is the name of the minister?",
        "And who paid?",
    ],
    "": [
        "What happens when the server is gone?",
        "When the server is gone, what then?",
        "What was signed?",
        "Where was it signed?",
        "Why does Iran buy soya?",
        "How does the crane work?",
        "How is it made?",
        "Which countries were visited?",
        "What years of service count?",
        "Is there a whole list?",
        "What did the yearbook say?",
        "Tell me more about the howling",
        "whenever",
        "",
    ],
}


def asked_kind(question: str) -> str:
    """The kind of text that alone keeps a question from lacking its answer; empty where none is lacking."""
    if not lacks(question, [TIMELESS.lower()]):
        return ""
    return next(kind for kind, text in reversed(HOLDING.items()) if not lacks(question, [text]))


@pytest.mark.parametrize(
    ("kind", "question"), [(kind, question) for kind, questions in ENGLISH.items() for question in questions]
)
def test_an_english_question_asks_for_one_kind_of_thing(kind: str, question: str) -> None:
    assert asked_kind(question) == kind


@pytest.mark.parametrize(
    "text",
    [
        "no ships came", "it is a third", "twice", "5", "a dozen", "hundred and more", "there are few",
        "one of them", "it fell by half",
    ],
)  # fmt: skip
def test_an_english_amount_is_a_digit_or_a_word(text: str) -> None:
    assert not lacks("How many?", [text])


@pytest.mark.parametrize(
    "text",
    [
        "it was on a Tuesday", "late", "in the last decades", "after the war", "second", "until now", "7", "in May",
        "two centuries",
    ],
)  # fmt: skip
def test_an_english_time_is_a_digit_or_a_word(text: str) -> None:
    assert not lacks("Since when?", [text])


@pytest.mark.parametrize("text", ["at 5 pm", "in spring", "21 of them", "the 1990s", "11999", "nineteen"])
def test_an_english_date_is_a_year_a_month_or_a_weekday(text: str) -> None:
    assert lacks("Which year?", [text])
    assert not lacks("Which year?", [text, "on Friday"])
    assert not lacks("Which year?", [text, "in 1998"])


@pytest.mark.parametrize("text", ["the minister", "Minister", "It is not said who", "the 3rd", "I"])
def test_a_person_is_not_a_single_word_at_the_beginning(text: str) -> None:
    assert lacks("Who?", [text])
    assert not lacks("Who?", [text, "Hugo Chávez", "by him"])
    assert not lacks("Who?", [f"{text} said Chen"])


def test_the_answer_may_be_in_any_of_the_texts() -> None:
    assert lacks("How much is it?", [])
    assert lacks("How much is it?", ["it is dear", "very dear"])
    assert not lacks("How much is it?", ["it is dear", "It costs 5 dollars."])
