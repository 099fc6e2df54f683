"""Keep only evidence that names what the question names. A figure of another country or year is no answer.

A name of the question has to be in the passage, its headings or its title. If the passage names a rival of
the same kind (another country, another year), it has to be in the sentence itself or above it: figures of
Venezuela do not answer for Bolivia, although both are in one passage. Countries are compared by code, in any
language (see `text.territories`), other names by their words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from assistant.core.types import Passage, Query, ScoredPassage, Span
from assistant.retrieval.answer_type import asked_kind
from assistant.retrieval.query_rewriting.mentions import Mention, mentions, small_words
from assistant.text import languages
from assistant.text.territories import codes, is_region, territories
from assistant.text.words import missing, stem

_YEARS = re.compile(
    r"(?<![\d.,])((?:1[0-9]|20|21)\d\d)(?:\s*[-–/]\s*((?:1[0-9]|20|21)?\d\d))?(?![\d.,]\d|\d)"
)

_GROUPED = re.compile(r"(?<![\d.,])([12])[,.'\u00a0\u202f](\d{3})(?![\d.,]\d|\d)")
"""Numbers that look like years without their separator: "1840 boats" is in "1,840 boats"."""

_LEADING = re.compile(r"\W*[^\W\d_a-zß-öø-ÿ]\w+ [^\W\d_a-zß-öø-ÿ]\w+")
"""A text that begins with the name of a person, of two words or more."""
LATIN_END = "\u0250"
"""The first letter behind those of the Latin script."""
BESIDE = 3
"""Words before and after a country of which one may be a role: "President Raeisi of Iran"."""


class Role(NamedTuple):
    """A role in a country: the stem of its word, and the country's code."""

    stem: str
    country: str


@dataclass(frozen=True, slots=True)
class Required:
    """Names, countries and years that an answer has to be about."""

    places: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()
    topic: frozenset[str] = frozenset()
    """Countries of question and topic: a sentence may leave them out, but not name another instead."""
    roles: frozenset[Role] = frozenset()
    """Roles that a "who" question asks for: the president of another country is no answer."""
    is_for_holder: bool = False
    """True if it asks who has them ("who is"), and not who did something."""


def evidence(query: Query, passages: Sequence[ScoredPassage]) -> list[ScoredPassage]:
    """Return the passages, each with only those sentences that may answer."""
    required = required_by(query)
    return [_bearing(required, passage) for passage in passages]


def required_by(query: Query) -> Required:
    """Return the names, countries and years of a question, without those of a title put before it."""
    text = query.text.removeprefix(query.context).strip()
    language = languages.language_of(text)
    named = mentions(query.focus or text, language)
    return Required(
        codes(query.focus or text),
        frozenset() if _is_about_a_span(text, language) else years(text),
        tuple(
            m.text
            for m in named
            if m.kind in ("name", "work") and _is_needed(m, query.focus or text, language)
        ),
        codes(text),
        _roles(query.focus or text) if asked_kind(query.focus or text)[0] == "person" else frozenset(),
        _asks_who_is(query.focus or text, language),
    )


def _asks_who_is(text: str, language: str) -> bool:
    words, lists = languages.words(text), languages.vocabulary(language, "follow_up")
    who, helping = lists.get("who", frozenset()), lists.get("questions", frozenset())
    return any(one in who and other in helping - who for one, other in pairwise(words))


def _roles(text: str) -> frozenset[Role]:
    """Return what may be roles in the countries of a text: "Iran's president", "president of Iran"."""
    language = languages.language_of(text)
    joins = languages.vocabulary(language, "follow_up").get("belongs_to", frozenset())
    articles = languages.vocabulary(language, "follow_up").get("articles", frozenset())
    found = set()
    for country in territories(text):
        before = [word for word in languages.words(text[: country.start]) if word not in articles]
        owned = [word for word in before if word not in joins][-BESIDE:] if joins & {*before[-1:]} else []
        owned += languages.words(text[country.end :].removeprefix("'s").removeprefix("’s"))[:BESIDE]
        found |= {Role(stem(word), country.code) for word in owned}
    return frozenset(found)


def years(text: str) -> frozenset[int]:
    """Return the years that a text names, with all those of a span such as 2009-2013."""
    found: set[int] = set()
    for match in _YEARS.finditer(text):
        first = int(match[1])
        last = int(match[1][: 4 - len(match[2])] + match[2]) if match[2] else first
        found |= set(range(first, last + 1)) if first < last < first + 100 else {first}
    return frozenset(found)


def _numbers(text: str) -> frozenset[int]:
    """Return the years that a text names, and the numbers that a question may write like one."""
    return years(text) | {int(match[1] + match[2]) for match in _GROUPED.finditer(text)}


