"""Question and history -> the passages that may answer, ranked by meaning and by words.

    score = cosine + specificity × (WORDS × BM25 share + INTERACTION × interaction)

The cosine is that of the question with the passage in its context (see `embedding.neighbours`). The BM25
share is BM25 divided by the most that the query could reach, so that it is comparable between questions. The
best passages are ranked again by late interaction. Words count more the rarer those of the question are in
this corpus: its specificity. Earlier turns count a little, by meaning and by words. Trials and figures:
docs/decisions/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import Passage, Query, ScoredPassage, ScoredSentence, Span
from assistant.embedding.embedders import Embedder
from assistant.ingest.library import Library
from assistant.retrieval.late_interaction import (
    QUOTED,
    QuestionWords,
    interaction,
    question_words,
    with_interactions,
)
from assistant.retrieval.reranker import Reranker
from assistant.store.index import terms
from assistant.store.records import StoredPassage

LIMIT = 10
NEAR = 100
MATCHING = 100
REACH = 1_000
"""Number of passages whose BM25 is computed, so that it also counts for the nearest by meaning."""
ALL = 100_000
WORDS = 2.5
INTERACTION = 2.0
READ = 8
"""Number of passages that late interaction ranks again."""
RERANKED = 30
"""Number of passages that a reranker ranks in its place, where one is configured."""
HISTORY = 0.4
"""Share, in the query's vector, of the previous question joined to this one."""
TOPIC = 0.6
"""The same for a question that only makes sense with its topic."""
EARLIER = 0.5
"""Weight of the terms of a turn, relative to those of the turn after it."""
NOWHERE = "\0"
"""A term that is in no passage, to get the largest idf."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Found:
    """A passage, the text that was embedded for it, with title and headings, and the vectors of its words."""

    scored: ScoredPassage
    context: str
    words: Vector | None


@dataclass(frozen=True, slots=True)
class _Search:
    """A query in the form that the index takes: its vector, the weight and the weighted idf of each term."""

    target: Vector
    weights: Mapping[str, float]
    idf: Mapping[str, float]
    specificity: float


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Vectors and BM25 shares of passages, by key. `complete` is False if some were removed meanwhile."""

    vectors: Mapping[int, Vector]
    words: Mapping[int, float]
    complete: bool

    def cosine(self, key: int, search: _Search) -> float:
        return float(self.vectors[key] @ search.target)

    def score(self, key: int, search: _Search) -> float:
        return self.cosine(key, search) + search.specificity * WORDS * self.words.get(key, 0.0)

    def scored(self, kept: StoredPassage, search: _Search) -> ScoredPassage:
        """Return the passage with its score and the parts of it."""
        score, cosine = self.score(kept.key, search), self.cosine(kept.key, search)
        words = self.words.get(kept.key, 0.0)
        return ScoredPassage(kept.passage, kept.title, kept.source, score, cosine, words)


