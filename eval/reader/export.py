"""Writes a trained reader as the ONNX graph that the product opens: layers and heads in int8, no words.

python -m eval.reader.export --checkpoint /tmp/reader/checkpoint.pt
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from assistant.embedding import onnx_graph
from assistant.embedding.pieces import Tokenizer
from assistant.retrieval.reader import LAYERS, LENGTH, LONGER
from eval.reader.batches import Example, examples, padded
from eval.reader.encoder import WORDS
from eval.reader.model import WIDTH, Reader
from eval.reader.train import LAYERS as TAKEN

Weights = dict[str, NDArray[Any]]


RATIO, FEW, PAIRS = 4, 10, 200
"""A channel is divided where its largest value over PAIRS pairs is above RATIO times the median channel's, in
matrices that have fewer than FEW such channels."""


def main() -> None:
    """Writes the graph, and says how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "encoder", "tokenizer"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=LAYERS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = Reader(TAKEN, dropout=0.0).eval()
    model.load_state_dict(torch.load(arguments.data / "checkpoint.pt", map_location="cpu")["model"])
    with safe_open(arguments.encoder, "pt") as file:
        table = file.get_tensor(WORDS)
    rows = examples(arguments.data / "held.jsonl", Tokenizer(arguments.tokenizer), PAIRS)
    weights = named({name: tensor.numpy() for name, tensor in model.state_dict().items()})
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(Int8(weights, outliers(model, rows, table)).model(), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


def outliers(model: Reader, rows: Sequence[Example], table: torch.Tensor) -> dict[str, dict[int, int]]:
    """For each matrix, the channels to divide before it is quantised, and by which power of two."""
    largest: dict[str, NDArray[Any]] = {}

    def note(name: str) -> Any:
        def hook(_: Any, given: tuple[torch.Tensor]) -> None:
            values = given[0].abs().amax(dim=(0, 1)).numpy()
            largest[name] = np.maximum(largest.get(name, 0), values)

        return hook

    for number, layer in enumerate(model.layers):
        for part, named_part in _INPUTS.items():
            layer.get_submodule(part).register_forward_pre_hook(note(f"{number}.{named_part}"))
    with torch.no_grad():
        for row in rows:
            model(*padded([row], table))
    return {name: found for name, values in largest.items() if 0 < len(found := _far(values)) < FEW}


def _far(values: NDArray[Any]) -> dict[int, int]:
    powers = np.exp2(np.ceil(np.log2(np.maximum(values / (RATIO * np.median(values)), 1)))).astype(int)
    return {int(channel): int(powers[channel]) for channel in np.flatnonzero(powers > 1)}


def named(state: Weights) -> Weights:
    """The weights by their names in a BERT of Hugging Face, as the graph looks for them; positions only as
    far as the reader reads."""
    weights: Weights = {
        "embeddings.position_embeddings.weight": state["positions"][: LENGTH * LONGER],
        "embeddings.token_type_embeddings.weight": state["types"][None],
        "head.weight": state["head.weight"],
        "head.bias": state["head.bias"],
    }
    parts = {"": "embeddings.LayerNorm"}
    for name, value in state.items():
        if name.startswith("norm."):
            weights[f"{parts['']}.{name[5:]}"] = value
        if name.startswith("layers."):
            weights |= _layer(name, value)
    return weights


_INPUTS = {
    "joined": "attention.self.",
    "out": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}
_PARTS = {
    "out": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "norms.0": "attention.output.LayerNorm",
    "norms.1": "output.LayerNorm",
}


def _layer(name: str, value: NDArray[Any]) -> Weights:
    _, number, rest = name.split(".", 2)
    part, kind = rest.rsplit(".", 1)
    at = f"encoder.layer.{number}."
    if part != "joined":
        return {f"{at}{_PARTS[part]}.{kind}": value}
    projections = np.split(value, 3)
    return {
        f"{at}attention.self.{name}.{kind}": each
        for name, each in zip(("query", "key", "value"), projections, strict=True)
    }


class _Head(onnx_graph._Float):
    """The graph with the two heads over the first token and the mean of all, as probabilities [batch, 2]."""

    def output(self, hidden: str) -> tuple[str, list[str | int]]:
        first = self.add("Gather", hidden, self.constant(np.array([0], np.int64)), axis=1)
        first, mean = (self.add("ReduceMean", part, axes=[1], keepdims=0) for part in (first, hidden))
        both = self.add("Concat", first, mean, axis=1)
        weight = self.constant(self.weights["head.weight"].T)
        logits = self.add("Add", self.add("MatMul", both, weight), self.constant(self.weights["head.bias"]))
        self.add("Sigmoid", logits)
        self.nodes[-1].output[0] = "probabilities"
        return "probabilities", ["batch", 2]


class Int8(_Head, onnx_graph._Int8):
    """In int8, as the product has it."""


class Float(_Head):
    """In float32, to see what int8 costs."""


assert WIDTH == onnx_graph.WIDTH

if __name__ == "__main__":
    main()
