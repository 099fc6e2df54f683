"""The layers of multilingual-e5-small as an ONNX graph: in float32, and in int8.

Word vectors are the input (see `word_table`), so that several graphs share one table. The graph is written in
fused operators, so that ONNX Runtime opens it quickly and does not depend on its fusions. Architecture:
Devlin et al., 2019, https://arxiv.org/abs/1810.04805. `OUTLIERS` and `_int8` keep int8 close to float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

HEADS, WIDTH = 12, 384
EPSILON = 1e-12
FUSED = {"Attention", "QAttention", "DynamicQuantizeMatMul", "Gelu"}
"""Operators of ONNX Runtime's own domain."""
Weights = Mapping[str, NDArray[Any]]
Matrix = NDArray[np.float32]

OUTLIERS: Mapping[str, Mapping[int, int]] = {
    "0.attention.output.dense": {326: 2},
    "0.intermediate.dense": {15: 2, 60: 2, 87: 2, 321: 4},
    "0.output.dense": {91: 2, 318: 8},
    "1.intermediate.dense": {15: 4, 321: 2},
    "1.output.dense": {1462: 2},
    "2.intermediate.dense": {15: 8, 321: 2},
    "2.output.dense": {354: 2},
    "3.attention.self.": {15: 2},
    "3.intermediate.dense": {15: 8, 321: 2},
    "4.intermediate.dense": {15: 4, 321: 2},
    "4.output.dense": {778: 16},
    "5.intermediate.dense": {15: 2, 35: 4},
    "5.output.dense": {658: 8},
    "6.intermediate.dense": {15: 2, 35: 8},
    "6.output.dense": {1152: 2},
    "7.intermediate.dense": {15: 2, 35: 8},
    "7.output.dense": {413: 2},
    "8.intermediate.dense": {15: 2, 35: 8},
    "8.output.dense": {563: 2},
    "9.attention.self.": {35: 2},
    "9.intermediate.dense": {15: 2, 35: 8, 351: 2},
    "9.output.dense": {361: 2, 906: 2, 1170: 2, 1264: 2, 1512: 2, 1513: 2},
    "10.attention.self.": {35: 2},
    "10.intermediate.dense": {15: 2, 35: 8, 351: 2},
    "11.attention.self.": {35: 2},
    "11.intermediate.dense": {35: 4},
}
"""Channels with values far larger than those of others, in one or two tokens of every text, and the divisor
of each before quantisation (its row of the weights is multiplied by the same). All channels share one scale,
so a single large value would cost all of them precision. After SmoothQuant (Xiao et al., 2023,
https://arxiv.org/abs/2211.10438), in powers of two. Computed by `python -m eval.find_outliers`."""


def float_graph(weights: Weights) -> onnx.ModelProto:
    """Return the float32 graph from `words`, float32 [batch, length, 384], to `tokens`, the last hidden state
    of the same shape, with as many layers as `weights` have."""
    return _Float(weights).model()


def int8_graph(weights: Weights, outliers: Mapping[str, Mapping[int, int]] = OUTLIERS) -> onnx.ModelProto:
    """Return the int8 graph with the same input and output.

    Weights have one scale for each output channel. Activations are quantised dynamically, with one scale for
    each matrix, so a batch of several texts would make their vectors depend on each other.
    """
    return _Int8(weights, outliers).model()


