"""What a question asks for and how much of an answer it wants, by the words of its language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from assistant.text import words
from assistant.text.languages.asking import Asking, any_of, asking
from assistant.text.values import joined, moments, numbers, years
from assistant.text.words import folded

PREFIX = 5
"""Letters at their beginning by which two words are taken for forms of one, in any language."""


@dataclass(frozen=True)
class Question:
    """A question with what can be told from its words alone."""

    text: str

    @property
    def known(self) -> Asking:
        """The words of all languages."""
        return asking()

    @cached_property
    def folded(self) -> str:
        return folded(joined(self.text))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All its words in order, numbers too."""
        return tokens(joined(self.text))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that it may be asked in."""
        return self.known.spoken(self.words)

    @cached_property
    def function(self) -> frozenset[str]:
        """The words that name nothing in its language."""
        return frozenset().union(*(self.known.functions[code] for code in self.languages))

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(self.words)

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """The words that name something."""
        return tuple(word for word in dict.fromkeys(self.words) if word not in self.function)

    @cached_property
    def names(self) -> frozenset[str]:
        """The words with a capital, but for the first; none where nearly all have one."""
        capitals = words.names(re.sub(r"^\W*\w+", "", self.text)) - self.function
        return capitals if 2 * len(capitals) <= len(self.telling) + 2 else frozenset()

    @cached_property
    def numbers(self) -> frozenset[str]:
        return numbers(self.text)

    @cached_property
    def days(self) -> frozenset[str]:
        """The days that it names, and the months that it names without a day."""
        found = moments(self.text)
        return frozenset(m for m in found if len(m) == 10) or found

    @cached_property
    def years(self) -> frozenset[str]:
        """The years that it asks about; none where they only limit a span ("since 2012")."""
        if self.known.since.intersection(self.words):
            return frozenset()
        return years(self.text)

    @property
    def is_glued(self) -> bool:
        """Whether it is a question with another before it, which it points back to."""
        return any(mark in self.text.rstrip(" ?？؟") for mark in "?？؟")

    def asks(self, *kinds: str) -> bool:
        """Whether it holds a phrase of one of these kinds."""
        return any(self.known.has(kind, self.folded) for kind in kinds)

    @cached_property
    def is_polar(self) -> bool:
        """Whether it is answered with yes or no."""
        first = self.words[:1]
        return any(self.known.polar[code].issuperset(first) for code in self.languages if first)

    @cached_property
    def step(self) -> int | None:
        """The number of the step that it asks for; -1 for the last one."""
        named = _steps()
        found = named.search(self.folded)
        if not found:
            return None
        if found["last"] or found["last2"]:
            return -1
        said = found["number"] or found["number2"] or found["ordinal"] or found["ordinal2"]
        return int(said) if said.isdecimal() else self.known.ordinals[said]

    @cached_property
    def beside_step(self) -> tuple[str, ...]:
        """Its telling words but for those that name a step."""
        found = _steps().search(self.folded)
        said = tokens(found.group()) if found else ()
        return tuple(word for word in self.telling if word not in said)

    @property
    def wants_list(self) -> bool:
        """Whether it is answered by a list as a whole."""
        return self.asks("lists", "how_to")

    @property
    def wants_more(self) -> bool:
        """Whether several sentences belong to its answer."""
        return self.asks("lists", "how_to", "why", "open", "compare")

    def holds(self, word: str) -> bool:
        """Whether it has this word, in one of its forms."""
        return any(alike(word, own) for own in self.words)

    def says(self, phrase: Sequence[str]) -> bool:
        """Whether it has these words, one after the other; the last in any of its endings."""
        size = len(phrase)
        if not size or not self._forms.issuperset(phrase[:-1]):
            return False
        places = (self.words[at : at + size] for at in range(len(self.words) - size + 1))
        return any(
            w[:-1] == tuple(phrase[:-1]) and words.stem(w[-1]) == words.stem(phrase[-1]) for w in places
        )

    def share(self, there: Collection[str]) -> float:
        """The share of its telling words that stand among some others, in one of their forms."""
        if not self.telling:
            return 0.0
        return sum(any(alike(word, other) for other in there) for word in self.telling) / len(self.telling)


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, folded, without possessives; scripts without spaces by character."""
    found = re.findall(rf"\d+(?:[.,:]\d+)*|{words.WORD.pattern}|[^\W_]+", folded(text))
    return tuple(re.sub(r"'s?$", "", word) for word in found)


@lru_cache(maxsize=65536)
def alike(one: str, other: str) -> bool:
    """Whether two folded words are forms of one: pay and pays, arrive and arrival."""
    if one == other:
        return True
    if one[:1].isdigit() or other[:1].isdigit() or one[:2] != other[:2]:
        return False
    if words.stem(one) == words.stem(other):
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= PREFIX and short[:PREFIX] == long[:PREFIX] and len(long) - len(short) <= 4


def kin(word: str) -> frozenset[str]:
    """The words that name the same kind of thing as this one, in all languages: fee, price, tarifa."""
    columns = asking().columns
    return (
        columns.get(word)
        or columns.get(words.stem(word))
        or columns.get(word.removesuffix("s"))
        or frozenset()
    )


@lru_cache(maxsize=1)
def _steps() -> re.Pattern[str]:
    known = asking()
    step, ordinal = known.phrases["step"].pattern, any_of(known.ordinals).pattern
    last = known.phrases["last"].pattern
    return re.compile(
        rf"(?:{step})\s*(?:(?P<number>\d{{1,3}})|(?P<ordinal>{ordinal})|(?P<last>{last}))"
        rf"|(?:(?P<number2>\d{{1,3}})(?:st|nd|rd|th|\.|º|ª|er|e|re)?|(?P<ordinal2>{ordinal})|(?P<last2>{last}))\s*(?:{step})"
    )


def meets(terms: Iterable[str], there: Collection[str]) -> bool:
    """Whether one of some words stands among others, in one of its forms."""
    return any(alike(term, other) for term in terms for other in there)
