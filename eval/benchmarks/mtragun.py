"""MTRAG-UN, conversations with questions that cannot be answered or are not clear: IBM, 2026,
https://github.com/IBM/mt-rag-benchmark (Apache-2.0).

The contexts of all tasks are the corpus, and the last turn of each task is asked after the turns before it. A
task is answered where the assistant says so. AUC tells how well its confidence parts the answerable from each
other kind; a question that is asked back has none.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Answer, Sentence, Turn
from assistant.retrieval.confidence import confidence
from assistant.retrieval.grounding import evidence
from eval.benchmarks.corpus import Item, opened, progress

FIRST = 5
Task = Mapping[str, Any]


def run(data: Path, limit: int | None = None) -> dict[str, Any]:
    """The share answered of each kind of task, the AUC against each that is not answerable, and recall@5."""
    tasks = [task for path in sorted(data.glob("reference*.jsonl*")) for task in _tasks(path)]
    with opened(f"mtragun-{data.name}", list(_items(tasks))) as corpus:
        folder, keys = corpus.folder, corpus.keys
    answered: defaultdict[str, list[bool]] = defaultdict(list)
    scores: defaultdict[str, list[float]] = defaultdict(list)
    recalls: list[float] = []
    with Assistant.open(replace(config.in_folder(config.load(), folder), corpus=None)) as assistant:
        for task in progress(tasks[:limit], "Asking"):
            *before, last = task["input"]
            seen = assistant.examine(last["text"], list(_turns(before)))
            kind = task["answerability"][0]
            held = evidence(seen.query, seen.passages)
            answered[kind].append(seen.answer.answered)
            scores[kind].append(confidence(seen.query.text, held))
            gold = {context["document_id"] for context in task["contexts"]}
            if gold:
                documents = dict.fromkeys(p.passage.document_id for p in seen.passages)
                found = [key for document in documents for key in keys[document]][:FIRST]
                recalls.append(len(gold & set(found)) / len(gold))
    return {
        "answered": {kind: sum(some) / len(some) for kind, some in sorted(answered.items())},
        "auc": {
            k: _auc(scores["ANSWERABLE"], some) for k, some in sorted(scores.items()) if k != "ANSWERABLE"
        },
        "recall@5": sum(recalls) / len(recalls),
    }


def _tasks(path: Path) -> list[Task]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return [json.loads(line) for line in text.splitlines()]


def _items(tasks: Sequence[Task]) -> Iterator[Item]:
    """Each context once."""
    contexts = {context["document_id"]: context for task in tasks for context in task["contexts"]}
    for key, context in contexts.items():
        yield Item.titled(key, context.get("title") or "", context["text"])


def _turns(said: Sequence[Mapping[str, Any]]) -> Iterator[Turn]:
    for asked, replied in zip(said[::2], said[1::2], strict=False):
        answer = Answer(asked["text"], asked["text"], True, (Sentence(replied["text"]),))
        yield Turn(asked["text"], asked["text"], answer)


def _auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """The chance that a right one has more than a wrong one."""
    wins = sum((one > other) + (one == other) / 2 for one in right for other in wrong)
    return wins / (len(right) * len(wrong))
