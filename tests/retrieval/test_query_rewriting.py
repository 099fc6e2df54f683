"""Follow-up questions by rule: what stands alone stays as it is, what does not is given its topic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from conftest import Hashing
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.core.types import Query
from assistant.retrieval.politeness import plain
from assistant.retrieval.query_rewriting import points_back, understood

BUYS = "What does Iran buy in Venezuela?"


def alike(phrase: str, others: Sequence[str]) -> list[float]:
    """Countries are alike, and so are years; nothing else is."""
    kinds = ({"iran", "venezuela", "bolivia", "cuba", "brazil"}, {"2019", "2020"})

    def kind(text: str) -> int:
        return next((n for n, kind in enumerate(kinds) if kind & set(text.lower().split())), -1)

    return [1.0 if kind(phrase) == kind(other) >= 0 else 0.0 for other in others]


def test_a_first_question_is_searched_for_as_it_is() -> None:
    for question in ("And with Bolivia?", "How much is that?", BUYS, ""):
        assert understood(question, []) == Query(plain(question))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("And in Bolivia?", "What does Iran buy in Bolivia?"),
        ("and in Bolivia", "What does Iran buy in Bolivia?"),
        ("What about Bolivia?", "What does Iran buy in Bolivia?"),
        ("ok, and how about in Bolivia?", "What does Iran buy in Bolivia?"),
        ("And  in\tBolivia ?", "What does Iran buy in Bolivia?"),
        ("But in Bolivia?", "What does Iran buy in Bolivia?"),
    ],
)
def test_an_ellipsis_takes_the_place_of_its_like(question: str, expected: str) -> None:
    assert understood(question, [BUYS]).text == expected


def test_of_several_names_the_one_that_is_most_alike_is_replaced() -> None:
    topic = "Which Russian Ministers went to Venezuela?"
    assert understood("And Bolivia?", [topic], alike).text == "Which Russian Ministers went to Bolivia?"


def test_where_nothing_is_alike_the_topic_is_only_named_with_it() -> None:
    query = understood("And the weather?", [BUYS], alike)
    assert query == Query(f"{BUYS} And the weather?", "And the weather?", (BUYS,))


@pytest.mark.parametrize(
    "question",
    [
        "How much is that?",
        "Why?",
        "Who signed it?",
        "When was this?",
        "And who pays for them?",
        "What did he say?",
    ],
)
def test_a_question_that_points_back_is_asked_with_its_topic(question: str) -> None:
    sells = "What does Iran sell to Bolivia?"
    assert understood(question, [sells]) == Query(f"{sells} {question}", question, (sells,))


@pytest.mark.parametrize(
    "question",
    [
        "Which countries belong to the alliance of left-wing governments?",
        "Is there a hospital that Iran built in La Paz?",
        "Is it possible to add a PDF document to the corpus?",
        "Did Ahmadinejad say that he would visit Nicaragua?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    assert understood(question, [BUYS, "Who paid?"]) == Query(question, earlier=(BUYS, "Who paid?"))


def test_the_topic_is_the_last_question_that_stood_alone_as_changed_since() -> None:
    earlier = ["Which languages does the assistant know?", BUYS, "Why?", "And in Bolivia?"]
    assert understood("How much is that?", earlier).text == "What does Iran buy in Bolivia? How much is that?"
    assert understood("And in Cuba?", earlier).text == "What does Iran buy in Cuba?"


def test_a_name_in_the_question_is_what_its_pronoun_means() -> None:
    assert not points_back("When did Chavez say that his country would buy tractors?")
    assert points_back("When did they say that his country would buy tractors?")


# -- anything that can be typed ----------------------------------------------------------------------

WORDS = "and or but what how about with in that it is there Iran Bolivia U.S. 2019 Señor"
TYPED = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(st.sampled_from([*WORDS.split(), " ", "\t", "\n", "\u3000", "?", ",", "."]), max_size=12).map(
        " ".join
    ),
    st.lists(st.sampled_from([*WORDS.split(), " ", "\t", "\n", "\x1f", "?", ",", "."]), max_size=12).map(
        "".join
    ),
)


def hashed(phrase: str, others: Sequence[str]) -> list[float]:
    vectors = Hashing().embed([phrase, *others])
    return [float(cosine) for cosine in np.asarray(vectors[1:] @ vectors[0])]


@given(TYPED, st.lists(TYPED, max_size=4), st.sampled_from([None, alike, hashed]))
@example("what about \t", [BUYS], None)
@example("and with", [BUYS], hashed)
def test_anything_typed_is_understood_somehow(question: str, earlier: list[str], likeness: object) -> None:
    query = understood(question, earlier, likeness)
    question, earlier = plain(question), [plain(asked) for asked in earlier]
    assert query.focus in ("", question)
    if query.focus:
        assert query.text.endswith(f" {question}")
        assert query.text.removesuffix(f" {question}")
    elif query.earlier and question:
        assert (query.text, query.earlier) == (question, tuple(earlier))
    assert query.text.strip() or not question.strip()


@given(TYPED)
def test_without_history_nothing_is_changed(question: str) -> None:
    assert understood(question, []) == Query(plain(question))


@given(TYPED, st.lists(TYPED, max_size=4))
def test_the_same_is_understood_each_time(question: str, earlier: list[str]) -> None:
    assert understood(question, earlier, hashed) == understood(question, earlier, hashed)


def test_a_long_question_is_understood_too() -> None:
    for long in (
        "and " * 1000,
        "what about" + " " * 4000 + "\n",
        "A." * 2000,
        "that " * 800,
        "Of the " * 600,
    ):
        assert understood(long, [BUYS, long], hashed).text
