"""Sentences with the words of a question that say something else: the other way round, or of another thing.

"How many ducats did Varesia lend to Tolmark?" is not answered by "Tolmark lent Varesia 90,000 ducats", and
"What did the south block yield?" not by what the north block yielded. Who does what to whom is told by the
order of words (see `support.roles`), in the languages that have a `[voice]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.answering import journeys, numbered
from assistant.answering.question import Question, tokens
from assistant.answering.support import roles
from assistant.answering.support.contradictions import is_turned_round
from assistant.answering.support.roles import Found
from assistant.answering.units import Candidate, Context
from assistant.text import languages
from assistant.text.language import language
from assistant.text.words import is_kin, is_telling, names, stem

SURE = 2
"""Words for one thing from which other words in its place mean another thing."""
AROUND = 3_000
"""Characters of a document before and after a passage in which what it tells apart is looked for."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """A verb with the words for who does it and to whom, as a text has them."""

    verb: str
    doers: Found
    others: Found


def without_reversed(
    question: Question, units: Sequence[Candidate], contexts: Sequence[Context]
) -> list[Candidate]:
    """Return the candidates without sentences that say the reverse of what the question takes for granted, or
    that are about another thing of the kind; `contexts` are those of their passages."""
    texts = {context.scored.passage.id: _around(context) for context in contexts}
    units = _without_opposites(question, units, texts)
    if languages.language_of(question.text) != languages.DEFAULT:
        return units
    predicates = asked_predicates(question.last)
    kinds = {ident: asked_kinds(question.text, text) for ident, text in texts.items()}
    known = {ident: frozenset(map(stem, roles.spoken_of(text))) for ident, text in texts.items()}

    def is_off(unit: Candidate) -> bool:
        ident = unit.scored.passage.id
        return (
            is_reversed(question.last, predicates, unit.quote)
            or is_of_another_kind(kinds[ident], unit.quote, unit.above)
            or is_of_others(predicates, unit.quote, unit.above, known[ident])
        )

    return [unit for unit in units if unit.kind != "sentence" or not is_off(unit)]


def _without_opposites(
    question: Question, units: Sequence[Candidate], texts: Mapping[str, str]
) -> list[Candidate]:
    """Return the candidates without sentences on opposite journeys and on things of another number, which
    can be told in any language; `texts` are what is around their passages."""
    countries, things = journeys.asked_countries(question.text), numbered.numbered(question.last)
    shared = {ident: numbered.shared_with(text, things) for ident, text in texts.items()}

    def is_off(unit: Candidate) -> bool:
        asked = shared[unit.scored.passage.id]
        return journeys.is_opposite(countries, unit.quote) or numbered.is_of_another_number(
            asked, unit.quote, unit.above
        )

    return [unit for unit in units if unit.kind != "sentence" or not is_off(unit)]


def _around(context: Context) -> str:
    """Return the passage with what surrounds it: the whole of a long document takes a second to compare."""
    passage = context.scored.passage
    return context.document.text[max(0, passage.start - AROUND) : passage.end + AROUND]


def is_reversed(question: str, predicates: Sequence[Predicate], sentence: str) -> bool:
    """Return True if a sentence has the predicates of a question the other way round."""
    if is_turned_round(question, sentence):
        return True
    theirs = [*_predicates(sentence)]
    return any(_is_only_reversed(predicate, theirs) for predicate in predicates)


def asked_predicates(question: str) -> list[Predicate]:
    """Return the predicates that a question asks about: "Whom did Ann Lee succeed?" has her as doer. A yes/no
    question has none, as the reverse may answer it."""
    if (language().auxiliaries | language().be) & {*tokens(question)[:1]}:
        return []
    statement, is_of_object = _as_statement(question)
    return [found for found in _predicates(statement) if found.others or (is_of_object and found.doers)]


def _as_statement(question: str) -> tuple[str, bool]:
    """Return a question in the order of a statement, without what it asks for, and whether it asks for
    something else than who does it: "When did Varesia lend to Tolmark" -> "Varesia lend to Tolmark"."""
    known, spoken = language(), question.rstrip("? ").split()
    for at, word in enumerate(map(str.lower, spoken)):
        if at and word in known.auxiliaries:
            return " ".join(spoken[at + 1 :]), not known.asking_object.isdisjoint(map(str.lower, spoken[:at]))
        if at and word in known.be:
            return " ".join([*_subject(spoken[at + 1 :]), *spoken[at:]]), False
        if roles.is_verb(word):
            break
    return " ".join(spoken), False


def _subject(rest: Sequence[str]) -> Sequence[str]:
    """Return the words up to the participle, which in a question stand behind "was"."""
    verb = next((at for at, word in enumerate(rest) if roles.is_verb(word.lower())), 0)
    return rest[:verb]


def _predicates(text: str) -> Iterator[Predicate]:
    passed, of_nouns = language().light | names(text), tuple(language().noun_endings)
    for clause in roles.clauses(text):
        for verb, word in enumerate(clause.spoken):
            if roles.is_verb_at(clause.spoken, verb) and word not in passed and not word.endswith(of_nouns):
                yield Predicate(word, _who(clause.doers(verb)), _who(clause.others(verb)))


def _who(words: Found) -> Found:
    return words - language().titles - language().asking


def _is_only_reversed(asked: Predicate, theirs: Sequence[Predicate]) -> bool:
    """Return True if every predicate of the sentence with this verb has the parts exchanged."""
    same = [other for other in theirs if roles.are_one(asked.verb, other.verb)]
    if not same or asked.verb in language().symmetric:
        return False
    return all(_is_exchanged(asked, other) for other in same)


def is_of_others(predicates: Sequence[Predicate], sentence: str, above: str, known: Found) -> bool:
    """Return True if a sentence says that somebody else does what the question asks about, or that it is done
    to something else, where its document, of the stems `known`, has what the question names."""
    theirs, there = [*_predicates(sentence)], frozenset(map(stem, tokens(f"{above} {sentence}")))
    return any(_is_all_of_others(predicate, theirs, there, known) for predicate in predicates)


def _is_all_of_others(asked: Predicate, theirs: Sequence[Predicate], there: Found, known: Found) -> bool:
    same = [other for other in theirs if roles.are_one(asked.verb, other.verb)]
    return bool(same) and all(
        _are_others(asked.doers, other.doers, there, known)
        or _are_others(asked.others, other.others, there, known)
        for other in same
    )


def _are_others(asked: Found, said: Found, there: Found, known: Found) -> bool:
    """Return True if a sentence has none of what is asked about, but something in its place."""
    stems = frozenset(map(stem, asked))
    if len(stems) < SURE or not said or stems & there or not stems <= known:
        return False
    return language().pronouns.isdisjoint(said) and not any(
        roles.are_one(one, other) for one in asked for other in said
    )


def _is_exchanged(asked: Predicate, other: Predicate) -> bool:
    if not other.doers:
        return False
    if asked.doers and not _meet(asked.doers, other.doers) and _is_within(asked.doers, other.others):
        return True
    return (
        bool(asked.others) and not _meet(asked.others, other.others) and _is_within(asked.others, other.doers)
    )


def _meet(some: Found, others: Found) -> bool:
    return any(stem(word) == stem(other) or is_kin(word, other) for word in some for other in others)


def _is_within(asked: Found, said: Found) -> bool:
    """Return True if most words for what is asked about are among those of a part of a sentence."""
    return 2 * sum(_meet(frozenset({word}), said) for word in asked) >= len(asked)


# -- other things of the kind ------------------------------------------------------------------------


def asked_kinds(question: str, document: str) -> list[tuple[str, str]]:
    """Return the pairs of words of a question that name one kind of several: ("south", "block"), where the
    document has "south block" and other blocks."""
    asked = _pairs(question)
    told = set(_pairs(document)) if asked else set()
    return [pair for pair in asked if pair in told]


def is_of_another_kind(kinds: Sequence[tuple[str, str]], sentence: str, above: str) -> bool:
    """Return True if a sentence has another of the kind, "north block", and none that is asked about."""
    there, pairs = tokens(f"{above} {sentence}"), _pairs(sentence)
    for _, noun in kinds:
        asked = [kind for kind, other in kinds if other == noun]
        is_there = any(word.startswith(kind) or roles.are_one(kind, word) for kind in asked for word in there)
        if not is_there and any(other == noun and kind not in asked for kind, other in pairs):
            return True
    return False


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the stems of neighbouring content words of a text."""
    found = []
    for line in re.split(r"[.,;:!?()\n|]", text):
        spoken = roles.spoken_of(line)
        for one, other in pairwise(spoken):
            if is_telling(one) and is_telling(other) and not one[0].isdigit() and not roles.is_verb(one):
                found.append((stem(one), stem(other)))
    return found
