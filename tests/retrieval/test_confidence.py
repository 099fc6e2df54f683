"""Confidence: a likelihood for any input, higher with more evidence for an answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import Assistant
from assistant.core.types import Passage, Query, ScoredPassage, ScoredSentence, Span
from assistant.retrieval import confidence as module
from assistant.retrieval.confidence import confidence, features

SHARE = st.floats(0, 1)
COSINE = st.floats(-1, 1)
TEXT = st.one_of(
    st.text(st.characters(), max_size=40),
    st.lists(
        st.sampled_from("How much many When Who did Iran 2008 $5 million \ud83d the ☃ | Dr. O'Neil".split()),
        max_size=10,
    ).map(" ".join),
)


@st.composite
def passages(draw: st.DrawFn) -> list[ScoredPassage]:
    """Up to five passages with up to three sentences each, or with none."""
    found = []
    for number in range(draw(st.integers(0, 5))):
        text = draw(TEXT)
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
        spans = [Span(start, end) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        if draw(st.booleans()):
            spans = []
        passage = Passage(f"d-{number}", "d", number, 0, len(text), text, sentences=tuple(spans))
        sentences = tuple(ScoredSentence(s, draw(COSINE), draw(SHARE), draw(COSINE)) for s in spans)
        found.append(
            ScoredPassage(
                passage,
                draw(TEXT),
                "d.md",
                draw(st.floats(-3, 6)),
                draw(COSINE),
                draw(SHARE),
                draw(SHARE),
                sentences,
            )
        )
    return found


@given(TEXT, passages())
def test_it_is_a_likelihood_whatever_it_is_given(question: str, found: list[ScoredPassage]) -> None:
    likely = confidence(question, found)
    assert 0 <= likely <= 1
    assert likely == confidence(question, found)
    if not any(passage.sentences for passage in found):
        assert likely == 0


def test_nothing_found_is_no_answer() -> None:
    assert confidence("How much?", []) == 0.0


def passage(text: str, document: str = "d") -> ScoredPassage:
    held = Passage(f"{document}-0", document, 0, 0, len(text), text, sentences=(Span(0, len(text)),))
    sentences = (ScoredSentence(Span(0, len(text)), 0.5, 0.5, 0.6, 0.7),)
    return ScoredPassage(held, "T", "d.md", 1.0, sentences=sentences)


def test_every_weight_is_of_a_feature_that_there_is() -> None:
    model = json.loads(Path(module.__file__).with_name("confidence.json").read_text("utf-8"))
    assert model["weights"].keys() == features("How much is it?", [passage("It is 5.")]).keys()


def test_it_rises_with_what_the_reader_finds() -> None:
    one = passage("It is 5.")
    [sentence] = one.sentences
    unlikely, likely = (
        confidence("How much is it?", [replace(one, sentences=(replace(sentence, answers=answers),))])
        for answers in (0.1, 0.9)
    )
    assert unlikely < likely


def test_a_number_is_known_however_it_is_written() -> None:
    held = [passage("The harbour received 1,840 boats.")]
    lacking = {
        number: features(f"In which year were there {number} boats?", held)["other_number"]
        for number in ("1840", "1,840", "1841")
    }
    assert lacking == {"1840": 0, "1,840": 0, "1841": 1}


@pytest.fixture(scope="module")
def answered(shipped: Assistant) -> list[ScoredPassage]:
    return shipped.retriever.retrieve(Query(QUESTION))


QUESTION = "What does Iran export to Venezuela?"


def test_an_answer_that_is_there_is_likelier_than_one_that_is_not(
    shipped: Assistant, answered: list[ScoredPassage]
) -> None:
    for question in ("Who painted the ceiling of the Sistine Chapel?", "How tall is the Eiffel Tower?"):
        assert confidence(question, shipped.retriever.retrieve(Query(question))) < confidence(
            QUESTION, answered
        )


def test_it_falls_where_sentences_are_less_like_the_question(answered: list[ScoredPassage]) -> None:
    def less(scored: ScoredPassage) -> ScoredPassage:
        far = tuple(replace(s, cosine=s.cosine / 3, interaction=s.interaction / 3) for s in scored.sentences)
        return replace(scored, sentences=far)

    assert confidence(QUESTION, list(map(less, answered))) < confidence(QUESTION, answered)


def test_passages_without_a_sentence_may_come_first(answered: list[ScoredPassage]) -> None:
    bare = [replace(scored, sentences=()) for scored in answered[:3]]
    assert 0 < confidence(QUESTION, [*bare, *answered[3:]]) < 1
