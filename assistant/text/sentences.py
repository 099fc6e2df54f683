"""Sentence segmentation.

A regular expression finds candidate stops; rules on the words on both sides decide. Written for English prose
from the web; the stops of Chinese, Japanese, Arabic and Hindi are recognised too.
"""

from __future__ import annotations

import re

from assistant.core.types import Span
from assistant.text.words import word_set

# Possessive quantifiers, so that no run of stops or quotes is scanned twice.
_STOP = re.compile(r"[.!?…。！？｡؟۔।]++[\"'”’»)\]*_」』）】]*+(?:\[\d{1,3}\]|</[a-zA-Z]{1,10}>)*+")
_WIDE = frozenset("。！？｡؟۔।")
_OPENING = re.compile(r"\s+[\"'“‘«(\[*_¿¡]{0,3}")
_WORD = re.compile(r"[^\W\d_]{1,30}")
_OPENERS = "\"'“‘«([*_"


# Never the end of a sentence before a capitalised word.
_TITLES = word_set(
    "mr mrs ms mx dr prof gen adm col maj capt cmdr lt sgt sen rep gov hon rev fr st mt ft pres amb messrs "
    "mme mlle e.g i.e eg ie cf vs v viz approx ca resp incl aka"
)
# Not the end before a number: No. 5, Fig. 2, Jan. 3.
_BEFORE_NUMBERS = word_set(
    "no nos nr fig figs eq eqs sec ch chap vol vols p pp art arts para tab ref refs "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
# The end only if the next word often begins a sentence. Initials and U.S. are treated likewise.
_EITHER = word_set("al inc ltd co corp plc jr sr est dept univ assn bros intl ph.d gmbh ave blvd")
_STARTERS = word_set(
    "the this that these those it its he she they we i you his her their our my your in on at a an but and "
    "or however for if when while after before as there what who how why where since by with from to not no "
    "one some many most several although though according meanwhile then so such both each all also moreover "
    "furthermore during under over now today here once until because despite yet still instead another other"
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
# Suffixes of file and site names, in any case.
_SUFFIXES = word_set(
    "com net org edu gov io ai co uk js ts py md txt pdf html xml json exe app dev info eu de"
)


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the sentences of `text[start:end]` in order; only the white space around them is omitted.

    Offsets count characters of `text`. A sentence may span lines. A stop without a space ends a sentence
    between a word and a capital ("dimensions.This"), as in scraped text.
    """
    end = len(text) if end is None else end
    found: list[Span] = []
    begin = start
    for stop in _STOP.finditer(text, start, end):
        if _ends_sentence(text, begin, stop, end):
            found.append(trimmed(text, begin, stop.end()))
            begin = stop.end()
    found.append(trimmed(text, begin, end))
    return [span for span in found if span.start < span.end]


def trimmed(text: str, start: int, end: int) -> Span:
    """Return the span without the white space at both ends; empty if there is nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _ends_sentence(text: str, begin: int, stop: re.Match[str], end: int) -> bool:
    if stop.end() >= end or not _WIDE.isdisjoint(stop.group()):
        return True
    opening = _OPENING.match(text, stop.end(), end)
    if opening is None:
        return _is_missing_space(text, begin, stop, end)
    if opening.end() >= end:
        return True
    if text[opening.end()].islower():
        return False
    lone_dot = stop.group()[0] == "." and not stop.group().startswith("..")
    return not (lone_dot and _is_abbreviation(text, begin, stop.start(), opening.end(), end))


def _last_word(text: str, begin: int, end: int) -> str:
    """Return the characters before `end` back to white space, at most 40."""
    near = text[max(begin, end - 40) : end]
    if not near or near[-1].isspace():
        return ""
    return near.split()[-1].lstrip(_OPENERS)


def _is_abbreviation(text: str, begin: int, dot: int, following: int, end: int) -> bool:
    word = _last_word(text, begin, dot).lower()
    if not word:
        # A separate dot: part of an ellipsis ". . .", or the stop of tokenised text.
        return text[following] == "." or text[begin:dot].rstrip()[-1:] in ("", ".")
    if word in _TITLES:
        return True
    if word in _BEFORE_NUMBERS:
        return text[following].isdigit()
    if word.isdigit():
        return len(word) <= 3 and not text[begin : dot - len(word)].strip(_OPENERS + " \t\n>#")[:1]
    if word in _EITHER or _INITIALS.fullmatch(word):
        return not _is_starter(text, following, end)
    return False


def _is_starter(text: str, at: int, end: int) -> bool:
    word = _WORD.match(text, at, end)
    return word is not None and word.group().lower() in _STARTERS and text[word.end() : word.end() + 1] != "."


def _is_missing_space(text: str, begin: int, stop: re.Match[str], end: int) -> bool:
    """Return True if the stop ends a sentence that touches the next one, and is not part of a name."""
    after = _WORD.match(text, stop.end(), end)
    if after is None or stop.group()[0] not in ".!?" or stop.group().startswith(".."):
        return False
    word, touching = after.group(), text[after.end() : min(after.end() + 1, end)]
    if not word[0].isupper() or word.lower() in _SUFFIXES or (touching and touching not in " \n\t,;’'"):
        return False
    if (word[1:] and not word[1:].islower()) or (len(word) == 1 and word not in "AI"):
        return False
    before = _last_word(text, begin, stop.start())
    if before.isdigit():
        return len(before) == 4  # a year
    return len(before) > 1 and before.rstrip("\"'”’»)]%").replace("-", "").replace("’", "").isalpha()
