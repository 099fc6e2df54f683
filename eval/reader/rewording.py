"""Questions in other words: what a question shares with a sentence is said by a synonym or a wider word.

People who have not read a document rarely use its words, while most questions of the training data were
written with the sentence in view. Labels stay as they are. Words are exchanged by the synonyms of
`assistant/text/languages`, made from WordNet.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from assistant.text import languages

WORD = re.compile(r"[a-z]{4,}")
SHARE = 0.6
"""Probability that a word which question and sentence share is exchanged."""
ENDINGS = ("", "s", "ed", "d", "ing", "es")


def reworded(question: str, sentence: str, chance: random.Random) -> str | None:
    """Return the question with some shared words exchanged; None if it shares none that has a synonym."""
    there = set(WORD.findall(sentence.lower()))

    def exchange(match: re.Match[str]) -> str:
        word = match[0]
        if word not in there or chance.random() > SHARE:
            return word
        others = _others(word)
        return chance.choice(others) if others else word

    new = WORD.sub(exchange, question)
    return new if new != question else None


@cache
def _others(word: str) -> Sequence[str]:
    """Return what may be said instead of a word, with its ending."""
    for ending in ENDINGS:
        base = word.removesuffix(ending)
        if word.endswith(ending) and base in _synonyms():
            return [f"{other}{ending}" for other in _synonyms()[base]]
    return []


@cache
def _synonyms() -> Mapping[str, Sequence[str]]:
    """Return the synonyms and wider words of each word."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in (languages.FOLDER / "en.synonyms.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        words = line.split()
        if len(words) > 2 and words[1] in "~<":
            found[words[0]].update(words[2:])
            continue
        for word in words:
            found[word].update(other for other in words if other != word)
    return {word: sorted(others) for word, others in found.items()}
