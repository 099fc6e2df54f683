"""Comparison of candidates: repetitions, differences, and documents that contradict each other.

Sentences that differ in a number, a name, a year or a "not" do not repeat each other. If the question has the
word in which they differ, only that sentence answers it; if it has none of these words, both do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

from assistant.answering.question import Question, any_in, tokens
from assistant.answering.units import Candidate
from assistant.text import words
from assistant.text.languages.questions import question_vocabulary
from assistant.text.marks import unmarked
from assistant.text.values import join_digits, moments, numbers, years

NAMELESS = 0.15
"""Reduction of the score of a candidate without the names of the question that others have."""
REPEATED = 0.8
"""The share of its words in another sentence from which a sentence is no further evidence."""
PARALLEL = 0.6
"""The share of common words from which two sentences are variants of one statement."""
SIBLINGS = 2
"""Limit on the words in which the titles of two documents of a kind differ: Report 2022, Report 2023."""
Words = list[str]
_LABEL = re.compile(r"(?<=[^\W\d_A-Z] )([A-Z])\b(?!['’.])")
"""A letter that tells one thing of a kind from another, and is no article: "staircase A"."""
DIFFERENCES = 4
"""Limit on the words in which variants of a statement differ."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two documents that differ in `words` (first's, second's) in otherwise the same statement."""

    first: Candidate
    second: Candidate
    words: tuple[str, str]


def repeats(text: str, other: str) -> bool:
    """Return True if `text` adds no word, number, name or negation to `other`."""
    stems, other_stems = set(_content_stems(text)), set(_content_stems(other))
    return stems <= other_stems and stems & _negations() == other_stems & _negations()


def adds_little(text: str, other: str) -> bool:
    """Return True if `text` adds few words to `other`, and no number, name or negation."""
    stems = set(_content_stems(text))
    new = stems - set(_content_stems(other))
    is_notable = any(word in _negations() or any(map(str.isdigit, word)) for word in new)
    return len(new) <= (1 - REPEATED) * len(stems) and not is_notable and not words.missing(text, other)


def differing_words(text: str, other: str) -> tuple[Words, Words] | None:
    """Return the words in which two otherwise equal sentences differ; None for other sentences."""
    stems, other_stems = _content_stems(text), _content_stems(other)
    common = set(stems) & set(other_stems)
    own = [word for word in stems if word not in common]
    others = [word for word in other_stems if word not in common]
    if not own or not others or max(len(own), len(others)) > DIFFERENCES:
        return None
    return (own, others) if len(common) >= PARALLEL * min(len(set(stems)), len(set(other_stems))) else None


def remove_off_topic(question: Question, units: Sequence[Candidate]) -> list[Candidate]:
    """Remove candidates on another year, number or thing than the question asks for."""
    left = [unit for unit in units if not _is_of_another_year(question, unit)]
    left = _prefer_numbers(question, left)
    return [unit for unit in left if not any(_is_of_a_sibling(question, unit, other) for other in left)]


def _is_of_another_year(question: Question, unit: Candidate) -> bool:
    """Return True if the headings have a year, and neither they nor the passage have the question's."""
    above = frozenset[str]().union(*map(years, [unit.scored.title, *unit.scored.passage.headings]))
    found = above.union(*map(years, (unit.text, unit.quote, unit.scored.passage.text)))
    return bool(question.years and above) and found.isdisjoint(question.years)


def rank_by_names(question: Question, units: Sequence[Candidate]) -> list[Candidate]:
    """Sort candidates, best first, with lower scores for those without the distinguishing names."""
    names = [name for name in question.names if name not in question.vocabulary.months]
    held = {u: {n for n in names if not words.missing(n.capitalize(), _named_in(u))} for u in units}
    distinguishing = {name for name in names if 0 < sum(name in own for own in held.values()) < len(units)}
    if not distinguishing:
        return list(units)
    lowered = [u if held[u] & distinguishing else replace(u, score=u.score - NAMELESS) for u in units]
    return sorted(lowered, key=lambda unit: -unit.score)


