"""How likely passages answer a question: logistic models over a few features of the retrieval.

One is for passages from anywhere, one for passages of one document. The weights stand in `confidence.json`,
with what they were fitted on; `python -m eval.fit_confidence` makes it.
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
"""The passages that are looked at."""
ALONE = 0.6
"""The median gap where the passages answer."""

Scope = Literal["anywhere", "one document"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][^\W_]+(?:-[^\W_]+)*")
"""A word with a capital that does not begin the sentence; "I" is none."""


def confidence(question: str, passages: Sequence[ScoredPassage]) -> float:
    """0 to 1: the likelihood that `passages`, best first, answer `question`."""
    if not any(passage.sentences for passage in passages):
        return 0.0
    model = _models()[scope(passages)]
    values = features(question, passages)
    logit = model["bias"] + sum(weight * values[name] for name, weight in model["weights"].items())
    return 1 / (1 + math.exp(-logit))


def scope(passages: Sequence[ScoredPassage]) -> Scope:
    """Whether the passages come from anywhere or all from one document, which has weights of its own: the
    title, which all of them share, says nothing for an answer there, and there is no other to stand out from.
    """
    return "anywhere" if len({p.passage.document_id for p in passages}) > 1 else "one document"


def features(question: str, passages: Sequence[ScoredPassage]) -> dict[str, float]:
    """What the model looks at:

    sentence: the best sentence cosine
    met, sentence_met: the best interaction of a passage, and of a sentence (see `interaction`)
    weakest: how near the nearest passage comes to the word of the question that it answers least
    lead: the best interaction of a title with its headings: so much is met whatever the passage says
    gap: by how much the best passage's score stands out from the next few
    other_number, other_name: 1 where the question has a number, a name, that the nearest passages lack
    answers: the log odds of the likeliest answer among the sentences, by the reader; 0 where none was read
    lacking: 1 where an amount, a time or a person is asked for and the best sentences hold none
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
        "answers": _log_odds(max((s.answers or 0.0 for p in nearest for s in p.sentences), default=0.0)),
        "lacking": float(lacks(question, [p.passage.quote(s.span) for s, p in best])),
        "length": math.log(1 + len(set(terms(question)))) / 3,
    }


def _log_odds(probability: float) -> float:
    """Between -5 and 5; 0, neither way, where nothing was read."""
    return max(-5.0, min(5.0, math.log(probability / (1 - probability)))) if 0 < probability < 1 else 0.0


def _gap(scores: Sequence[float]) -> float:
    """Nothing can be said of a single passage: it counts as standing out as much as right ones do."""
    best, *rest = sorted(scores, reverse=True)[:5]
    return best - sum(rest) / len(rest) if rest else ALONE


def _held(passages: Sequence[ScoredPassage]) -> set[str]:
    """The terms of the passages, their titles and headings."""
    texts = (f"{p.title} {' '.join(p.passage.headings)} {p.passage.text}" for p in passages)
    return {term for text in texts for term in terms(text)}


def _known(word: str, held: set[str]) -> bool:
    """Whether the word, or one of the same beginning ("Iranian", "Iran"), is among the terms held."""
    return all(
        term in held or (len(term) > 3 and any(h.startswith(term[:4]) for h in held)) for term in terms(word)
    )


@functools.cache
def _models() -> dict[Scope, dict[str, Any]]:
    """For each scope the bias and the weights of those features that it looks at."""
    models: dict[Scope, dict[str, Any]] = json.loads(
        Path(__file__).with_name("confidence.json").read_text("utf-8")
    )
    return models
