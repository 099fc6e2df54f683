"""Late interaction: how well each word of a question is met by some word of a passage, by meaning in context.

For each telling word of the question, the best cosine with a word of the passage; their mean, weighted by
idf, is the interaction (MaxSim of ColBERT, Khattab and Zaharia 2020, here with the vectors of a model that
was not trained for it). Where exact words decide nothing, "Washington" still meets "United States". It takes
a pass of the model over each passage, so only the best few are looked at. Which passage is better is told
best by passages read alone; what in them is worth quoting, by passages read together with the question,
which then stands before them, so that each word is seen in the light of the others. Trials and figures:
docs/decisions/0004-sentence-choice.md and 0007-read-twice.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import ScoredPassage, Span
from assistant.embedding.embedders import Embedder
from assistant.store.index import terms
from assistant.text import tables

QUESTION = 400
"""Characters of a question that are read with a passage; more would push the passage out of sight."""
QUOTED = 4
"""The best passages that are read with the question, as only these may be quoted."""
LEAD = 0.8
"""What a word of the title, the headings or the column names counts for a sentence that stands below."""
# A number with its thousands apart is one word.
_WORD = re.compile(r"(?<!\d)\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?!\d)|[^\W_]+")
Vectors = NDArray[np.float32]


def meetings(
    query: str,
    telling: Mapping[str, float],
    passages: Sequence[ScoredPassage],
    contexts: Sequence[str],
    embedder: Embedder,
) -> list[float]:
    """The interaction of each passage read alone; `contexts` are the embedded texts.

    With an embedder that would have to be asked for each word, coverage stands in for interaction.
    """
    query = query[:QUESTION]
    asked = _asked(query, telling)
    if not asked or not embedder.contextual:
        return [passage.coverage for passage in passages]
    _, [question] = embedder.embed_spans([query], [[*asked]], "query")
    _, own = embedder.embed_spans(contexts, [*map(_words, contexts)])
    weights = _shares(asked)
    return [float(_best(question @ words.T) @ weights) for words in own]


def interact(
    query: str,
    telling: Mapping[str, float],
    passages: Sequence[ScoredPassage],
    contexts: Sequence[str],
    embedder: Embedder,
) -> list[ScoredPassage]:
    """The passages, read with the question, with `interaction`, `weakest` and `lead`, their sentences with
    `interaction` and `peak`; see `meetings`."""
    query = query[:QUESTION]
    asked = _asked(query, telling)
    if not asked or not embedder.contextual:
        return [_by_coverage(passage) for passage in passages]
    question = query.rstrip("? ") + "? "
    texts = [question + context for context in contexts]
    words = [[word for word in _words(text) if word.start >= len(question)] for text in texts]
    _, vectors = embedder.embed_spans(texts, [[Span(0, len(question)), *asked, *some] for some in words])
    weights, first = _shares(asked), 1 + len(asked)
    return [
        _interacting(passage, text, some, own[:first] @ own[first:].T, weights)
        for passage, text, some, own in zip(passages, texts, words, vectors, strict=True)
    ]


def _asked(query: str, telling: Mapping[str, float]) -> dict[Span, float]:
    """The words of the question that tell something, and how much."""
    return {span: weight for span in _words(query) if (weight := _weight(query, span, telling)) > 0}


def _shares(asked: Mapping[Span, float]) -> NDArray[np.float64]:
    return np.array(list(asked.values())) / sum(asked.values())


def _interacting(
    scored: ScoredPassage, text: str, words: Sequence[Span], cosines: Vectors, weights: NDArray[np.float64]
) -> ScoredPassage:
    """`text` ends with the passage; `cosines` is (the whole question and its words, words of the text)."""
    passage = scored.passage
    begin = len(text) - len(passage.text)
    starts = np.array([word.start for word in words])
    whole, cosines = cosines[0], cosines[1:]
    best, lead = _best(cosines), _best(cosines[:, : np.searchsorted(starts, begin)])
    sentences = []
    for sentence in scored.sentences:
        start, end = (place - passage.start for place in (sentence.span.start, sentence.span.end))
        held = slice(*np.searchsorted(starts, [begin + start, begin + end]))
        own = np.maximum(_best(cosines[:, held]), LEAD * lead)
        if tables.is_row(passage.text[start:end]):
            own = np.maximum(own, LEAD * _best(cosines[:, _columns(passage.text, start, begin, starts)]))
        peak = float(whole[held].max(initial=0.0))
        sentences.append(replace(sentence, interaction=float(own @ weights), peak=peak))
    met, led, weakest = float(best @ weights), float(lead @ weights), float(best.min())
    return replace(scored, interaction=met, weakest=weakest, lead=led, sentences=tuple(sentences))


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
