"""Vocabulary of questions and answers: the tables `answers` of all language files together."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.text.languages import CODES, table
from assistant.text.words import folded

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class QuestionVocabulary:
    """The folded vocabulary of all languages, as the language of a few words is hard to detect."""

    function_words: Mapping[str, frozenset[str]]
    """Language -> its articles, prepositions, pronouns and question words."""
    negations: frozenset[str]
    before_nouns: frozenset[str]
    """Function words that precede a noun."""
    generic: frozenset[str]
    """Verbs and nouns that fit nearly every record: pay, come, entry."""
    polar: Mapping[str, frozenset[str]]
    """Language -> the first words of its yes/no questions."""
    question_labels: frozenset[str]
    answer_labels: frozenset[str]
    rows: frozenset[str]
    """The words for the rows of a table."""
    since: frozenset[str]
    """Words that make a year the limit of a span."""
    phrases: Mapping[str, Pattern]
    """Kind of phrase (who, when, how_to, largest...) -> its pattern for folded text."""
    ordinals: Mapping[str, int]
    months: Mapping[str, int]
    multiples: Mapping[str, int]
    """Word behind a number -> its factor: million."""
    columns: Mapping[str, frozenset[str]]
    """Word -> the words for the same kind of column."""
    column_words: Mapping[str, frozenset[str]]
    """Language -> its words for all kinds of columns."""

    def likely_languages(self, words: Collection[str]) -> tuple[str, ...]:
        """Return the codes of the languages with most function words among `words`.

        "war" is a function word in German; in an English question it is a noun.
        """
        hits = {code: sum(word in own for word in words) for code, own in self.function_words.items()}
        most = max(hits.values(), default=0)
        return tuple(code for code, count in hits.items() if count == most)

    def function_words_of(self, words: Collection[str]) -> frozenset[str]:
        """Return the function words of the likely languages of `words`."""
        return frozenset().union(*(self.function_words[code] for code in self.likely_languages(words)))

    def begins_with_yes(self, text: str) -> bool:
        """Return True if a folded text begins with yes or no, so that it needs its question.

        A single word counts only before punctuation: "No accidents were reported" does not.
        """
        found = self.phrases["yes_no"].match(text)
        alone = found and (" " in found.group() or not text[found.end() :].strip())
        return bool(found and (alone or re.match(r"\s*[,.;:!，。；：！、،؛।-]", text[found.end() :])))

    def has(self, kind: str, text: str) -> bool:
        """Return True if a folded text has a phrase of this kind."""
        return self.phrases[kind].search(text) is not None

    def after(self, kind: str, text: str) -> str:
        """Return what comes after the first phrase of this kind in a folded text; empty if it has none."""
        found = self.phrases[kind].search(text)
        return text[found.end() :] if found else ""


_PHRASES = (
    "yes_no who when where how_much how_many why how_to lists open compare step last largest smallest latest "
    "earliest total average"
).split()
_LETTERS = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


@functools.cache
def question_vocabulary() -> QuestionVocabulary:
    """Load the tables `answers` of all languages."""
    by_language = {code: answers for code in CODES if (answers := table(code, "answers"))}
    tables = list(by_language.values())
    months = [(name, at) for answers in tables for at, name in enumerate(answers["months"], 1)]
    return QuestionVocabulary(
        function_words={code: _words([answers], "function") for code, answers in by_language.items()},
        polar={code: _words([answers], "polar") for code, answers in by_language.items()},
        **{key: _words(tables, key) for key in ("before_nouns", "generic", "negations")},
        **{key: _words(tables, key) for key in ("question_labels", "answer_labels", "rows", "since")},
        phrases={kind: any_of(phrase for answers in tables for phrase in answers[kind]) for kind in _PHRASES},
        ordinals={folded(word): at for answers in tables for at, word in enumerate(answers["ordinals"], 1)},
        months=_months(months),
        multiples=_multiples(tables),
        columns=_columns(tables),
        column_words={code: frozenset(_columns([answers])) for code, answers in by_language.items()},
    )


def _months(named: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the names of months, and their unambiguous abbreviations of three and four letters."""
    full = [(folded(name), at) for name, at in named]
    short = [
        (name[:length], at) for name, at in full if len(name) > 4 and name[0].isalpha() for length in (3, 4)
    ]
    sure = {name: at for name, at in short if len({n for form, n in short if form == name}) == 1}
    return sure | dict(full)


def any_of(phrases: Iterable[str]) -> Pattern:
    """Return a pattern for any of the phrases, longest first; whole words if the script has spaces."""
    forms = sorted({folded(phrase) for phrase in phrases}, key=len, reverse=True)
    return re.compile("|".join(map(_bounded, forms)))


def _bounded(form: str) -> str:
    inner = r"\s+".join(map(re.escape, form.split()))
    return inner if _UNSPACED.search(form) else rf"(?<![^\W_]){inner}(?![^\W_])"


def _words(tables: Iterable[Mapping[str, Any]], key: str) -> frozenset[str]:
    return frozenset(folded(word) for answers in tables for word in answers[key].split())


def _multiples(tables: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return {
        folded(word).replace("_", " "): int(factor)
        for answers in tables
        for factor, words in answers["multiples"].items()
        for word in words.split()
    }


def _columns(tables: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    kinds: dict[str, set[str]] = {}
    for answers in tables:
        for kind, names in answers["columns"].items():
            kinds.setdefault(kind, {kind}).update(folded(name) for name in names.split())
    found: dict[str, frozenset[str]] = {}
    for names in kinds.values():
        for name in names:
            found[name] = found.get(name, frozenset()) | names
    return found
