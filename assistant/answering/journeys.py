"""Journeys the other way round: "Who went to Iran?" is not answered by a tour of Iran's president.

A country after a word such as "visited" or "went to" is where somebody goes; one before it is where somebody
comes from. Only languages in which the verb stands between the two have such words (`[journeys]`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.text import languages
from assistant.text.languages import Vocabulary
from assistant.text.territories import territories
from assistant.text.words import folded

Codes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """The countries before and after a word for a journey, in the order of the text."""

    before: Codes
    after: Codes

    @property
    def reached(self) -> frozenset[str]:
        """The countries that it reaches. With none behind the word, they come before the one that it leaves:
        "Cuba is one of the countries that Iran's president visited"."""
        return frozenset(self.after or self.before[:-1])

    @property
    def left(self) -> frozenset[str]:
        """The countries that it leaves."""
        return frozenset(self.before if self.after else self.before[-1:])


def asked_countries(question: str) -> frozenset[str]:
    """Return the countries to which the journeys of a question go."""
    return frozenset[str]().union(*(journey.after for journey in _journeys(question)))


def is_opposite(asked: frozenset[str], sentence: str) -> bool:
    """Return True if all journeys of a sentence lead away from the countries of `asked_countries`."""
    told = list(_journeys(sentence)) if asked else []
    reached = frozenset[str]().union(*(journey.reached for journey in told))
    left = frozenset[str]().union(*(journey.left for journey in told))
    return bool(reached) and asked <= left and asked.isdisjoint(reached)


def _journeys(text: str) -> Iterator[Journey]:
    """Yield the journeys of a text; none in the passive, in which the one who goes comes last."""
    named, known = territories(text), _vocabulary()
    spoken = [*languages.WORD.finditer(text)]
    folds = [folded(found[0]) for found in spoken]
    for at, found in enumerate(spoken):
        if folds[at] in known["words"] and known["by"].isdisjoint(folds[at + 1 : at + 2]):
            before = tuple(each.code for each in named if each.start < found.start())
            yield Journey(before, tuple(each.code for each in named if each.start >= found.end()))


@functools.cache
def _vocabulary() -> Vocabulary:
    """Return the words of all languages, as that of a few words is hard to detect."""
    tables = [languages.vocabulary(code, "journeys") for code in languages.CODES]
    return {key: frozenset[str]().union(*(t.get(key, ()) for t in tables)) for key in ("words", "by")}
