"""A question of several parts, taken apart: "When was the bridge built, and who paid for it?"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.retrieval.query_rewriting.mentions import word_list
from assistant.text import languages
from assistant.text.sentences import sentences
from assistant.text.words import folded

LEAST = 3
"""Words of a part."""
MOST = 4
"""Parts of a question; of more, none are taken apart."""
OPENING = 3
"""Words of a part among which the first has its interrogative: "in which year"."""
_MARKS = ("?", "？", "؟")
_WORD = re.compile(r"\w[\w'’]*")


def split(question: str) -> list[str]:
    """Return the parts of a question, one if it has no others."""
    found = [part for asked in _questions(question) for part in _clauses(asked)]
    are_parts = 1 < len(found) <= MOST and all(len(_WORD.findall(part)) >= LEAST for part in found)
    return found if are_parts else [question]


def _questions(text: str) -> Iterator[str]:
    """Yield the sentences that ask, each after the statements before it."""
    begun = 0
    for span in sentences(text):
        if text[span.start : span.end].rstrip().endswith(_MARKS):
            yield text[begun : span.end].strip()
            begun = span.end
    if text[begun:].strip():
        yield text[begun:].strip()


def _clauses(asked: str) -> Iterator[str]:
    """Yield the clauses of a sentence, each with an interrogative of its own."""
    language = languages.language_of(asked)
    found = list(_WORD.finditer(asked))
    words = [folded(word[0]) for word in found]
    begun = 0
    for at in range(1, len(words)):
        start = _start(words, at, language)
        if start is not None and _are_clauses(words[begun:at], words[start:], language):
            yield f"{asked[found[begun].start() if begun else 0 : found[at].start()].rstrip(' ,;')}?"
            begun = start
    yield asked[found[begun].start() :] if begun else asked


def _start(words: list[str], at: int, language: str) -> int | None:
    """Return where a clause begins that is joined to what comes before the word `at`; None if none is."""
    if words[at] in word_list(language, "joined"):
        return at
    is_joined = words[at] in word_list(language, "joins")
    is_asking = words[at + 1 : at + 2] and words[at + 1] in word_list(language, "interrogatives")
    return at + 1 if is_joined and is_asking else None


def _are_clauses(before: list[str], after: list[str], language: str) -> bool:
    """Return True if both ask for something of their own: not "which banks and which firms took part"."""
    asking = word_list(language, "interrogatives")
    first = next((at for at, word in enumerate(before[:OPENING]) if word in asking), None)
    if first is None or min(len(before), len(after)) < LEAST:
        return False
    helping = word_list(language, "questions") - asking
    return before[first] != after[0] or {*before[first + 1 : first + 2], *after[1:2]} <= helping
