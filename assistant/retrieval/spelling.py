"""Typing errors in a question, mended by the words of the index.

Only a word that is in no document, that the embedder does not know as a word either, and that names no
country is taken for one. It becomes the word of the documents that is one change away, or two where it is
long.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from assistant.core.types import Query
from assistant.ingest.library import Library
from assistant.store.index import terms
from assistant.text import languages
from assistant.text.territories import codes
from assistant.text.words import folded

SHORTEST = 5
"""Letters of a word that is mended: shorter ones are too like others."""
LONG = 9
"""Letters from which two changes are mended, and not one alone. A name has to have one only."""
LOOKED_AT = 20
"""Passages whose words are compared."""
Count = Callable[[str], int]
"""How many pieces the embedder cuts a text into."""


def corrected(query: Query, library: Library, count: Count) -> tuple[Query, Mapping[str, str]]:
    """The query with its mistyped words mended, and what each of them became."""
    mended = {}
    language = languages.language_of(query.text)
    for word in dict.fromkeys(languages.WORD.findall(query.focus or query.text)):
        if right := _mended(word, language, library, count):
            mended[word] = right
    if not mended:
        return query, mended
    text, focus = (_with(mended, part) for part in (query.text, query.focus))
    return replace(query, text=text, focus=focus), mended


def _with(mended: Mapping[str, str], text: str) -> str:
    for wrong, right in mended.items():
        text = re.sub(rf"(?<!\w){re.escape(wrong)}(?!\w)", right, text)
    return text


def _mended(word: str, language: str, library: Library, count: Count) -> str | None:
    if len(word) < SHORTEST or not word.isalpha() or codes(word) or count(word) <= count("a"):
        return None
    found = terms(word)
    if len(found) != 1 or library.search(lambda index: index.has_term(found[0])):
        return None
    reach = 2 if len(word) >= LONG and word.islower() else 1
    keys = library.search(lambda index: index.match_fuzzy(found[0], reach, LOOKED_AT))
    texts = (kept.context for kept in library.ledger.stored_passages(keys).values())
    # "Modelo" is no mistyped "model": what is right in one language is not to be mended by another.
    return _nearest(word, reach, [text for text in texts if languages.language_of(text) == language])


def _nearest(word: str, reach: int, texts: list[str]) -> str | None:
    """The word of the texts that takes the fewest changes, the most frequent of those."""
    wrong = folded(word)
    counted = Counter(found for text in texts for found in languages.WORD.findall(text) if found.isalpha())
    near = {
        right: (changes, right.islower() != word.islower(), -times)
        for right, times in counted.items()
        if folded(right)[0] == wrong[0]
        # "Grown" is no mistyped "grow".
        and not wrong.startswith(folded(right))
        and not folded(right).startswith(wrong)
        and 0 < (changes := distance(wrong, folded(right), reach)) <= reach
    }
    return min(near, key=lambda right: near[right]) if near else None


def distance(one: str, other: str, most: int) -> int:
    """Letters added, left out, exchanged or swapped with the next, at most `most` + 1 (optimal string
    alignment)."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if last and i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], most + 1)
