"""Late interaction: how well each word of a question is met by some word of a passage, by meaning in context.

For each telling word of the question, the best cosine with a word of the passage; their mean, weighted by
idf, is the interaction (MaxSim of ColBERT, Khattab and Zaharia 2020, here with the vectors of a model that
was not trained for it). Where exact words decide nothing, "Washington" still meets "United States". It costs
a pass of the model over each passage, so only the best few are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant import tables
from assistant.embed import Embedder
from assistant.index import terms
from assistant.types import ScoredPassage, Span

LEAD = 0.8
"""What a word of the title, the headings or the column names counts for a sentence that stands below."""
_WORD = re.compile(r"[^\W_]+")
Vectors = NDArray[np.float32]


def interact(
    query: str, telling: Mapping[str, float], passages: Sequence[ScoredPassage],
    contexts: Sequence[str], embedder: Embedder,
) -> list[ScoredPassage]:  # fmt: skip
    """The passages with `interaction` and `weakest`, their sentences too; `contexts` are the embedded texts.

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
    passage = scored.passage
    begin = len(context) - len(passage.text)
    starts = np.array([word.start for word in words])
    best, lead = _best(cosines), LEAD * _best(cosines[:, : np.searchsorted(starts, begin)])
    sentences = []
    for sentence in scored.sentences:
        start, end = (place - passage.start for place in (sentence.span.start, sentence.span.end))
        first, after = np.searchsorted(starts, [begin + start, begin + end])
        own = np.maximum(_best(cosines[:, first:after]), lead)
        if tables.is_row(passage.text[start:end]):
            own = np.maximum(own, LEAD * _best(cosines[:, _columns(passage.text, start, begin, starts)]))
        sentences.append(replace(sentence, interaction=float(own @ weights)))
    met, weakest = float(best @ weights), float(best.min())
    return replace(scored, interaction=met, weakest=weakest, sentences=tuple(sentences))


def _columns(text: str, row: int, begin: int, starts: NDArray[np.int64]) -> slice:
    """Which words of the context are the column names above the row at `row` of the passage's text."""
    columns = tables.columns_above(text, row) or ""
    at = begin + text.rfind(columns, 0, row)
    return slice(*np.searchsorted(starts, [at, at + len(columns)]))


def _best(cosines: Vectors) -> Vectors:
    """The largest cosine of each word of the query; 0 with a text that has no words."""
    return cosines.max(axis=1, initial=-1.0) if cosines.shape[1] else np.zeros(len(cosines), np.float32)


def _by_coverage(scored: ScoredPassage) -> ScoredPassage:
    sentences = tuple(replace(s, interaction=s.coverage) for s in scored.sentences)
    return replace(scored, interaction=scored.coverage, weakest=scored.coverage, sentences=sentences)


def _words(text: str) -> list[Span]:
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def _weight(text: str, span: Span, telling: Mapping[str, float]) -> float:
    return sum(telling.get(term, 0.0) for term in terms(text[span.start : span.end]))
