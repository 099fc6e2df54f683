"""Vectors as bytes: in two bits a number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.types import Span
from assistant.embedding.embedders import Embedder, normalize
from assistant.store.records import from_two_bits, to_two_bits
from assistant.text.words import word_spans


@given(st.integers(0, 40), st.sampled_from([3, 5, 384]), st.integers(0, 2**32 - 1))
def test_vectors_come_back_as_many_and_of_length_one(count: int, dimensions: int, seed: int) -> None:
    vectors = normalize(np.random.default_rng(seed).standard_normal((count, dimensions), np.float32))
    data = to_two_bits(vectors)
    assert len(data) == 2 * count * -(-dimensions // 8)
    back = from_two_bits(data, dimensions)
    assert back.shape == vectors.shape
    assert np.linalg.norm(back, axis=1) == pytest.approx(np.ones(count))
    assert ((back > 0) == (vectors > 0)).all()


def test_cosines_of_words_come_back_nearly(e5: Embedder) -> None:
    text = "Hezbollah is a Lebanese movement; Venezuela sells gold and crude oil to Tehran."
    question = "Which goods does Iran buy from Caracas?"
    _, [own] = e5.embed_spans([text], [word_spans(text)])
    _, [asked] = e5.embed_spans([question], [[Span(0, 5), *word_spans(question)]], "query")
    exact, near = asked @ own.T, asked @ from_two_bits(to_two_bits(own), 384).T
    assert np.abs(exact - near).max() < 0.15
    assert np.abs(exact.max(axis=1).mean() - near.max(axis=1).mean()) < 0.06


def test_damaged_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        from_two_bits(to_two_bits(np.ones((3, 16), np.float32)) + b"x", 16)
