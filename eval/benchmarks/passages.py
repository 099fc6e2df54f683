"""Source code in given chunks: Anthropic, 2024, Contextual Retrieval, the data of its cookbook (MIT).

The chunks are indexed as they are, each a document; a chunk counts by its best passage. Pass@k is the mean
share of a question's gold chunks among the first k.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.core.types import Query
from eval.benchmarks.corpus import Item, opened, progress

PASSAGES = 60
"""Passages retrieved for each question: enough for twenty chunks."""
PLACES = (5, 10, 20)


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """Pass@5, Pass@10 and Pass@20."""
    items = list(_items(_json(data / "documents.json.gz")))
    content = {item.key: item.data for item in items}
    with gzip.open(data / "queries.jsonl.gz", "rt", encoding="utf-8") as file:
        questions = [json.loads(line) for line in file][:limit]
    totals = dict.fromkeys(PLACES, 0.0)
    with opened("passages", items) as corpus:
        for question in progress(questions, "Asking"):
            found = corpus.retriever.retrieve(Query(question["query"]), PASSAGES)
            ranked = list(dict.fromkeys(content[key] for key in corpus.ranked(found)))
            gold = [content[f"{uuid}-{number}"] for uuid, number in question["golden_chunk_uuids"]]
            for k in PLACES:
                totals[k] += _share(ranked[:k], gold)
    return {f"pass@{k}": total / len(questions) for k, total in totals.items()}


def _share(found: Sequence[bytes], gold: Sequence[bytes]) -> float:
    """By content, as in the published evaluation: 14 of the chunks are there twice."""
    return sum(chunk in found for chunk in gold) / len(gold)


def _json(path: Path) -> Any:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def _items(documents: list[dict[str, Any]]) -> Iterator[Item]:
    for document in documents:
        for chunk in document["chunks"]:
            key = f"{document['original_uuid']}-{chunk['original_index']}"
            yield Item(key, f"{key}/ .txt", chunk["content"].encode())
