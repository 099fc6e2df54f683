"""Question and history -> the passages that may answer, scored by meaning and by words.

    score = cosine + tellingness × (WORDS × BM25 share + INTERACTION × interaction)

The cosine is that of the question with the passage and what stands around it (see `surroundings`). The BM25
share is BM25 divided by the most that the query could reach, so it means the same for every question. The
best few passages are also read word by word (see `interaction`). Words count the more, the rarer those of the
question are in this corpus: that is its tellingness. Earlier turns count a little, by meaning and by words.
Trials and figures: docs/decisions/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import Query, ScoredPassage, ScoredSentence
from assistant.embedding.embedders import Embedder
from assistant.ingest.library import Library
from assistant.retrieval.late_interaction import QUOTED, interact, meetings
from assistant.store.index import terms
from assistant.store.ledger import StoredPassage

LIMIT = 10
NEAR = 100
MATCHING = 100
REACH = 1_000
"""Passages whose BM25 is known, so that it counts for those that are near too."""
ALL = 100_000
WORDS = 2.5
INTERACTION = 2.0
READ = 8
"""The passages that are read word by word, to be ranked."""
HISTORY = 0.4
"""The share of the question before, glued to this one, in the query's vector."""
TOPIC = 0.6
"""The same for a question that points back and can only be understood with its topic."""
EARLIER = 0.5
"""What the terms of a turn count against those of the turn after it."""
NOWHERE = "\0"
"""A term that no passage holds: its idf is the largest that there is."""

Vector = NDArray[np.float32]
InContext = tuple[ScoredPassage, str]
"""A passage and its text as it was embedded: with its title and headings."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is looked for: a vector and the weights of terms; how telling each term is, and all of them."""

    target: Vector
    weights: Mapping[str, float]
    telling: Mapping[str, float]
    trust: float


@dataclass(frozen=True, slots=True)
class _Found:
    """The vectors of passages and the BM25 shares of those with words of the query, by key; `whole` where
    all that the index found is still there."""

    vectors: Mapping[int, Vector]
    words: Mapping[int, float]
    whole: bool

    def cosine(self, key: int, sought: _Sought) -> float:
        return float(self.vectors[key] @ sought.target)

    def score(self, key: int, sought: _Sought) -> float:
        return self.cosine(key, sought) + sought.trust * WORDS * self.words.get(key, 0.0)

    def scored(self, kept: StoredPassage, sought: _Sought) -> ScoredPassage:
        """The passage of `kept` with its score and what that is made of."""
        score, cosine = self.score(kept.key, sought), self.cosine(kept.key, sought)
        words = self.words.get(kept.key, 0.0)
        return ScoredPassage(kept.passage, kept.title, kept.source, score, cosine, words)


