"""The vectors of passages in their context, and of their sentences and words, from one pass of the model."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from assistant.core.types import Passage, Span
from assistant.embedding import neighbours
from assistant.embedding.embedders import Embedder, Vectors
from assistant.store.ledger import Ledger
from assistant.store.records import to_two_bits
from assistant.text.words import word_spans

OF_WORDS = "words in 2 bits"
EMBEDDED = "embedded"
"""The note of the last passage that was embedded anew."""


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


def embed_anew(ledger: Ledger, embedder: Embedder) -> None:
    """Replace all vectors of a ledger, document by document; an interrupted run goes on where it was."""
    # Until all vectors are replaced, they match no embedder, not even the former one. Nothing is added
    # meanwhile, so keys tell how far it came.
    own = method(embedder)
    partly = f"{own}, not all of them"
    if ledger.note("embedder", partly) != partly:
        ledger.set_note(EMBEDDED, "0")
        ledger.set_note("embedder", partly)
    embedded = ledger.embedded_passages(after=int(ledger.note(EMBEDDED, "0")))
    for _, rows in itertools.groupby(embedded, lambda row: row[2].document_id):
        keys, texts, passages = zip(*rows, strict=True)
        spans = [shifted(p, len(text) - len(p.text)) for text, p in zip(texts, passages, strict=True)]
        whole, sentences, words = embed_passages(embedder, texts, spans)
        ledger.replace_vectors(keys, neighbours.blend_neighbours(whole), sentences, words)
        ledger.set_note(EMBEDDED, str(keys[-1]))
    ledger.set_note("embedder", own)


def shifted(passage: Passage, offset: int) -> list[Span]:
    """Return the sentences as ranges of the embedded text, in which the passage begins at `offset`."""
    by = offset - passage.start
    return [Span(s.start + by, s.end + by) for s in passage.sentences]
