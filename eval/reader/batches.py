"""Pairs as token ids, and batches of about the same length."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from assistant.embedding.pieces import Tokenizer
from assistant.retrieval.reader import LONGER, joined
from eval.reader.model import TASKS

PAD = 1
TOGETHER = 16
"""Batches that are sorted by length together."""


@dataclass(frozen=True, slots=True)
class Example:
    ids: list[int]
    task: int
    label: int
    made: str
    origin: str


def examples(path: Path, tokenizer: Tokenizer, limit: int | None = None) -> list[Example]:
    """The pairs of a file as ids, in its order."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()][:limit]
    parts = [_encoded(tokenizer, [row[name] for row in rows]) for name in ("first", "second", "context")]
    return [
        Example(
            joined(*ids, times=_times(row)),
            TASKS.index(row["task"]),
            row["label"],
            row["made"],
            row["origin"],
        )
        for row, *ids in zip(rows, *parts, strict=True)
    ]


def _times(row: dict[str, str]) -> int:
    return LONGER if row["task"] == "supports" else 1


def _encoded(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [tokenizer.pieces(text).ids if text else [] for text in texts]


def batches(rows: Sequence[Example], size: int, chance: random.Random) -> Iterator[list[Example]]:
    """All rows once, in their order but for what is sorted by length together."""
    for at in range(0, len(rows), size * TOGETHER):
        near = sorted(rows[at : at + size * TOGETHER], key=lambda row: len(row.ids))
        cut = [near[n : n + size] for n in range(0, len(near), size)]
        chance.shuffle(cut)
        yield from cut


def padded(rows: Sequence[Example], table: Tensor) -> tuple[Tensor, Tensor]:
    """The word vectors of a batch, and how many tokens each row has."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [PAD] * (longest - len(row.ids)) for row in rows])
    return table[ids].float(), torch.tensor([len(row.ids) for row in rows])


def targets(rows: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """The task of each row, and its label as a float."""
    return torch.tensor([row.task for row in rows]), torch.tensor([float(row.label) for row in rows])
