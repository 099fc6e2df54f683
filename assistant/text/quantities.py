"""Normalisation of numbers, amounts and dates in prose: "$3bn" equals "3 billion dollars".

A figure is normalised to its value, with its unit if any: `2025`, `80 %`, `3000000000 dollar`, `20 year`. A
month is `month 6`. Digits of every script are recognised; words for numbers and units are English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

_SMALL = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
_ONES = {word: at for at, word in enumerate((_SMALL + "seventeen eighteen nineteen").split(), 1)}
_ROUND = "ten twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * at for at, word in enumerate(_ROUND.split(), 1) if at > 1}
_ORDINALS = {
    word: at
    for at, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
# "One second", "per second" and "within a second." are of time; "a second ship" is a rank.
_SECOND_OF_TIME = re.compile(
    r"(?:\d[\s-]?|\b(?:one|per|each|every|split|half a)\s)second\b|\ba second\b(?!\s+[a-z])"
)
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\b")
_SCALES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "trillion": 10**12,
    "tn": 10**12,
}
_SCALE = "hundred|thousand|million|billion|trillion"
_UNITS = {
    "%": r"%|per\s?cent\b|percent\b|pct\b",
    "dollar": r"(?:U\.?S\.?\s)?dollars?\b|USD\b",
    "euro": r"euros?\b|EUR\b|€",
    "pound": r"pounds?\b|GBP\b|£",
    "second": r"sec(?:ond)?s?\b",
    "minute": r"min(?:ute)?s?\b",
    "hour": r"h(?:ou)?rs?\b",
    "day": r"days?\b",
    "week": r"weeks?\b",
    "month": r"months?\b",
    "year": r"years?\b",
    "decade": r"decades?\b",
    "century": r"centur(?:y|ies)\b",
    "kilometre": r"km\b|kilomet(?:re|er)s?\b",
    "metre": r"met(?:re|er)s?\b",
    "mile": r"miles?\b",
    "kilogram": r"kg\b|kilos?\b|kilogram(?:me)?s?\b",
    "tonne": r"tonnes?\b|tons?\b",
    "barrel": r"barrels?\b|bbl\b",
}
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound"}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()

_MEASURED = (
    "second|minute|hour|day|week|month|year|decade|century|kilomet(?:re|er)|met(?:re|er)|mile|kilo(?:gram)?|ton(?:ne)?"
    "|barrel|dollar|euro|pound"
)
_A_UNIT = re.compile(rf"\ban?(?=\s(?:{_MEASURED})\b)", re.IGNORECASE)

_NUMBER_WORDS = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[-\s](?P<after>{'|'.join([*_ONES][:9])}))?"
    rf"|(?P<ones>{'|'.join([*_ONES][1:])})|(?:one|an?)(?=\s(?:{_SCALE})\b)|one(?=[-\s](?:{_MEASURED})\b))\b",
    re.IGNORECASE,
)
# "The two countries" refers back and claims no number.
_REFERRING = re.compile(r"\b(?:the|these|those|their|its|both)(?:\s+other)?\s+two\b", re.IGNORECASE)
_FIGURE = re.compile(
    r"(?<![^\W_])(?:(?:US)?(?P<sign>[$€£])\s?)?"
    r"(?P<digits>\d{1,3}(?:[,'’ ]\d{3})+(?:\.\d+)?(?!\d)"
    r"|\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?)(?:(?:st|nd|rd|th|s)\b)?"
    rf"(?P<scales>(?:[-\s]?(?:{_SCALE}|mn|bn|tn)\b)+|[kmb]\b)?"
    r"[-\s]?(?:" + "|".join(f"(?P<unit{at}>{form})" for at, form in enumerate(_UNITS.values())) + ")?",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_SLASHED = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4}|\d\d)\b")
_MONTH = re.compile(
    r"\b(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b"
)


@lru_cache(maxsize=1024)
def claimed(text: str) -> frozenset[str]:
    """Return the figures that a text states, normalised."""
    return frozenset(_figures(_REFERRING.sub(" ", text)))


@lru_cache(maxsize=1024)
def allowed(text: str) -> frozenset[str]:
    """Return the figures that a text supports: those it states, also without units, in every reading."""
    found = set(_figures(text)) | set(_figures(_A_UNIT.sub("one", text)))
    found |= {figure.split()[0] for figure in found if not figure.startswith("month")}
    for first, second, _ in _SLASHED.findall(text):
        found |= {f"month {int(first)}", f"month {int(second)}"}
    found |= {str(_ORDINALS[word]) for word in _ORDINAL.findall(_SECOND_OF_TIME.sub(" ", text.lower()))}
    # 1.234 is a fraction or a thousand, depending on the country.
    found |= {figure.replace(".", "") for figure in found if re.fullmatch(r"\d+\.\d{3}", figure)}
    return frozenset(found)


def _figures(text: str) -> Iterator[str]:
    text = re.sub(r"\d", lambda digit: str(unicodedata.decimal(digit[0])), re.sub(r"[^\S\n]", " ", text))
    for month in _MONTH.findall(text):
        yield f"month {_MONTHS.index(month[:3].lower()) + 1}"
    for _, month, _ in _ISO.findall(text):
        yield f"month {int(month)}"
    text = _SLASHED.sub(r"\1 / \2 / \3", _ISO.sub(r"\1 / \3", text))
    for found in _FIGURE.finditer(_NUMBER_WORDS.sub(_in_digits, text)):
        value = _value(found["digits"]) * _scale(found)
        yield f"{format(value.normalize(), 'f')} {_unit(found)}".strip()


def _in_digits(words: re.Match[str]) -> str:
    ones = words["after"] or words["ones"]
    tens = _TENS[words["tens"].lower()] if words["tens"] else 0
    return str(tens + (_ONES[ones.lower()] if ones else 0) or 1)


def _value(digits: str) -> Decimal:
    if re.fullmatch(r"\d{1,3}(?:[,'’ ]\d{3})+(?:\.\d+)?", digits):
        return Decimal(re.sub(r"[,'’ ]", "", digits))
    if digits.count(".") > 1:
        digits = digits.replace(".", "")
    return Decimal(digits.replace(",", "."))


def _scale(found: re.Match[str]) -> int:
    product = 1
    scales = (found["scales"] or "").lower()
    if scales in {"m", "b"} and not found["sign"]:
        return 1  # metres, bytes
    for scale in re.findall(r"[a-z]+", scales):
        product *= _SCALES[scale]
    return product


def _unit(found: re.Match[str]) -> str:
    if found["sign"]:
        return _SIGNS[found["sign"]]
    return next((unit for at, unit in enumerate(_UNITS) if found[f"unit{at}"]), "")
