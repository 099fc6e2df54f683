"""Roles: who does what to whom, as far as the order of words tells it, and whether two texts agree on it.

A text is cut into clauses, each with a verb. A clause that begins with a verb has the doer of the one before,
one that begins with "who" what that one ends with, and one with a pronoun the first that was named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.text.language import language
from assistant.text.quantities import allowed, claimed
from assistant.text.words import WORD, is_kin, is_telling, names, stem, words

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_PIECE = re.compile(
    r"(,(?!\d)|[;:()]|\s[-–—]\s|\b(?:and|but|while|whereas|although|though|because|who|which|that)\b)", re.I
)
# "built in 1894 by Anna Holm", but not "won by three goals".
_BY_SOMEBODY = re.compile(r"\bby (?:the |an? )?[A-Z]|\bby the [a-z]")
_BEGINS_WITH_TO = re.compile(r"\s*to\s+[a-z]")
Found = frozenset[str]
RELATIVE = 2
"""Words before "who" that may be meant by it: given name and surname."""
PAST = 4
"""Letters of a word that ends in "ed" and is none of the past of a verb, at most: seed."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The words of a clause in order, its own text, who is meant where it begins without saying so, and if
    it goes on from a passive: "was announced and blocked"."""

    text: str
    spoken: tuple[str, ...]
    implied: Found = frozenset()
    after_passive: bool = False
    line: str = ""
    """The whole sentence that it is of."""

    def doers(self, verb: int) -> Found:
        """The words for who does what the verb at this place says."""
        if not self.is_passive(verb):
            return self.subject(verb)
        by = next((at for at in range(verb + 1, len(self.spoken)) if self.spoken[at] in language().by), None)
        return _telling(self.spoken[by + 1 : by + 5]) if by is not None else frozenset()

    def others(self, verb: int) -> Found:
        """The words for whom or what it is done to."""
        return self.subject(verb) if self.is_passive(verb) else _telling(self.spoken[verb + 1 :])

    def subject(self, verb: int) -> Found:
        """The words before the verb that follow no preposition, or those implied."""
        own = frozenset(
            word for at, word in enumerate(self.spoken[:verb])
            if is_telling(word)
            and not _follows_preposition(self.spoken, at)
            and not is_verb_at(self.spoken, at)
        )  # fmt: skip
        return own or self.implied

    def is_passive(self, verb: int) -> bool:
        """True if the verb is in the passive: "was sold", "built by"."""
        known = language()
        before = self.spoken[max(0, verb - 2) : verb]
        if self.after_passive and verb == 0:
            return True
        participle = self.spoken[verb].endswith(("ed", "en", "t", "d", "n", "ung", "ade"))
        if participle and not known.be.isdisjoint(before):
            return True
        return participle and _BY_SOMEBODY.search(self.text) is not None


def agree(sentence: str, quote: str) -> bool:
    """True if every clause of the sentence has, for its verbs, the doers, names and figures of one clause of
    the quote."""
    proper = _proper(sentence, quote)
    theirs = clauses(quote)
    return all(_agrees(ours, theirs, proper) for ours in clauses(sentence))


def _agrees(ours: Clause, theirs: Sequence[Clause], proper: Found) -> bool:
    matched = False
    for verb, word in enumerate(ours.spoken):
        if not _is_pivot(ours.spoken, verb) or word in proper:
            continue
        there = [
            (clause, at)
            for clause in theirs
            for at, other in enumerate(clause.spoken)
            if are_one(word, other)
        ]
        matched = matched or bool(there)
        if there and not any(_fits(ours, verb, clause, at, theirs, proper) for clause, at in there):
            return False
    return matched or any(_holds(clause, ours, theirs, proper) for clause in theirs)


def _fits(
    ours: Clause, verb: int, theirs: Clause, at: int, everything: Sequence[Clause], proper: Found
) -> bool:
    mine, doers = ours.doers(verb), theirs.doers(at)
    if not _holds(theirs, ours, everything, proper):
        return False
    if not mine or not doers:
        objects, others = ours.others(verb), theirs.others(at)
        if _are_others(objects & proper, others & proper) and ours.is_passive(verb) == theirs.is_passive(at):
            return False
        return not (objects and others and not _meet(objects, others) and _meet(objects, doers))
    if _is_done_to_another(ours.others(verb), theirs, at, everything):
        return False
    if mine & proper and doers & proper:
        return not _are_others(mine & proper, doers & proper)
    return _meet(mine, doers) or not any(_meet(mine, frozenset(clause.spoken)) for clause in everything)


def _is_done_to_another(objects: Found, theirs: Clause, at: int, everything: Sequence[Clause]) -> bool:
    """True if nothing of `objects` is what this verb has, and all of it is what another has: "sold the farm"
    where the farm was bought and the land sold."""
    said, here = frozenset(map(stem, objects)), frozenset(map(stem, theirs.others(at)))
    if not said or not here or said & here or not language().pronouns.isdisjoint(theirs.spoken):
        return False
    return any(
        said <= frozenset(map(stem, clause.others(verb)))
        for clause in everything
        if clause is not theirs
        for verb in range(len(clause.spoken))
        if _is_pivot(clause.spoken, verb)
    )


def _are_others(some: Found, others: Found) -> bool:
    """True if both are names, and none of the same."""
    return bool(some and others) and not any(is_kin(one, other) for one in some for other in others)


def _holds(theirs: Clause, ours: Clause, everything: Sequence[Clause], proper: Found) -> bool:
    """True if a clause of the quote has the figures of ours, and those of its names that another clause has,
    unless a pronoun may mean them."""
    if not claimed(ours.text) <= allowed(theirs.text):
        return False
    if not language().pronouns.isdisjoint(theirs.spoken):
        return True
    held = theirs.implied.union(spoken_of(theirs.line))
    away = [name for name in proper.intersection(ours.spoken) if not _is_among(name, held)]
    return not any(_is_among(name, frozenset(clause.spoken)) for name in away for clause in everything)


def _is_among(name: str, others: Found) -> bool:
    return any(is_kin(name, other) for other in others)


def _meet(some: Found, others: Found) -> bool:
    return any(are_one(word, other) for word in some for other in others)


def are_one(word: str, other: str) -> bool:
    """True if both are forms of one word, or one may stand for the other."""
    return (
        word == other
        or stem(word) == stem(other)
        or language().are_synonyms(word, other)
        or language().is_kind_of(other, word)
        or is_kin(word, other)
    )


def _proper(*texts: str) -> Found:
    """The names: words that are written with a capital, and nowhere without."""
    small = {
        word for text in texts for found in WORD.findall(text) if found[0].islower() for word in words(found)
    }
    return frozenset[str]().union(*(names(text) for text in texts)) - small


def leading(text: str) -> Found:
    """Return the subject of the first clause of each sentence."""
    found = clauses(text)
    firsts = {clause.line: clause for clause in reversed(found)}.values()
    return frozenset[str]().union(*(clause.subject(_first_verb(clause.spoken)) for clause in firsts))


# -- clauses ---------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a text, in order."""
    found, first = list[Clause](), frozenset[str]()
    for line in _SENTENCE.split(text):
        before: Clause | None = None
        for piece, joint in _pieces(line):
            spoken = tuple(spoken_of(piece))
            implied = _implied(spoken, joint, before, first)
            made = Clause(piece, spoken, implied, _goes_on(joint, implied, before), line)
            found.append(made)
            before = made
        named = [clause for clause in found if clause.line == line]
        if named:
            verb = _first_verb(named[0].spoken)
            first = named[0].subject(verb) or first
    return tuple(found)


