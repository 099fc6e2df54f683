"""How likely passages answer a question: a logistic model over a few features that need no model of language.

The weights stand in `confidence.json` with what they were fitted on; `python -m eval.fit_confidence` makes it.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

from assistant.index import terms
from assistant.types import ScoredPassage, ScoredSentence

NEAREST = 3
"""The passages that are looked at."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][^\W_]+(?:-[^\W_]+)*")
"""A word with a capital that does not begin the sentence; "I" is none."""
_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty"
    r"|hundred|thousand|million|billion|half|third|quarter|once|twice|several|few|many)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d|\b(?:century|centuries|decades?|years?|months?|weeks?|days?|hours?|minutes?|today|now|currently|early|late"
    r"|recently|after|before|during|since|until|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|spring|summer|autumn|winter|first|second|third)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)\b|\b(?:january|february|march|april|may|june|july|august|september|october|november"
    r"|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"(?<!^)\b[A-Z][^\W\d_]+|^\W*[A-Z][^\W\d_]+ [A-Z][^\W\d_]+")
_ASKS = (
    (re.compile(r"\b(?:which|what) (?:exact )?(?:year|month|date|dates|day)\b|\bwhen exactly\b", re.I), _DATE),
    (re.compile(r"\bwhen\b|\bhow long\b|\bsince when\b|\bhow often\b|\bwhat time\b", re.I), _TIME),
    (re.compile(r"\bhow (?:much|many|old|far|high|tall|large|big|fast)\b|\bwhat (?:number|percentage|share)\b", re.I),
     _AMOUNT),
    (re.compile(r"\bwho(?:m|se)?\b|\bwhat is the name\b", re.I), _PERSON),
)  # fmt: skip


def confidence(question: str, passages: Sequence[ScoredPassage]) -> float:
    """0 to 1: the likelihood that `passages`, best first, answer `question`."""
    if not any(passage.sentences for passage in passages):
        return 0.0
    model = _model()
    values = features(question, passages)
    logit = model["bias"] + sum(model["weights"][name] * value for name, value in values.items())
    return 1 / (1 + math.exp(-logit))


def features(question: str, passages: Sequence[ScoredPassage]) -> dict[str, float]:
    """What the model looks at:

    sentence: the best sentence cosine
    met, sentence_met: the best interaction of a passage, and of a sentence (see `interaction`)
    weakest: how near the nearest passage comes to the word of the question that it answers least
    other_number, other_name: 1 where the question has a number, a name, that the nearest passages lack
    lacking: 1 where an amount, a time or a person is asked for and the best sentences hold none
    length: the logarithm of the number of the question's terms, over 3
    """
    nearest = passages[:NEAREST]
    best = sorted(
        ((s, p) for p in passages for s in p.sentences), key=lambda pair: -pair[0].cosine - pair[0].interaction
    )[:NEAREST]
    held = _held(nearest)
    return {
        "sentence": max(s.cosine for p in passages for s in p.sentences),
        "met": max(p.interaction for p in nearest),
        "sentence_met": max(s.interaction for p in nearest for s in p.sentences),
        "weakest": max(p.weakest for p in nearest),
        "other_number": float(any(not _known(n, held) for n in _NUMBER.findall(question))),
        "other_name": float(any(not _known(n, held) for n in _NAME.findall(question))),
        "lacking": float(_lacks(question, [_text(p, s) for s, p in best])),
        "length": math.log(1 + len(set(terms(question)))) / 3,
    }


def _held(passages: Sequence[ScoredPassage]) -> set[str]:
    """The terms of the passages, their titles and headings."""
    texts = (f"{p.title} {' '.join(p.passage.headings)} {p.passage.text}" for p in passages)
    return {term for text in texts for term in terms(text)}


def _known(word: str, held: set[str]) -> bool:
    """Whether the word, or one of the same beginning ("Iranian", "Iran"), is among the terms held."""
    return all(
        term in held or (len(term) > 3 and any(h.startswith(term[:4]) for h in held)) for term in terms(word)
    )


def _lacks(question: str, sentences: Sequence[str]) -> bool:
    for asks, holds in _ASKS:
        if asks.search(question):
            return not any(holds.search(sentence) for sentence in sentences)
    return False


def _text(scored: ScoredPassage, sentence: ScoredSentence) -> str:
    start = scored.passage.start
    return scored.passage.text[sentence.span.start - start : sentence.span.end - start]


@functools.cache
def _model() -> dict[str, dict[str, float]]:
    return json.loads(Path(__file__).with_name("confidence.json").read_text("utf-8"))
