"""Question and history -> the passages that may answer, scored by meaning and by words.

    score = cosine + tellingness × (WORDS × BM25 share + INTERACTION × interaction)

The cosine is that of the question with the passage and what stands around it (see `surroundings`). The BM25
share is BM25 divided by the most that the query could reach, so it means the same for every question. The
best few passages are also read word by word (see `interaction`). Words count the more, the rarer those of the
question are in this corpus: that is its tellingness. Earlier turns count a little, by meaning and by words.
Trials and figures: docs/decisions/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assistant.embed import Embedder
from assistant.index import terms
from assistant.interaction import interact, meetings
from assistant.ledger import Kept
from assistant.library import Library
from assistant.types import Query, ScoredPassage, ScoredSentence

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
QUOTED = 5
"""The best of these, read together with the question, to be quoted."""
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
        target = self._target(query)
        weights = _weights(query)
        kept, words = self._found(target, weights) if documents is None else self._of(documents, weights)
        idf = self._library.search(lambda index: index.idf([*weights, NOWHERE]))
        telling = {term: weight * idf[term] for term, weight in weights.items()}
        trust = _tellingness(query, idf)
        scored = [_scored(item, target, words.get(key, 0.0), trust) for key, item in kept.items()]
        best = sorted(scored, key=lambda pair: -pair[0].score)[: max(limit, READ)]
        ranked = [(_with_sentences(*pair, target, telling), pair[1].context) for pair in best]
        return self._read(query, telling, trust, ranked)[:limit]

    def _found(
        self, target: Vector, weights: Mapping[str, float]
    ) -> tuple[dict[int, Kept], dict[int, float]]:
        """The passages near to the target or with the most of the words, and the BM25 shares of these."""
        for _ in range(2):
            words = self._library.search(lambda index: index.match(weights, REACH))
            near = self._library.search(lambda index: index.nearest(target, NEAR))
            keys = {*near, *list(words)[:MATCHING]}
            kept = self._library.ledger.kept(keys)
            if len(kept) == len(keys):
                break
            # Some went while they were looked for; the new version of their document is there by now.
        return kept, words

    def _of(
        self, documents: Iterable[str], weights: Mapping[str, float]
    ) -> tuple[dict[int, Kept], dict[int, float]]:
        """All passages of these documents, and the BM25 shares."""
        words = self._library.search(lambda index: index.match(weights, ALL))
        return self._library.ledger.kept_of(documents), words

    def _read(
        self, query: Query, telling: Mapping[str, float], trust: float, ranked: Sequence[InContext]
    ) -> list[ScoredPassage]:
        """The passages, of which the first are read word by word: to be ranked anew, and to be quoted."""
        first, rest = ranked[:READ], ranked[READ:]
        met = meetings(query.focus or query.text, telling, *_apart(first), self._embedder)
        anew = [
            (replace(passage, score=passage.score + trust * INTERACTION * share), context)
            for (passage, context), share in zip(first, met, strict=True)
        ]
        anew.sort(key=lambda pair: -pair[0].score)
        read = interact(query.text, telling, *_apart(anew[:QUOTED]), self._embedder)
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
            alone: Vector = self._embedder.embed([query.text])[0]
            return alone
        last, glued = self._embedder.embed(texts)
        return np.asarray((1 - share) * last + share * glued, np.float32)


def _apart(ranked: Sequence[InContext]) -> tuple[list[ScoredPassage], list[str]]:
    return [passage for passage, _ in ranked], [context for _, context in ranked]


def _with_sentences(
    scored: ScoredPassage, kept: Kept, target: Vector, telling: Mapping[str, float]
) -> ScoredPassage:
    """Adds its sentences with their own scores: for the best alone, as it takes time and ranks nothing."""
    cosines = (kept.sentence_vectors @ target).tolist()
    passage = scored.passage
    texts = map(passage.quote, passage.sentences)
    sentences = tuple(
        ScoredSentence(span, cosine, _coverage(text, telling))
        for span, cosine, text in zip(passage.sentences, cosines, texts, strict=True)
    )
    return replace(scored, sentences=sentences, coverage=_coverage(kept.context, telling))


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


def _scored(kept: Kept, target: Vector, words: float, trust: float) -> tuple[ScoredPassage, Kept]:
    cosine = float(kept.vector @ target)
    score = cosine + trust * WORDS * words
    return ScoredPassage(kept.passage, kept.title, kept.source, score, cosine, words), kept