def _goes_on(joint: str, implied: Found, clause: Clause | None) -> bool:
    """True if what follows shares the subject and the passive of this clause."""
    if clause is None or not implied or joint not in {"and", "but", ","}:
        return False
    at = _first_verb(clause.spoken)
    return any(clause.is_passive(verb) for verb in range(at, min(at + 2, len(clause.spoken))))


def _implied(spoken: Sequence[str], joint: str, before: Clause | None, first: Found) -> Found:
    pronoun = bool(spoken) and spoken[0] in language().pronouns
    if before is None:
        return first if pronoun else frozenset()
    if joint in {"who", "which", "that"}:
        verbs = [at for at in range(len(before.spoken)) if is_verb_at(before.spoken, at)]
        after = before.spoken[verbs[-1] + 1 :] if verbs else before.spoken
        return frozenset([*filter(is_telling, after or before.spoken)][-RELATIVE:])
    verb = _first_verb(spoken)
    if pronoun or not any(is_telling(word) for word in spoken[:verb]):
        return before.subject(_first_verb(before.spoken))
    return frozenset()


def _first_verb(spoken: Sequence[str]) -> int:
    return next((at for at in range(len(spoken)) if _begins_predicate(spoken, at)), len(spoken))


def _begins_predicate(spoken: Sequence[str], at: int) -> bool:
    return is_verb_at(spoken, at) or spoken[at] in language().be | language().have


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """The parts of a sentence that have a verb each, and the word or sign that leads to each."""
    held, lead, joint, after_comma, loose = "", "", "", False, ""
    for part in filter(str.strip, _PIECE.split(line)):
        if _PIECE.fullmatch(part):
            joint, after_comma = part.strip().lower(), joint == ","
            continue
        if loose and joint == "," and _begins_with_verb(part):
            # "..., and the director, Liis Tamm, asked": what had no verb is who does it.
            yield held.removesuffix(loose), lead
            held, lead, loose = f"{loose} {part}", "and", ""
            continue
        if _has_verb(part):
            loose = ""
        elif loose or (joint in {"and", "but"} and _has_verb(held)):
            loose = f"{loose} {joint} {part}"
        begins = joint not in {"and", "but"} or after_comma or _begins_with_verb(part)
        begins = begins and not _BEGINS_WITH_TO.match(part)
        if held and begins and _has_verb(held) and _has_verb(part):
            yield held, lead
            held, lead = part, joint
        else:
            held = f"{held} {joint} {part}" if held else part
    if held.strip():
        yield held, lead


