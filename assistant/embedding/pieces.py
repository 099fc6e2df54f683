"""Tokenizer: texts to pieces of words by SentencePiece (Kudo and Richardson, 2018, arxiv.org/abs/1808.06226).

It is that of XLM-RoBERTa (Conneau et al., 2020, https://arxiv.org/abs/1911.02116): a Unigram model over
250,002 pieces of about a hundred languages, with "▁" for a blank. SentencePiece needs 57 MB for these, the
package tokenizers 295 MB.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.embedding.packed import Packed

BEGIN, PAD, END, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
_KINDS = {UNKNOWN: 2, BEGIN: 3, PAD: 3, END: 3, MASK: 3}
"""Types of pieces in a file of SentencePiece: 1 is normal, 2 unknown, 3 a control symbol."""
_UNIGRAM = 1
_WARNING = 1


@dataclass(frozen=True, slots=True)
class Pieces:
    """The ids of a text's pieces without special tokens, and their offsets in characters."""

    ids: list[int]
    offsets: list[tuple[int, int]]


class Tokenizer:
    """Cuts texts into pieces. Thread-safe."""

    begin, end = 0, 2
    """The ids of the special tokens around a text."""

    def __init__(self, model: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._processor = SentencePieceProcessor(model_file=str(model))

    def pieces(self, text: str) -> Pieces:
        """Return the pieces of `text`. A special token cannot be written in it: "</s>" is plain text."""
        # A lone surrogate, which no tokenizer accepts, becomes a question mark: one character for one.
        encodable = text.encode("utf-8", "replace").decode("utf-8")
        encoding = self._processor.encode(encodable, return_type="offset_mapping")
        return Pieces(encoding["ids"], encoding["offsets"])


def model_file(packed: Packed) -> bytes:
    """Return the file for `Tokenizer`: SentencePiece's `ModelProto` with the pieces and the normalisation."""
    special = {piece: number for number, (piece, _) in enumerate(packed.pieces) if piece in _KINDS}
    trainer = b"".join(
        _number(field, value)
        for field, value in [
            (3, _UNIGRAM), (4, len(packed.pieces)),
            (40, special[UNKNOWN]), (41, special[BEGIN]), (42, special[END]), (43, special[PAD]),
        ]
    )  # fmt: skip
    pieces = b"".join(_field(1, _piece(*piece)) for piece in packed.pieces)
    return pieces + _field(2, trainer) + _normalizer(packed.normalization)


def _piece(text: str, score: float) -> bytes:
    return _field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + _number(3, _KINDS.get(text, 1))


def _normalizer(normalization: Mapping[str, str]) -> bytes:
    """Return the rules as SentencePiece compiles them, in a `ModelProto` without anything else."""
    import sentencepiece

    sentencepiece.set_min_log_level(_WARNING)
    rules = sorted({**normalization, **dict(_composed())}.items())
    normalizer = sentencepiece.SentencePieceNormalizer(
        norm_map=rules, add_dummy_prefix=True, escape_whitespaces=True, remove_extra_whitespaces=True
    )
    return bytes(normalizer.serialized_model_proto())


def _composed() -> Iterator[tuple[str, str]]:
    """Yield decomposed characters with their composed form. The map in the file has single characters only,
    but the model was trained on composed text."""
    for char in map(chr, range(0xC0, 0x30000)):
        parts = unicodedata.normalize("NFD", char)
        if len(parts) > 1 and unicodedata.normalize("NFC", parts) == char:
            whole = unicodedata.normalize("NFKC", char)
            for at in range(1, len(parts)):
                yield unicodedata.normalize("NFC", parts[:at]) + parts[at:], whole


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
