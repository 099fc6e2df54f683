"""all-MiniLM-L6-v2 as an ONNX graph: from its weights (safetensors) to float32, from float32 to int8.

The graph is written in the fused operators that ONNX Runtime would otherwise look for at every start
(com.microsoft Attention, SkipLayerNormalization, BiasGelu), so that a session opens quickly and nothing
hangs on what its fusions recognise. Architecture: Devlin et al., 2019, https://arxiv.org/abs/1810.04805.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

LAYERS, HEADS, WIDTH = 6, 12, 384
POSITIONS = 512
EPSILON = 1e-12
Weights = dict[str, NDArray[Any]]


def float_graph(weights: Weights) -> onnx.ModelProto:
    """The float32 graph: `input_ids` and `attention_mask`, int64 [batch, length], to `tokens`, float32
    [batch, length, 384], the last hidden state."""
    from onnx import TensorProto, helper

    graph = _Graph()
    hidden = _embeddings(graph, weights)
    mask = graph.add("Cast", ["attention_mask"], to=TensorProto.INT32)
    for number in range(LAYERS):
        last = number == LAYERS - 1
        hidden = _layer(graph, weights, f"encoder.layer.{number}.", hidden, mask, "tokens" if last else None)
    shape = ["batch", "length"]
    whole = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [*shape, WIDTH])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=8)
    # The quantiser asks for this mark, or else writes a warning: there is nothing left to fuse beforehand.
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    return model


def quantise(model: onnx.ModelProto, path: Path) -> None:
    """Write `model` to `path` with int8 weights, one scale for each output channel; activations are
    quantised as they come, one scale a call."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped]

    quantize_dynamic(
        model,
        path,
        op_types_to_quantize=["Attention", "MatMul", "Gather"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        # The types behind the fused operators, which shape inference does not know.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Add one node and give the name of its output."""
        from onnx import helper

        output = output or f"{kind}_{len(self.nodes)}"
        domain = "com.microsoft" if kind in ("Attention", "SkipLayerNormalization", "BiasGelu") else ""
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=f"n_{output}", domain=domain, **attributes)
        )
        return output


def _embeddings(graph: _Graph, weights: Weights) -> str:
    """Words plus positions, normalised. Every token is of the first type: its vector joins the positions."""
    table = (
        weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    words = graph.add(
        "Gather", [graph.constant("words", weights["embeddings.word_embeddings.weight"]), "input_ids"]
    )
    length = graph.add(
        "Slice",
        [
            graph.add("Shape", ["input_ids"]),
            *(graph.constant(n, np.array([v], np.int64)) for n, v in (("one", 1), ("two", 2))),
        ],
    )
    # The positions are sliced: ONNX Runtime's embedding fusion breaks on a Range of them.
    positions = graph.add(
        "Slice",
        [
            graph.constant("positions", table),
            graph.constant("zero", np.array([0], np.int64)),
            length,
            "zero",
        ],
    )
    total = graph.add("Add", [words, positions])
    return graph.add(
        "LayerNormalization", [total, *_norm(graph, weights, "embeddings.")], axis=-1, epsilon=EPSILON
    )


def _layer(graph: _Graph, weights: Weights, at: str, hidden: str, mask: str, output: str | None) -> str:
    inner = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
    joined = np.concatenate([weights[f"{name}.weight"].T for name in inner], axis=1)
    bias = np.concatenate([weights[f"{name}.bias"] for name in inner])
    heads = graph.add(
        "Attention",
        [hidden, graph.constant(f"{at}qkv.weight", joined), graph.constant(f"{at}qkv.bias", bias), mask],
        num_heads=HEADS,
    )
    attended = _residual(graph, weights, f"{at}attention.output.", heads, hidden, None)
    wide = graph.add("MatMul", [attended, _matrix(graph, weights, f"{at}intermediate.dense")])
    wide = graph.add("BiasGelu", [wide, _vector(graph, weights, f"{at}intermediate.dense.bias")])
    return _residual(graph, weights, f"{at}output.", wide, attended, output)


def _residual(graph: _Graph, weights: Weights, at: str, inner: str, skip: str, output: str | None) -> str:
    """A dense layer, the residual, and the norm."""
    product = graph.add("MatMul", [inner, _matrix(graph, weights, f"{at}dense")])
    inputs = [product, skip, *_norm(graph, weights, at), _vector(graph, weights, f"{at}dense.bias")]
    return graph.add("SkipLayerNormalization", inputs, output, epsilon=EPSILON)


def _norm(graph: _Graph, weights: Weights, at: str) -> list[str]:
    return [_vector(graph, weights, f"{at}LayerNorm.{part}") for part in ("weight", "bias")]


def _matrix(graph: _Graph, weights: Weights, name: str) -> str:
    return graph.constant(f"{name}.weight", weights[f"{name}.weight"].T)


def _vector(graph: _Graph, weights: Weights, name: str) -> str:
    return graph.constant(name, weights[name])
