"""Analysis of a question: the kind and extent of answer that it asks for, by the words of its language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from assistant.text import words
from assistant.text.languages.questions import QuestionVocabulary, any_of, question_vocabulary
from assistant.text.values import join_digits, moments, numbers, years
from assistant.text.words import folded

PREFIX = 5
"""Letters of a common prefix by which words of any language are taken for forms of one word."""


@dataclass(frozen=True)
class Question:
    """A question with the properties that follow from its words."""

    text: str

    @property
    def vocabulary(self) -> QuestionVocabulary:
        """The vocabulary of all languages."""
        return question_vocabulary()

    @cached_property
    def folded(self) -> str:
        return folded(join_digits(self.text))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All its words in order, numbers too."""
        return tokens(join_digits(self.text))

    @cached_property
    def function_words(self) -> frozenset[str]:
        """The function words of its language."""
        return self.vocabulary.function_words_of(self.words)

    @cached_property
    def column_words(self) -> frozenset[str]:
        """The words for kinds of columns in its likely languages: "data" is a date in Portuguese alone."""
        codes = self.vocabulary.likely_languages(self.words)
        return frozenset().union(*(self.vocabulary.column_words[code] for code in codes))

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(self.words)

    @cached_property
    def content_words(self) -> tuple[str, ...]:
        """Its words without function words."""
        return tuple(word for word in dict.fromkeys(self.words) if word not in self.function_words)

    @cached_property
    def specific_words(self) -> tuple[str, ...]:
        """Its content words without those that fit nearly every record."""
        return tuple(word for word in self.content_words if word not in self.vocabulary.generic)

    @cached_property
    def names(self) -> frozenset[str]:
        """The capitalised words except the first; empty if nearly all are capitalised."""
        capitals = words.names(re.sub(r"^\W*\w+", "", self.text)) - self.function_words
        return capitals if 2 * len(capitals) <= len(self.content_words) + 2 else frozenset()

    @cached_property
    def numbers(self) -> frozenset[str]:
        return numbers(self.text)

    @cached_property
    def days(self) -> frozenset[str]:
        """The days in it; the months if it has no days."""
        found = moments(self.text)
        return frozenset(m for m in found if len(m) == 10) or found

    @cached_property
    def years(self) -> frozenset[str]:
        """The years that it asks about; empty if they only limit a span ("since 2012")."""
        if self.vocabulary.since.intersection(self.words):
            return frozenset()
        return years(self.text)

    @cached_property
    def last(self) -> str:
        """The question that is asked, without those before it that it refers to."""
        return (
            re.findall(r"[^?？؟]*[^?？؟\s][^?？؟]*[?？؟]*", self.text)[-1].strip()
            if self.text.strip(" ?？؟")
            else ""
        )

    @property
    def is_follow_up(self) -> bool:
        """True if it is preceded by another question, which it refers to."""
        return any(mark in self.text.rstrip(" ?？؟") for mark in "?？؟")

    def asks(self, *kinds: str) -> bool:
        """Return True if it has a phrase of one of these kinds."""
        return any(self.vocabulary.has(kind, self.folded) for kind in kinds)

    @cached_property
    def counted(self) -> str:
        """The word after "how many"; empty without one."""
        after = self.vocabulary.after("how_many", self.folded)
        return next((word for word in tokens(after) if word not in self.function_words), "")

    @cached_property
    def is_polar(self) -> bool:
        """True if it is a yes/no question."""
        languages = self.vocabulary.likely_languages(self.words)
        return bool(self.words) and any(self.words[0] in self.vocabulary.polar[code] for code in languages)

    @cached_property
    def step(self) -> int | None:
        """The number of the step that it asks for; -1 for the last."""
        found = _step_pattern().search(self.folded)
        if not found:
            return None
        if found["last"] or found["last2"]:
            return -1
        number = found["number"] or found["number2"] or found["ordinal"] or found["ordinal2"]
        return int(number) if number.isdecimal() else self.vocabulary.ordinals[number]

    @cached_property
    def words_beside_step(self) -> tuple[str, ...]:
        """Its content words without those that name a step."""
        found = _step_pattern().search(self.folded)
        step_words = tokens(found.group()) if found else ()
        return tuple(word for word in self.content_words if word not in step_words)

    @property
    def wants_list(self) -> bool:
        """True if a whole list answers it."""
        return self.asks("lists", "how_to")

    @property
    def wants_more(self) -> bool:
        """True if its answer may need several sentences."""
        return self.asks("lists", "how_to", "why", "open", "compare")

    def has(self, word: str) -> bool:
        """Return True if it has this word in any form."""
        return any(same_word(word, own) for own in self.words)

    def has_phrase(self, phrase: Sequence[str]) -> bool:
        """Return True if it has these words in sequence, the last with any ending."""
        size = len(phrase)
        if not size or not self._forms.issuperset(phrase[:-1]):
            return False
        places = (self.words[at : at + size] for at in range(len(self.words) - size + 1))
        return any(
            w[:-1] == tuple(phrase[:-1]) and words.stem(w[-1]) == words.stem(phrase[-1]) for w in places
        )

    def coverage(self, words: Collection[str]) -> float:
        """Return the share of its content words that are among `words` in any form, 0 to 1."""
        if not self.content_words:
            return 0.0
        return sum(any_in([word], words) for word in self.content_words) / len(self.content_words)


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """Return the folded words and numbers of a text, without possessives; unspaced scripts by character."""
    found = re.findall(rf"\d+(?:[.,:]\d+)*|{words.WORD.pattern}|[^\W_]+", folded(text))
    return tuple(re.sub(r"'s?$", "", word) for word in found)


@lru_cache(maxsize=65536)
def same_word(word: str, other: str) -> bool:
    """Return True if two folded words are forms of one word: pay and pays, arrive and arrival."""
    if word == other:
        return True
    if word[:1].isdigit() or other[:1].isdigit() or word[:2] != other[:2]:
        return False
    if words.stem(word) == words.stem(other):
        return True
    short, long = sorted((word, other), key=len)
    return len(short) >= PREFIX and short[:PREFIX] == long[:PREFIX] and len(long) - len(short) <= 4


def synonyms(word: str) -> frozenset[str]:
    """Return the words for the same kind of column in all languages: fee, price, tarifa."""
    columns = question_vocabulary().columns
    return (
        columns.get(word)
        or columns.get(words.stem(word))
        or columns.get(word.removesuffix("s"))
        or frozenset()
    )


@lru_cache(maxsize=1)
def _step_pattern() -> re.Pattern[str]:
    vocabulary = question_vocabulary()
    step, ordinal = vocabulary.phrases["step"].pattern, any_of(vocabulary.ordinals).pattern
    last = vocabulary.phrases["last"].pattern
    return re.compile(
        rf"(?:{step})\s*(?:(?P<number>\d{{1,3}})|(?P<ordinal>{ordinal})|(?P<last>{last}))"
        rf"|(?:(?P<number2>\d{{1,3}})(?:st|nd|rd|th|\.|º|ª|er|e|re)?|(?P<ordinal2>{ordinal})|(?P<last2>{last}))\s*(?:{step})"
    )


def any_in(terms: Iterable[str], words: Collection[str]) -> bool:
    """Return True if any of the terms is among `words` in any form."""
    return any(same_word(term, word) for term in terms for word in words)
