"""Courtesies and oaths around a question are removed, and a question is never lost with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.politeness import without_courtesies


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
    assert without_courtesies(asked) == meant


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
    assert without_courtesies(question) == question


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("¿Puedes decirme cuánto cuesta una noche, por favor?", "cuánto cuesta una noche?"),
        ("¿Quién diablos firmó el acuerdo?", "¿Quién firmó el acuerdo?"),
        ("Olá, você pode me dizer quanto custa uma noite, por favor?", "quanto custa uma noite?"),
        ("Quem diabos assinou o acordo?", "Quem assinou o acordo?"),
        ("Bonjour, pouvez-vous me dire qui a signé l'accord, s'il vous plaît ?", "qui a signé l'accord ?"),
        ("Dites-moi combien de navires sont venus, merci", "combien de navires sont venus"),
        ("Guten Tag, können Sie mir bitte sagen, wo der Kran ist?", "wo der Kran ist?"),
        ("Wo sind meine verdammten Dokumente?", "Wo sind meine Dokumente?"),
        ("Скажите, пожалуйста, кто подписал договор?", "кто подписал договор?"),
        ("Кто, чёрт возьми, подписал договор?", "Кто подписал договор?"),
        ("لطفاً بگویید چه کسی قرارداد را امضا کرد؟", "چه کسی قرارداد را امضا کرد؟"),
        ("چند کشتی آمد، ممنون؟", "چند کشتی آمد؟"),
        ("من فضلك أخبرني من وقع الاتفاق؟", "من وقع الاتفاق؟"),
        ("أين تقع الرافعة، شكرا؟", "أين تقع الرافعة؟"),
        ("कृपया बताइए कि क्रेन कहाँ है?", "क्रेन कहाँ है?"),
        ("क्रेन आखिर कहाँ है?", "क्रेन कहाँ है?"),
        ("你好，请告诉我港口什么时候开放，谢谢", "港口什么时候开放"),
        ("到底是谁签署了协议？", "是谁签署了协议？"),
    ],
)
def test_courtesies_are_removed_in_every_language(asked: str, meant: str) -> None:
    assert without_courtesies(asked) == meant


@pytest.mark.parametrize(
    "question",
    [
        "por favor",
        "谢谢",
        "请愿书是谁写的？",
        "Welche Bitte hatte der Minister?",
        "¿Quiénes son los diablos de la isla?",
    ],
)
def test_a_question_on_such_words_stays(question: str) -> None:
    assert without_courtesies(question) == question


@given(st.lists(st.sampled_from("please tell me the damn hell , ! Cuba ? what is and".split())).map(" ".join))
def test_something_is_always_left(question: str) -> None:
    left = without_courtesies(question)
    assert any(map(str.isalnum, left)) or left == question
    assert ("Cuba" in question) == ("Cuba" in left)