class Retriever:
    """Finds passages in a library."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder

    def retrieve(
        self, query: Query, limit: int = LIMIT, documents: frozenset[str] | None = None
    ) -> list[ScoredPassage]:
        """The best passages for `query`, best first, at most `limit`; only of `documents` where given.

        Raises:
            EmbedderError: the embedder is not the one that made the stored vectors, or fails.
        """
        self._library.require_embedder()
        sought = self._sought(query)
        best = self._best(sought, max(limit, READ), documents)
        ranked = [(_with_sentences(*pair, sought), pair[1].context) for pair in best]
        return self._read(query, sought, ranked)[:limit]

    def _sought(self, query: Query) -> _Sought:
        weights = _weights(query)
        idf = self._library.search(lambda index: index.idf([*weights, NOWHERE]))
        telling = {term: weight * idf[term] for term, weight in weights.items()}
        return _Sought(self._target(query), weights, telling, _tellingness(query, idf))

    def _best(
        self, sought: _Sought, limit: int, documents: frozenset[str] | None
    ) -> list[tuple[ScoredPassage, StoredPassage]]:
        """The best by meaning and words. Only of these more is read than the vectors, as that takes long."""
        for _ in range(2):
            found = self._found(sought) if documents is None else self._all_of(documents, sought)
            scores = {key: found.score(key, sought) for key in found.vectors}
            first = sorted(scores, key=lambda key: -scores[key])[:limit]
            kept = self._library.ledger.kept(first)
            if found.whole and len(kept) == len(first):
                break
            # Some went while they were looked for; the new version of their document is there by now.
        return [(found.scored(kept[key], sought), kept[key]) for key in first if key in kept]

    def _found(self, sought: _Sought) -> _Found:
        """The passages that are near, or have the most of the words."""
        words = self._library.search(lambda index: index.match(sought.weights, REACH))
        near = self._library.search(lambda index: index.nearest(sought.target, NEAR))
        keys = {*near, *list(words)[:MATCHING]}
        vectors = self._library.ledger.vectors(keys)
        return _Found(vectors, words, whole=len(vectors) == len(keys))

    def _all_of(self, documents: frozenset[str], sought: _Sought) -> _Found:
        """All passages of these documents."""
        words = self._library.search(lambda index: index.match(sought.weights, ALL))
        return _Found(self._library.ledger.vectors_of(documents), words, whole=True)

    def _read(self, query: Query, sought: _Sought, ranked: Sequence[InContext]) -> list[ScoredPassage]:
        """The passages, of which the first are read word by word: to be ranked anew, and to be quoted."""
        first, rest = ranked[:READ], ranked[READ:]
        met = meetings(query.focus or query.text, sought.telling, *_apart(first), self._embedder)
        anew = [
            (replace(passage, score=passage.score + sought.trust * INTERACTION * share), context)
            for (passage, context), share in zip(first, met, strict=True)
        ]
        anew.sort(key=lambda pair: -pair[0].score)
        read = interact(query.text, sought.telling, *_apart(anew[:QUOTED]), self._embedder)
        return [*read, *(passage for passage, _ in [*anew[QUOTED:], *rest])]

    def _target(self, query: Query) -> Vector:
        """The query's vector: the question just asked, leaning towards its topic or the turn before it.

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


def _apart(ranked: Sequence[InContext]) -> tuple[list[ScoredPassage], list[str]]:
    return [passage for passage, _ in ranked], [context for _, context in ranked]


def _with_sentences(scored: ScoredPassage, kept: StoredPassage, sought: _Sought) -> ScoredPassage:
    """Adds its sentences with their own scores: for the best alone, as it takes time and ranks nothing."""
    cosines = (kept.sentence_vectors @ sought.target).tolist()
    passage = scored.passage
    texts = map(passage.quote, passage.sentences)
    sentences = tuple(
        ScoredSentence(span, cosine, _coverage(text, sought.telling))
        for span, cosine, text in zip(passage.sentences, cosines, texts, strict=True)
    )
    return replace(scored, sentences=sentences, coverage=_coverage(kept.context, sought.telling))


def _coverage(text: str, telling: Mapping[str, float]) -> float:
    """The share of the query's terms, weighted by how telling they are, that stand in the text."""
    found = set(terms(text))
    return sum(w for t, w in telling.items() if t in found) / (sum(telling.values()) or 1.0)


def _weights(query: Query) -> dict[str, float]:
    """The terms of what was asked just now with weight 1, those of each turn before it with less and less."""
    weights: dict[str, float] = {}
    for distance, text in enumerate([query.focus or query.text, *reversed(query.earlier)]):
        for term in terms(text):
            weights.setdefault(term, EARLIER**distance)
    return weights


def _tellingness(query: Query, idf: Mapping[str, float]) -> float:
    """The mean idf of the words that were asked just now, as a share of the largest that there is: 0 to 1."""
    asked = terms(query.focus or query.text)
    return sum(idf[term] for term in asked) / (len(asked) * idf[NOWHERE]) if asked else 0.0
