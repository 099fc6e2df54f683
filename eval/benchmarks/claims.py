"""Claims held against evidence: how well the support check tells supported sentences from others.

- WiCE (Kamoi et al., 2023, https://arxiv.org/abs/2303.01432; ODC-BY): sentences of Wikipedia with pieces of
  the pages they cite; partly supported counts as not supported.
- FEVER-symmetric (Schuster et al., 2019, https://arxiv.org/abs/1908.05267; CC BY-SA 3.0): claims with one
  sentence, each also in a changed form that turns its label around.
- AttributionBench (Li et al., 2024, https://arxiv.org/abs/2402.15089): sentences of models with references.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answering.support import support_check
from assistant.core import config
from assistant.embedding.embedders import E5, Embedder, create_embedder
from assistant.retrieval.reader import Reader
from assistant.text.sentences import sentences
from eval.benchmarks.corpus import progress
from eval.benchmarks.data import find, read_rows

FILES = ("wice*.jsonl", "fever-symmetric*.jsonl", "attributionbench*.jsonl")


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim, the sentences of its evidence, and the label that people gave."""

    claim: str
    evidence: tuple[str, ...]
    supported: bool


def run(data: Path, limit: int | None = None) -> dict[str, dict[str, float]]:
    """For each file the balanced accuracy of the support check, the rates that it is the mean of, and the
    number of pairs."""
    paths = [path for pattern in FILES for path in [*data.glob(pattern), *data.glob(f"{pattern}.gz")]]
    if not paths:
        find(data, FILES[0])
    return {path.name.split(".")[0]: _judge(list(_pairs(path))[:limit], path.name) for path in sorted(paths)}


def _judge(pairs: Sequence[Pair], name: str) -> dict[str, float]:
    settings = config.load()
    model, reader = create_embedder(settings), Reader(E5(settings.cache))
    judged = [(pair.supported, _is_supported(pair, model, reader)) for pair in progress(pairs, name)]
    kept = [found for supported, found in judged if supported]
    passed = [found for supported, found in judged if not supported]
    positive, negative = sum(kept) / max(1, len(kept)), 1 - sum(passed) / max(1, len(passed))
    return {
        "balanced_accuracy": (positive + negative) / 2,
        "true_positive_rate": positive,
        "true_negative_rate": negative,
        "pairs": len(pairs),
    }


def _is_supported(pair: Pair, model: Embedder, reader: Reader) -> bool:
    vectors = model.embed([pair.claim, *pair.evidence])
    cosines = [float(cosine) for cosine in vectors[1:] @ vectors[0]]
    return bool(support_check.find_support(pair.claim, pair.evidence, cosines, "", reader.support))


def _pairs(path: Path) -> Iterator[Pair]:
    for row in read_rows(path):
        yield Pair(
            row["claim"], tuple(_evidence(row)), _label(row) in ("supported", "supports", "attributable")
        )


def _label(row: dict[str, Any]) -> str:
    return str(row.get("attribution_label") or row.get("label") or row.get("gold_label")).lower()


def _evidence(row: dict[str, Any]) -> Iterator[str]:
    given = row["references"] if "references" in row else row["evidence"]
    for text in [given] if isinstance(given, str) else given:
        yield from (text[span.start : span.end] for span in sentences(text))
