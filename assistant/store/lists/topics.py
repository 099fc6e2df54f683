"""Topics of documents: the words and pairs of words that the headings of several of them have."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from assistant.text import languages
from assistant.text.words import folded, is_kin, is_telling, stem

MOST = 8
"""Topics at most."""
FEW = 4
"""Documents below which their headings themselves are the topics."""
LONGEST = 60
"""Characters of a heading that is a topic at most."""
SHORTEST = 3
"""Letters of a word that is a topic at least."""
COMMON = 0.6
"""The share of documents above which a word says nothing of what some of them are about."""
PAIR = 1.6
"""What a pair of words counts against one word."""
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[-'’](?=[^\W_]))*")
_NUMBERING = re.compile(r"^[\W\d_]+")
Key = tuple[str, ...]
"""A topic: the stems of its words."""


def topics(lines: Sequence[Sequence[str]], most: int = MOST) -> list[str]:
    """Return what documents are about, what most of them share first.

    `lines` has the title and the headings of each.
    """
    if len(lines) < FEW:
        return _headings(lines)[:most]
    forms: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    spread: Counter[Key] = Counter()
    for own in lines:
        found = [phrase for line in own for phrase in _phrases(line)]
        spread.update({key for key, _ in found})
        for key, form in found:
            forms[key][form] += 1
    shared = {key: n for key, n in spread.items() if 2 <= n <= max(2, COMMON * len(lines))}
    ranked = sorted(shared, key=lambda key: (-_weight(key, shared[key]), key))
    return [_form(forms[key]) for key in itertools.islice(_apart(ranked), most)]


def _headings(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the headings in turn, one of each document, then a second of each."""
    rows = itertools.zip_longest(*(own[1:] for own in lines))
    told = (_NUMBERING.sub("", line) for row in rows for line in row if line)
    return list(dict.fromkeys(line for line in told if SHORTEST <= len(line) <= LONGEST))


def _phrases(line: str) -> Iterator[tuple[Key, str]]:
    """Yield the telling words of a line, and each two that stand side by side."""
    before: re.Match[str] | None = None
    for word in _WORD.finditer(line):
        if not _tells(word.group()):
            before = None
            continue
        yield (_key(word.group()),), word.group()
        if before and line[before.end() : word.start()].isspace():
            yield (_key(before.group()), _key(word.group())), line[before.start() : word.end()]
        before = word


def _tells(word: str) -> bool:
    plain = folded(word)
    return len(plain) >= SHORTEST and is_telling(plain) and plain not in languages.function_words()


def _key(word: str) -> str:
    return stem(re.sub(r"['’]s?$", "", folded(word)))


def _weight(key: Key, documents: int) -> float:
    return documents * (PAIR if len(key) > 1 else 1.0)


def _apart(ranked: Sequence[Key]) -> Iterator[Key]:
    """Yield the topics that share no word, and no form of a name, with one before them."""
    told: list[str] = []
    for key in ranked:
        if not any(word == other or is_kin(word, other) for word in key for other in told):
            told += key
            yield key


def _form(forms: Counter[str]) -> str:
    """Return the most frequent form of a topic, with a capital; of equal ones the first in the alphabet."""
    form = min(forms, key=lambda each: (-forms[each], each))
    return form[:1].upper() + form[1:]
