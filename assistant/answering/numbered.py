"""Things of a kind that are told apart by a number: stage 2 of a review, chapter 4, version 3."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from assistant.answering.question import synonyms
from assistant.text import languages
from assistant.text.words import folded, is_telling, stem

# Longer numbers are years and amounts.
_DIGITS = r"\d{1,3}(?![\w.,:]*\d|\s*%)"
Numbered = Mapping[str, frozenset[int]]
"""Stem of a noun -> the numbers behind it."""


def numbered(text: str) -> Numbered:
    """Return the things of a text that have numbers."""
    found: dict[str, frozenset[int]] = {}
    for match in _pattern().finditer(folded(text)):
        noun, numbers = match["noun"], frozenset(_numbers(match["numbers"]))
        if is_telling(noun) and noun not in languages.function_words() and noun not in synonyms("price"):
            found[stem(noun)] = found.get(stem(noun), frozenset()) | numbers
    return found


def shared_with(document: str, asked: Numbered) -> Numbered:
    """Return those of the things asked about that a document has, too."""
    told = numbered(document) if asked else {}
    return {noun: both for noun, found in asked.items() if (both := found & told.get(noun, frozenset()))}


def is_of_another_number(asked: Numbered, sentence: str, above: str) -> bool:
    """Return True if a sentence is on another of the things asked about: on stage 3, not on stage 2. What its
    headings name counts for it."""
    if not asked:
        return False
    told, around = numbered(sentence), numbered(above)
    return any(
        noun in told and found.isdisjoint(told[noun] | around.get(noun, frozenset()))
        for noun, found in asked.items()
    )


def _numbers(listed: str) -> Iterator[int]:
    """Yield the numbers of a list, and those within a range: "3, 4", "3-5"."""
    last = -1
    for dash, number in re.findall(r"([-–]?)\s*(\d+)", listed):
        yield from range(last + 1 if dash and last >= 0 else int(number), int(number) + 1)
        last = int(number)


@functools.cache
def _pattern() -> re.Pattern[str]:
    """Return the pattern of a noun with its numbers: "stages 2, 3 and 4"."""
    joints = frozenset[str]().union(
        *(languages.vocabulary(code, "follow_up").get("joins", frozenset()) for code in languages.CODES)
    )
    between = rf"\s*(?:[,&–-]|(?<=\s)(?:{'|'.join(map(re.escape, sorted(joints)))})(?=\s))\s*"
    return re.compile(rf"(?P<noun>[^\W\d_]{{3,}})\s+(?P<numbers>{_DIGITS}(?:{between}{_DIGITS})*)")
