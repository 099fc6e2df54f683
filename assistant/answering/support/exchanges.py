"""Exchanges: a sentence that is like its quote, but for two things that have changed places.

"Half pay for eighteen weeks and full pay for twelve" has all the words of its quote. The words that stand
once in each are laid beside each other: where all are in the same order once two groups have changed places,
with others between them, they were exchanged. It knows little grammar, so it holds for all languages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.support import roles
from assistant.answering.support.roles import spoken_of
from assistant.text.words import is_telling, stem

LIKE = 0.6
"""The share of a sentence's words that must be those of the quote for the two to be compared."""
APART = 3
"""Words between two things from which they are no items of one list, whose order means nothing."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def exchanges(sentence: str, quote: str) -> bool:
    """True if two things of a sentence of the quote have changed places."""
    ours = _stems(sentence)
    return any(_are_exchanged(ours, _stems(line), sentence, line) for line in _SENTENCE.split(quote))


def _are_exchanged(ours: Sequence[str], theirs: Sequence[str], sentence: str, line: str) -> bool:
    common = [word for word in ours if ours.count(word) == 1 == theirs.count(word)]
    if len(common) < LIKE * len(frozenset(ours)):
        return False
    there = sorted(common, key=theirs.index)
    found = _swapped([there.index(word) for word in common])
    if found is None or _is_said_otherwise(sentence, line):
        return False
    one, other = (there[place] for place in found)
    return _kind(one) == _kind(other) and _distance(line, one, other) >= APART


def _swapped(places: Sequence[int]) -> tuple[int, int] | None:
    """Return the end of the first and the beginning of the second of two groups that, changed back, put the
    places in order, with others between them; None if there are none: 0 4 2 3 1 -> 1, 4."""
    wrong = [at for at, place in enumerate(places) if at != place]
    if not wrong:
        return None
    begin, end = wrong[0], wrong[-1] + 1
    part, second = list(places[begin:end]), places[begin]
    first = part[-1]
    expected = [*range(second, end), *range(first + 1, second), *range(begin, first + 1)]
    return (first, second) if first + 1 < second and part == expected else None


def _kind(word: str) -> tuple[bool, bool]:
    return word[0].isdigit(), roles.is_verb(word)


def _distance(line: str, word: str, other: str) -> int:
    """Return how many words stand between two, of any kind."""
    spoken = [*map(_form, spoken_of(line))]
    return spoken.index(other) - spoken.index(word) - 1


def _is_said_otherwise(sentence: str, line: str) -> bool:
    """True if who does it and to whom change places rightly: in the passive, or with another verb."""
    return _is_passive(sentence) is not _is_passive(line) or bool(_verbs(sentence) - _verbs(line))


def _verbs(text: str) -> frozenset[str]:
    spoken = spoken_of(text)
    return frozenset(stem(word) for at, word in enumerate(spoken) if roles.is_verb_at(spoken, at))


def _is_passive(text: str) -> bool:
    return any(clause.is_passive(at) for clause in roles.clauses(text) for at in range(len(clause.spoken)))


def _stems(text: str) -> list[str]:
    return [_form(word) for word in spoken_of(text) if is_telling(word) or word[0].isdigit()]


def _form(word: str) -> str:
    """Return the stem of a word, and a figure as it is."""
    return word if word[0].isdigit() else stem(word)
