"""What the rules of the project know of each language, as data: a file a language, a table a use."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.text.languages import CODES, table
from assistant.text.words import folded

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Asking:
    """How people ask and how documents answer, in all languages at once; words and texts are folded.

    A question is looked at with all of it, as the language of a few words is hard to tell.
    """

    functions: Mapping[str, frozenset[str]]
    """The words of each language that name nothing: articles, prepositions, pronouns, question words."""
    negations: frozenset[str]
    before_nouns: frozenset[str]
    """Those of them after which a thing is named."""
    generic: frozenset[str]
    """Verbs and nouns that fit nearly every record: pay, come, entry."""
    polar: Mapping[str, frozenset[str]]
    """The words of each language with which a question begins that is answered with yes or no."""
    question_labels: frozenset[str]
    answer_labels: frozenset[str]
    since: frozenset[str]
    """Words that make a year the limit of a span."""
    phrases: Mapping[str, Pattern]
    """The kind of a phrase (who, when, how_to, largest...) to what matches it in a folded text."""
    ordinals: Mapping[str, int]
    months: Mapping[str, int]
    columns: Mapping[str, frozenset[str]]
    """A word to those that name the same kind of column."""

    def spoken(self, words: Collection[str]) -> tuple[str, ...]:
        """The codes of the languages that these words may be of, by those that name nothing.

        "war" names nothing in German; in an English question it does.
        """
        hits = {code: sum(word in known for word in words) for code, known in self.functions.items()}
        most = max(hits.values(), default=0)
        return tuple(code for code, count in hits.items() if count == most)

    def begins_with_yes(self, text: str) -> bool:
        """Whether a folded text answers with yes or no, so that it means nothing without its question.

        A single word is such an answer only before a stop: "No accidents were reported" is none.
        """
        found = self.phrases["yes_no"].match(text)
        alone = found and (" " in found.group() or not text[found.end() :].strip())
        return bool(found and (alone or re.match(r"\s*[,.;:!，。；：！、،؛।-]", text[found.end() :])))

    def has(self, kind: str, text: str) -> bool:
        """Whether a folded text holds a phrase of this kind."""
        return self.phrases[kind].search(text) is not None


_PHRASES = (
    "yes_no who when where how_much how_many why how_to lists open compare step last largest smallest latest "
    "earliest total average"
).split()
_LETTERS = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


@functools.cache
def asking() -> Asking:
    """The tables `answers` of all languages together."""
    found = dict(_tables("answers"))
    tables = list(found.values())
    months = [(name, at) for table in tables for at, name in enumerate(table["months"], 1)]
    return Asking(
        functions={code: _words([table], "function") for code, table in found.items()},
        polar={code: _words([table], "polar") for code, table in found.items()},
        **{key: _words(tables, key) for key in ("before_nouns", "generic", "negations")},
        **{key: _words(tables, key) for key in ("question_labels", "answer_labels", "since")},
        phrases={kind: any_of(phrase for table in tables for phrase in table[kind]) for kind in _PHRASES},
        ordinals={folded(word): at for table in tables for at, word in enumerate(table["ordinals"], 1)},
        months=_months(months),
        columns=_columns(tables),
    )


def _months(named: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The names, and their beginnings of three and four letters where these mean one month alone."""
    full = [(folded(name), at) for name, at in named]
    short = [
        (name[:length], at) for name, at in full if len(name) > 4 and name[0].isalpha() for length in (3, 4)
    ]
    sure = {name: at for name, at in short if len({n for form, n in short if form == name}) == 1}
    return sure | dict(full)


def any_of(phrases: Iterable[str]) -> Pattern:
    """What matches any of the phrases, as whole words where the script has spaces; the longest first."""
    forms = sorted({folded(phrase) for phrase in phrases}, key=len, reverse=True)
    return re.compile("|".join(map(_bounded, forms)))


def _bounded(form: str) -> str:
    inner = r"\s+".join(map(re.escape, form.split()))
    return inner if _UNSPACED.search(form) else rf"(?<![^\W_]){inner}(?![^\W_])"


def _tables(use: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for code in CODES:
        if found := table(code, use):
            yield code, found


def _words(tables: Iterable[Mapping[str, Any]], key: str) -> frozenset[str]:
    return frozenset(folded(word) for table in tables for word in table[key].split())


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
