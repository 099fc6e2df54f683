"""Blended vectors: a passage is found by its neighbours too, and never by another document."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assistant.embedding.neighbours import REACH, SHARE, blend_neighbours

ROWS = st.integers(1, 8).flatmap(lambda n: arrays(np.float32, (n, 8), elements=st.floats(-1, 1, width=32)))


def unit(rows: np.ndarray) -> np.ndarray:
    rows = rows + np.eye(len(rows), 8, dtype=np.float32) * 9
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_passage_that_stands_alone_stays_as_it_is() -> None:
    alone = unit(np.zeros((1, 8), np.float32))
    assert np.allclose(blend_neighbours(alone), alone)


def test_without_passages_there_is_nothing() -> None:
    assert blend_neighbours(np.zeros((0, 8), np.float32)).shape == (0, 8)


@given(ROWS)
def test_no_vector_is_longer_than_one_and_the_given_ones_are_left_as_they_were(rows: np.ndarray) -> None:
    vectors = unit(rows)
    before = vectors.copy()
    leaned = blend_neighbours(vectors)
    assert leaned.shape == vectors.shape
    assert (np.linalg.norm(leaned, axis=1) <= 1 + 1e-5).all()
    assert (vectors == before).all()


def test_what_stands_near_counts_and_what_stands_far_does_not() -> None:
    rows = np.eye(8, dtype=np.float32)
    first = blend_neighbours(rows)[0]
    assert first[0] > first[1] == first[REACH] > 0
    assert (first[REACH + 1 :] == 0).all()
    assert np.isclose(first[1], SHARE / np.sqrt(1 + REACH))
