"""Things: which figure counts which, of which there are none, and what is said of which of several."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from assistant.answering.support import roles
from assistant.answering.support.roles import spoken_of
from assistant.text.language import language
from assistant.text.words import is_telling, stem, words

COUNTED = 3
"""Words after a figure that may be what it counts: two adjectives and a noun."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_PART = re.compile(r"[,;:()]|\s[-–—]\s|\b(?:and|but|or)\b", re.IGNORECASE)
_JOINT = re.compile(r",?\s*\b(?:and|but|or)\b", re.IGNORECASE)
Words = frozenset[str]


def misplaces_count(sentence: str, quote: str) -> bool:
    """True if a figure counts what the quote counts with another: "250 cars" of 250 people and 40 cars."""
    theirs = _counts(quote)
    for figure, what in _counts(sentence):
        same = {word for number, other in theirs if number == figure for word in other}
        others = {word for number, other in theirs if number != figure for word in other}
        if same and what & others and not what & same:
            return True
    return False


def _counts(text: str) -> list[tuple[str, Words]]:
    """Return the bare figures of a text, each with the stems of what it counts."""
    found = []
    for spoken in _spoken_parts(text):
        for at, word in enumerate(spoken):
            counted = itertools.takewhile(is_telling, spoken[at + 1 : at + 1 + COUNTED])
            if word[0].isdigit() and (stems := frozenset(map(stem, counted))):
                found.append((word, stems))
    return found


def widens_denial(sentence: str, quote: str) -> bool:
    """True if the quote denies less: "no effect" where there is no effect on weight."""
    theirs, said = [*_denied(quote)], _stems(words(sentence))
    for what, _ in _denied(sentence):
        limits = [limit for other, limit in theirs if what == other]
        if limits and all(limit and not limit & said for limit in limits):
            return True
    return False


def _denied(text: str) -> Iterator[tuple[str, Words]]:
    """Yield what a text says there is none of, with the words that limit it: "no effect on weight"."""
    known = language()
    ends = "|".join(sorted(known.boundaries))
    for clause in re.split(rf"[.,;:()]|\b(?:{ends})\b", text, flags=re.IGNORECASE):
        spoken = spoken_of(clause)
        for at, word in enumerate(spoken[:-1]):
            if word in known.denying and is_telling(spoken[at + 1]):
                rest = spoken[at + 2 :]
                is_limited = bool(rest) and rest[0] in known.prepositions
                yield stem(spoken[at + 1]), _stems(rest) if is_limited else frozenset()


def crosses_objects(sentence: str, quote: str) -> bool:
    """True if one of two things that a verb has gets what is said of the other: cakes except on Monday, where
    there is bread except on Monday, and cakes on weekends."""
    said = _stems(words(sentence))
    for line in _SENTENCE.split(quote):
        for pair in itertools.pairwise(_things(line)):
            for (own, ours), (other, theirs) in (pair, pair[::-1]):
                if other & said and not own & said and ours & said and not theirs & said:
                    return True
    return False


def _things(line: str) -> list[tuple[Words, Words]]:
    """Return the things that one verb of a line has, with what is said of each alone: bread (Monday), cakes
    (weekends); none if there are not several."""
    parts = [spoken_of(part) for part in _JOINT.split(line)]
    begin = next((at for at, spoken in enumerate(parts) if _after_verb(spoken)), len(parts))
    verbless = itertools.takewhile(lambda spoken: not _after_verb(spoken), parts[begin + 1 :])
    held = [_after_verb(spoken) for spoken in parts[begin : begin + 1]]
    return [(own, rest) for own, rest in map(_thing, [*held, *verbless]) if own and rest]


def _thing(spoken: Sequence[str]) -> tuple[Words, Words]:
    """Return the first words of substance, and those after the next word that is none."""
    after = [*itertools.dropwhile(lambda word: not is_telling(word), spoken)]
    own = [*itertools.takewhile(is_telling, after)]
    return _stems(own), _stems(after[len(own) :])


def _after_verb(spoken: Sequence[str]) -> Sequence[str]:
    """Return what follows the last verb; nothing if there is none."""
    known = language()
    verbs = [
        at
        for at, word in enumerate(spoken)
        if word in known.be | known.have or (word not in known.exceptions and roles.is_verb_at(spoken, at))
    ]
    return spoken[verbs[-1] + 1 :] if verbs else []


def _spoken_parts(text: str) -> Iterator[list[str]]:
    for line in _SENTENCE.split(text):
        yield from (spoken_of(part) for part in _PART.split(line) if part and part.strip())


def _stems(spoken: Sequence[str]) -> Words:
    return frozenset(map(stem, filter(is_telling, spoken)))
