"""True if a sentence says more, or otherwise, than its quote, although its names and figures are there.

Each check is of one kind of fault that models have: words that the quote does not hold, a hedge that is lost,
a quantity that grew, a rank, an exception, two that change places, a figure of somebody else. The words are
those of `assistant.text.language`. There is no grammar in it: see `what is not seen` in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from assistant.answering.support import exchanges, roles, things
from assistant.answering.support.roles import spoken_of
from assistant.text.language import language
from assistant.text.quantities import allowed, claimed
from assistant.text.words import is_telling, names, stem, words

REACH = 8
"""Content words after a hedge that it may govern, up to the end of the clause."""
FEW = 2
"""Words beside its light ones that a sentence has, if the quote need not have the light ones."""
HEDGED = 0.4
"""The share of a sentence's words from which it rests on what the quote hedges."""
ROOT = 4
"""Letters that two words of one root have in common at least."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_PART = re.compile(r"[,;:()]|\s[-–—]\s|\b(?:and|but|or)\b", re.IGNORECASE)
_CELLS = " | "


def is_faithful(sentence: str, quote: str, context: str = "") -> bool:
    """True if nothing of `sentence` is otherwise than in `quote`, but for single words (see `uncovered`);
    `context` may only tell who or what is meant."""
    if is_of_several_rows(sentence, quote, context):
        return False
    if changes_rank(sentence, f"{quote}\n{context}"):
        return False
    checks = (
        loses_hedge,
        loses_condition,
        changes_quantity,
        loses_exception,
        misplaces_figure,
        things.misplaces_count,
        things.widens_denial,
        things.crosses_objects,
        exchanges.exchanges,
    )
    return roles.agree(sentence, quote) and not any(fails(sentence, quote) for fails in checks)


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """The text with other wordings for what can be said in several ways: "unknown" as "not known"."""
    return _rewriting().sub(lambda found: language().rewrites[found[0].lower()], text)


@lru_cache(maxsize=1)
def _rewriting() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, language().rewrites))})\b", re.IGNORECASE)


# -- words -----------------------------------------------------------------------------------------


def uncovered(sentence: str, quote: str, context: str = "") -> frozenset[str]:
    """The words that carry what the sentence says and that neither quote nor context holds in any form.

    A sentence of hardly anything but light words says it with them: "the port is in use". So they count, and
    all stand in one line of the quote.
    """
    known = language()
    spoken = frozenset(filter(is_telling, words(sentence)))
    if len(spoken - known.light) >= FEW:
        return _uncovered(sentence, spoken - known.light, quote, context)
    lines = (line for line in quote.splitlines() if claimed(sentence) <= allowed(line))
    return min((_uncovered(sentence, spoken, line, context) for line in lines), key=len, default=spoken)


def _uncovered(sentence: str, spoken: frozenset[str], quote: str, context: str) -> frozenset[str]:
    excused = language().hedges if _is_hedged(quote) else frozenset[str]()
    there = (*words(quote), *words(context))
    figures, own = names(sentence), frozenset(there)
    # A word that the sentence uses itself bears out no other: "finances the investment agreements".
    free = own - frozenset(words(sentence))
    same = frozenset(map(stem, own))
    return frozenset(
        word for word in spoken - excused - figures if stem(word) not in same and not _is_met(word, free)
    )


@lru_cache(maxsize=8192)
def _is_met(word: str, there: frozenset[str]) -> bool:
    return word in there or any(
        bears_out(word, other) for other in there if is_telling(other) or len(other) > 3
    )


@lru_cache(maxsize=65536)
def bears_out(word: str, other: str) -> bool:
    """True if `other` bears out `word`: another form, a synonym, a word of one root, or a kind of it."""
    if stem(word) == stem(other) or language().are_synonyms(word, other):
        return True
    return _has_one_root(word, other) or language().is_kind_of(other, word)


def _has_one_root(word: str, other: str) -> bool:
    shared = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    at = min(len(word), len(other)) if shared is None else shared
    endings = language().endings
    cuts = range(at, max(ROOT, at - 2) - 1, -1) if at >= ROOT else ()
    return any(word[cut:] in endings and other[cut:] in endings for cut in cuts)


# -- hedges and quantities -------------------------------------------------------------------------


def loses_hedge(sentence: str, quote: str) -> bool:
    """True if the sentence states what the quote says is planned, possible, or held by somebody."""
    if _is_hedged(sentence):
        return False
    spoken = [word for word in _bearing(sentence) if word not in language().light]
    hedged, plain = _by_hedge(quote)
    resting = [word for word in spoken if _within(word, hedged) and not _within(word, plain)]
    return bool(resting) and len(resting) >= HEDGED * len(spoken)


def _is_hedged(text: str) -> bool:
    return not language().hedges.isdisjoint(words(text))


def _bearing(text: str) -> list[str]:
    spoken = [word for word in words(text) if is_telling(word) and word not in language().hedges]
    return spoken + _figures(text)


def _within(word: str, some: frozenset[str]) -> bool:
    return word in some or any(bears_out(word, other) for other in some)


@lru_cache(maxsize=1024)
def _by_hedge(quote: str) -> tuple[frozenset[str], frozenset[str]]:
    """The content words and figures under a hedge, and the others."""
    known, hedged, plain = language(), set[str](), set[str]()
    for line in _SENTENCE.split(quote):
        wide = not known.wide_hedges.isdisjoint(words(line))
        for part in _clauses(line):
            left = REACH if wide else 0
            for word in spoken_of(part):
                if word in known.hedges:
                    left = REACH
                elif is_telling(word) or word.isdigit():
                    (hedged if left else plain).add(word)
                    left = left if wide else max(0, left - 1)
    return frozenset(hedged), frozenset(plain)


def _clauses(line: str) -> list[str]:
    ends = "|".join(sorted(language().boundaries))
    return re.split(rf"[,;:()]|\b(?:{ends})\b", line, flags=re.IGNORECASE)


def loses_condition(sentence: str, quote: str) -> bool:
    """True if the sentence states what the quote only says to be a case: "when port 7860 is taken"."""
    known = language()
    spoken = [*(word for word in words(sentence) if is_telling(word)), *_figures(sentence)]
    if not known.conditions.isdisjoint(words(sentence)):
        return False
    for line in _SENTENCE.split(quote):
        leading = known.conditions | (known.conditions_of_orders if _is_order(line) else frozenset())
        case, rest = _by_case(line, leading)
        only = [word for word in spoken if _within(word, case) and not _within(word, rest)]
        if only and not any(_within(word, rest) and not _within(word, case) for word in spoken):
            return True
    return False


def _is_order(line: str) -> bool:
    """True if a sentence begins with a verb in its plain form: "Start the server"."""
    first = next(iter(words(line)), "")
    return roles.is_verb(first) and not first.endswith(("ed", "ing", "s"))


def _by_case(line: str, leading: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a sentence that follow a condition, up to the end of the clause, and the others."""
    case, rest, is_case = set[str](), set[str](), False
    for part in re.split(r"([,;:()])", line):
        is_case = is_case and part not in ",;:()"
        for word in spoken_of(part):
            is_case = is_case or word in leading
            if word not in leading:
                (case if is_case else rest).add(word)
    return frozenset(case), frozenset(rest)


