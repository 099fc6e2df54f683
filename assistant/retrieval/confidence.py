"""The probability that passages answer a question: a logistic model of a few features.

`confidence.json` holds its weights and what these were fitted on; `python -m eval.fit_confidence` makes it.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.core.types import ScoredPassage
from assistant.retrieval.answer_type import lacks
from assistant.store.index import terms
from assistant.text.values import numbers

NEAREST = 3
"""Number of passages that the features are computed from."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def confidence(question: str, passages: Sequence[ScoredPassage]) -> float:
    """Return the probability that `passages`, best first, answer `question`."""
    if not any(passage.sentences for passage in passages):
        return 0.0
    model, values = _model(), features(question, passages)
    logit = model["bias"] + sum(weight * values[name] for name, weight in model["weights"].items())
    return 1 / (1 + math.exp(-logit))


def features(question: str, passages: Sequence[ScoredPassage]) -> dict[str, float]:
    """Return the features by name.

    answers: the reader's largest log odds for a sentence; 0 if none was read
    sentence: the best cosine of a sentence
    other_number: 1 if the nearest passages lack a number of the question
    lacking: 1 if the question asks for an amount, a time or a person and the best sentences have none
    """
    nearest = passages[:NEAREST]
    pairs = ((s, p) for p in passages for s in p.sentences)
    best = sorted(pairs, key=lambda pair: -pair[0].cosine - pair[0].interaction)[:NEAREST]
    return {
        "answers": log_odds(max((s.answers or 0.0 for p in nearest for s in p.sentences), default=0.0)),
        "sentence": max(s.cosine for p in passages for s in p.sentences),
        "other_number": float(_lacks_number(question, nearest)),
        "lacking": float(lacks(question, [p.passage.quote(s.span) for s, p in best])),
    }


def log_odds(probability: float) -> float:
    """Return log odds between -5 and 5; 0 for a probability of 0 or 1."""
    return max(-5.0, min(5.0, math.log(probability / (1 - probability)))) if 0 < probability < 1 else 0.0


def _lacks_number(question: str, passages: Sequence[ScoredPassage]) -> bool:
    """Return True if a number of the question is in none of the passages: 1840 is in "1,840 boats"."""
    texts = [f"{p.title} {' '.join(p.passage.headings)} {p.passage.text}" for p in passages]
    held = {term for text in texts for term in terms(text)}
    values = frozenset[str]().union(*map(numbers, texts))
    return any(
        values.isdisjoint(numbers(number)) and not held.issuperset(terms(number))
        for number in _NUMBER.findall(question)
    )


@functools.cache
def _model() -> dict[str, Any]:
    """Return the bias and the weights."""
    model: dict[str, Any] = json.loads(Path(__file__).with_name("confidence.json").read_text("utf-8"))
    return model