def _is_about_a_span(text: str, language: str) -> bool:
    """True if a year is only a bound: since 2011, before 2020."""
    around = languages.vocabulary(language, "follow_up").get("around", frozenset())
    return any(around & set(languages.words(text[: m.start()])[-1:]) for m in _YEARS.finditer(text))


def _is_needed(mention: Mention, text: str, language: str) -> bool:
    """True if an answer has to have the name.

    In another language it may be written otherwise; of "X or Y" one is enough.
    """
    either = languages.vocabulary(language, "follow_up").get("alternatives", frozenset())
    beside = {*languages.words(text[: mention.start])[-1:], *languages.words(text[mention.end :])[:1]}
    return language == languages.DEFAULT and not either & beside and not is_region(mention.text)


def _bearing(required: Required, scored: ScoredPassage) -> ScoredPassage:
    """Return the passage with the sentences that name what is required or are about it."""
    passage = scored.passage
    above = " ".join([scored.title, *passage.headings, passage.header or ""])
    whole = f"{above}\n{passage.text}"
    if any(_lacks_name(name, whole) for name in required.names if _is_in_script_of(name, whole)):
        return replace(scored, sentences=())
    if not required.places <= codes(whole) or not _has_years(required.years, _numbers(whole)):
        return replace(scored, sentences=())
    kept = (
        sentence
        for sentence, before in zip(scored.sentences, (None, *scored.sentences), strict=False)
        if _is_about(required, above, passage.quote(sentence.span))
        and not (before and _is_of_another(required.names, passage, before.span, sentence.span))
    )
    return replace(scored, sentences=tuple(kept))


def _has_years(asked: frozenset[int], there: frozenset[int]) -> bool:
    """Return True if a text has the year that is asked about, or one of several."""
    return not asked or not asked.isdisjoint(there)


def _is_in_script_of(name: str, text: str) -> bool:
    """Return True if a text is written in the script of a name; in another it is spelled otherwise."""
    latin = sum(letter < LATIN_END for letter in text if letter.isalpha())
    return (name[0] < LATIN_END) == (2 * latin > sum(map(str.isalpha, text)))


def _is_of_another(names: Sequence[str], passage: Passage, before: Span, sentence: Span) -> bool:
    """Return True if a sentence begins with a pronoun for somebody else, whom the one before begins with,
    and the passage has sentences of its own on who is asked about: "His lesson costs 70 francs"."""
    text, previous = passage.quote(sentence), passage.quote(before)
    persons = languages.vocabulary(languages.language_of(text), "follow_up").get("persons", frozenset())
    if not names or not persons & {*languages.words(text)[:1]} or not _LEADING.match(previous):
        return False
    if not all(missing(name, f"{previous} {text}") for name in names):
        return False
    return any(re.search(rf"(?:^|[.!?]\s|\n){re.escape(name)}\b", passage.text) for name in names)


def _lacks_name(name: str, text: str) -> bool:
    return bool(missing(name, text))


def _is_about(required: Required, above: str, sentence: str) -> bool:
    """True if the sentence names nothing else of the same kind instead of what is required."""
    here, here_years = codes(sentence), years(sentence)
    lacking = required.topic - here - codes(above)
    if lacking and here - required.topic:
        return False
    if required.roles and _is_role_elsewhere(required.roles, _roles(sentence)):
        return False
    if required.roles and required.is_for_holder and not _may_name_holder(required.roles, sentence):
        return False
    has_years = _has_years(required.years, _numbers(sentence) | years(above))
    return has_years or not here_years - required.years


def _may_name_holder(wanted: frozenset[Role], sentence: str) -> bool:
    """Return True if a sentence may name who has the role: it says the role of that country, or names
    somebody other than whom it quotes."""
    language = languages.language_of(sentence)
    says = languages.vocabulary(language, "follow_up").get("reporting", frozenset())
    first = frozenset(languages.words(sentence)[:1]) - small_words(language)
    named = (
        m
        for m in mentions(sentence, language, first)
        if m.kind == "name"
        and not codes(m.text)
        and not is_region(m.text)
        and not says & {*languages.words(sentence[m.end :])[:1]}
    )
    return bool(wanted & _roles(sentence)) or next(named, None) is not None


def _is_role_elsewhere(wanted: frozenset[Role], roles: frozenset[Role]) -> bool:
    """Return True if a sentence has a role that is asked for in other countries only."""
    stems = {role.stem for role in wanted} & {role.stem for role in roles}
    return any(not {role for role in roles if role.stem == stem} & wanted for stem in stems)
