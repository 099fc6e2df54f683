"""Text to pieces of words by SentencePiece (Kudo and Richardson, 2018, https://arxiv.org/abs/1808.06226).

The tokenizer of XLM-RoBERTa (Conneau et al., 2020, https://arxiv.org/abs/1911.02116): a Unigram model over
250,002 pieces of some hundred languages, in which a blank is written "▁". SentencePiece itself and not the
package tokenizers, as that needs 295 MB for so many pieces, and this 57.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.embedding.packed import Packed

BEGIN, PAD, END, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
_KINDS = {UNKNOWN: 2, BEGIN: 3, PAD: 3, END: 3, MASK: 3}
"""Kinds of pieces in a file of SentencePiece: 1 is of text, 2 stands for what is unknown, 3 is in no text."""
_UNIGRAM = 1
_WARNING = 1


@dataclass(frozen=True, slots=True)
class Pieces:
    """The numbers of a text's pieces, without marks, and where each is in the text, in characters."""

    ids: list[int]
    offsets: list[tuple[int, int]]


class Tokenizer:
    """Cuts texts into pieces. Safe to share between threads."""

    begin, end = 0, 2
    """The numbers of the marks around a text."""

    def __init__(self, model: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._processor = SentencePieceProcessor(model_file=str(model))

    def pieces(self, text: str) -> Pieces:
        """The pieces of `text`. The marks cannot be written in it: "</s>" is four characters like others."""
        # A lone surrogate, which no tokenizer takes, becomes a question mark: one character for one.
        sound = text.encode("utf-8", "replace").decode("utf-8")
        found = self._processor.encode(sound, return_type="offset_mapping")
        return Pieces(found["ids"], found["offsets"])


def model_file(packed: Packed) -> bytes:
    """What `Tokenizer` opens: a `ModelProto` of SentencePiece with the pieces and the normalisation."""
    marks = {piece: number for number, (piece, _) in enumerate(packed.pieces) if piece in _KINDS}
    trainer = b"".join(
        _number(field, value)
        for field, value in [
            (3, _UNIGRAM), (4, len(packed.pieces)),
            (40, marks[UNKNOWN]), (41, marks[BEGIN]), (42, marks[END]), (43, marks[PAD]),
        ]
    )  # fmt: skip
    pieces = b"".join(_field(1, _piece(*piece)) for piece in packed.pieces)
    return pieces + _field(2, trainer) + _normalizer(packed.normal)


def _piece(text: str, score: float) -> bytes:
    return _field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + _number(3, _KINDS.get(text, 1))


def _normalizer(normal: Mapping[str, str]) -> bytes:
    """The rules as SentencePiece compiles them, in a `ModelProto` that holds nothing else."""
    import sentencepiece

    sentencepiece.set_min_log_level(_WARNING)
    rules = sorted({**normal, **dict(_composed())}.items())
    made = sentencepiece.SentencePieceNormalizer(
        norm_map=rules, add_dummy_prefix=True, escape_whitespaces=True, remove_extra_whitespaces=True
    )
    return bytes(made.serialized_model_proto())


def _composed() -> Iterator[tuple[str, str]]:
    """Characters written as a base and its marks, and the one character that they are: the file's map knows
    single characters only, the model was trained on text in which those were composed."""
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


def joined(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """A pair of texts as the model was trained to read it: `<s> first </s></s> second </s>`."""
    return [Tokenizer.begin, *first, Tokenizer.end, Tokenizer.end, *second, Tokenizer.end]
