"""Names written small: "iran sold to venezuela" is read with the capitals that its sources give them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from assistant.text.territories import territories
from assistant.text.words import WORD, folded, is_telling, names


@lru_cache(maxsize=256)
def proper(*texts: str) -> frozenset[str]:
    """Return the folded words that have a capital inside of a sentence of `texts`, and are nowhere small."""
    small = {folded(word) for text in texts for word in WORD.findall(text) if word[0].islower()}
    return frozenset(name for text in texts for name in _inside(text)) - small


def _inside(text: str) -> Iterable[str]:
    for found in re.finditer(rf"(?<=[\w,] ){WORD.pattern}", text):
        yield from names(found[0])


def with_capitals(sentence: str, known: frozenset[str]) -> str:
    """Return the sentence with capitals for its countries and for the names that are `known`."""
    starts = {territory.start for territory in territories(sentence)}
    starts |= {
        found.start()
        for found in WORD.finditer(sentence)
        if is_telling(folded(found[0])) and re.sub(r"'s?$", "", folded(found[0])) in known
    }
    return "".join(letter.upper() if at in starts else letter for at, letter in enumerate(sentence))
