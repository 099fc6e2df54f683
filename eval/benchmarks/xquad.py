"""XQuAD: the same 240 Wikipedia paragraphs and 1,190 questions in many languages (CC BY-SA 4.0).

Artetxe et al., 2020, https://arxiv.org/abs/1910.11856. Files: xquad.LANGUAGE.json, as SQuAD 1.1.

The paragraphs of a language are the corpus, each a document. `recall` asks in the same language, `cross` on
the English paragraphs, and `answered_without` is the share of questions that are answered although their
paragraph was left out of the search: each of these answers is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.types import Query
from assistant.evaluation.scoring.metrics import hit_at
from assistant.retrieval.retriever import LIMIT
from eval.benchmarks.corpus import Corpus, Item, opened, progress
from eval.benchmarks.data import find, read_text

PASSAGES = 20
"""Passages retrieved for each question: enough for five paragraphs."""
ENGLISH = "en"

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the paragraph that it was asked about."""

    text: str
    paragraph: str


def run(data: Path, limit: int | None = None) -> Figures:
    """R@1 and R@5 by language, R@1 of each language's questions on the English paragraphs, and the share
    answered without the right paragraph."""
    articles = {path.name.split(".")[1]: _articles(path) for path in find(data, "xquad.*.json")}
    asked = {language: _questions(given)[:limit] for language, given in articles.items()}
    figures: Figures = {"recall@1": {}, "recall@5": {}, "cross@1": {}, "answered_without": {}}
    for language, given in articles.items():
        with opened(f"xquad-{language}", list(items(given))) as corpus:
            _ask_at_home(corpus, language, asked[language], figures)
            if language == ENGLISH:
                _ask_across(corpus, asked, figures)
    return figures


def _ask_at_home(corpus: Corpus, language: str, questions: Sequence[Question], figures: Figures) -> None:
    rows = [_row(corpus, question) for question in progress(questions, language)]
    for name in ("recall@1", "recall@5", "answered_without"):
        figures[name][language] = sum(row[name] for row in rows) / len(rows)


def _ask_across(corpus: Corpus, asked: dict[str, Sequence[Question]], figures: Figures) -> None:
    for language, questions in asked.items():
        if language != ENGLISH:
            hits = [
                hit_at(1, _found(corpus, q), {q.paragraph}) for q in progress(questions, f"{language} on en")
            ]
            figures["cross@1"][language] = sum(hits) / len(hits)


def _row(corpus: Corpus, question: Question) -> dict[str, float]:
    ranked, right = _found(corpus, question), {question.paragraph}
    others = frozenset(document for document, keys in corpus.keys.items() if question.paragraph not in keys)
    rest = corpus.retriever.retrieve(Query(question.text), LIMIT, others)
    return {
        "recall@1": hit_at(1, ranked, right),
        "recall@5": hit_at(5, ranked, right),
        "answered_without": float(corpus.extract(question.text, rest).answered),
    }


def _found(corpus: Corpus, question: Question) -> list[str]:
    return corpus.found(Query(question.text), PASSAGES)


def _articles(path: Path) -> list[Any]:
    articles: list[Any] = json.loads(read_text(path))["data"]
    return articles


def items(articles: list[Any]) -> Iterator[Item]:
    """Yield each paragraph as a document."""
    for at, article in enumerate(articles):
        title = article["title"].replace("_", " ")
        for number, paragraph in enumerate(article["paragraphs"]):
            yield Item.titled(key(articles, at, number), title, paragraph["context"])


def key(articles: list[Any], article: int, paragraph: int) -> str:
    """Return the key of a paragraph, by the indices of article and paragraph."""
    return f"{articles[article]['title']}/{paragraph}"


def _questions(articles: list[Any]) -> list[Question]:
    return [
        Question(asked["question"], key(articles, at, number))
        for at, article in enumerate(articles)
        for number, paragraph in enumerate(article["paragraphs"])
        for asked in paragraph["qas"]
    ]
