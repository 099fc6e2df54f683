"""Late interaction: each word of the question against the words of a passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from conftest import Hashing
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.types import Passage, ScoredPassage, ScoredSentence
from assistant.embedding.embedders import Embedder
from assistant.retrieval.late_interaction import interaction, question_words, with_interactions
from assistant.store.index import terms
from assistant.text.sentences import sentences
from assistant.text.words import word_spans


class Plain(Hashing):
    """An embedder that would have to be asked for each word."""

    contextual = False


@dataclass(frozen=True)
class Met:
    """The interaction of a passage, and the passage with those of its sentences."""

    whole: float
    passage: ScoredPassage

    @property
    def sentences(self) -> list[float]:
        return [sentence.interaction for sentence in self.passage.sentences]


def scored(text: str) -> ScoredPassage:
    """A passage of its own, which begins somewhere in its document."""
    spans = tuple(type(s)(s.start + 40, s.end + 40) for s in sentences(text))
    passage = Passage("d-0", "d", 0, 40, 40 + len(text), text, sentences=spans)
    found = tuple(ScoredSentence(span, 0.5, coverage=0.25) for span in spans)
    return ScoredPassage(passage, "", "d.md", 1.0, coverage=0.75, sentences=found)


def met(
    query: str,
    *texts: str,
    title: str = "",
    embedder: Embedder | None = None,
    idf: Mapping[str, float] | None = None,
) -> list[Met]:
    embedder, passages = embedder or Hashing(512), [scored(text) for text in texts]
    contexts = [title + text for text in texts]
    asked = question_words(query, idf or dict.fromkeys(terms(query), 1.0), embedder)
    _, vectors = embedder.embed_spans(contexts, [*map(word_spans, contexts)])
    held = [own if len(own) else None for own in vectors]
    return [
        Met(interaction(asked, passage, own), with_interactions(asked, passage, context, own))
        for passage, context, own in zip(passages, contexts, held, strict=True)
    ]


def test_a_passage_with_all_words_meets_the_question_wholly() -> None:
    [found] = met("red kettle", "A kettle that is red. It boils.")
    assert found.whole == pytest.approx(1.0)
    assert [share > 0.9 for share in found.sentences] == [True, False]


def test_a_passage_with_half_of_the_words_meets_half_of_the_question() -> None:
    [found] = met("red kettle", "A kettle that is blue.")
    assert 0.5 <= found.whole < 0.65


def test_a_rarer_word_counts_more() -> None:
    idf = {**dict.fromkeys(terms("kettle"), 3.0), **dict.fromkeys(terms("red"), 1.0)}
    kettle, red = met("red kettle", "A kettle.", "All red.", idf=idf)
    assert kettle.whole > 0.7 > 0.4 > red.whole


def test_words_of_the_title_count_a_little_less_for_a_sentence_below() -> None:
    [alone] = met("red kettle", "It is red.")
    [titled] = met("red kettle", "It is red.", title="Kettle\n\n")
    assert titled.whole == pytest.approx(1.0)
    assert alone.sentences[0] < titled.sentences[0] < 1.0


def test_only_words_with_an_idf_count() -> None:
    [found] = met("the red or this kettle", "Red kettle.")
    assert found.whole == pytest.approx(1.0)


@pytest.mark.parametrize("query", ["", "is it the", "?!", "☃"])
def test_a_question_without_such_words_is_met_by_its_coverage(query: str) -> None:
    [found] = met(query, "Red kettle.")
    assert found.whole == 0.75
    assert found.sentences == [0.25]


def test_coverage_stands_in_where_each_word_would_take_a_pass() -> None:
    [found] = met("red kettle", "Red kettle.", embedder=Plain())
    assert found.whole == 0.75


@pytest.mark.parametrize("text", ["☃ ☃. ☃ — ☃.", "***", "| | |", "—"])
def test_coverage_stands_in_for_a_passage_without_words(text: str) -> None:
    [empty, other] = met("red kettle", text, "Red kettle.")
    assert empty.whole == 0.75
    assert other.whole == pytest.approx(1.0)


WORDS = st.lists(
    st.sampled_from("red kettle the | |---| \n. ☃ café 95 seconds? # x_y".split(" ")), max_size=15
)


@given(WORDS.map(" ".join), st.lists(WORDS.map(" ".join), max_size=3), WORDS.map(" ".join))
def test_whatever_the_texts_all_measures_are_cosines(query: str, texts: Sequence[str], title: str) -> None:
    for found in met(query, *texts, title=title):
        measures = [found.whole, *found.sentences]
        assert all(np.isfinite(measures))
        assert all(-1.001 <= measure <= 1.001 for measure in measures)


def test_with_the_real_model_a_word_meets_what_it_means(e5: Embedder) -> None:
    near, far = met("Washington", "The United States protested.", "The kettle boils water.", embedder=e5)
    assert near.whole > far.whole + 0.1
