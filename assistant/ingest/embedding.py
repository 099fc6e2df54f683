"""The vectors of passages in their context, and of their sentences and words, from one pass of the model."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core.types import Passage, Span
from assistant.embedding import neighbours
from assistant.embedding.embedders import Embedder, Vectors
from assistant.store.records import to_two_bits
from assistant.text.words import word_spans

OF_WORDS = "words in 2 bits"


def method(embedder: Embedder) -> str:
    """Return the name of the method that makes the vectors; those of different methods never meet."""
    of_words = [OF_WORDS] if embedder.contextual else []
    return ", ".join([embedder.fingerprint, neighbours.NAME, *of_words])


def embed_passages(
    embedder: Embedder, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
) -> tuple[Vectors, list[Vectors], list[bytes]]:
    """Return the vectors of texts, of their sentences, and of their words as `to_two_bits` serializes them.

    Where the vectors of words would cost a pass each, they are left out: empty bytes.
    """
    words = [word_spans(text) if embedder.contextual else [] for text in texts]
    spans = [[*some, *own] for some, own in zip(sentences, words, strict=True)]
    whole, parts = embedder.embed_spans(texts, spans)
    counts = list(map(len, sentences))
    of_sentences = [part[:count] for part, count in zip(parts, counts, strict=True)]
    of_words = [to_two_bits(part[count:]) for part, count in zip(parts, counts, strict=True)]
    return whole, of_sentences, of_words


def shifted(passage: Passage, offset: int) -> list[Span]:
    """Return the sentences as ranges of the embedded text, in which the passage begins at `offset`."""
    by = offset - passage.start
    return [Span(s.start + by, s.end + by) for s in passage.sentences]
