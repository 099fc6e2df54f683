"""Questions of several parts, taken apart in several languages; and those that only look like it."""

from __future__ import annotations

import pytest

from assistant.retrieval.query_rewriting import split


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("When was the bridge built, and who paid for it?",
         ["When was the bridge built?", "who paid for it?"]),
        ("What is Hezbollah and what is Unasur?", ["What is Hezbollah?", "what is Unasur?"]),
        ("How much does it cost? Who sells it?", ["How much does it cost?", "Who sells it?"]),
        ("I have an Arvo. How do I descale it? How long is it guaranteed?",
         ["I have an Arvo. How do I descale it?", "How long is it guaranteed?"]),
        ("¿Cuándo se firmó el acuerdo y quién lo firmó?",
         ["¿Cuándo se firmó el acuerdo?", "quién lo firmó?"]),
        ("Wann wurde die Brücke gebaut und wer hat sie bezahlt?",
         ["Wann wurde die Brücke gebaut?", "wer hat sie bezahlt?"]),
        ("Quand le pont a-t-il été construit et qui l'a payé ?",
         ["Quand le pont a-t-il été construit?", "qui l'a payé ?"]),
        ("Когда построили мост и кто за него заплатил?", ["Когда построили мост?", "кто за него заплатил?"]),
        ("متى بُني الجسر ومن دفع ثمنه؟", ["متى بُني الجسر?", "ومن دفع ثمنه؟"]),
    ],
)  # fmt: skip
def test_a_question_of_several_parts_is_taken_apart(question: str, parts: list[str]) -> None:
    assert split(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "How and why did the bridge fall?",
        "Which companies from Iran and which banks took part?",
        "What do Iran and Venezuela trade?",
        "Who built and paid for the bridge?",
        "Is it true that he was born in 1950 and when he died nobody came?",
        "Tell me about the bridge and what it cost.",
        "and with Bolivia?",
        "?",
        "",
        "When? And where?",
        "Why? " * 9,
    ],
)
def test_a_question_of_one_part_stays_whole(question: str) -> None:
    assert split(question) == [question]
