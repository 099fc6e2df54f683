"""CANARD, follow-ups rewritten by people: Elgohary et al., 2019, https://aclanthology.org/D19-1605 (CC BY-SA
4.0).

A question points back where people changed it. The input is the conversation: the title and the section,
which the people who asked had before them, as what the conversation is about, then questions with their
answers. The added words are those of the rewrite that the question lacks, without function words; they are
looked for in the text that is searched for. How many of the words added there are right is printed too, as
all could be added.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.core import config
from assistant.embedding.embedders import create_embedder
from assistant.retrieval.politeness import without_courtesies
from assistant.retrieval.query_rewriting import Exchange, understood
from assistant.text.words import is_telling, words
from eval.benchmarks.corpus import progress

NO_ANSWER = "I don't know."


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """Precision and recall of pointing back; of the words that people added, the share that we add too, and
    of those that we add, the share that people did."""
    embed = create_embedder(config.load()).embed

    def likeness(phrase: str, others: Sequence[str]) -> list[float]:
        vectors = embed([phrase, *others])
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]

    marked = both = changed = found = wanted = added = 0
    rows = [row for path in sorted(data.glob("dev*.json*")) for row in _rows(path)][:limit]
    for row in progress(rows, "Rewriting"):
        text = understood(row["Question"], list(_history(row["History"])), likeness).text
        points, should = text != without_courtesies(row["Question"]), row["Rewrite"] != row["Question"]
        marked, changed, both = marked + points, changed + should, both + (points and should)
        theirs, ours = _added(row["Rewrite"], row), _added(text, row)
        wanted, added, found = wanted + len(theirs), added + len(ours), found + len(theirs & ours)
    return {
        "points_back_precision": both / marked,
        "points_back_recall": both / changed,
        "added_words": found / wanted,
        "added_words_precision": found / added,
        "questions": len(rows),
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    rows: list[dict[str, Any]] = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    return rows


def _history(said: Sequence[str]) -> Iterator[Exchange]:
    """The exchanges; the title alone makes one without a question, as when a person opens a document."""
    title, section, *rest = said
    yield Exchange("", about=(title, section))
    for question, answer in zip(rest[::2], rest[1::2], strict=False):
        yield Exchange(question, answer.replace(NO_ANSWER, ""), (title, section))


def _added(text: str, row: dict[str, Any]) -> set[str]:
    there = set(words(row["Question"]))
    return {word for word in words(text) if is_telling(word) and word not in there}
