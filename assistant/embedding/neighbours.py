"""Passages lean to what stands around them: the vector of each holds its neighbours too.

Small passages are quoted well and found badly, as what they are about is often said a few sentences before.
Embedding larger ones costs as much again. So the vector that a passage is found by is made from those of its
neighbours in the same document: no pass of the model more. Trials and figures: docs/decisions/.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REACH = 2
"""Passages before and after it that count."""
SHARE = 2 / 3
"""What the surroundings count; the passage itself counts the rest."""
NAME = f"leaning {SHARE:.2f} to {REACH}"
"""Goes into the name of what made the vectors of a store, so that others never meet these."""

Vectors = NDArray[np.float32]


def leaning(vectors: Vectors) -> Vectors:
    """The unit vectors of a document's passages, (passages, dimensions) in reading order, each leaning.

    Each becomes the weighted mean of itself and of its surroundings, so a dot product with it is the mean of
    two cosines. It is a little shorter than 1 where a passage differs from what stands around it.
    """
    around = vectors.copy()
    for distance in range(1, min(REACH, len(vectors) - 1) + 1):
        around[distance:] += vectors[:-distance]
        around[:-distance] += vectors[distance:]
    around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9)
    mixed: Vectors = (1 - SHARE) * vectors + SHARE * around
    return np.asarray(mixed, np.float32)
