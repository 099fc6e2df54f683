"""What is peculiar to a language and needed to compare what two texts say: its words, as data.

A language is two files in `languages/`: `<code>.toml`, written by hand, and `<code>.synonyms.txt`, made by
`eval/make_synonyms.py`. English is the only one so far; a text in another is compared by its own words alone.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assistant.text.words import stem

FOLDER = Path(__file__).parent / "languages"
Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language, folded, by what they do in a sentence; see the comments in its file."""

    light: Words
    hedges: Words
    wide_hedges: Words
    negations: Words
    no_negation: Words
    boundaries: Words
    quantities: Mapping[str, Words]
    exceptions: Words
    ranks: Words
    ordinals: Words
    endings: Words
    be: Words
    have: Words
    by: Words
    prepositions: Words
    determiners: Words
    pronouns: Words
    verbs: Words
    """Stems of words that are mostly verbs."""
    rewrites: Mapping[str, str]
    """Wordings, and those that stand for them when two texts are compared."""
    classes: Mapping[str, frozenset[int]]
    """A stem -> the classes of synonyms that it is in."""
    near: Mapping[str, Words]
    """A stem -> the stems of single words that may stand for it."""
    wider: Mapping[str, Words]
    """A stem -> the stems of what it is a kind of."""

    def are_synonyms(self, word: str, other: str) -> bool:
        """Whether two words may stand for one another."""
        if stem(other) in self.near.get(stem(word), ()):
            return True
        return not self._classes(word).isdisjoint(self._classes(other))

    def is_kind_of(self, word: str, wider: str) -> bool:
        """Whether `word` names a kind of what `wider` names: a ferry is a ship."""
        return stem(wider) in self.wider.get(stem(word), ())

    def _classes(self, word: str) -> frozenset[int]:
        return self.classes.get(stem(word), frozenset()) | self.classes.get(word, frozenset())


@lru_cache(maxsize=8)
def language(code: str = "en") -> Language:
    """The language with this code."""
    data = tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8"))
    made = (FOLDER / f"{code}.synonyms.txt").read_text("utf-8").splitlines()
    made = [line for line in made if not line.startswith("#")]
    forms = [line.split() for line in data["irregular"]["forms"].split(";")]
    by_hand = data["synonyms"]["classes"].split(";")
    verbs = (FOLDER / f"{code}.verbs.txt").read_text("utf-8").split()
    return Language(
        light=_set(data["light"]["words"]),
        hedges=_set(data["hedges"]["words"]),
        wide_hedges=_set(data["hedges"]["wide"]),
        negations=_set(data["negation"]["words"]),
        no_negation=_set(data["negation"]["followed_by"]),
        boundaries=_set(data["negation"]["clauses"]),
        quantities={name: _set(words) for name, words in data["quantities"].items()},
        exceptions=_set(data["exceptions"]["words"]),
        ranks=_set(data["ranks"]["words"]),
        ordinals=_set(data["ranks"]["before"]),
        endings=_set(data["derivation"]["endings"]) | {""},
        have=_set(data["voice"]["have"]),
        be=_set(data["voice"]["be"]),
        by=_set(data["voice"]["by"]),
        pronouns=_set(data["voice"]["pronouns"]),
        prepositions=_set(data["voice"]["prepositions"]),
        determiners=_set(data["voice"]["determiners"]),
        verbs=frozenset(map(stem, verbs))
        | {stem(form) for line in forms for form in line if line[0] in verbs},
        rewrites=data["rewrites"],
        classes=_classes([*by_hand, *(line for line in made if not {"<", "~"} & {*line})], forms),
        near=_both_ways(_related(made, "~"), forms),
        wider=_related(made, "<"),
    )


def _set(words: str) -> Words:
    return frozenset(words.split())


def _classes(lines: Sequence[str], forms: Sequence[Sequence[str]]) -> dict[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(lines):
        for word in line.split():
            found[stem(word)].add(number)
            found[word].add(number)
    for number, together in enumerate(forms, len(lines)):
        shared = {number}.union(*(found[stem(form)] for form in together))
        for form in together:
            found[stem(form)] |= shared
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _related(lines: Sequence[str], sign: str) -> dict[str, Words]:
    """The lines `word sign others`, by stems."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        word, there, others = line.partition(f" {sign} ")
        if there:
            found[stem(word)] |= {stem(other) for other in others.split()}
    return {word: frozenset(others) for word, others in found.items()}


def _both_ways(near: Mapping[str, Words], forms: Sequence[Sequence[str]]) -> dict[str, Words]:
    """The same with each word near to the other, and with what is near to one form near to all."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for word, others in near.items():
        found[word] |= others
        for other in others:
            found[other].add(word)
    for line in forms:
        stems = {stem(form) for form in line}
        together = set[str]().union(*(found[one] for one in stems))
        for one in stems:
            found[one] |= together
        for other in together:
            found[other] |= stems
    return {word: frozenset(others) for word, others in found.items()}
