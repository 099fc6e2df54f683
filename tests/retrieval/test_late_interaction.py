"""Late interaction: each word of the question against the words of a passage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from conftest import Hashing
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.types import Passage, ScoredPassage, ScoredSentence, Span
from assistant.embedding.embedders import Embedder, Role, Vectors
from assistant.retrieval.late_interaction import KEPT, QUESTION, WordVectors, interact, interactions
from assistant.store.index import terms
from assistant.text.sentences import sentences


class Plain(Hashing):
    """An embedder that would have to be asked for each word."""

    contextual = False


def scored(text: str) -> ScoredPassage:
    """A passage of its own, which begins somewhere in its document."""
    spans = tuple(type(s)(s.start + 40, s.end + 40) for s in sentences(text))
    passage = Passage("d-0", "d", 0, 40, 40 + len(text), text, sentences=spans)
    found = tuple(ScoredSentence(span, 0.5, coverage=0.25) for span in spans)
    return ScoredPassage(passage, "", "d.md", 1.0, coverage=0.75, sentences=found)


def met(query: str, *texts: str, title: str = "", embedder: Embedder | None = None) -> list[ScoredPassage]:
    passages = [scored(text) for text in texts]
    telling = dict.fromkeys(terms(query), 1.0)
    contexts = [title + text for text in texts]
    return interact(query, telling, passages, contexts, embedder or Hashing(512))


def test_a_passage_with_all_words_meets_the_question_wholly() -> None:
    [passage] = met("red kettle", "A kettle that is red. It boils.")
    assert passage.interaction == pytest.approx(1.0)
    assert [sentence.interaction > 0.9 for sentence in passage.sentences] == [True, False]


def test_a_passage_with_half_of_the_words_meets_half_of_the_question() -> None:
    [passage] = met("red kettle", "A kettle that is blue.")
    assert 0.5 <= passage.interaction < 0.65


def test_a_word_that_tells_more_counts_more() -> None:
    passages = [scored("A kettle."), scored("All red.")]
    telling = {**dict.fromkeys(terms("kettle"), 3.0), **dict.fromkeys(terms("red"), 1.0)}
    kettle, red = interact("red kettle", telling, passages, ["A kettle.", "All red."], Hashing(512))
    assert kettle.interaction > 0.7 > 0.4 > red.interaction


def test_words_of_the_title_count_a_little_less_for_a_sentence_below() -> None:
    [alone] = met("red kettle", "It is red.")
    [titled] = met("red kettle", "It is red.", title="Kettle\n\n")
    assert titled.interaction == pytest.approx(1.0)
    assert alone.sentences[0].interaction < titled.sentences[0].interaction < 1.0


def test_the_sentence_with_a_word_that_is_like_the_whole_question_peaks() -> None:
    [passage] = met("kettle kettle kettle", "A kettle is here. It boils.")
    assert passage.sentences[0].peak > 0.9 > passage.sentences[1].peak


def test_a_passage_is_met_alone_as_well_as_its_words_are() -> None:
    texts = ["A kettle that is red.", "A kettle.", "Nothing of it."]
    telling = dict.fromkeys(terms("red kettle"), 1.0)
    words = WordVectors(Hashing(512))
    both, one, none = interactions("red kettle", telling, [scored(t) for t in texts], texts, words)
    assert both == pytest.approx(1.0, abs=0.001)
    assert both > one + 0.2 > none + 0.4


@pytest.mark.parametrize(("query", "embedder"), [("is it the", Hashing()), ("red kettle", Plain())])
def test_where_words_cannot_be_met_alone_coverage_stands_in(query: str, embedder: Embedder) -> None:
    words = WordVectors(embedder)
    assert interactions(query, dict.fromkeys(terms(query), 1.0), [scored("Red.")], ["Red."], words) == [0.75]


class Counting(Hashing):
    """Remembers the texts that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        self.texts += texts
        return super().embed_spans(texts, spans, role)


def test_a_passage_that_was_read_lately_is_not_read_again() -> None:
    embedder = Counting()
    words = WordVectors(embedder)
    first = words.of(["A kettle.", "Tea."])
    again = words.of(["Tea.", "Cups.", "A kettle."])
    assert embedder.texts == ["A kettle.", "Tea.", "Cups."]
    assert (again[0] == first[1]).all()
    assert (again[2] == first[0]).all()


def test_only_the_latest_passages_are_kept() -> None:
    embedder = Counting()
    words = WordVectors(embedder)
    words.of(["A kettle.", *(f"Cup {n}." for n in range(KEPT))])
    embedder.texts.clear()
    words.of(["A kettle.", f"Cup {KEPT - 1}."])
    assert embedder.texts == ["A kettle."]


class Seeing(Hashing):
    """Remembers what it was given to read."""

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[Vectors, list[Vectors]]:
        self.seen = list(texts)
        return super().embed_spans(texts, spans)


def test_each_passage_is_read_once_together_with_the_question() -> None:
    embedder = Seeing(512)
    met("red kettle?", "A kettle.", "All red.", title="T\n", embedder=embedder)
    assert embedder.seen == ["red kettle? T\nA kettle.", "red kettle? T\nAll red."]


def test_of_a_long_question_only_the_beginning_is_read_with_the_passage() -> None:
    embedder = Seeing(512)
    met("red kettle " * 1000, "A kettle.", embedder=embedder)
    assert len(embedder.seen[0]) < QUESTION + 20


def test_only_words_that_tell_something_are_asked_for() -> None:
    [passage] = met("the red or this kettle", "Red kettle.")
    assert passage.interaction == pytest.approx(1.0)


@pytest.mark.parametrize("query", ["", "is it the", "?!", "☃"])
def test_a_question_without_telling_words_is_met_by_what_is_covered(query: str) -> None:
    [passage] = met(query, "Red kettle.")
    assert passage.interaction == 0.75
    assert passage.sentences[0].interaction == 0.25


def test_where_words_would_have_to_be_asked_for_coverage_stands_in() -> None:
    [passage] = met("red kettle", "Red kettle.", embedder=Plain())
    assert passage.interaction == 0.75


@pytest.mark.parametrize("text", ["☃ ☃. ☃ — ☃.", "***", "| | |", "—"])
def test_a_passage_without_words_meets_nothing(text: str) -> None:
    [empty, other] = met("red kettle", text, "Red kettle.")
    assert empty.interaction == 0.0
    assert all(sentence.interaction == 0.0 for sentence in empty.sentences)
    assert other.interaction == pytest.approx(1.0)


WORDS = st.lists(
    st.sampled_from("red kettle the | |---| \n. ☃ café 95 seconds? # x_y".split(" ")), max_size=15
)


@given(WORDS.map(" ".join), st.lists(WORDS.map(" ".join), max_size=3), WORDS.map(" ".join))
def test_whatever_the_texts_the_order_stays_and_the_measures_are_cosines(
    query: str, texts: Sequence[str], title: str
) -> None:
    found = met(query, *texts, title=title)
    assert [passage.passage.text for passage in found] == list(texts)
    for passage in found:
        measures = [passage.interaction]
        measures += [measure for s in passage.sentences for measure in (s.interaction, s.peak)]
        assert all(np.isfinite(measures))
        assert all(-1.001 <= measure <= 1.001 for measure in measures)


def test_with_the_real_model_a_word_meets_what_it_means(e5: Embedder) -> None:
    near, far = met("Washington", "The United States protested.", "The kettle boils water.", embedder=e5)
    assert near.interaction > far.interaction + 0.1
