"""A small cross-encoder that reads question and sentence together: does it answer, is the claim supported?

The first eight layers of multilingual-e5-small, trained further on pairs (see `reader_weights/README.md`
for data, licences and figures), over the embedder's own word table and tokenizer. Opened at the first
use, so that it costs nothing where nothing is read.
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

from assistant.core.types import ScoredPassage, ScoredSentence, Span
from assistant.retrieval.late_interaction import QUOTED
from assistant.text import tables

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from assistant.embedding.embedders import E5

LAYERS = Path(__file__).with_name("reader_weights") / "layers.onnx"
ANSWERS, SUPPORTS = 0, 1
"""The columns of what the graph gives."""
BEGIN, END = 0, 2
LENGTH, FIRST, ABOVE = 96, 40, 28
"""Tokens at most: of all; of the question; of the title, headings and sentence before."""
LONGER = 2
"""Times as much is read of a claim and its evidence."""
AT_ONCE = 2
READ = 12
"""The sentences of a retrieval that are read, the likeliest by vectors and words."""
SUPPORTED = 0.41
"""The probability from which on a claim is taken as supported; chosen on pairs held back from training."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text to be read, and what its document says above it: see `above`."""

    text: str
    above: str = ""


class Reader:
    """Probabilities by reading two texts together. Safe to share between threads."""

    def __init__(self, embedder: E5) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()

    def answers(self, question: str, sentences: Sequence[Excerpt]) -> NDArray[np.float32]:
        """For each sentence, 0 to 1, how likely it answers the question: float32 [len(sentences)]."""
        return self._read(question, sentences, 1)[:, ANSWERS]

    def read(self, question: str, passages: Sequence[ScoredPassage]) -> list[ScoredPassage]:
        """The passages, best first, with `answers` of the likeliest sentences of the first few."""
        places = [(p, s) for p in passages[:QUOTED] for s in p.sentences]
        places = sorted(places, key=lambda place: -place[1].cosine - place[1].interaction)[:READ]
        found = self.answers(question, [_excerpt(passage, sentence) for passage, sentence in places])
        answers = {
            (passage.passage.id, sentence.span): float(probability)
            for (passage, sentence), probability in zip(places, found, strict=True)
        }
        return [_with_answers(passage, answers) for passage in passages]

    def supports(self, claim: str, evidence: Sequence[Excerpt]) -> NDArray[np.float32]:
        """For each excerpt, 0 to 1, how likely it says all that the claim says: float32 [len(evidence)]."""
        return self._read(claim, evidence, LONGER)[:, SUPPORTS]

    def support(self, claim: str, quote: str, context: str = "") -> float:
        """How likely a quote says all of a claim, 0 to 1; `context` is what its document says above it."""
        return float(self.supports(claim, [Excerpt(quote, above("", context.splitlines()))])[0])

    def _read(self, first: str, excerpts: Sequence[Excerpt], times: int) -> NDArray[np.float32]:
        if not excerpts:
            return np.zeros((0, 2), np.float32)
        asked = self._ids(first)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return np.stack([*pool.map(lambda excerpt: self._pair(asked, excerpt, times), excerpts)])

    def _pair(self, first: list[int], excerpt: Excerpt, times: int) -> NDArray[np.float32]:
        ids = joined(first, self._ids(excerpt.text), self._ids(excerpt.above), times)
        words = self._embedder.model.words.rows(ids)[None]
        probabilities: NDArray[np.float32] = self._session.run(None, {"words": words})[0][0]
        return probabilities

    def _ids(self, text: str) -> list[int]:
        return self._embedder.model.tokenizer.pieces(text).ids if text else []

    @property
    def _session(self) -> InferenceSession:
        with self._lock:
            return self._opened

    @cached_property
    def _opened(self) -> InferenceSession:
        from assistant.embedding.embedders import session

        return session(LAYERS)


def _excerpt(scored: ScoredPassage, sentence: ScoredSentence) -> Excerpt:
    """A sentence with what its document says above it; a table row as it is spoken."""
    passage, at = scored.passage, [s.span for s in scored.sentences].index(sentence.span)
    text = passage.quote(sentence.span)
    before = passage.quote(scored.sentences[at - 1].span) if at else ""
    if tables.is_row(text):
        columns = tables.columns_above(passage.text, sentence.span.start - passage.start) or passage.header
        text, before = tables.as_sentence(tables.named_cells(text, columns)), ""
    return Excerpt(text, above(scored.title, passage.headings, before))


def _with_answers(scored: ScoredPassage, answers: Mapping[tuple[str, Span], float]) -> ScoredPassage:
    sentences = (replace(s, answers=answers.get((scored.passage.id, s.span))) for s in scored.sentences)
    return replace(scored, sentences=tuple(sentences))


def above(title: str, headings: Sequence[str] = (), before: str = "") -> str:
    """Title, headings and the sentence before, as the reader was trained to see them."""
    place = ": ".join(dict.fromkeys(part for part in (title, *headings) if part))
    return " | ".join(part for part in (place, before) if part)


def joined(first: list[int], second: list[int], above: list[int], times: int = 1) -> list[int]:
    """`<s> first </s> second </s> above </s>` in at most LENGTH tokens, or `times` as many, each part cut at
    its end: what stands above gets what the others leave."""
    first, above = first[: FIRST * times], above[:ABOVE]
    room = LENGTH * times - 4 - len(first)
    second = second[:room]
    above = above[: room - len(second)]
    return [BEGIN, *first, END, *second, END, *above, *([END] if above else [])]
