"""A small cross-encoder that reads question and sentence together: does it answer, is the claim supported?

The first eight layers of multilingual-e5-small, trained further on pairs (see `reader_weights/README.md` for
data, licences and figures), on the embedder's own word table and tokenizer. Opened at its first use.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import Query, ScoredPassage, ScoredSentence, Span
from assistant.retrieval.late_interaction import QUOTED
from assistant.text import tables
from assistant.text.values import written_as

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from assistant.embedding.embedders import E5

LAYERS = Path(__file__).with_name("reader_weights") / "layers.onnx"
ANSWERS, SUPPORTS = 0, 1
"""Columns of the graph's output."""
BEGIN, END = 0, 2
LENGTH, FIRST, CONTEXT = 96, 40, 28
"""Limits in tokens: in all; for the question; for title, headings and the sentence before."""
LONGER = 2
"""Factor on the limits for a claim and its evidence."""
AT_ONCE = 2
READ = 8
"""Number of sentences read for a question: the best by vectors and words."""
SUPPORTED = 0.41
"""Least probability of a supported claim; chosen on pairs held back from training."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text to be read, and its context in the document: see `context`."""

    text: str
    context: str = ""


class Reader:
    """Reads two texts together and gives probabilities. Safe to share between threads."""

    def __init__(self, embedder: E5) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()

    def answers(self, question: str, sentences: Sequence[Excerpt]) -> NDArray[np.float32]:
        """Return the probability that each sentence answers the question: float32 [len(sentences)].

        Numbers of the question are read as the sentence writes them, as tokens do not tell 1840 in 1,840.
        """
        asked = [written_as(question, sentence.text) for sentence in sentences]
        return self._read(asked, sentences, 1)[:, ANSWERS]

    def read(self, query: Query, passages: Sequence[ScoredPassage]) -> list[ScoredPassage]:
        """Return the passages, best first, with `answers` set for the best sentences of the first few.

        A follow-up is read both alone and with its topic; the mean of the log odds counts.
        """
        places = [
            (p, s)
            for p in passages[:QUOTED]
            for s in p.sentences
            if not is_heading(p, p.passage.quote(s.span))
        ]
        places = sorted(places, key=lambda place: -place[1].cosine - place[1].interaction)[:READ]
        excerpts = [_excerpt(passage, sentence) for passage, sentence in places]
        found = self.answers(query.text, excerpts)
        if query.focus:
            found = _mean_by_log_odds(found, self.answers(query.focus, excerpts))
        answers = {
            (passage.passage.id, sentence.span): float(probability)
            for (passage, sentence), probability in zip(places, found, strict=True)
        }
        return [_with_answers(passage, answers) for passage in passages]

    def supports(self, claim: str, evidence: Sequence[Excerpt]) -> NDArray[np.float32]:
        """Return the probability that each excerpt says all that the claim says: float32 [len(evidence)]."""
        return self._read([claim] * len(evidence), evidence, LONGER)[:, SUPPORTS]

    def support(self, claim: str, quote: str, above: str = "") -> float:
        """Return the probability that a quote says all of a claim; `above` are the title and headings."""
        return float(self.supports(claim, [Excerpt(quote, context("", above.splitlines()))])[0])

    def _read(self, first: Sequence[str], excerpts: Sequence[Excerpt], times: int) -> NDArray[np.float32]:
        if not excerpts:
            return np.zeros((0, 2), np.float32)
        ids = {text: self._ids(text) for text in dict.fromkeys(first)}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            pairs = pool.map(lambda text, excerpt: self._pair(ids[text], excerpt, times), first, excerpts)
            return np.stack([*pairs])

    def _pair(self, first: list[int], excerpt: Excerpt, times: int) -> NDArray[np.float32]:
        ids = joined(first, self._ids(excerpt.text), self._ids(excerpt.context), times)
        words = self._embedder.model.words.rows(ids)[None]
        probabilities: NDArray[np.float32] = self._session.run(None, {"words": words})[0][0]
        return probabilities

    def _ids(self, text: str) -> list[int]:
        return self._embedder.model.tokenizer.pieces(text).ids if text else []

    @property
    def _session(self) -> InferenceSession:
        with self._lock:
            return self._load

    @cached_property
    def _load(self) -> InferenceSession:
        from assistant.embedding.embedders import open_session

        return open_session(LAYERS)


def _excerpt(scored: ScoredPassage, sentence: ScoredSentence) -> Excerpt:
    """Return a sentence with its context; a table row is written out as a sentence."""
    passage, at = scored.passage, [s.span for s in scored.sentences].index(sentence.span)
    text = passage.quote(sentence.span)
    before = passage.quote(scored.sentences[at - 1].span) if at else ""
    if tables.is_row(text):
        columns = tables.columns_above(passage.text, sentence.span.start - passage.start) or passage.header
        text, before = tables.as_sentence(tables.named_cells(text, columns)), ""
    return Excerpt(text, context(scored.title, passage.headings, before))


def _mean_by_log_odds(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities whose log odds are the mean of those of two: float32 of the same shape."""
    both, neither = np.sqrt(first * second), np.sqrt((1 - first) * (1 - second))
    return np.asarray(both / np.maximum(both + neither, 1e-9), np.float32)


def is_heading(scored: ScoredPassage, text: str) -> bool:
    """True for a heading or a header row above other sentences of the passage."""
    passage = scored.passage
    leads = text.strip("# \t") in passage.headings or text in tables.column_rows(passage.text)
    return leads and len(scored.sentences) > 1


def _with_answers(scored: ScoredPassage, answers: Mapping[tuple[str, Span], float]) -> ScoredPassage:
    sentences = (replace(s, answers=answers.get((scored.passage.id, s.span))) for s in scored.sentences)
    return replace(scored, sentences=tuple(sentences))


def context(title: str, headings: Sequence[str] = (), before: str = "") -> str:
    """Return title, headings and the sentence before, in the form the reader was trained on."""
    place = ": ".join(dict.fromkeys(part for part in (title, *headings) if part))
    return " | ".join(part for part in (place, before) if part)


def joined(first: list[int], second: list[int], context: list[int], times: int = 1) -> list[int]:
    """Return `<s> first </s> second </s> context </s>` in at most `times` LENGTH tokens.

    Each part is cut at its end; the context gets the room that the others leave.
    """
    first, context = first[: FIRST * times], context[:CONTEXT]
    room = LENGTH * times - 4 - len(first)
    second = second[:room]
    context = context[: room - len(second)]
    return [BEGIN, *first, END, *second, END, *context, *([END] if context else [])]
