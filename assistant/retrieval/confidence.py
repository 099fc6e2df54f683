"""The probability that passages answer a question: logistic models of a few features of the retrieval.

One model is for passages from any document, one for passages of a single document. `confidence.json` holds
their weights and what these were fitted on; `python -m eval.fit_confidence` makes it.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from assistant.core.types import ScoredPassage
from assistant.retrieval.answer_type import lacks
from assistant.store.index import terms

NEAREST = 3
"""Number of passages that the features are computed from."""
ALONE = 0.6
"""The gap assumed for a single passage: the median of those that answer."""

Scope = Literal["anywhere", "one document"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][^\W_]+(?:-[^\W_]+)*")
"""A capitalised word, other than "I", that does not begin the sentence."""


def confidence(question: str, passages: Sequence[ScoredPassage]) -> float:
    """Return the probability that `passages`, best first, answer `question`."""
    if not any(passage.sentences for passage in passages):
        return 0.0
    model = _models()[scope(passages)]
    values = features(question, passages)
    logit = model["bias"] + sum(weight * values[name] for name, weight in model["weights"].items())
    return 1 / (1 + math.exp(-logit))


def scope(passages: Sequence[ScoredPassage]) -> Scope:
    """Return which model the passages take.

    Passages of one document share their title, so there it is no sign of an answer.
    """
    return "anywhere" if len({p.passage.document_id for p in passages}) > 1 else "one document"


def features(question: str, passages: Sequence[ScoredPassage]) -> dict[str, float]:
    """Return the features by name.

    sentence: the best cosine of a sentence
    met, sentence_met: the best interaction of a passage, of a sentence (see `late_interaction`)
    weakest: the best cosine of the word of the question that the passages match least
    lead: the best interaction of title and headings alone, the same for all that a passage may say
    gap: the best passage's score less the mean of the next few
    other_number, other_name: 1 if the nearest passages lack a number, a name, of the question
    answers: the reader's largest log odds for a sentence; 0 if none was read
    lacking: 1 if the question asks for an amount, a time or a person and the best sentences have none
    length: the logarithm of the number of the question's terms, over 3
    """
    nearest = passages[:NEAREST]
    pairs = ((s, p) for p in passages for s in p.sentences)
    best = sorted(pairs, key=lambda pair: -pair[0].cosine - pair[0].interaction)[:NEAREST]
    held = _held(nearest)
    return {
        "sentence": max(s.cosine for p in passages for s in p.sentences),
        "met": max(p.interaction for p in nearest),
        "sentence_met": max((s.interaction for p in nearest for s in p.sentences), default=0.0),
        "weakest": max(p.weakest for p in nearest),
        "lead": max(p.lead for p in nearest),
        "gap": _gap([p.score for p in passages]),
        "other_number": float(any(not _known(n, held) for n in _NUMBER.findall(question))),
        "other_name": float(any(not _known(n, held) for n in _NAME.findall(question))),
        "answers": log_odds(max((s.answers or 0.0 for p in nearest for s in p.sentences), default=0.0)),
        "lacking": float(lacks(question, [p.passage.quote(s.span) for s, p in best])),
        "length": math.log(1 + len(set(terms(question)))) / 3,
    }


def log_odds(probability: float) -> float:
    """Return log odds between -5 and 5; 0 for a probability of 0 or 1."""
    return max(-5.0, min(5.0, math.log(probability / (1 - probability)))) if 0 < probability < 1 else 0.0


def _gap(scores: Sequence[float]) -> float:
    """Return the best score less the mean of the next four."""
    best, *rest = sorted(scores, reverse=True)[:5]
    return best - sum(rest) / len(rest) if rest else ALONE


def _held(passages: Sequence[ScoredPassage]) -> set[str]:
    """Return the terms of the passages, their titles and headings."""
    texts = (f"{p.title} {' '.join(p.passage.headings)} {p.passage.text}" for p in passages)
    return {term for text in texts for term in terms(text)}


def _known(word: str, held: set[str]) -> bool:
    """True if the word, or one with the same first letters ("Iranian", "Iran"), is among the terms."""
    return all(
        term in held or (len(term) > 3 and any(h.startswith(term[:4]) for h in held)) for term in terms(word)
    )


@functools.cache
def _models() -> dict[Scope, dict[str, Any]]:
    """Return the bias and the weights of each scope."""
    models: dict[Scope, dict[str, Any]] = json.loads(
        Path(__file__).with_name("confidence.json").read_text("utf-8")
    )
    return models
