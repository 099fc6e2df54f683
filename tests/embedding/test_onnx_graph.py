"""The graphs against a BERT written out in numpy, and the arithmetic of int8."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from assistant.embedding import weights
from assistant.embedding.onnx_graph import OUTLIERS, _int8, float_graph, int8_graph

INSTALLED = weights.installed()
needs_weights = pytest.mark.skipif(INSTALLED is None, reason=f"{weights.PACKAGE} is not installed")
IDS = [101, 2334, 3010, 5096, 15001, 2000, 4380, 1012, 102]


@cache
def _weights() -> dict[str, Any]:
    return load_file(INSTALLED / "model.safetensors")


def _run(model: onnx.ModelProto, **given: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, given)[0]


def _float(rows: list[list[int]], mask: list[list[int]]) -> np.ndarray:
    ids, marks = np.array(rows, np.int64), np.array(mask, np.int64)
    return _run(
        float_graph(_weights()), input_ids=ids, attention_mask=marks, token_type_ids=np.zeros_like(ids)
    )


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
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = _norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.")
    for at in (f"encoder.layer.{n}." for n in range(6)):
        attended = _dense(_attention(x, f"{at}attention.self."), f"{at}attention.output.dense")
        x = _norm(attended + x, f"{at}attention.output.")
        wide = _dense(x, f"{at}intermediate.dense")
        wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        x = _norm(_dense(wide, f"{at}output.dense") + x, f"{at}output.")
    return x


@needs_weights
def test_the_float_graph_is_bert() -> None:
    states = _float([IDS], [[1] * len(IDS)])[0]
    assert np.abs(states - _bert(IDS)).max() < 1e-4


@needs_weights
def test_padding_changes_nothing_in_the_float_graph() -> None:
    alone = _float([IDS], [[1] * len(IDS)])[0]
    padded = _float([[*IDS, 0, 0, 0], [101, *[2000] * 10, 102]], [[1] * len(IDS) + [0] * 3, [1] * 12])[0]
    assert np.abs(padded[: len(IDS)] - alone).max() < 1e-4


@needs_weights
def test_each_token_of_the_int8_graph_is_near_the_float_graph() -> None:
    states, exact = _run(int8_graph(_weights()), input_ids=np.array([IDS], np.int64))[0], _bert(IDS)
    cosines = (states * exact).sum(-1) / np.linalg.norm(states, axis=-1) / np.linalg.norm(exact, axis=-1)
    assert cosines.min() > 0.98


@needs_weights
def test_dividing_the_outliers_brings_int8_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    def far() -> float:
        vector = _run(int8_graph(_weights()), input_ids=np.array([IDS], np.int64))[0].mean(0)
        exact = _bert(IDS).mean(0)
        return 1 - vector @ exact / np.linalg.norm(vector) / np.linalg.norm(exact)

    with_division = far()
    monkeypatch.setattr("assistant.embedding.onnx_graph.OUTLIERS", {})
    assert with_division < 0.75 * far()


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