def _begins_with_verb(part: str) -> bool:
    spoken = spoken_of(part)[:3]
    if not spoken or spoken[0] in language().prepositions:
        return False
    return (
        is_verb_at(spoken, 0) or not language().be.isdisjoint(spoken[:2]) or spoken[0] in language().pronouns
    )


def _has_verb(part: str) -> bool:
    spoken = spoken_of(part)
    return any(is_verb_at(spoken, at) for at in range(len(spoken))) or not (
        language().be | language().have
    ).isdisjoint(spoken)


def is_verb(word: str) -> bool:
    """True if a word is mostly a verb, or has the form of its past."""
    return stem(word) in language().verbs or (word.endswith("ed") and len(word) > PAST)


def is_verb_at(spoken: Sequence[str], at: int) -> bool:
    """True if the word at this place is a verb, by itself and by the word before it: not "the service"."""
    known, word = language(), spoken[at]
    if not is_telling(word) or not is_verb(word):
        return False
    before = spoken[at - 1] if at else ""
    if before[:1].isdigit():
        return False
    return before not in known.determiners and before not in known.prepositions - {"to"}


def _is_pivot(spoken: Sequence[str], at: int) -> bool:
    if spoken[at] in language().light:
        return False
    return is_verb_at(spoken, at) or (spoken[at].endswith("er") and "than" in spoken[at + 1 : at + 2])


def spoken_of(text: str) -> list[str]:
    """The words and the bare numbers of a text, in order."""
    return [word for piece in text.split() for word in (words(piece) or _digits(piece))]


def _digits(piece: str) -> tuple[str, ...]:
    bare = re.sub(r"[^\d.]", "", piece).strip(".")
    return (bare,) if bare else ()


def _telling(spoken: Sequence[str]) -> Found:
    return frozenset(word for word in spoken if is_telling(word) and not word[0].isdigit())


def _follows_preposition(spoken: Sequence[str], at: int) -> bool:
    return not language().prepositions.isdisjoint(spoken[max(0, at - 2) : at])
