"""Mentions of countries, years, works and people in a question or an answer, and their fuller names."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.text import languages
from assistant.text.territories import territories
from assistant.text.words import folded

MentionKind = Literal["place", "year", "name", "work"]

_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][^\W_]*(?:[-'’._](?=[^\W_])[^\W_]+)*"
_JOINT = r"(?:of\s+|the\s+|de\s+|la\s+|du\s+|der\s+|von\s+|van\s+|al\s+|&\s+)"
_INITIAL = r"(?:(?<=\b\w)\.)?"
_NAME = re.compile(rf"(?<![\w'’]){_CAPITAL}(?:{_INITIAL}\s+{_JOINT}{{0,2}}{_CAPITAL})*")
_QUOTED = re.compile(r"\"([^\"\n]{1,300})\"|[“«„]([^“”«»„\n]{1,300})[”»“]")
MAX_WORK = 60
"""Characters of the name of a work."""
_YEAR = re.compile(r"(?<![\d.,])(?:1[0-9]|20|21)\d\d(?![\d.,]\d|\d)")
MIN_PART = 3
"""Characters that a part of a name has more than, where it is replaced by the whole name."""
MAX_PARTS = 4
"""Words of a name that may be shortened later in the conversation."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text, with its place."""

    text: str
    kind: MentionKind
    start: int
    end: int

    @property
    def words(self) -> frozenset[str]:
        """The folded words of the name, without possessives."""
        return frozenset(re.sub(r"['’]s?$", "", word) for word in languages.words(self.text))


def mentions(
    text: str, language: str | None = None, known: frozenset[str] = frozenset()
) -> tuple[Mention, ...]:
    """Return what a text names, in order and without overlaps.

    The first word of the text is a name only if it is among the folded words `known`.
    """
    found: list[Mention] = []
    for mention in _candidates(text, language or languages.language_of(text), known):
        if not any(mention.start < other.end and other.start < mention.end for other in found):
            found.append(mention)
    return tuple(sorted(found, key=lambda mention: mention.start))


def _candidates(text: str, language: str, known: frozenset[str]) -> Iterator[Mention]:
    for match in _QUOTED.finditer(text):
        group = 1 if match[1] else 2
        if 1 < len(match[group]) <= MAX_WORK:
            yield Mention(match[group], "work", match.start(group), match.end(group))
    names = [] if language == "de" else list(_names(text, language, known))
    places = [Mention(text[t.start : t.end], "place", t.start, t.end) for t in territories(text)]
    # "Bank of England" is a name, "Iran" within "Does Iran" a place.
    yield from (n for n in names if not any(_covers(p, n) for p in places))
    yield from places
    for match in _YEAR.finditer(text):
        yield Mention(match[0], "year", match.start(), match.end())


def _covers(place: Mention, name: Mention) -> bool:
    return place.start <= name.start and name.end <= place.end


def _names(text: str, language: str, known: frozenset[str]) -> Iterator[Mention]:
    """Yield the runs of words with capitals, without words that only begin a sentence."""
    no_names = word_list(language, "no_names")
    small = no_names | small_words(language)
    for match in _NAME.finditer(text):
        start, end = match.span()
        while first := languages.WORD.match(text, start, end):
            if folded(first[0]) not in small:
                break
            start = first.end() + len(text[first.end() : end]) - len(text[first.end() : end].lstrip())
        name = text[start:end]
        name = re.sub(r"['’]s$", "", name)
        is_known = bool(known & set(languages.words(name)))
        if name and folded(name) not in small and (is_known or _is_name(text, start, name)):
            yield Mention(name, "name", start, start + len(name))


def _is_name(text: str, start: int, name: str) -> bool:
    """Return True unless the capital may only mark the beginning of a sentence."""
    begins = not any(map(str.isalnum, text[:start])) or text[:start].rstrip()[-1:] in set(".!?:¿¡\n|")
    odd = any(c.isupper() or c.isdigit() or c == "_" for c in name[1:])
    return not begins or odd


def word_list(language: str, name: str) -> frozenset[str]:
    """Return a list of the language's table `follow_up`; empty where it has none of this name."""
    return languages.vocabulary(language, "follow_up").get(name, frozenset())


@functools.cache
def small_words(language: str) -> frozenset[str]:
    """Return the words of a language that carry no topic: question words, prepositions, pronouns."""
    kinds = (
        "questions", "prepositions", "articles", "conjunctions", "persons", "things", "several", "places",
        "demonstrative", "others", "generic", "one",
    )  # fmt: skip
    return frozenset[str]().union(*(word_list(language, kind) for kind in kinds))


def is_proper(title: str, language: str) -> bool:
    """Return True if a title is the name of somebody or something, and not a phrase on a subject."""
    small = small_words(language)
    parts = [w for w in languages.WORD.findall(re.sub(r"\(.*?\)", "", title)) if folded(w) not in small]
    return 0 < len(parts) <= MAX_PARTS and not any(part.islower() for part in parts)


def complete_names(question: str, known: Sequence[str], titles: Sequence[str], language: str) -> str:
    """Return the question with its names in the fullest form said before: Larsson -> Henrik Larsson."""
    bare = [re.sub(r"\s*\(.*?\)", "", name) for name in known]
    whole = [(name, frozenset(languages.words(name))) for name in bare]
    whole = [(name, words) for name, words in whole if 1 < len(words - small_words(language)) <= MAX_PARTS]
    named = mentions(question, language, frozenset[str]().union(*(words for _, words in whole)))
    for mention in reversed(named):
        full = next((name for name, words in whole if mention.kind == "name" and mention.words < words), None)
        if full and not _contains(question, full, language):
            question = question[: mention.start] + full + question[mention.end :]
    if any(mention.kind == "name" for mention in named):
        return question
    return _with_title(question, [name for name in bare if name in titles], language)


def _contains(question: str, name: str, language: str) -> bool:
    """Return True if the question has all words of the name."""
    return set(languages.words(name)) - small_words(language) <= set(languages.words(question))


def _with_title(question: str, titles: Sequence[str], language: str) -> str:
    """Return the question with a part of a title replaced by all of it: hammer -> MC Hammer."""
    for title in titles:
        parts = [w for w in languages.WORD.findall(title) if folded(w) not in small_words(language)]
        if (
            not 1 < len(parts) <= MAX_PARTS
            or any(map(str.islower, parts))
            or _contains(question, title, language)
        ):
            continue
        for part in (parts[-1], parts[0]):
            match = re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", question, re.IGNORECASE)
            if match and len(part) > MIN_PART:
                return question[: match.start()] + title + question[match.end() :]
    return question


def merge_names(names: Iterable[str]) -> list[str]:
    """Return the names without repetition, each in its fullest form, in the order of their first mention."""
    kept: list[str] = []
    for name in names:
        own = set(languages.words(name))
        at = next(
            (
                n
                for n, other in enumerate(kept)
                if own & set(languages.words(other)) in (own, set(languages.words(other)))
            ),
            None,
        )
        if at is None:
            kept.append(name)
        elif len(own) > len(languages.words(kept[at])):
            kept[at] = name
    return kept
