"""Evidence has to name what the question names: another country, person or year is no answer."""

from __future__ import annotations

import pytest

from assistant.core.types import Passage, Query, ScoredPassage, ScoredSentence, Span
from assistant.retrieval.grounding import evidence, years


def passage(*sentences: str, title: str = "Trade", headings: tuple[str, ...] = ()) -> ScoredPassage:
    text, spans = "", []
    for sentence in sentences:
        spans.append(Span(len(text), len(text) + len(sentence)))
        text += f"{sentence} "
    of = Passage("p", "d", 0, 0, len(text), text, headings, sentences=tuple(spans))
    return ScoredPassage(
        of, title, "trade.md", 1.0, sentences=tuple(ScoredSentence(s, 0.5, 0.5) for s in spans)
    )


def left(question: str, *passages: ScoredPassage, context: str = "") -> list[str]:
    held = evidence(Query(question, context=context), passages)
    assert [h.passage for h in held] == [p.passage for p in passages]
    return [h.passage.quote(s.span) for h in held for s in h.sentences]


PERU = "Norway sells fish to Peru for 3 million dollars."
CHILE = "Norway sells boats to Chile."


def test_a_figure_of_another_country_is_no_answer() -> None:
    assert left("How much fish does Norway sell to Chile?", passage(PERU, "It grows.")) == []


def test_of_a_passage_on_two_countries_the_sentence_on_the_right_one_is_left() -> None:
    assert left("What does Norway sell to Chile?", passage(PERU, CHILE)) == [CHILE]


def test_a_heading_or_a_title_says_which_country_a_sentence_is_on() -> None:
    fish = "Fish is sold for 3 million dollars."
    assert left("How much fish goes to Peru?", passage(fish, headings=("Peru",))) == [fish]
    assert left("How much fish goes to Peru?", passage(fish, title="Peruvian trade")) == [fish]


@pytest.mark.parametrize(
    "asked", ["Norwegian fish in Peru?", "¿Cuánto pescado vende Noruega a Perú?", "秘鲁"]
)
def test_a_country_is_the_same_in_another_form_and_language(asked: str) -> None:
    assert left(asked, passage(PERU)) == [PERU]


def test_a_figure_of_another_year_is_no_answer() -> None:
    report = passage("There were 4 accidents in 2022.", "All were small.", title="Report of 2022")
    assert left("How many accidents were there in 2023?", report) == []
    assert len(left("How many accidents were there in 2022?", report)) == 2


def test_a_year_within_a_span_counts() -> None:
    span = "The pier was rebuilt in 2009-2013."
    assert left("What was rebuilt in 2011?", passage(span)) == [span]
    assert years("2009–13") == {2009, 2010, 2011, 2012, 2013}


def test_a_year_that_is_only_a_bound_need_not_be_named() -> None:
    later = "The pier was rebuilt in 2015."
    assert left("What was rebuilt since 2011?", passage(later)) == [later]


def test_a_person_who_is_not_in_the_passage_is_not_answered_for() -> None:
    row = passage("Ann Berg pilots the ferry.")
    assert left("What does Tom Lee pilot?", row) == []
    assert left("What does Berg pilot?", row) == ["Ann Berg pilots the ferry."]


def test_of_two_names_joined_by_or_one_is_enough() -> None:
    row = passage("Ann Berg pilots the ferry.")
    assert left("Does Tom Lee or Ann Berg pilot it?", row) == ["Ann Berg pilots the ferry."]


def test_a_region_is_no_country_that_is_part_of_its_name() -> None:
    assert left("What does Norway sell to Latin America?", passage(PERU)) == [PERU]
    assert left("What does the US sell?", passage("Latin America sells fruit.")) == []


def test_a_title_that_only_surrounds_the_question_need_not_be_named() -> None:
    asked = "Port Alba: What does Norway sell?"
    assert left(asked, passage(PERU), context="Port Alba:") == [PERU]


def test_what_the_topic_names_need_not_be_named_again_but_no_other_country_instead() -> None:
    sold = passage("Boats are sold by the dozen.", "Norway sells fish to Peru.")
    topic, focus = "Does Ann Berg sell boats to Chile?", "How are they sold?"
    held = evidence(Query(f"{topic} {focus}", focus), [sold])
    assert [sold.passage.quote(s.span) for s in held[0].sentences] == ["Boats are sold by the dozen."]
    topic = "Does Ann Berg sell boats in Peru?"
    held = evidence(Query(f"{topic} {focus}", focus), [sold])
    assert len(held[0].sentences) == 2


def test_a_question_without_names_leaves_everything() -> None:
    assert left("what is sold?", passage(PERU, CHILE)) == [PERU, CHILE]


@pytest.mark.parametrize(
    ("question", "elsewhere", "there"),
    [
        (
            "Who is the president of Peru?",
            "President Berg of the Kingdom of Norway went to Peru.",
            "Peru's president met Berg of Norway.",
        ),
        (
            "Who is the president of Peru?",
            "Because of Peru's fish the president's tour mattered more, Lund writes.",
            "Ana is president of Peru.",
        ),
        (
            "Who is Peru's minister of fish?",
            "The Norwegian minister of fish is in Peru.",
            "Ana is minister in Peru.",
        ),
        (
            "¿Quién es el presidente de Perú?",
            "El presidente de Noruega llegó a Perú.",
            "El presidente de Perú es Ana.",
        ),
    ],
)
def test_who_has_a_role_in_another_country_is_no_answer(question: str, elsewhere: str, there: str) -> None:
    assert left(question, passage(elsewhere, there)) == [there]


def test_who_did_something_may_be_a_country() -> None:
    sentence = "Norway sells more fish to Peru than Chile does."
    assert left("Who sells more fish to Peru, Norway or Chile?", passage(sentence)) == [sentence]
