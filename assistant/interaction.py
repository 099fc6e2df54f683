"""Late interaction: how well each word of a question is met by some word of a passage, by meaning in context.

For each telling word of the question, the best cosine with a word of the passage; their mean, weighted by idf,
is the interaction (MaxSim of ColBERT, Khattab and Zaharia 2020, here with the vectors of a model that was not
trained for it). Where exact words decide nothing, "Washington" still meets "United States". It costs a pass of
the model over each passage, so only the best few are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant.embed import Embedder
from assistant.index import terms
from assistant.types import ScoredPassage, Span

_WORD = re.compile(r"[^\W_]+")
Vectors = NDArray[np.float32]


def interact(
    query: str, telling: Mapping[str, float], passages: Sequence[ScoredPassage],
    contexts: Sequence[str], embedder: Embedder,
) -> list[ScoredPassage]:  # fmt: skip
    """The passages with `interaction` and `weakest`, their sentences too; `contexts` are their embedded texts.

    With an embedder that would have to be asked for each word, coverage stands in for both.
    """
    asked = {span: weight for span in _words(query) if (weight := _weight(query, span, telling)) > 0}
    if not asked or not embedder.contextual:
        return [_by_coverage(passage) for passage in passages]
    texts = [query, *contexts]
    spans = [list(asked), *map(_words, contexts)]
    _, vectors = embedder.embed_spans(texts, spans)
    weights = np.array(list(asked.values()))
    return [
        _interacting(passage, context, words, vectors[0] @ met.T, weights / weights.sum())
        for passage, context, words, met in zip(passages, contexts, spans[1:], vectors[1:], strict=True)
    ]


def _interacting(
    scored: ScoredPassage, context: str, words: Sequence[Span], cosines: Vectors, weights: NDArray[np.float64]
) -> ScoredPassage:
    """`cosines` is (words of the query, words of the context)."""
    offset = len(context) - len(scored.passage.text) - scored.passage.start
    starts = np.array([word.start for word in words])
    best = cosines.max(axis=1)
    sentences = []
    for sentence in scored.sentences:
        first, after = np.searchsorted(starts, [sentence.span.start + offset, sentence.span.end + offset])
        own = cosines[:, first:after].max(axis=1) if first < after else np.zeros(len(best))
        sentences.append(replace(sentence, interaction=float(own @ weights)))
    return replace(scored, interaction=float(best @ weights), weakest=float(best.min()), sentences=tuple(sentences))


def _by_coverage(scored: ScoredPassage) -> ScoredPassage:
    sentences = tuple(replace(s, interaction=s.coverage) for s in scored.sentences)
    return replace(scored, interaction=scored.coverage, weakest=scored.coverage, sentences=sentences)


def _words(text: str) -> list[Span]:
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def _weight(text: str, span: Span, telling: Mapping[str, float]) -> float:
    return sum(telling.get(term, 0.0) for term in terms(text[span.start : span.end]))


