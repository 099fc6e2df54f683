"""What is said around a question is not searched for, and a question is never lost with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.politeness import plain


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Please tell me what a passage is", "what a passage is"),
        ("what the hell is a passage?", "what is a passage?"),
        ("shut up and give me the damn export numbers", "the export numbers"),
        ("you are useless, answer me: who is the president?", "who is the president?"),
        ("Could you please tell me how to add a file, please?", "how to add a file?"),
        ("I'd like to know who visited Cuba", "who visited Cuba"),
        ("Hey! Where are my fucking documents?", "Where are my documents?"),
        ("WTF, why was it rejected", "why was it rejected"),
        ("Look, who signed it?", "who signed it?"),
    ],
)
def test_what_is_said_around_a_question_goes(asked: str, meant: str) -> None:
    assert plain(asked) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What does Iran give Bolivia?",
        "Tell me a joke",
        "Look up the trade figures",
        "Who signed the Hello Treaty?",
        "Where on the page is the button?",
        "please",
        "Damn it!",
        "How damned were the bloody?",
        "",
    ],
)
def test_what_is_asked_stays(question: str) -> None:
    assert plain(question) == question


@given(st.lists(st.sampled_from("please tell me the damn hell , ! Cuba ? what is and".split())).map(" ".join))
def test_something_is_always_left(question: str) -> None:
    left = plain(question)
    assert any(map(str.isalnum, left)) or left == question
    assert ("Cuba" in question) == ("Cuba" in left)
