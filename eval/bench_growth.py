"""The cost of a passage in a store of 20,000 against one of 5,000: python -m eval.bench growth

The same new documents go into both, a few at a time, taking turns. Whole: reading, embedding, ledger, index.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from assistant.assistant import Assistant
from assistant.core.types import Source
from eval.bench_corpus import DOCUMENTS, documents
from eval.bench_figure import Figure
from eval.bench_server import settings
from eval.benchmarks.corpus import Item, opened

SMALL = DOCUMENTS // 4
ROUNDS = 8
PART = 16
"""Documents that each store takes in a round."""


def figures() -> list[Figure]:
    """Return the milliseconds per passage in each store, and their ratio."""
    made = [one.item for one in documents(DOCUMENTS + ROUNDS * PART)]
    held, new = made[:DOCUMENTS], made[DOCUMENTS:]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as both:
        stores = []
        for name, items in (("made-small", held[:SMALL]), ("made", held)):
            stores.append(both.enter_context(Assistant.open(settings(_copied(name, items, Path(folder))))))
        sizes = [store.library.ledger.counts()[1] for store in stores]
        taken = _in_turn(stores, new)
    small, large = (1000 * statistics.median(seconds) for seconds in taken)
    return [
        Figure(f"a passage, at {sizes[0]:,}", small, "ms"),
        Figure(f"a passage, at {sizes[1]:,}", large, "ms"),
        Figure("the second against the first", large / small, "times", most=1.3),
    ]


def _copied(name: str, items: Sequence[Item], folder: Path) -> Path:
    with opened(name, items) as corpus:
        kept = corpus.folder
    return Path(shutil.copytree(kept, folder / name))


def _in_turn(stores: Sequence[Assistant], new: Sequence[Item]) -> list[list[float]]:
    """Return the seconds per passage of each round for each store, without the warm-up round."""
    taken: list[list[float]] = [[] for _ in stores]
    for number in range(ROUNDS):
        print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        items = new[number * PART : (number + 1) * PART]
        for at in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            outcomes = list(stores[at].add(Source(item.name, item.data.__bytes__) for item in items))
            passages = sum(outcome.passages for outcome in outcomes)
            taken[at].append((time.perf_counter() - began) / passages)
    return [seconds[1:] for seconds in taken]
