"""The words of a text, and their vectors in two bits a number.

A number of a unit vector is written as its sign, and whether it is large: the four levels that lose least of
a normal distribution (Max, 1960, Quantizing for minimum distortion, IRE Transactions on Information Theory
6). An interaction is off by .01, and the order of passages is nearly the same, at an eighth of the size of
half precision (docs/decisions/0007-read-twice.md).
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from assistant.core.types import Span

NAME = "words in 2 bits"
"""Part of the fingerprint of stored vectors."""
EDGE, SMALL, LARGE = 0.9816, 0.4528, 1.510
"""Where large numbers begin, and the two levels, in standard deviations."""
# A number with thousands separators is one word.
_WORD = re.compile(r"(?<!\d)\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?!\d)|[^\W_]+")

Vectors = NDArray[np.float32]


def words(text: str) -> list[Span]:
    """Return the words of a text."""
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def to_two_bits(vectors: Vectors) -> bytes:
    """Serialize unit vectors [words, dimensions], a quarter of a byte for each number."""
    is_large = np.abs(vectors) > EDGE / np.sqrt(vectors.shape[1])
    return np.packbits(np.stack([vectors > 0, is_large], axis=1), axis=2).tobytes()


def from_two_bits(data: bytes, dimensions: int) -> Vectors:
    """Return the vectors that `to_two_bits` serialized, float32 [words, dimensions], of length one.

    Raises:
        ValueError: the data do not divide into vectors of that size.
    """
    packed = np.frombuffer(data, np.uint8).reshape(-1, 2, -(-dimensions // 8))
    is_positive, is_large = np.unpackbits(packed, axis=2, count=dimensions).astype(bool).swapaxes(0, 1)
    levels = np.where(is_large, np.float32(LARGE), np.float32(SMALL)) * np.where(is_positive, 1, -1)
    unit: Vectors = levels / np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-9)
    return unit.astype(np.float32)
