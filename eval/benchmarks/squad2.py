"""SQuAD 2.0, questions on Wikipedia of which half have no answer (CC BY-SA 4.0).

Rajpurkar et al., 2018, https://arxiv.org/abs/1806.03822

All paragraphs are the corpus, each a document, and none is given away. `answer_in_quotes` looks at what would
be quoted whether the assistant would show it or abstain; `accuracy` is of showing it or not.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answering.extractive import Extract
from assistant.core.types import Query
from assistant.evaluation.scoring.metrics import hit_at
from assistant.retrieval.retriever import LIMIT
from eval.benchmarks.corpus import Corpus, Item, opened, progress

PASSAGES = 20
"""Passages retrieved for each question: enough for five paragraphs."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the paragraph that it was asked about; without answers where it has none."""

    text: str
    paragraph: str
    answers: tuple[str, ...]


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """R@1 and R@5 of the right paragraph over all questions, the share of answerable ones with a gold answer
    in the quotes, the share of all that are rightly answered or not answered."""
    articles = json.loads(next(data.glob("*.json")).read_text("utf-8"))["data"]
    questions = list(_questions(articles))[:limit]
    with opened("squad2", list(_items(articles))) as corpus:
        rows = [_row(corpus, question) for question in progress(questions, "Asking")]
    found = [row.pop("answer_in_quotes") for row, asked in zip(rows, questions, strict=True) if asked.answers]
    figures = {name: sum(row[name] for row in rows) / len(rows) for name in ("recall@1", "recall@5")}
    accuracy = sum(row["accuracy"] for row in rows) / len(rows)
    return figures | {"answer_in_quotes": sum(found) / len(found), "accuracy": accuracy}


def _items(articles: list[Any]) -> Iterator[Item]:
    for article in articles:
        title = article["title"].replace("_", " ")
        for number, paragraph in enumerate(article["paragraphs"]):
            yield Item.titled(f"{article['title']}/{number}", title, paragraph["context"])


def _questions(articles: list[Any]) -> Iterator[Question]:
    for article in articles:
        for number, paragraph in enumerate(article["paragraphs"]):
            for asked in paragraph["qas"]:
                answers = () if asked["is_impossible"] else tuple(a["text"] for a in asked["answers"])
                yield Question(asked["question"], f"{article['title']}/{number}", answers)


def _row(corpus: Corpus, question: Question) -> dict[str, float]:
    query = Query(question.text)
    passages = corpus.retriever.retrieve(query, PASSAGES)
    ranked, right = corpus.ranked(passages), {question.paragraph}
    extracted = corpus.extract(question.text, passages[:LIMIT])
    return {
        "recall@1": hit_at(1, ranked, right),
        "recall@5": hit_at(5, ranked, right),
        "answer_in_quotes": float(_quotes(extracted, question.answers)),
        "accuracy": float(extracted.answered == bool(question.answers)),
    }


def _quotes(extracted: Extract, answers: Iterable[str]) -> bool:
    quotes = [f" {_normalised(citation.quote)} " for citation in extracted.citations]
    return any(f" {_normalised(answer)} " in quote for answer in answers for quote in quotes)


def _normalised(text: str) -> str:
    """Normalise as the official evaluation does: lower case, no punctuation or articles, single spaces."""
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())
