"""Correction of misspelt words in a question by the words of the index.

A word is misspelt if it is in no document, neither it nor its stem is a single piece to the embedder, and it
names no country. It is replaced by a word of the documents that is one change away, or two if it is long.
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
from assistant.text.words import folded, stem

MIN_LENGTH = 5
"""Letters of a word that is corrected: shorter words are too alike."""
MIN_LONG = 9
"""Letters of a word in which two changes are allowed, unless it is a name."""
MAX_PASSAGES = 20
"""Passages whose words are compared."""
Count = Callable[[str], int]
"""A function that returns the number of pieces that the embedder cuts a text into."""


def corrected(query: Query, library: Library, count: Count) -> tuple[Query, Mapping[str, str]]:
    """Return the query with its misspelt words corrected, and the correction of each of them."""
    corrections = {}
    language = languages.language_of(query.text)
    for word in dict.fromkeys(languages.WORD.findall(query.focus or query.text)):
        if right := _correct_word(word, language, library, count):
            corrections[word] = right
    text, focus = (_replace_words(part, corrections) for part in (query.text, query.focus))
    return replace(query, text=text, focus=focus), corrections


def _replace_words(text: str, corrections: Mapping[str, str]) -> str:
    """Return the text with each of the words replaced by its correction."""
    for wrong, right in corrections.items():
        text = re.sub(rf"(?<!\w){re.escape(wrong)}(?!\w)", right, text)
    return text


def _correct_word(word: str, language: str, library: Library, count: Count) -> str | None:
    """Return the correction of a word; None if it is not misspelt or nothing is near."""
    if len(word) < MIN_LENGTH or not word.isalpha() or codes(word) or _is_known(word, count):
        return None
    stems = terms(word)
    if len(stems) != 1 or library.search(lambda index: index.has_term(stems[0])):
        return None
    reach = 2 if len(word) >= MIN_LONG and word.islower() else 1
    keys = library.search(lambda index: index.match_fuzzy(stems[0], reach, MAX_PASSAGES))
    texts = (kept.context for kept in library.ledger.stored_passages(keys).values())
    # "Modelo" is no misspelt "model": a word of one language is not corrected by those of another.
    return _nearest(word, reach, [text for text in texts if languages.language_of(text) == language])


def _is_known(word: str, count: Count) -> bool:
    """Return True if a word is a single piece, or its stem if that is not too short: "paint" of "painted"."""
    stemmed = stem(folded(word))
    return any(count(form) <= count("a") for form in (word, stemmed) if len(form) >= MIN_LENGTH)


def _nearest(word: str, reach: int, texts: list[str]) -> str | None:
    """Return the most frequent of the words of the texts that are the fewest changes away."""
    wrong = folded(word)
    counts = Counter(other for text in texts for other in languages.WORD.findall(text) if other.isalpha())
    near = {
        right: (changes, right.islower() != word.islower(), -times)
        for right, times in counts.items()
        if folded(right)[0] == wrong[0]
        # "Grown" is no misspelt "grow".
        and not wrong.startswith(folded(right))
        and not folded(right).startswith(wrong)
        and 0 < (changes := distance(wrong, folded(right), reach)) <= reach
    }
    return min(near, key=lambda right: near[right]) if near else None


def distance(word: str, other: str, limit: int) -> int:
    """Return the optimal string alignment distance of two words, at most `limit` + 1.

    It counts letters added, dropped, replaced, and swapped with the next.
    """
    if abs(len(word) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if last and i > 1 and j > 1 and a == other[j - 2] and word[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], limit + 1)