def _figures(text: str) -> list[str]:
    return [figure.split()[0] for figure in claimed(text)]


def changes_quantity(sentence: str, quote: str) -> bool:
    """True if the sentence speaks of all, most, few or only, and the quote does not."""
    ours, theirs = frozenset(words(sentence)), frozenset(words(quote))
    return any(ours & group and not theirs & group for group in language().quantities.values())


def changes_rank(sentence: str, quote: str) -> bool:
    """True if the sentence makes the first of what is the second, or compares where the quote does not."""
    known, ours, theirs = language(), words(sentence), words(quote)
    for word in known.ranks.intersection(ours):
        if not _within(word, frozenset(theirs)):
            return True
        if word in theirs and _ranked(ours, word) != _ranked(theirs, word):
            return True
    return False


def _ranked(spoken: Sequence[str], word: str) -> str | None:
    """The ordinal before a superlative: second longest."""
    at = spoken.index(word)
    before = spoken[at - 1] if at else ""
    return before if before in language().ordinals else None


def loses_exception(sentence: str, quote: str) -> bool:
    """True if the sentence speaks of all without the exception, or of what is excepted as if it were not."""
    known, ours, theirs = language(), words(sentence), words(quote)
    if known.exceptions & {*ours} or known.negations & {*ours}:
        return False
    excepted = {word for at, word in enumerate(theirs) if theirs[max(0, at - 1)] in known.exceptions}
    everything = known.quantities["all"].intersection(ours) and known.exceptions.intersection(theirs)
    return bool(everything) or not excepted.isdisjoint(ours)


# -- who and what ----------------------------------------------------------------------------------


def misplaces_figure(sentence: str, quote: str) -> bool:
    """True if a figure is given to one name, and is another's in the quote."""
    theirs = [part for line in _SENTENCE.split(quote) for part in _parts(line)]
    for ours in _parts(sentence):
        said = names(ours)
        for figure in claimed(ours):
            holding = [part for part in theirs if figure in claimed(part)]
            if holding and said and all(_is_anothers(said, part, theirs) for part in holding):
                return True
    return False


def _is_anothers(said: frozenset[str], part: str, parts: Sequence[str]) -> bool:
    others = names(part)
    elsewhere = any(said & names(other) for other in parts if other is not part and claimed(other))
    return bool(others) and not said & others and elsewhere


def _parts(line: str) -> Iterator[str]:
    yield from (part for part in _PART.split(line) if part and part.strip())


# -- tables ----------------------------------------------------------------------------------------


def is_of_several_rows(sentence: str, quote: str, context: str) -> bool:
    """True if a part of the sentence takes its names and figures from more than one row of a table."""
    rows = [line for line in quote.splitlines() if _CELLS in line]
    if len(rows) < 2:
        return False
    return any(not _is_in_one(part, rows, context) for part in _parts(sentence))


def _is_in_one(part: str, rows: Sequence[str], context: str) -> bool:
    telling = frozenset(word for word in _bearing(part) if word not in language().light)
    heads = frozenset(words(context))
    needed = [word for word in telling if not _within(word, heads)]
    return any(all(_within(word, frozenset(spoken_of(row))) for word in needed) for row in rows)
