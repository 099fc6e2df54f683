"""The vectors of the words, read from a file of 4-bit blocks that all who need them share.

250,037 words of 384 numbers are four fifths of the model. They lie in the file as they were packed (54 MB)
and are mapped into memory, so only the pages of words that occur are there, once for all processes and
models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.embedding.packed import BLOCK, Q4, unpacked

WIDTH = 384


class WordTable:
    """Numbers of words to their vectors."""

    def __init__(self, path: Path) -> None:
        self._blocks = np.memmap(path, Q4, "r").reshape(-1, WIDTH // BLOCK)

    def __len__(self) -> int:
        return len(self._blocks)

    def rows(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The vectors of these words, float32 [len(ids), 384]."""
        return unpacked(self._blocks[np.asarray(ids, np.int64)])


def write(words: NDArray[np.void], path: Path) -> None:
    """The file of a table, `Q4` [words, 12]."""
    words.tofile(path)
