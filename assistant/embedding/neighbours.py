"""Blends the vector of each passage with those of its neighbours in the document.

Small passages make good quotes but are hard to find, as their topic is often named a few sentences before,
and embedding larger ones would double the cost. Blending takes no further pass of the model. Trials and
figures: docs/decisions/0005-surroundings-and-tellingness.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REACH = 2
"""Neighbours on each side."""
SHARE = 2 / 3
"""The weight of the neighbours; the rest is that of the passage itself."""
NAME = f"leaning {SHARE:.2f} to {REACH}"
"""Part of the fingerprint of stored vectors, so that vectors of another method are never compared with
them."""

Vectors = NDArray[np.float32]


def blend_neighbours(vectors: Vectors) -> Vectors:
    """Return the blended vectors of a document's passages, from unit vectors [passages, dimensions] in order.

    Each is the weighted mean of the vector and of its neighbourhood, so a dot product with it is the weighted
    mean of two cosines. It is a little shorter than 1 if a passage differs from its neighbours.
    """
    around = vectors.copy()
    for distance in range(1, min(REACH, len(vectors) - 1) + 1):
        around[distance:] += vectors[:-distance]
        around[:-distance] += vectors[distance:]
    around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9)
    mixed: Vectors = (1 - SHARE) * vectors + SHARE * around
    return np.asarray(mixed, np.float32)
