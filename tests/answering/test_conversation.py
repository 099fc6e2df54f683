"""Small talk gets a reply, in its language; a question does not."""

from __future__ import annotations

import pytest

from assistant.answering.conversation import KINDS, message, small_talk, without_small_talk
from assistant.text import languages


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("hi", "greeting"),
        ("Hello there!", "greeting"),
        ("thanks a lot", "thanks"),
        ("ok, great", "thanks"),
        ("bye", "farewell"),
        ("WHO ARE YOU?", "who"),
        ("hello, what can you do?", "abilities"),
        ("you stupid bot", "abuse"),
        ("?", "silence"),
        ("…", "silence"),
        ("¡Hola!", "greeting"),
        ("merci beaucoup", "thanks"),
        ("Wer bist du?", "who"),
        ("سلام", "greeting"),
        ("你好", "greeting"),
    ],
)
def test_small_talk_is_replied_to(said: str, kind: str) -> None:
    assert small_talk(said, 3) in {message(kind, code, documents=3) for code in languages.CODES}


def test_the_reply_is_in_the_language_of_the_person() -> None:
    assert small_talk("gracias", 3) == message("thanks", "es") != message("thanks", "en")


@pytest.mark.parametrize(
    "asked",
    [
        "hi, what is the fee?",
        "thanks, and with Peru?",
        "who are the pilots?",
        "what can you do with a crane?",
    ],
)
def test_a_question_is_no_small_talk(asked: str) -> None:
    assert small_talk(asked, 3) is None


def test_the_documents_are_counted() -> None:
    assert "the one document here" in (small_talk("hi", 1) or "")
    assert "the 1,200 documents here" in (small_talk("hi", 1200) or "")


@pytest.mark.parametrize("code", languages.CODES)
def test_each_language_has_a_reply_to_all_that_it_knows(code: str) -> None:
    lists = languages.vocabulary(code, "small_talk")
    for kind in KINDS:
        assert not lists.get(kind) or kind in languages.table(code, "small_talk")["says"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("this is shit. who runs venezuela", "who runs venezuela"),
        ("Hi! What does it cost?", "What does it cost?"),
        ("What does it cost? Thanks!", "What does it cost?"),
        ("Thanks! Bye.", "Thanks! Bye."),
        ("what do you know about kettles, you dumb bot", "what do you know about kettles"),
        ("Which are red, blue, green?", "Which are red, blue, green?"),
        ("It cost 3.5 crowns. Is that much?", "It cost 3.5 crowns. Is that much?"),
        ("", ""),
    ],
)
def test_small_talk_beside_a_question_is_left_out(said: str, asked: str) -> None:
    assert without_small_talk(said) == asked
