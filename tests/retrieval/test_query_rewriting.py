"""Follow-up questions by rule: complete ones stay as they are, the others get their topic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from conftest import Hashing
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.core.types import Query
from assistant.retrieval.politeness import without_courtesies
from assistant.retrieval.query_rewriting import Exchange, understood
from assistant.retrieval.query_rewriting.ellipsis import Likeness

BUYS = "What does Iran buy in Venezuela?"


def after(*asked: str) -> list[Exchange]:
    """The exchanges of questions, of which the answers do not matter."""
    return [Exchange(question, "It was so.") for question in asked]


def alike(phrase: str, others: Sequence[str]) -> list[float]:
    """Countries are alike, and so are years; nothing else is."""
    kinds = ({"iran", "venezuela", "bolivia", "cuba", "brazil"}, {"2019", "2020"})

    def kind(text: str) -> int:
        return next((n for n, kind in enumerate(kinds) if kind & set(text.lower().split())), -1)

    return [1.0 if kind(phrase) == kind(other) >= 0 else 0.0 for other in others]


def test_a_first_question_is_searched_for_as_it_is() -> None:
    for question in ("And with Bolivia?", "How much is that?", BUYS, ""):
        assert understood(question).text == without_courtesies(question)


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("How much does it cost?", "it"),
        ("What about the other one?", "one"),
        ("Who is he?", "he"),
        ("Where do they live?", "they"),
        ("Does this animal have antlers?", "this animal"),
        ("Why?", "Why"),
    ],
)
def test_a_word_that_stands_for_nothing_said_is_named(question: str, word: str) -> None:
    assert understood(question).unclear == word


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Has that grown?", "that"),
        ("And has that grown since 2019?", "that"),
        ("What does that bring the partners?", "that"),
        ("And what does that grown over there cost?", "that"),
        ("How has this affected the ports?", "this"),
        ("Was that agreed in Caracas?", "that"),
        ("Can that be changed?", "that"),
        ("Why did that fail?", "that"),
        ("Is that legal?", "that"),
        ("Has that hospital grown?", "that hospital"),
        ("What does that agreement cover?", "that agreement"),
        ("Did this treaty bring jobs?", "this treaty"),
        ("Can I switch that off?", "that"),
        ("Where is that crane?", "that crane"),
    ],
)
def test_a_verb_behind_a_demonstrative_is_no_noun(question: str, word: str) -> None:
    assert understood(question).unclear == word


@pytest.mark.parametrize(
    "question",
    [
        "Is it possible to add a PDF document?",
        "How long does it take to boil a litre?",
        "Are there any dogs?",
        "When does a skipper lose his berth?",
        "Where does the crane stand and who runs it?",
        "How do I clean this device?",
        "What happened in 1990?",
        "opening hours",
        "¿Qué le vende Noruega a Portugal?",
        "¿Qué les dijo el alcalde a los vecinos?",
    ],
)
def test_a_first_question_that_explains_itself_is_clear(question: str) -> None:
    assert understood(question).unclear == ""


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
    assert understood(question, after(BUYS)).text == expected


def test_of_several_names_the_one_that_is_most_alike_is_replaced() -> None:
    topic = "Which Russian Ministers went to Venezuela?"
    assert understood("And Bolivia?", after(topic), alike).text == "Which Russian Ministers went to Bolivia?"


def test_what_the_follow_up_before_changed_is_changed_again() -> None:
    asked = after("What does Iran buy in Venezuela?", "And Bolivia?")
    assert understood("What about Cuba?", asked, hashed).text == "What does Iran buy in Cuba?"


def test_a_name_that_is_joined_to_another_is_behind_its_preposition() -> None:
    topic = "How long is the border between Chile and Peru?"
    nearest_last = understood("And with Bolivia?", after(topic), lambda _, others: [*range(len(others))]).text
    assert nearest_last == "How long is the border between Chile and Bolivia?"


def test_a_question_without_a_verb_behind_a_preposition_points_back() -> None:
    query = understood("from which countries", after("What fruit does Iran import?"))
    assert query.text == "What fruit does Iran import? from which countries"


def test_where_nothing_is_alike_the_topic_is_only_named_with_it() -> None:
    query = understood("And the weather?", after(BUYS), alike)
    assert query == Query(f"{BUYS} And the weather?", "And the weather?", (BUYS,))


def test_the_name_behind_the_same_preposition_is_replaced() -> None:
    topic = "How many tourists came from Peru to Chile?"
    assert understood("And to Cuba?", after(topic)).text == "How many tourists came from Peru to Cuba?"


def test_a_year_takes_the_place_of_a_year() -> None:
    topic = "How many berths did Alba have in 2031?"
    assert understood("And in 2032?", after(topic)).text == "How many berths did Alba have in 2032?"


def test_the_same_noun_with_another_word_before_it_takes_its_place() -> None:
    topic = "What does a night at the north pier cost?"
    assert (
        understood("and at the south pier?", after(topic)).text == "What does a night at the south pier cost?"
    )


def test_an_ellipsis_may_change_a_question_that_was_refused() -> None:
    refused = Exchange("What does Iran buy in Peru?", answered=False)
    assert understood("And in Cuba?", [refused]).text == "What does Iran buy in Cuba?"


@pytest.mark.parametrize(
    "question",
    [
        "How much is that?",
        "Why?",
        "Who signed it?",
        "When was this?",
        "And who pays for them?",
        "What else?",
        "Since when?",
        "Which of them?",
    ],
)
def test_a_question_that_points_back_is_asked_with_its_topic(question: str) -> None:
    sells = "What does Iran sell to Bolivia?"
    assert understood(question, after(sells)) == Query(f"{sells} {question}", question, (sells,))


@pytest.mark.parametrize(
    "question",
    [
        "Which countries belong to the alliance of left-wing governments?",
        "Is there a hospital that Iran built in La Paz?",
        "Is it possible to add a PDF document to the corpus?",
        "Did Ahmadinejad say that he would visit Nicaragua?",
        "are dogs allowed?",
        "When does the office close?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    history = [*after(BUYS), Exchange("Who paid?", answered=False)]
    assert understood(question, history) == Query(question, earlier=(BUYS, "Who paid?"))


def test_the_topic_is_the_last_question_that_stood_alone_as_changed_since() -> None:
    history = after("Which languages does the assistant know?", BUYS, "Why?", "And in Bolivia?")
    assert understood("How much is that?", history).text == "What does Iran buy in Bolivia? How much is that?"
    assert understood("And in Cuba?", history).text == "What does Iran buy in Cuba?"


def test_a_refused_question_is_no_topic() -> None:
    history = [*after(BUYS), Exchange("Who painted the Alba gate?", answered=False)]
    assert understood("How much is that?", history).text == f"{BUYS} How much is that?"


@pytest.mark.parametrize(
    "first", ["What does Iran buy in Peru?", "What do they do together in defence?", "How much does it cost?"]
)
@pytest.mark.parametrize("question", ["How much is that?", "Has that grown?", "Why?", "And who pays for it?"])
def test_a_question_that_was_refused_or_asked_back_may_be_built_upon(first: str, question: str) -> None:
    query = understood(question, [Exchange(first, answered=False)])
    assert query == Query(f"{first} {question}", question, (first,))


def test_follow_ups_that_were_refused_are_not_put_behind_each_other() -> None:
    asked = [Exchange(text, answered=False) for text in ("Who built the bridge of Moss?", "When was that?")]
    assert understood("Why?", asked).text == "Who built the bridge of Moss? Why?"


def test_an_unclear_question_is_asked_back_again_when_it_is_repeated() -> None:
    asked = Exchange("What do they do together in defence?", answered=False)
    for history in ([asked], [asked, asked]):
        query = understood(asked.question, history)
        assert (query.text, query.unclear) == (asked.question, "they")


SIGNED = Exchange("Who signed the treaty?", "Mei Chen signed the treaty in Oslo.")


def test_he_and_she_are_whom_the_answer_named() -> None:
    assert understood("When was she born?", [SIGNED]).text == "Mei Chen: When was she born?"


def test_he_stays_the_same_person_while_he_is_asked_about() -> None:
    born = Exchange("When was she born?", "She was born in Bergen, says Tom Lee.")
    assert understood("Did she marry?", [SIGNED, born]).text == "Mei Chen: Did she marry?"


def test_somebody_who_only_reports_is_not_meant() -> None:
    said = Exchange("How did the port react?", "Ola Dahl writes that the speaker, Ann Berg, was calm.")
    assert understood("What is her position?", [said]).text == "Ann Berg: What is her position?"


def test_nobody_is_named_after_a_region() -> None:
    answer = "President Ann Holm visited three Latin American countries."
    query = understood("What did she want?", [Exchange("Which countries did the president go to?", answer)])
    assert query.text == "President Ann Holm: What did she want?"


def test_who_reports_is_meant_where_nobody_else_is_named() -> None:
    answer = "Holm writes that the harbour has silted up."
    query = understood("When did she write it?", [Exchange("Who says that the harbour is shallow?", answer)])
    assert query.text == "Holm: When did she write it?"


def test_who_reports_is_not_meant_beside_another_name() -> None:
    answer = "The council answered through statements of Ann Lee, Holm writes."
    asked = Exchange("How did the council react?", answer)
    assert not understood("What is his position?", [asked]).text.startswith("Holm")


def test_of_two_people_one_is_taken_and_the_other_offered() -> None:
    both = Exchange("Who signed the treaty?", "Mei Chen and Ann Berg signed the treaty.")
    query = understood("When was she born?", [both])
    assert query.text == "Mei Chen: When was she born?"
    assert query.reading == "“she” was read as Mei Chen; if you meant Ann Berg, ask again with that name."


def test_there_is_the_place_that_was_named() -> None:
    history = [Exchange("Where did the president go?", "The president went to Cuba.")]
    assert understood("What did he sign there?", history).text == "Cuba: What did he sign there?"


def test_the_second_of_what_was_listed_is_meant_by_its_name() -> None:
    history = [Exchange("Which countries were visited?", "The ship called at Venezuela, Cuba and Nicaragua.")]
    assert understood("Who lives in the second one?", history).text == "Cuba: Who lives in the second one?"
    assert understood("Who lives in the last one?", history).text == "Nicaragua: Who lives in the last one?"


def test_a_name_is_searched_for_as_fully_as_it_was_said() -> None:
    assert understood("Where does Chen live?", [SIGNED]).text == "Where does Mei Chen live?"


def test_a_bare_noun_that_was_said_points_back() -> None:
    history = [Exchange("Is there a crane?", "The crane lifts twelve tonnes.", ("Port Alba",))]
    assert (
        understood("Who runs the crane?", history).text == "Port Alba: Is there a crane? Who runs the crane?"
    )


def test_the_title_of_the_document_that_is_open_is_what_it_stands_for() -> None:
    query = understood("How fast is it?", [Exchange("", about=("Arvo kettle",))])
    assert query.text == "Arvo kettle: How fast is it?"
    assert (query.context, query.unclear) == ("Arvo kettle:", "")


def test_a_question_in_capitals_is_read_as_one_in_small_letters() -> None:
    assert understood("WHAT DOES IRAN SELL TO BOLIVIA?").text == "What does Iran sell to Bolivia?"


def test_what_is_told_when_asked_back_completes_the_question() -> None:
    asked = Exchange("How much does it cost?", answered=False)
    assert understood("the sauna", [asked]).text == "How much does it cost? the sauna"


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


@given(TYPED, st.lists(TYPED, max_size=4), st.sampled_from([None, alike, hashed]), st.booleans())
@example("what about \t", [BUYS], None, True)
@example("and with", [BUYS], hashed, True)
def test_anything_typed_is_understood_somehow(
    question: str, earlier: list[str], likeness: Likeness | None, answered: bool
) -> None:
    history = [Exchange(asked, asked, (asked,), answered) for asked in earlier]
    query = understood(question, history, likeness)
    assert query == understood(question, history, likeness)
    assert query.text.strip() or not question.strip()
    assert query.text.startswith(query.context)
    assert not query.focus or query.text.endswith(query.focus)


@given(TYPED)
def test_without_history_nothing_is_added(question: str) -> None:
    query = understood(question)
    assert query.text.casefold() == without_courtesies(question).casefold()
    assert (query.focus, query.earlier, query.context) == ("", (), "")


def test_a_long_question_is_understood_too() -> None:
    for long in (
        "and " * 1000,
        "what about" + " " * 4000 + "\n",
        "A." * 2000,
        "that " * 800,
        "Of the " * 600,
        '"' * 3000,
        "Iran " * 800,
    ):
        assert understood(long, after(BUYS, long), hashed).text
