"""MTRAG, retrieval in conversations: Katsis et al., 2025, https://arxiv.org/abs/2501.03468 (Apache-2.0).

Each passage of the corpus is a document and counts by its best part. The input is the conversation as its
user typed it: the last turn, and the turns of the same conversation before it in queries_lastturn.jsonl.
On pooled passages the figures are about .02 kinder than on the full corpus; gold passages that are not in
the pool count as misses.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answering.answerer import HISTORY
from assistant.evaluation.scoring.metrics import ndcg_at, recall_at
from assistant.retrieval.query_rewriting import Exchange, understood
from eval.benchmarks.corpus import Item, opened, progress

PASSAGES = 40
"""Passages retrieved for each question, of which five documents count."""
MARK = "|user|:"

Grades = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Question:
    """A turn of a conversation, with the questions before it, oldest first."""

    id: str
    text: str
    earlier: tuple[str, ...]


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """nDCG@5 and R@5 as trec_eval, averaged over the questions that have relevant passages."""
    grades = _grades(data / "qrels.tsv")
    questions = [asked for asked in _questions(data) if asked.id in grades][:limit]
    ndcg, recall = 0.0, 0.0
    with opened(f"mtrag-{data.name}", list(_items(data))) as corpus:
        for asked in progress(questions, "Asking"):
            query = understood(asked.text, [*map(Exchange, asked.earlier[-HISTORY:])], corpus.likeness)
            found = corpus.found(query, PASSAGES)
            ndcg += ndcg_at(5, found, grades[asked.id])
            recall += recall_at(5, found, grades[asked.id].keys())
    return {"ndcg@5": ndcg / len(questions), "recall@5": recall / len(questions), "queries": len(questions)}


def _items(data: Path) -> Iterator[Item]:
    path = next(data.glob("corpus.jsonl*"))
    read: Any = gzip.open if path.suffix == ".gz" else open
    with read(path, "rt", encoding="utf-8") as file:
        for line in file:
            passage = json.loads(line)
            yield Item.titled(passage["_id"], passage.get("title", ""), passage["text"])


def _grades(path: Path) -> Grades:
    """The relevant passages of each question, with their grade."""
    grades: defaultdict[str, dict[str, float]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if float(row["score"]) > 0:
                grades[row["query-id"]][row["corpus-id"]] = float(row["score"])
    return grades


def _questions(data: Path) -> Iterator[Question]:
    turns: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for line in (data / "queries_lastturn.jsonl").read_text("utf-8").splitlines():
        asked = json.loads(line)
        conversation, turn = asked["_id"].split("<::>")
        turns[conversation].append((int(turn), asked["_id"], asked["text"].removeprefix(MARK).strip()))
    for conversation in turns.values():
        earlier: tuple[str, ...] = ()
        for _, ident, question in sorted(conversation):
            yield Question(ident, question, earlier)
            earlier += (question,)