class Retriever:
    """Finds passages in a library."""

    def __init__(self, library: Library, embedder: Embedder, reranker: Reranker | None = None) -> None:
        self._library = library
        self._embedder = embedder
        self._reranker = reranker

    def retrieve(
        self, query: Query, limit: int = LIMIT, documents: frozenset[str] | None = None
    ) -> list[ScoredPassage]:
        """Return at most `limit` passages for `query`, best first; only of `documents` if given.

        Raises:
            EmbedderError: the embedder is not the one that made the stored vectors, or fails.
        """
        self._library.require_embedder()
        search = self._search(query)
        best = self._best(search, max(limit, RERANKED if self._reranker else READ), documents)
        return self._ranked_again(query, search, best)[:limit]

    def score(
        self, query: Query, places: Sequence[tuple[str, Span]], limit: int = LIMIT
    ) -> list[ScoredPassage]:
        """Return the passages at `places`, best first: ids of documents with ranges of their text.

        If more than `limit` passages are there, those of the first places are taken.

        Raises:
            EmbedderError: the embedder is not the one that made the stored vectors, or fails.
        """
        self._library.require_embedder()
        search = self._search(query)
        candidates = self._all_of(frozenset(ident for ident, _ in places), search)
        kept = self._library.ledger.stored_passages(candidates.vectors)
        chosen = dict.fromkeys(key for place in places for key in kept if _overlaps(kept[key].passage, place))
        scored = [(candidates.scored(kept[key], search), kept[key]) for key in [*chosen][:limit]]
        scored.sort(key=lambda pair: -pair[0].score)
        return self._ranked_again(query, search, scored)

    def _search(self, query: Query) -> _Search:
        weights = _weights(query)
        idf = self._library.search(lambda index: index.idf([*weights, NOWHERE]))
        weighted = {term: weight * idf[term] for term, weight in weights.items()}
        return _Search(self._target(query), weights, weighted, _specificity(query, idf))

    def _best(
        self, search: _Search, limit: int, documents: frozenset[str] | None
    ) -> list[tuple[ScoredPassage, StoredPassage]]:
        """Return the best by meaning and words. Text and sentences are read for these only."""
        for _ in range(2):
            candidates = self._nearest(search) if documents is None else self._all_of(documents, search)
            scores = {key: candidates.score(key, search) for key in candidates.vectors}
            first = sorted(scores, key=lambda key: -scores[key])[:limit]
            kept = self._library.ledger.stored_passages(first)
            if candidates.complete and len(kept) == len(first):
                break
            # Some were removed meanwhile; the new version of their document is in the index by now.
        return [(candidates.scored(kept[key], search), kept[key]) for key in first if key in kept]

    def _nearest(self, search: _Search) -> _Candidates:
        """Return the nearest passages and those with the best BM25."""
        words = self._library.search(lambda index: index.match(search.weights, REACH))
        near = self._library.search(lambda index: index.nearest(search.target, NEAR))
        keys = {*near, *list(words)[:MATCHING]}
        vectors = self._library.ledger.vectors(keys)
        return _Candidates(vectors, words, complete=len(vectors) == len(keys))

    def _all_of(self, documents: frozenset[str], search: _Search) -> _Candidates:
        """Return all passages of these documents."""
        words = self._library.search(lambda index: index.match(search.weights, ALL))
        return _Candidates(self._library.ledger.vectors_of(documents), words, complete=True)

    def _ranked_again(
        self, query: Query, search: _Search, best: Sequence[tuple[ScoredPassage, StoredPassage]]
    ) -> list[ScoredPassage]:
        """Rank the passages again; score the sentences of those that may be quoted."""
        words = self._library.ledger.word_vectors(kept.key for _, kept in best)
        found = [
            _Found(_with_sentences(scored, kept, search), kept.context, words.get(kept.key))
            for scored, kept in best
        ]
        asked = question_words(query.text, search.idf, self._embedder)
        focus = question_words(query.focus, search.idf, self._embedder) if query.focus else asked
        anew = self._reranked(query, found) or _by_interaction(focus, search, found)
        quoted = [with_interactions(asked, one.scored, one.context, one.words) for one in anew[:QUOTED]]
        return [*quoted, *(one.scored for one in anew[QUOTED:])]

    def _reranked(self, query: Query, found: Sequence[_Found]) -> list[_Found]:
        """Return the passages as the reranker ranks them; none if there is no reranker, or it fails.

        The best gets the largest of their scores, and so on, as thresholds are fitted on these.
        """
        order = self._reranker and self._reranker.ranked(query.text, [one.context for one in found])
        scores = sorted((one.scored.score for one in found), reverse=True)
        return [_with_score(found[at], score) for at, score in zip(order or (), scores, strict=False)]

    def _target(self, query: Query) -> Vector:
        """Return the query's vector: the question, leaning towards its topic or the turn before it.

        A dot product with it is the weighted mean of two cosines.
        """
        if query.focus:
            texts, share = [query.focus, query.text], TOPIC
        elif query.earlier:
            texts, share = [query.text, f"{query.earlier[-1]} {query.text}"], HISTORY
        else:
            alone: Vector = self._embedder.embed([query.text], "query")[0]
            return alone
        last, glued = self._embedder.embed(texts, "query")
        return np.asarray((1 - share) * last + share * glued, np.float32)


def _overlaps(passage: Passage, place: tuple[str, Span]) -> bool:
    ident, span = place
    return passage.document_id == ident and passage.start < span.end and span.start < passage.end


def _by_interaction(asked: QuestionWords | None, search: _Search, found: Sequence[_Found]) -> list[_Found]:
    """Return the passages, the first of them ranked by late interaction."""
    weight = search.specificity * INTERACTION
    first = [
        _with_score(one, one.scored.score + weight * interaction(asked, one.scored, one.words))
        for one in found[:READ]
    ]
    return [*sorted(first, key=lambda one: -one.scored.score), *found[READ:]]


def _with_score(found: _Found, score: float) -> _Found:
    return replace(found, scored=replace(found.scored, score=score))


def _with_sentences(scored: ScoredPassage, kept: StoredPassage, search: _Search) -> ScoredPassage:
    """Add the sentences with their scores; only for the best passages, as it is slow and ranks nothing."""
    cosines = (kept.sentence_vectors @ search.target).tolist()
    passage = scored.passage
    texts = map(passage.quote, passage.sentences)
    sentences = tuple(
        ScoredSentence(span, cosine, _coverage(text, search.idf))
        for span, cosine, text in zip(passage.sentences, cosines, texts, strict=True)
    )
    return replace(scored, sentences=sentences, coverage=_coverage(kept.context, search.idf))


def _coverage(text: str, idf: Mapping[str, float]) -> float:
    """Return the share of the query's terms, weighted by idf, that the text contains."""
    found = set(terms(text))
    return sum(weight for term, weight in idf.items() if term in found) / (sum(idf.values()) or 1.0)


def _weights(query: Query) -> dict[str, float]:
    """Return weight 1 for the terms of the question, less for those of each earlier turn."""
    weights: dict[str, float] = {}
    for distance, text in enumerate([query.focus or query.text, *reversed(query.earlier)]):
        for term in terms(text):
            weights.setdefault(term, EARLIER**distance)
    return weights


def _specificity(query: Query, idf: Mapping[str, float]) -> float:
    """Return the mean idf of the question's words as a share of the largest idf: 0 to 1."""
    asked = terms(query.focus or query.text)
    return sum(idf[term] for term in asked) / (len(asked) * idf[NOWHERE]) if asked else 0.0