def _prefer_numbers(question: Question, units: list[Candidate]) -> list[Candidate]:
    """Return the candidates with a number and a day of the question, if any have one."""
    counts = {y for y in question.years for u in units if y in numbers(u.quote) - years(u.quote)}
    for asked, find in ((question.numbers, numbers), (question.days, moments)):
        wanted = asked - question.years | (counts & asked)
        units = [unit for unit in units if wanted & find(unit.quote)] or units
    return units


def _is_of_a_sibling(question: Question, unit: Candidate, other: Candidate) -> bool:
    """Return True if the question has the word in which the other's heading differs from this one's."""
    for own, others in zip(_heading_stems(unit), _heading_stems(other), strict=False):
        if own == others:
            continue
        own_only, others_only = own - others, others - own
        if not own & others or not own_only or not len(own_only) == len(others_only) <= SIBLINGS:
            return False
        asked = [word for word in others_only if question.has(word)]
        return bool(asked) and not any_in(own_only, question.words) and not any_in(asked, tokens(unit.quote))
    return False


def _heading_stems(unit: Candidate) -> list[frozenset[str]]:
    lines = [unit.scored.title, *unit.scored.passage.headings]
    return [frozenset(_content_stems(line)) for line in dict.fromkeys(lines)]


def prefer_words_beside_year(question: Question, units: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with another word of a title that has the question's year, or all."""
    if not any(years(unit.above) & question.years for unit in units):
        return list(units)
    asked = [word for word in question.specific_words if word not in question.years]
    return [unit for unit in units if any_in(asked, tokens(unit.quote))] or list(units)


def split_variants(
    question: Question, best: Candidate, units: Sequence[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """Split the variants of the best statement: those that the question may mean, the best first, and those
    that it does not mean, because it has a word that they lack."""
    kept, others = [best], list[Candidate]()
    for unit in units:
        difference = differing_words(best.quote, unit.quote)
        if unit is best or difference is None or repeats(unit.quote, best.quote):
            continue
        best_hits, unit_hits = (sum(_is_asked(question, word) for word in side) for side in difference)
        if unit_hits == best_hits or question.asks("compare"):
            kept.append(unit)
        elif unit_hits > best_hits and kept[0] is best:
            kept[0] = unit
            others.append(best)
        else:
            others.append(unit)
    return kept, others


def _is_asked(question: Question, word: str) -> bool:
    """Return True if a question has a word, or the letter of a label, as `_content_stems` writes them."""
    is_label = len(word) == 2 and word[0] == word[1]
    return question.has(word) or (is_label and word in _content_stems(question.text))


def find_conflicts(units: Sequence[Candidate]) -> Iterator[Conflict]:
    """Yield the pairs of documents that have different figures, other than years, for the same thing."""
    for first, second in combinations(units, 2):
        is_apart = first.document_id != second.document_id
        difference = differing_words(first.quote, second.quote) if is_apart else None
        if difference and _contradict(*difference):
            yield Conflict(first, second, (" ".join(difference[0]), " ".join(difference[1])))


def _contradict(own: Sequence[str], others: Sequence[str]) -> bool:
    """Return True if the differing words are all figures, and none is a year."""
    return all(any(map(str.isdigit, word)) and not years(word) for word in [*own, *others])


def _named_in(unit: Candidate) -> str:
    """Return the text in which the names of a candidate are looked for."""
    if unit.kind == "row":
        return unit.terms
    passage = unit.scored.passage
    text = unit.quote if unit.kind == "pair" else passage.text
    return "\n".join([unit.scored.title, *passage.headings, text])


@lru_cache(maxsize=1)
def _negations() -> frozenset[str]:
    return frozenset(map(words.stem, question_vocabulary().negations))


@lru_cache(maxsize=4096)
def _content_stems(text: str) -> tuple[str, ...]:
    """Return the stems of the words of a text in order, without function words other than negations."""
    found, vocabulary = tokens(_LABEL.sub(r"\1\1", join_digits(unmarked(text)))), question_vocabulary()
    function_words = vocabulary.function_words_of(found) - vocabulary.negations
    return tuple(
        word if word[0].isdigit() else words.stem(word) for word in found if word not in function_words
    )
