"""The reader that ships: it reads question and sentence together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core import config
from assistant.core.types import Passage, Query, ScoredPassage, ScoredSentence, Span
from assistant.embedding.embedders import E5
from assistant.retrieval import reader
from assistant.retrieval.reader import Excerpt, Reader, context, joined

BRIDGE = "The bridge over the Elbe was opened in 1893 and is 248 metres long."
IDS = st.lists(st.integers(3, 250_000), max_size=150)


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader(E5(config.load().cache))


@pytest.mark.parametrize(
    ("question", "answer", "near"),
    [
        ("When was the bridge opened?", BRIDGE, "The bridge over the Elbe is 248 metres long."),
        (
            "Who designed the tower?",
            "The tower was designed by Gustave Eiffel.",
            "The tower is made of iron.",
        ),
        (
            "Where was Ada Lovelace born?",
            "Ada Lovelace was born in London.",
            "Ada Lovelace wrote notes on an engine.",
        ),
    ],
)
def test_a_sentence_that_answers_is_above_one_on_the_same_thing(
    read: Reader, question: str, answer: str, near: str
) -> None:
    right, wrong = read.answers(question, [Excerpt(answer), Excerpt(near)])
    assert right > wrong


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("The bridge was opened in 1893.", "The bridge was opened in 1839."),
        ("The bridge is 248 metres long.", "The bridge is not 248 metres long."),
        ("The bridge over the Elbe was opened in 1893.", "The bridge over the Rhine was opened in 1893."),
    ],
)
def test_a_claim_is_above_the_same_claim_with_one_thing_changed(read: Reader, true: str, false: str) -> None:
    evidence = [Excerpt(BRIDGE)]
    assert read.supports(true, evidence)[0] > read.supports(false, evidence)[0]


def test_what_is_read_beside_it_changes_no_probability(read: Reader) -> None:
    alone = read.answers("How long is the bridge?", [Excerpt(BRIDGE)])
    among = read.answers(
        "How long is the bridge?", [Excerpt("Tea is grown in Assam. " * 20), Excerpt(BRIDGE)]
    )
    assert among[1] == alone[0]


def test_nothing_is_opened_where_nothing_is_read(read: Reader) -> None:
    embedder = E5(config.load().cache)
    assert Reader(embedder).answers("Who?", []).shape == (0,)
    assert "_model" not in embedder.__dict__


def test_probabilities_are_between_0_and_1_whatever_is_read(read: Reader) -> None:
    texts = ["", " ", "?" * 3000, "北京", "🙂", "\ud800", "</s>", "word " * 2000]
    found = read.answers("", [Excerpt(text, text) for text in texts])
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_a_heading_is_not_read(read: Reader) -> None:
    text = "# Bridge\nIt is 300 metres long."
    spans = (Span(0, 8), Span(9, len(text)))
    passage = Passage("b-0", "b", 0, 0, len(text), text, ("Bridge",), sentences=spans)
    found = tuple(ScoredSentence(span, 0.5, coverage=0.5) for span in spans)
    [scored] = read.read(
        Query("How long is it?"), [ScoredPassage(passage, "Bridge", "b.md", 1.0, sentences=found)]
    )
    assert [sentence.answers is None for sentence in scored.sentences] == [True, False]


def test_a_follow_up_is_read_alone_and_with_its_topic(read: Reader) -> None:
    spans = (Span(0, len(BRIDGE)),)
    passage = Passage("b-0", "b", 0, 0, len(BRIDGE), BRIDGE, sentences=spans)
    found = (ScoredSentence(spans[0], 0.5, coverage=0.5),)
    scored = [ScoredPassage(passage, "", "b.md", 1.0, sentences=found)]
    whole, alone = "When was the bridge opened? How long is it?", "How long is it?"

    def answers(query: Query) -> float:
        return read.read(query, scored)[0].sentences[0].answers or 0.0

    lower, higher = sorted([answers(Query(whole)), answers(Query(alone))])
    assert lower < answers(Query(whole, alone)) < higher


@given(IDS, IDS, IDS)
def test_the_sentence_is_cut_only_where_the_whole_is_too_long(
    first: list[int], second: list[int], told: list[int]
) -> None:
    ids = joined(first, second, told)
    assert len(ids) <= reader.LENGTH
    if len(first) <= reader.FIRST and len(first) + len(second) + 4 <= reader.LENGTH:
        assert ids[: len(first) + len(second) + 3] == [reader.BEGIN, *first, reader.END, *second, reader.END]


def test_what_is_above_is_named_once_and_in_order() -> None:
    assert context("Iran", ["Iran", "Exports"], "It grew.") == "Iran: Exports | It grew."
    assert context("") == ""
