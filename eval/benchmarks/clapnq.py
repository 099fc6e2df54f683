"""CLAPnq, answers from one given passage (Apache-2.0).

Rosenthal et al., 2025, https://arxiv.org/abs/2404.02103

The gold passage is given, so retrieval is only within it. RougeL is that of what is shown, the answer and
what the document says besides, whether the assistant would show it or not; `rougeL_answer` is that of the
answer alone. The two figures at a threshold count what is refused as 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.types import Query
from assistant.evaluation.scoring.metrics import auc, refusing, rouge_l
from assistant.ingest.parse import identity
from assistant.text.marks import unmarked
from eval.benchmarks.corpus import Corpus, Item, opened, progress

SENTENCES = 3

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """The extract of one question: its text, how sure it is, its RougeL and that of its answer alone (0 where
    there is no reference)."""

    text: str
    confidence: float
    rouge: float
    alone: float


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """RougeL and its length in characters, AUC of the confidence, RougeL where 80% and 90% of the
    unanswerable are refused."""
    kinds = [_records(data / f"dev_{kind}.jsonl")[:limit] for kind in ("answerable", "unanswerable")]
    with opened("clapnq", [_item(record) for records in kinds for record in records]) as corpus:
        good, bad = ([_answered(corpus, r) for r in progress(records, "Answering")] for records in kinds)
    refused = [answer.confidence for answer in bad]
    return {
        "rougeL": sum(answer.rouge for answer in good) / len(good),
        "rougeL_answer": sum(answer.alone for answer in good) / len(good),
        "characters": sum(len(answer.text) for answer in good) / len(good),
        "auc": auc([answer.confidence for answer in good], refused),
        "rougeL@80": _rouge_above(refusing(0.8, refused), good),
        "rougeL@90": _rouge_above(refusing(0.9, refused), good),
    }


def _records(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _item(record: Record) -> Item:
    passage = record["passages"][0]
    return Item.titled(record["id"], passage["title"], passage["text"])


def _answered(corpus: Corpus, record: Record) -> Answered:
    given = frozenset({identity(_item(record).data)})
    question = record["input"]
    passages = corpus.retriever.retrieve(Query(question), documents=given)
    extracted = corpus.extract(question, passages)
    quotes = [*extracted.citations, *extracted.evidence][:SENTENCES]
    text = " ".join(unmarked(quote.quote) for quote in sorted(quotes, key=lambda quote: quote.start))
    alone = " ".join(sentence.text for sentence in extracted.sentences)
    best, best_alone = (
        max(rouge_l(said, output["answer"]) for output in record["output"]) for said in (text, alone)
    )
    return Answered(text, extracted.confidence, best, best_alone)


def _rouge_above(threshold: float, answers: list[Answered]) -> float:
    return sum(answer.rouge for answer in answers if answer.confidence > threshold) / len(answers)
