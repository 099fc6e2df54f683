"""The vectors of passages, of their sentences and of their words, as rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

import sqlalchemy as sql

from assistant.core.errors import LedgerError
from assistant.store.database import delete_among, select_among
from assistant.store.records import (
    Vectors,
    from_two_bits,
    to_float16_bytes,
    to_float32_bytes,
    to_vector,
)
from assistant.store.schema import vectors, word_vectors


def put(
    db: sql.Connection,
    keys: Sequence[int],
    whole: Iterable[Vectors],
    sentences: Iterable[Vectors],
    words: Iterable[bytes] = (),
) -> None:
    """Write the vectors of new passages with these keys.

    `words` are as `to_two_bits` serialized them; empty if the embedder gives no vectors of words.
    """
    parts = zip(keys, whole, sentences, strict=True)
    rows = [{"key": k, "passage": to_float32_bytes(w), "sentences": to_float16_bytes(s)} for k, w, s in parts]
    db.execute(vectors.insert(), rows)
    if held := [{"key": k, "words": w} for k, w in zip_longest(keys, words) if w]:
        db.execute(word_vectors.insert(), held)


def remove(db: sql.Connection, keys: Sequence[int]) -> None:
    """Remove the vectors of the passages with these keys, before others are put."""
    delete_among(db, vectors, vectors.c.key, keys)


def of_words(db: sql.Connection, keys: Iterable[int]) -> dict[int, Vectors]:
    """Return the vectors of the words of these passages; those that are removed, or have none, are left out.

    Raises:
        LedgerError: a row is damaged.
    """
    query = sql.select(vectors.c.key, vectors.c.passage, word_vectors.c.words).join(word_vectors)
    rows = select_among(db, query, vectors.c.key, keys)
    try:
        return {key: from_two_bits(words, len(to_vector(passage))) for key, passage, words in rows}
    except (ValueError, TypeError) as fault:
        raise LedgerError.of("a row of vectors is damaged") from fault
