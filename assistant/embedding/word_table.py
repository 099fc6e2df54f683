"""Word vectors, memory-mapped from a file of 4-bit blocks.

250,037 words of 384 numbers are four fifths of the model. The file has them in packed form (54 MB). Only the
pages of words that occur are in memory, once for all processes and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.embedding.packed import BLOCK, Q4, unpack

WIDTH = 384


class WordTable:
    """Looks up word vectors by the ids of words."""

    def __init__(self, path: Path) -> None:
        self._blocks = np.memmap(path, Q4, "r").reshape(-1, WIDTH // BLOCK)

    def __len__(self) -> int:
        return len(self._blocks)

    def rows(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the vectors of these words, float32 [len(ids), 384]."""
        return unpack(self._blocks[np.asarray(ids, np.int64)])


def write(words: NDArray[np.void], path: Path) -> None:
    """Write the file of a table, `Q4` [words, 12]."""
    words.tofile(path)
