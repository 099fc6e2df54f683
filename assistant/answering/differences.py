"""Comparison of candidates: repetitions, differences, and documents that contradict each other.

Two sentences that differ in a number, a name, a year or a "not" are no repetitions. Where the question has
the word in which they differ, only that sentence is its answer; where it has none of them, both are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.answering.question import Question, meets, tokens
from assistant.answering.units import Candidate
from assistant.text import words
from assistant.text.languages.asking import asking
from assistant.text.marks import unmarked
from assistant.text.values import joined, moments, numbers, years

NAMELESS = 0.15
"""What a unit loses that has none of the names of the question which others have."""
REPEATED = 0.8
"""The share of its words that stand in another sentence from which on a sentence is no evidence beside it."""
ALIKE = 0.6
"""The share of their words from which on two sentences say the same thing of two things, or two of one."""
SIBLINGS = 2
"""Words in which the titles of two of a kind differ at most: Report 2022, Report 2023."""
Words = list[str]
DIFFERENCES = 4
"""Words that such a sentence may have for itself at most."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two documents that say different things in otherwise the same words; `words` is what each says."""

    one: Candidate
    other: Candidate
    words: tuple[str, str]


def repeats(one: str, other: str) -> bool:
    """Whether `one` says nothing that `other` does not: no word, number, name or negation more."""
    ours, theirs = set(_telling(one)), set(_telling(other))
    negations = {words.stem(word) for word in asking().negations}
    return ours <= theirs and ours & negations == theirs & negations


def adds_little(one: str, other: str) -> bool:
    """Whether hardly a word of `one` is new beside `other`: none that is a number, a name or a negation."""
    ours, theirs = set(_telling(one)), set(_telling(other))
    negations = {words.stem(word) for word in asking().negations}
    new = ours - theirs
    told = any(word in negations or any(map(str.isdigit, word)) for word in new)
    return len(new) <= (1 - REPEATED) * len(ours) and not told and not words.missing(one, other)


def differ(one: str, other: str) -> tuple[Words, Words] | None:
    """The words in which two sentences differ that are the same otherwise; None where they are not."""
    ours, theirs = _telling(one), _telling(other)
    common = set(ours) & set(theirs)
    mine = [word for word in ours if word not in common]
    others = [word for word in theirs if word not in common]
    if not mine or not others or max(len(mine), len(others)) > DIFFERENCES:
        return None
    return (mine, others) if len(common) >= ALIKE * min(len(set(ours)), len(set(theirs))) else None


def of_the_same(question: Question, units: Sequence[Candidate]) -> list[Candidate]:
    """Without what is said of another year, another thing or another person than was asked for."""
    left = [unit for unit in units if not _is_of_another_year(question, unit)]
    left = _with_numbers(question, left)
    return [unit for unit in left if not any(_is_of_a_sibling(question, unit, other) for other in left)]


def _is_of_another_year(question: Question, unit: Candidate) -> bool:
    """Whether the title or a heading above tells a year, the question another, and the sentence not that."""
    if not question.years:
        return False
    said = years(unit.text) | years(unit.quote)
    if said & question.years:
        return False
    above = [unit.scored.title, *unit.scored.passage.headings]
    titled = frozenset().union(*(years(line) for line in above))
    return (
        bool(titled) and not titled & question.years and not years(unit.scored.passage.text) & question.years
    )


def by_names(question: Question, units: Sequence[Candidate]) -> list[Candidate]:
    """The units, best first; those without the names by which the question tells them apart count less."""
    names = [name for name in question.names if name not in question.known.months]
    held = {u: {n for n in names if not words.missing(n.capitalize(), _evidence(u))} for u in units}
    apart = {name for name in names if 0 < sum(name in own for own in held.values()) < len(units)}
    if not apart:
        return list(units)
    lowered = [u if held[u] & apart else replace(u, score=u.score - NAMELESS) for u in units]
    return sorted(lowered, key=lambda unit: -unit.score)


