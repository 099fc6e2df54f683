"""Late interaction (MaxSim): match each word of a question with the nearest word of a passage, in context.

The interaction is the mean of these best cosines, weighted by idf (ColBERT, Khattab and Zaharia, 2020,
https://arxiv.org/abs/2004.12832; here with a model that was not trained for it). It matches "Washington" with
"United States", which no exact word does. Each passage takes a pass of the model, so only the best few are
read. Passages are ranked best when read alone; their sentences are scored best when the passage is read with
the question before it, as its words then depend on the question. Trials and figures:
docs/decisions/0004-sentence-choice.md and 0007-read-twice.md.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import ScoredPassage, Span
from assistant.embedding.embedders import Embedder
from assistant.store.index import terms
from assistant.text import tables

QUESTION = 400
"""Limit on the characters of a question read with a passage, so that the passage is not cut."""
QUOTED = 4
"""Number of passages read with the question; only these may be quoted."""
KEPT = 400
"""Number of passages whose word vectors are kept in memory, some 30 MB."""
LEAD = 0.8
"""Weight of a word of the title, headings or column names for a sentence below them."""
# A number with thousands separators is one word.
_WORD = re.compile(r"(?<!\d)\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?!\d)|[^\W_]+")
Vectors = NDArray[np.float32]


class WordVectors:
    """The vectors of the words of passages, of which the latest are kept. Safe to share between threads."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._kept: OrderedDict[str, NDArray[np.float16]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, contexts: Sequence[str]) -> list[Vectors]:
        """Return the vectors of the words of each text, float32 [words, dimensions]."""
        with self._lock:
            known = {context: self._kept[context] for context in contexts if context in self._kept}
        new = [context for context in contexts if context not in known]
        _, vectors = self.embedder.embed_spans(new, [*map(_words, new)]) if new else ([], [])
        known |= {context: own.astype(np.float16) for context, own in zip(new, vectors, strict=True)}
        with self._lock:
            for context, own in known.items():
                self._kept[context] = own
                self._kept.move_to_end(context)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return [known[context].astype(np.float32) for context in contexts]


def interactions(
    query: str,
    idf: Mapping[str, float],
    passages: Sequence[ScoredPassage],
    contexts: Sequence[str],
    words: WordVectors,
) -> list[float]:
    """Return the interaction of each passage, read alone; `contexts` are the embedded texts.

    Coverage is used instead if the embedder gives no vectors of words.
    """
    query = query[:QUESTION]
    asked = _asked(query, idf)
    if not asked or not words.embedder.contextual:
        return [passage.coverage for passage in passages]
    _, [question] = words.embedder.embed_spans([query], [[*asked]], "query")
    weights = _shares(asked)
    return [float(_best(question @ own.T) @ weights) for own in words.of(contexts)]


def interact(
    query: str,
    idf: Mapping[str, float],
    passages: Sequence[ScoredPassage],
    contexts: Sequence[str],
    embedder: Embedder,
) -> list[ScoredPassage]:
    """Read the passages with the question. Set their `interaction`, and `interaction` and `peak` of their
    sentences; see `interactions`."""
    query = query[:QUESTION]
    asked = _asked(query, idf)
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


def _asked(query: str, idf: Mapping[str, float]) -> dict[Span, float]:
    """Return the idf of those words of the question that have one."""
    return {span: weight for span in _words(query) if (weight := _weight(query, span, idf)) > 0}


def _shares(asked: Mapping[Span, float]) -> NDArray[np.float64]:
    return np.array(list(asked.values())) / sum(asked.values())


def _interacting(
    scored: ScoredPassage, text: str, words: Sequence[Span], cosines: Vectors, weights: NDArray[np.float64]
) -> ScoredPassage:
    """Score a passage. `text` ends with it; `cosines` is [1 + words of the question, words of the text], with
    the whole question first."""
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
    return replace(scored, interaction=float(best @ weights), sentences=tuple(sentences))


def _columns(text: str, row: int, begin: int, starts: NDArray[np.int64]) -> slice:
    """Return the words of the context that are the column names above the table row at `row`."""
    columns = tables.columns_above(text, row) or ""
    at = begin + text.rfind(columns, 0, row)
    return slice(*np.searchsorted(starts, [at, at + len(columns)]))


def _best(cosines: Vectors) -> Vectors:
    """Return the largest cosine of each word of the query; 0 if the text has no words."""
    return cosines.max(axis=1, initial=-1.0) if cosines.shape[1] else np.zeros(len(cosines), np.float32)


def _by_coverage(scored: ScoredPassage) -> ScoredPassage:
    sentences = tuple(replace(s, interaction=s.coverage) for s in scored.sentences)
    return replace(scored, interaction=scored.coverage, sentences=sentences)


def _words(text: str) -> list[Span]:
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def _weight(text: str, span: Span, idf: Mapping[str, float]) -> float:
    return sum(idf.get(term, 0.0) for term in terms(text[span.start : span.end]))
