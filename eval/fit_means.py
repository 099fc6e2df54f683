"""Make the mean vectors that the embedder takes away: python -m eval.fit_means --data ../shared/bench

The mean of the model's unit vectors of questions and of passages, each language with the same weight: XQuAD's
languages, and SQuAD 2.0. Only the texts are used, not which belong together. Writes
assistant/embedding/means.npy.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.core.config import load
from assistant.embedding import embedders
from assistant.embedding.embedders import E5, ROLES, Role, Vectors

QUESTIONS, PASSAGES = 400, 300


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/bench"))
    data = parser.parse_args().data
    sets = [*sorted((data / "xquad").glob("*.json*")), *sorted((data / "squad2").glob("*.json"))]
    model = E5(load().cache)
    means = [
        np.mean([_mean(model, list(_texts(path, role)), role) for path in sets], axis=0) for role in ROLES
    ]
    np.save(Path(embedders.__file__).with_name("means.npy"), np.stack(means).astype(np.float16))


def _mean(model: E5, texts: Sequence[str], role: Role) -> Vectors:
    pooled = np.stack([model._states(text, role)[0].mean(axis=0) for text in texts])
    mean: Vectors = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).mean(axis=0)
    return mean


def _texts(path: Path, role: Role) -> Iterator[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        paragraphs: list[Any] = [p for article in json.load(file)["data"] for p in article["paragraphs"]]
    if role == "passage":
        yield from (paragraph["context"] for paragraph in paragraphs[:: len(paragraphs) // PASSAGES + 1])
    else:
        questions = [asked["question"] for paragraph in paragraphs for asked in paragraph["qas"]]
        yield from questions[:: len(questions) // QUESTIONS + 1]


if __name__ == "__main__":
    main()