def _with_numbers(question: Question, units: list[Candidate]) -> list[Candidate]:
    """Those with the numbers and days of the question, where some have them and others do not."""
    counted = {y for y in question.years for u in units if y in numbers(u.quote) - years(u.quote)}
    for asked, said in ((question.numbers, numbers), (question.days, moments)):
        wanted = asked - question.years | (counted & asked)
        having = [unit for unit in units if wanted & said(unit.quote)] if wanted else []
        units = having or units
    return units


def _is_of_a_sibling(question: Question, unit: Candidate, other: Candidate) -> bool:
    """Whether the heading of the other has a word of the question where that of this has another."""
    pairs = zip(_above(unit), _above(other), strict=False)
    for own, theirs in pairs:
        if own == theirs:
            continue
        common = own & theirs
        mine, others = own - common, theirs - common
        if not common or not mine or len(mine) != len(others) or len(mine) > SIBLINGS:
            return False
        said = tokens(unit.quote)
        asked = [word for word in others if question.holds(word)]
        return bool(asked) and not meets(mine, question.words) and not meets(asked, said)
    return False


def _above(unit: Candidate) -> list[frozenset[str]]:
    lines = [unit.scored.title, *unit.scored.passage.headings]
    return [frozenset(_telling(line)) for line in dict.fromkeys(lines)]


def beside_the_year(question: Question, units: Sequence[Candidate]) -> list[Candidate]:
    """Where a title tells the year already, those with another word of the question, if some have one."""
    titled = frozenset().union(*(years(unit.above) for unit in units))
    if not titled & question.years:
        return list(units)
    asked = [w for w in question.telling if w not in question.years and w not in question.known.generic]
    having = [unit for unit in units if meets(asked, tokens(unit.quote))]
    return having or list(units)


def variants(
    question: Question, best: Candidate, units: Sequence[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """Of those that say the same as the best of something else, or something else of the same: those that the
    question may mean, the best first, and those that it does not mean, by a word that they do not have."""
    kept, others = [best], list[Candidate]()
    for unit in units:
        apart = differ(best.quote, unit.quote)
        if unit is best or apart is None or repeats(unit.quote, best.quote):
            continue
        ours, theirs = (sum(map(question.holds, side)) for side in apart)
        if theirs == ours or question.asks("compare"):
            kept.append(unit)
        elif theirs > ours and kept[0] is best:
            kept[0] = unit
            others.append(best)
        else:
            others.append(unit)
    return kept, others


def conflicts(units: Sequence[Candidate]) -> list[Conflict]:
    """The pairs of documents that give different figures for the same; not those of different years."""
    found = []
    for at, one in enumerate(units):
        for other in units[at + 1 :]:
            apart = differ(one.quote, other.quote) if one.document_id != other.document_id else None
            if apart and _contradict(*apart):
                found.append(Conflict(one, other, (" ".join(apart[0]), " ".join(apart[1]))))
    return found


def _contradict(mine: Sequence[str], others: Sequence[str]) -> bool:
    """Whether all that differs is figures, and none of them is a year, or it is a negation."""
    both = [*mine, *others]
    return all(any(map(str.isdigit, word)) for word in both) and not any(years(word) for word in both)


def _evidence(unit: Candidate) -> str:
    passage = unit.scored.passage
    if unit.kind == "row":
        return unit.terms
    return "\n".join(
        [unit.scored.title, *passage.headings, passage.text if unit.kind != "pair" else unit.quote]
    )


@lru_cache(maxsize=4096)
def _telling(text: str) -> tuple[str, ...]:
    """The stems of the words of a text in order, without those that name nothing; what negates stays."""
    said, known = tokens(joined(unmarked(text))), asking()
    function = frozenset().union(*(known.functions[code] for code in known.spoken(said))) - known.negations
    return tuple(word if word[0].isdigit() else words.stem(word) for word in said if word not in function)