class _Float:
    """Builds the graph: nodes and constants, in the order in which they are added."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self) -> onnx.ModelProto:
        from onnx import TensorProto, helper

        hidden = self.embeddings()
        number = 0
        while f"{(prefix := f'encoder.layer.{number}.')}output.dense.weight" in self.weights:
            hidden = self.layer(prefix, hidden)
            number += 1
        name, shape = self.output(hidden)
        graph = helper.make_graph(
            self.nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info("words", TensorProto.FLOAT, ["batch", "length", WIDTH])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def output(self, hidden: str) -> tuple[str, list[str | int]]:
        """Add the output; return its name and shape."""
        del hidden
        self.nodes[-1].output[0] = "tokens"
        return "tokens", ["batch", "length", WIDTH]

    def constant(self, value: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add a node; return the name of its first output, which the others extend by `:1`, `:2`."""
        from onnx import helper

        first = f"{kind}_{len(self.nodes)}"
        names = [first, *(f"{first}:{number}" for number in range(1, outputs))]
        domain = "com.microsoft" if kind in FUSED else ""
        self.nodes.append(helper.make_node(kind, inputs, names, f"node_{first}", domain=domain, **attributes))
        return first

    def embeddings(self) -> str:
        return self.norm("embeddings.", self.add("Add", "words", self.positions()))

    def positions(self) -> str:
        """Add the first rows of the position table, by a slice: ONNX Runtime's embedding fusion breaks on a
        Range. The table includes the vector of the first token type, which all tokens have."""
        zero, one, two = (self.constant(np.array([n], np.int64)) for n in range(3))
        length = self.add("Slice", self.add("Shape", "words"), one, two)
        first_type = self.weights["embeddings.token_type_embeddings.weight"][0]
        table = self.constant(self.weights["embeddings.position_embeddings.weight"] + first_type)
        return self.add("Slice", table, zero, length, zero)

    def layer(self, prefix: str, hidden: str) -> str:
        attended = self.dense(
            f"{prefix}attention.output.dense", self.attention(f"{prefix}attention.self.", hidden)
        )
        attended = self.norm(f"{prefix}attention.output.", self.add("Add", attended, hidden))
        wide = self.add("Gelu", self.dense(f"{prefix}intermediate.dense", attended))
        narrow = self.dense(f"{prefix}output.dense", wide)
        return self.norm(f"{prefix}output.", self.add("Add", narrow, attended))

    def norm(self, prefix: str, hidden: str) -> str:
        gain, bias = (self.constant(self.weights[f"{prefix}LayerNorm.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", hidden, gain, bias, axis=-1, epsilon=EPSILON)

    def dense(self, prefix: str, hidden: str) -> str:
        weight, bias = self.weights[f"{prefix}.weight"].T, self.weights[f"{prefix}.bias"]
        return self.add("Add", self.add("MatMul", hidden, self.constant(weight)), self.constant(bias))

    def attention(self, prefix: str, hidden: str) -> str:
        weight, bias = self.projections(prefix)
        return self.add("Attention", hidden, self.constant(weight), self.constant(bias), num_heads=HEADS)

    def projections(self, prefix: str) -> tuple[Matrix, Matrix]:
        """Return the three projections of an attention as one matrix [384, 1152], and their biases."""
        parts = [f"{prefix}{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.weights[f"{part}.weight"].T for part in parts], axis=1)
        return weight, np.concatenate([self.weights[f"{part}.bias"] for part in parts])


class _Int8(_Float):
    def __init__(self, weights: Weights, outliers: Mapping[str, Mapping[int, int]]) -> None:
        super().__init__(weights)
        self.outliers = outliers

    def dense(self, prefix: str, hidden: str) -> str:
        hidden, weight = self.move_outliers(prefix, hidden, self.weights[f"{prefix}.weight"].T)
        integers, scales = (self.constant(part) for part in _int8(weight))
        bias = self.constant(self.weights[f"{prefix}.bias"])
        return self.add("DynamicQuantizeMatMul", hidden, integers, scales, "", bias)

    def attention(self, prefix: str, hidden: str) -> str:
        weight, bias = self.projections(prefix)
        hidden, weight = self.move_outliers(prefix, hidden, weight)
        integers, scales = (self.constant(part) for part in _int8(weight))
        quantised = self.add("DynamicQuantizeLinear", hidden, outputs=3)
        inputs = [quantised, integers, self.constant(bias), f"{quantised}:1", scales, "", f"{quantised}:2"]
        return self.add("QAttention", *inputs, num_heads=HEADS)

    def move_outliers(self, prefix: str, hidden: str, weight: Matrix) -> tuple[str, Matrix]:
        """Move the outliers of `hidden` to `weight` and return both; their product is the same."""
        divisors = np.ones(len(weight), np.float32)
        for channel, divisor in self.outliers.get(prefix.removeprefix("encoder.layer."), {}).items():
            divisors[channel] = divisor
        if (divisors == 1).all():
            return hidden, weight
        return self.add("Mul", hidden, self.constant(1 / divisors)), weight * divisors[:, None]


def _int8(weight: Matrix) -> tuple[NDArray[np.int8], Matrix]:
    """Return `weight` [inputs, outputs] in int8, and the scale of each output.

    Processors without VNNI add the products of two adjacent inputs in 16 bits. The scales keep 255, the
    largest activation, times the sum of two adjacent weights within that range. So nothing overflows, and
    vectors are the same on all processors, without ONNX Runtime's precision mode, which takes nearly twice
    the time.
    """
    pairs = np.abs(weight[:-1] + weight[1:])
    scales = np.maximum(np.abs(weight).max(axis=0) / 127, pairs.max(axis=0) / 127)
    integers = np.rint(weight / scales).astype(np.int8)
    return integers, scales.astype(np.float32)
