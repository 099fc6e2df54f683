"""Late interaction (MaxSim): match each word of a question with the nearest word of a passage, in context.

The interaction is the mean of these best cosines, weighted by idf (ColBERT, Khattab and Zaharia, 2020,
https://arxiv.org/abs/2004.12832; here with a model that was not trained for it). It matches "Washington" with
"United States", which no exact word does. The vectors of a passage's words were computed when it was added,
so this takes no pass of the model. Trials and figures: docs/decisions/0004-sentence-choice.md and
0007-read-twice.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import ScoredPassage, Span
from assistant.embedding.embedders import Embedder
from assistant.store.index import terms
from assistant.text import tables
from assistant.text.words import word_spans

QUOTED = 4
"""Number of passages whose sentences are scored; only these may be quoted."""
LEAD = 0.8
"""Weight of a word of the title, headings or column names for a sentence below them."""
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """The words of a question that have an idf: their vectors, float32 [words, dimensions], and their weights
    [words], of sum one."""

    vectors: Vectors
    weights: NDArray[np.float64]


def question_words(question: str, idf: Mapping[str, float], embedder: Embedder) -> QuestionWords | None:
    """Return the words of a question; None if none has an idf, or the embedder gives no vectors of words."""
    weights = {span: weight for span in word_spans(question) if (weight := _weight(question, span, idf)) > 0}
    if not weights or not embedder.contextual:
        return None
    _, [vectors] = embedder.embed_spans([question], [[*weights]], "query")
    return QuestionWords(vectors, np.array([*weights.values()]) / sum(weights.values()))


def interaction(asked: QuestionWords | None, passage: ScoredPassage, own: Vectors | None) -> float:
    """Return the interaction of a question with a passage, whose words have the vectors `own`.

    Without vectors it is the passage's coverage of the question.
    """
    if asked is None or own is None:
        return passage.coverage
    return float(_best(asked.vectors @ own.T) @ asked.weights)


def with_interactions(
    asked: QuestionWords | None, scored: ScoredPassage, context: str, own: Vectors | None
) -> ScoredPassage:
    """Return a passage with `interaction` of its sentences, from the vectors `own` of the words of its
    context, the embedded text."""
    if asked is None or own is None:
        return replace(scored, sentences=tuple(replace(s, interaction=s.coverage) for s in scored.sentences))
    passage, begin = scored.passage, len(context) - len(scored.passage.text)
    starts = np.array([word.start for word in word_spans(context)])
    cosines = asked.vectors @ own.T
    lead = _best(cosines[:, : np.searchsorted(starts, begin)])
    sentences = []
    for sentence in scored.sentences:
        start, end = (place - passage.start for place in (sentence.span.start, sentence.span.end))
        held = slice(*np.searchsorted(starts, [begin + start, begin + end]))
        best = np.maximum(_best(cosines[:, held]), LEAD * lead)
        if tables.is_row(passage.text[start:end]):
            best = np.maximum(best, LEAD * _best(cosines[:, _columns(passage.text, start, begin, starts)]))
        sentences.append(replace(sentence, interaction=float(best @ asked.weights)))
    return replace(scored, sentences=tuple(sentences))


def _columns(text: str, row: int, begin: int, starts: NDArray[np.int64]) -> slice:
    """Return the words of the context that are the column names above the table row at `row`."""
    columns = tables.columns_above(text, row) or ""
    at = begin + text.rfind(columns, 0, row)
    return slice(*np.searchsorted(starts, [at, at + len(columns)]))


def _best(cosines: Vectors) -> Vectors:
    """Return the largest cosine of each word of the question; 0 if the text has no words."""
    return cosines.max(axis=1, initial=-1.0) if cosines.shape[1] else np.zeros(len(cosines), np.float32)


def _weight(text: str, span: Span, idf: Mapping[str, float]) -> float:
    return sum(idf.get(term, 0.0) for term in terms(text[span.start : span.end]))
