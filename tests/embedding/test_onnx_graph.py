"""The graphs against a BERT written out in numpy, and the arithmetic of int8."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.embedding import packed, weights
from assistant.embedding.onnx_graph import OUTLIERS, _int8, float_graph, int8_graph

INSTALLED = weights.find_installed()
needs_weights = pytest.mark.skipif(INSTALLED is None, reason=f"{weights.PACKAGE} is not installed")
IDS = [0, 41, 1294, 12, 18721, 25, 7, 5201, 31255, 47, 2]


@cache
def _packed() -> packed.Packed:
    return packed.read(INSTALLED)


def _weights() -> dict[str, Any]:
    return _packed().tensors


def _words(ids: list[int]) -> np.ndarray:
    return packed.unpack(_packed().words[ids])


def _run(model: onnx.ModelProto, *rows: list[int]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"words": np.stack([_words(ids) for ids in rows])})[0]


def _norm(x: np.ndarray, at: str) -> np.ndarray:
    w = _weights()
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
    return x * w[f"{at}LayerNorm.weight"] + w[f"{at}LayerNorm.bias"]


def _dense(x: np.ndarray, at: str) -> np.ndarray:
    return x @ _weights()[f"{at}.weight"].T + _weights()[f"{at}.bias"]


def _attention(x: np.ndarray, at: str) -> np.ndarray:
    query, key, value = (
        _dense(x, f"{at}{part}").reshape(len(x), 12, 32).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(32)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = shares / shares.sum(-1, keepdims=True) @ value
    return mixed.transpose(1, 0, 2).reshape(len(x), 384)


def _bert(ids: list[int]) -> np.ndarray:
    """The definition, in float32, step by step."""
    w, erf = _weights(), np.vectorize(math.erf)
    x = _words(ids) + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = _norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.")
    for at in (f"encoder.layer.{n}." for n in range(12)):
        attended = _dense(_attention(x, f"{at}attention.self."), f"{at}attention.output.dense")
        x = _norm(attended + x, f"{at}attention.output.")
        wide = _dense(x, f"{at}intermediate.dense")
        wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        x = _norm(_dense(wide, f"{at}output.dense") + x, f"{at}output.")
    return x


@needs_weights
def test_the_float_graph_is_bert() -> None:
    assert np.abs(_run(float_graph(_weights()), IDS)[0] - _bert(IDS)).max() < 1e-3


@needs_weights
def test_each_token_of_the_int8_graph_is_near_the_float_graph() -> None:
    states, exact = _run(int8_graph(_weights()), IDS)[0], _bert(IDS)
    cosines = (states * exact).sum(-1) / np.linalg.norm(states, axis=-1) / np.linalg.norm(exact, axis=-1)
    assert cosines.min() > 0.98


@needs_weights
def test_dividing_the_outliers_brings_int8_nearer() -> None:
    exact = _bert(IDS).mean(0)

    def far(model: onnx.ModelProto) -> float:
        vector = _run(model, IDS)[0].mean(0)
        return 1 - vector @ exact / np.linalg.norm(vector) / np.linalg.norm(exact)

    assert far(int8_graph(_weights())) < 0.5 * far(int8_graph(_weights(), {}))


@needs_weights
def test_a_graph_has_as_many_layers_as_its_weights() -> None:
    two = {name: value for name, value in _weights().items() if not re.search(r"layer\.(?![01]\.)", name)}
    kinds = [node.op_type for node in float_graph(two).graph.node]
    assert kinds.count("Attention") == 2


@needs_weights
def test_every_divided_channel_belongs_to_a_matrix_of_the_model() -> None:
    assert all(
        any(f"encoder.layer.{at}" in name for name in _weights()) and max(channels) < 1536
        for at, channels in OUTLIERS.items()
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 20))
def test_neighbouring_products_never_overflow_16_bits(seed: int, tail: float) -> None:
    weight = np.random.default_rng(seed).standard_t(1 + tail, (64, 48)).astype(np.float32)
    whole, scales = _int8(weight)
    assert 255 * np.abs(whole[:-1].astype(int) + whole[1:]).max() <= 32767
    assert 255 * np.abs(whole.astype(int)).max() <= 32767
    assert np.abs(whole * scales - weight).max() <= scales.max() / 2 * 1.001
