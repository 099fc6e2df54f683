"""Write a checkpoint from the reader that ships, so that it can be trained further.

    python -m eval.reader.restore --encoder /tmp/reader/e5.safetensors --out /tmp/reader/shipped.pt

Weights come back from int8, with its rounding.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.torch import load_file

from assistant.retrieval.reader import LAYERS as SHIPPED
from eval.reader.model import Reader, from_encoder
from eval.reader.train import LAYERS

DENSE = ("out", "wide", "narrow")
"""Parts of a layer that are a matrix of their own, in the order of the graph."""
Matrix = NDArray[np.float32]


def main() -> None:
    """Write the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("encoder", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    model = from_encoder(load_file(arguments.encoder), range(LAYERS), dropout=0.0)
    restore(model, onnx.load(SHIPPED))
    torch.save({"model": model.state_dict()}, arguments.out)


def restore(model: Reader, shipped: onnx.ModelProto) -> None:
    """Fill `model` with the weights of a graph that `eval.reader.export` wrote."""
    constants = {each.name: numpy_helper.to_array(each) for each in shipped.graph.initializer}
    matrices = [_matrix(node, shipped, constants) for node in shipped.graph.node if node.op_type in _INPUTS]
    norms = [node.input[1:] for node in shipped.graph.node if node.op_type == "LayerNormalization"]
    with torch.no_grad():
        _fill(model.norm, *(constants[name] for name in norms.pop(0)))
        for layer in model.layers:
            for part in ("joined", *DENSE):
                _fill(layer.get_submodule(part), *matrices.pop(0))
            for norm in layer.get_submodule("norms").children():
                _fill(norm, *(constants[name] for name in norms.pop(0)))
        last = [node for node in shipped.graph.node if node.op_type == "MatMul"][-1]
        bias = next(node for node in shipped.graph.node if last.output[0] in node.input)
        _fill(model.head, constants[last.input[1]].T, constants[bias.input[1]])


_INPUTS = {"QAttention": (1, 4, 2), "DynamicQuantizeMatMul": (1, 2, 4)}
"""Places of the integers, the scales and the bias among a node's inputs."""


def _matrix(
    node: onnx.NodeProto, shipped: onnx.ModelProto, constants: dict[str, NDArray[Any]]
) -> tuple[Matrix, Matrix]:
    """Return the weight [outputs, inputs] and the bias, with the outliers moved back."""
    integers, scales, bias = (constants[node.input[place]] for place in _INPUTS[node.op_type])
    weight = integers.astype(np.float32) * scales
    given = node.input[0].split(":")[0]
    made = {output: each for each in shipped.graph.node for output in each.output}
    before = made[given]
    if before.op_type == "DynamicQuantizeLinear":
        before = made.get(before.input[0], before)
    if before.op_type == "Mul" and before.input[1] in constants:
        weight = weight * constants[before.input[1]][:, None]
    return weight.T, bias


def _fill(module: torch.nn.Module, weight: NDArray[Any], bias: NDArray[Any]) -> None:
    for name, value in (("weight", weight), ("bias", bias)):
        module.get_parameter(name).copy_(torch.from_numpy(np.array(value, np.float32)))


if __name__ == "__main__":
    main()
