"""Chunking evaluation: Smith & Troynikov, 2024, https://research.trychroma.com/evaluating-chunking (MIT).

Three texts in one index. Of the five passages that are retrieved for a question, characters are counted
against those of the gold references, which are offsets into the texts as given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.core.types import Query, Span
from assistant.ingest.parse import identity
from eval.benchmarks.corpus import Corpus, Item, opened, progress

PASSAGES = 5


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """Recall, precision and intersection over union of characters, averaged over questions."""
    lines = (data / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line) for line in lines][:limit]
    paths = sorted((data / "corpora").glob("*.md"))
    items = [Item(path.stem, path.name, path.read_bytes()) for path in paths]
    with opened("chunking", items) as corpus:
        _require_same_text(corpus, items)
        rows = [_row(corpus, question) for question in progress(questions, "Asking")]
    recall, precision, iou = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return {"recall": recall, "precision": precision, "iou": iou, "questions": len(rows)}


def _require_same_text(corpus: Corpus, items: Sequence[Item]) -> None:
    """The references count in characters of the text as given, so reading must not have moved any."""
    for item in items:
        if corpus.library.ledger.document(identity(item.data)).text != item.data.decode("utf-8"):
            raise SystemExit(f"Reading changed the text of {item.name}; its references point elsewhere now.")


def _row(corpus: Corpus, question: dict[str, Any]) -> tuple[float, float, float]:
    found = corpus.retriever.retrieve(Query(question["question"]), PASSAGES)
    spans = [
        (corpus.keys[scored.passage.document_id][0], Span(scored.passage.start, scored.passage.end))
        for scored in found
    ]
    wanted = [(question["corpus"], Span(r["start_index"], r["end_index"])) for r in question["references"]]
    return overlap(spans, wanted)


def overlap(
    found: Sequence[tuple[str, Span]], wanted: Sequence[tuple[str, Span]]
) -> tuple[float, float, float]:
    """Recall, precision and IoU of characters; each range is of the text named. A character that was found
    twice is right once and counts twice in what was found, as in the published evaluation."""
    gold = set(_characters(wanted))
    held = list(_characters(found))
    right = len(gold & set(held))
    return right / len(gold), right / max(len(held), 1), right / (len(held) + len(gold) - right)


def _characters(ranges: Sequence[tuple[str, Span]]) -> Iterator[tuple[str, int]]:
    for name, span in ranges:
        yield from ((name, at) for at in range(span.start, span.end))
