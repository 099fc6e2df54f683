"""Trains the reader, resumably; whatever moment it is stopped at, the last checkpoint is a model.

    python -m eval.reader.train --data /tmp/reader --encoder e5.safetensors --tokenizer pieces.model

Needs PyTorch, which the product never does. One pass over the pairs; the learning rate falls in a line to
zero as the steps or the minutes are used up, whichever is first.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from assistant.embedding.pieces import Tokenizer
from eval.reader.batches import Example, batches, examples, padded, targets
from eval.reader.encoder import WORDS
from eval.reader.model import TASKS, Reader, from_encoder

LAYERS, FROZEN = 8, 3
"""The first layers of the encoder are taken, and the first of these stay as they are."""
BATCH = 32
RATE, HEAD_RATE = 1.5e-4, 1e-3
WARM = 60
SMOOTHING = 0.05
SAVE, LOOK = 100, 400
SEED = 7


def main() -> None:
    """Trains until the pairs or the minutes are used up."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(SEED)
    weights = load_file(arguments.encoder)
    tokenizer = Tokenizer(arguments.tokenizer)
    run = Run(weights, arguments)
    rows = examples(arguments.data / "train.jsonl", tokenizer)[: arguments.steps * BATCH]
    held = examples(arguments.data / "held.jsonl", tokenizer, 1500)
    run.fit(rows, held)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "encoder", "tokenizer"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--begin", type=Path, help="a checkpoint whose weights are trained further")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


class Run:
    """The model, its optimizer, how far it has come, and where that is kept."""

    def __init__(self, weights: dict[str, Tensor], arguments: argparse.Namespace) -> None:
        self.table = weights[WORDS].half()
        self.model = from_encoder(weights, range(LAYERS), dropout=0.0)
        self.steps, self.minutes = arguments.steps, arguments.minutes
        self.path: Path = arguments.data / "checkpoint.pt"
        self.log = arguments.data / "log.jsonl"
        self.step, self.elapsed, self.loss = 0, 0.0, 0.0
        self.optimizer = torch.optim.AdamW(_groups(self.model), weight_decay=0.01)
        if self.path.exists():
            self._resume()
        elif arguments.begin:
            self.model.load_state_dict(torch.load(arguments.begin)["model"])

    def fit(self, rows: Sequence[Example], held: Sequence[Example]) -> None:
        began = time.monotonic() - self.elapsed
        for number, batch in enumerate(batches(rows, BATCH, random.Random(SEED))):
            if number < self.step:
                continue
            self.elapsed = time.monotonic() - began
            if self.used() >= 1:
                break
            self._learn(batch)
            self.step = number + 1
            if self.step % 20 == 0:
                self._note(loss=round(self.loss, 4))
            if self.step % SAVE == 0:
                self._save()
            if self.step % LOOK == 0:
                self._note(**look(self.model, self.table, held[:640]))
        self._save()
        self._note(**look(self.model, self.table, held))

    def used(self) -> float:
        """The share of steps or minutes that is used up, whichever is more."""
        return max(self.step / self.steps, self.elapsed / 60 / self.minutes)

    def _learn(self, batch: Sequence[Example]) -> None:
        self.model.train()
        factor = min(1.0, (self.step + 1) / WARM) * max(0.02, 1 - self.used())
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        task, label = targets(batch)
        logits = self.model(*padded(batch, self.table)).gather(1, task[:, None])[:, 0]
        smooth = label * (1 - SMOOTHING) + SMOOTHING / 2
        loss = functional.binary_cross_entropy_with_logits(logits, smooth)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.loss = loss.item() if not self.loss else 0.97 * self.loss + 0.03 * loss.item()

    def _note(self, **figures: Any) -> None:
        line = json.dumps({"step": self.step, "minutes": round(self.elapsed / 60, 2), **figures})
        print(line, flush=True)
        with self.log.open("a") as file:
            file.write(line + "\n")

    def _save(self) -> None:
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        new = self.path.with_suffix(".new")
        torch.save(state | {"step": self.step, "elapsed": self.elapsed, "loss": self.loss}, new)
        new.replace(self.path)

    def _resume(self) -> None:
        state = torch.load(self.path)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.elapsed, self.loss = state["step"], state["elapsed"], state["loss"]


def _groups(model: Reader) -> list[dict[str, Any]]:
    for module in (model.norm, *model.layers[:FROZEN]):
        module.requires_grad_(False)
    model.positions.requires_grad_(False)
    model.types.requires_grad_(False)
    body = [p for layer in model.layers[FROZEN:] for p in layer.parameters()]
    return [{"params": body, "rate": RATE}, {"params": list(model.head.parameters()), "rate": HEAD_RATE}]


def look(model: Reader, table: Tensor, held: Sequence[Example]) -> dict[str, Any]:
    """On pairs held back, for each task: AUC, and the share above .5 of each making."""
    model.eval()
    scores: list[tuple[Example, float]] = []
    with torch.no_grad():
        for batch in batches(held, 64, random.Random(0)):
            logits = model(*padded(batch, table))
            scores += [
                (row, float(logit[row.task].sigmoid())) for row, logit in zip(batch, logits, strict=True)
            ]
    figures: dict[str, Any] = {}
    for task, name in enumerate(TASKS):
        own = [(row, score) for row, score in scores if row.task == task]
        figures[name] = round(auc([s for r, s in own if r.label], [s for r, s in own if not r.label]), 4)
        for made in sorted({(row.made, row.label) for row, _ in own}):
            above = [score > 0.5 for row, score in own if (row.made, row.label) == made]
            figures[f"{name}: {made[0]} {made[1]}"] = round(sum(above) / len(above), 2)
    return figures


def auc(good: Sequence[float], bad: Sequence[float]) -> float:
    """The share of pairs of a good and a bad score of which the good one is higher."""
    ranks = np.argsort(np.argsort([*good, *bad]))
    return float((ranks[: len(good)].sum() - len(good) * (len(good) - 1) / 2) / (len(good) * len(bad)))


if __name__ == "__main__":
    main()
