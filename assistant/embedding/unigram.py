"""The tokenizer of XLM-RoBERTa (Conneau et al., 2020, https://arxiv.org/abs/1911.02116) for `tokenizers`.

A Unigram model (Kudo, 2018, https://arxiv.org/abs/1804.10959) over pieces in which a blank is written "▁".
"""

from __future__ import annotations

import json
import unicodedata

from assistant.embedding.packed import Packed

BEGIN, PAD, END, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"


def tokenizer_json(packed: Packed) -> str:
    """The file `tokenizer.json`. One text becomes `<s> text </s>`, a pair `<s> a </s></s> b </s>`.

    The marks cannot be written in a text: "</s>" in a document is its five characters. Their names in the
    vocabulary end in a blank, and no piece of a text holds one.
    """
    marks = {BEGIN, PAD, END, UNKNOWN, MASK}
    vocab = [(f"{piece} " if piece in marks else piece, score) for piece, score in packed.pieces]
    numbers = {piece: number for number, (piece, _) in enumerate(packed.pieces)}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": {"type": "Sequence", "normalizers": _normalizers(packed.normal)},
            "pre_tokenizer": metaspace,
            "post_processor": _template(numbers),
            "decoder": metaspace,
            "model": {"type": "Unigram", "unk_id": numbers[UNKNOWN], "vocab": vocab, "byte_fallback": False},
        },
        ensure_ascii=False,
    )


def _normalizers(normal: dict[str, str]) -> list[object]:
    """The map is NFKC but for some characters: those, then NFKC, then one blank for several."""
    own = {char: to for char, to in normal.items() if unicodedata.normalize("NFKC", char) != to}
    targets = sorted(set(own.values()))
    replaced = [_replace(f"[{''.join(_escaped(c) for c in own if own[c] == to)}]", to) for to in targets]
    return [*replaced, {"type": "NFKC"}, _replace(" {2,}", " ")]


def _replace(pattern: str, content: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _escaped(char: str) -> str:
    return f"\\x{{{ord(char):x}}}"


def _template(numbers: dict[str, int]) -> dict[str, object]:
    def mark(name: str) -> dict[str, object]:
        return {"SpecialToken": {"id": name, "type_id": 0}}

    def text(name: str) -> dict[str, object]:
        return {"Sequence": {"id": name, "type_id": 0}}

    single = [mark(BEGIN), text("A"), mark(END)]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, mark(END), text("B"), mark(END)],
        "special_tokens": {
            name: {"id": name, "ids": [numbers[name]], "tokens": [name]} for name in (BEGIN, END)
        },
    }
