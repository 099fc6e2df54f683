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

_WORD = re.compile(r"[^\W_]+(?:[-'’.,][^\W_]+)*")
_NUMBER = re.compile(r"\d")
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
    """What the model looks at, each from about 0 to 1:

    sentence, sentences: the best sentence cosine, and the mean of the three best
    passage, passages: the best passage cosine, and the mean of the five best
    sentence_words, passage_words: the share of the question's terms, by idf, in the best sentence and passage
    bm25: the largest BM25 share
    unknown: the share of the question's names and numbers that the nearest passages do not hold
    astray: 1 where any is missing
    kind: 1 where the best sentences hold what is asked for (an amount, a time, a person), -1 where not
    length: the logarithm of the number of terms, over 3
    """
    nearest = passages[:NEAREST]
    pairs = sorted(
        ((s, p) for p in passages for s in p.sentences), key=lambda pair: -pair[0].cosine - pair[0].coverage
    )[:3]
    cosines = sorted((s.cosine for p in passages for s in p.sentences), reverse=True)[:3]
    near = sorted((p.cosine for p in passages), reverse=True)[:5]
    unknown = _unknown(question, nearest)
    return {
        "sentence": cosines[0],
        "sentences": sum(cosines) / len(cosines),
        "passage": near[0],
        "passages": sum(near) / len(near),
        "sentence_words": max(s.coverage for p in passages for s in p.sentences),
        "passage_words": max(p.coverage for p in nearest),
        "bm25": max(p.words for p in passages),
        "unknown": unknown,
        "astray": float(unknown > 0),
        "kind": _kind(question, [_text(p, s) for s, p in pairs]),
        "length": math.log(1 + len(set(terms(question)))) / 3,
    }


def _unknown(question: str, passages: Sequence[ScoredPassage]) -> float:
    """The share of what is specific in the question that stands in none of the passages or their titles."""
    words = _WORD.findall(question)
    specific = [w for at, w in enumerate(words) if _NUMBER.search(w) or (at and w[0].isupper())]
    wanted = {term for word in specific for term in terms(word)}
    texts = (f"{p.title} {' '.join(p.passage.headings)} {p.passage.text}" for p in passages)
    held = {term for text in texts for term in terms(text)}
    return len(wanted - held) / len(wanted) if wanted else 0.0


def _kind(question: str, sentences: Sequence[str]) -> float:
    for asks, holds in _ASKS:
        if asks.search(question):
            return 1.0 if any(holds.search(sentence) for sentence in sentences) else -1.0
    return 0.0


def _text(scored: ScoredPassage, sentence: ScoredSentence) -> str:
    start = scored.passage.start
    return scored.passage.text[sentence.span.start - start : sentence.span.end - start]


@functools.cache
def _model() -> dict[str, dict[str, float]]:
    return json.loads(Path(__file__).with_name("confidence.json").read_text("utf-8"))
