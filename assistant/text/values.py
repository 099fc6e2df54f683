"""Values of numbers and dates: "1,840", "1 840" and "1.840" are 1840, "5 May 2024" is 2024-05-05.

Ambiguous values yield both: 1.840 is also a fraction, 3/5/2024 a day in March or in May.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from assistant.core.types import Span
from assistant.text.languages.questions import any_of, question_vocabulary
from assistant.text.words import folded

_GROUPS = re.compile(
    r"(?<![\d.,])\d{1,3}(?P<by>[,.'’ \u00a0\u202f\u066c])\d{3}(?:(?P=by)\d{3})*"
    r"(?P<rest>[.,]\d{1,2}(?!\d))?(?!\d)"
)
_NUMBER = re.compile(r"(?<![^\W_])[-−]?\d+(?:[.,\u066b]\d+)?(?![^\W_]*-\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?(?!\d)")
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)")
LONGEST_MULTIPLE = 20
"""Characters behind a number in which a word that multiplies it ends."""
_YEAR = re.compile(r"(?<![\d.,])(?:1[5-9]|20|21)\d\d(?![\d]|[.,]\d)")


def join_digits(text: str) -> str:
    """Return the text without separators in long numbers: "1,840" -> "1840". Offsets change."""
    if not any(map(str.isdigit, text)):
        return text
    return _GROUPS.sub(_without_separators, text)


def numbers(text: str) -> frozenset[str]:
    """Return the numbers of a text, normalised: `1840`, `3.5`. Years are included, other dates are not."""
    return frozenset(value for _, value in _numbers(_without_dates(_with_ascii_digits(text))))


def written_as(text: str, other: str) -> str:
    """Return a text with its numbers as another text writes the same values: "1840" as "1,840"."""
    forms = {value: other[span.start : span.end] for span, value in _numbers(_with_ascii_digits(other))}
    ranges = {span: forms[value] for span, value in _numbers(_with_ascii_digits(text)) if value in forms}
    for span in sorted(ranges, key=lambda span: -span.start):
        text = text[: span.start] + ranges[span] + text[span.end :]
    return text


@functools.lru_cache(maxsize=4096)
def moments(text: str) -> frozenset[str]:
    """Return the days and months that a text names, as `2024-05-05` and `2024-05`."""
    return frozenset(moment for _, moment in _moments(_with_ascii_digits(text)))


def years(text: str) -> frozenset[str]:
    """Return the years of a text, those of its dates too, and all years of a span such as "2019-2021"."""
    plain = _with_ascii_digits(text)
    found = {year.group() for year in _YEAR.finditer(plain)} | {moment[:4] for _, moment in _moments(plain)}
    for first, last in re.findall(r"(?<!\d)((?:19|20)\d\d)\s?[-–/]\s?((?:19|20)?\d\d)(?!\d|-)", plain):
        end = int(last if len(last) == 4 else first[:2] + last)
        if int(first) <= end <= int(first) + 50:
            found |= {str(year) for year in range(int(first), end + 1)}
    return frozenset(found)


def amount(text: str) -> Decimal | None:
    """Return the number in a cell, without its unit or currency; None if it has none or several."""
    found = list(_numbers(_with_ascii_digits(text)))
    if not found or moments(text) or len({span for span, _ in found}) > 1:
        return None
    return Decimal(found[0][1])


def _with_ascii_digits(text: str) -> str:
    """Replace the digits of every script by 0 to 9; the length stays."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _numbers(plain: str) -> Iterator[tuple[Span, str]]:
    """Yield the numbers of a text in ASCII digits, each with the word behind it that multiplies it."""
    for span, value in _written_numbers(plain):
        behind = plain[span.end : span.end + LONGEST_MULTIPLE]
        if behind.lstrip()[:1].isalpha() and (multiple := _multiple().match(folded(behind))):
            factor = question_vocabulary().multiples[" ".join(multiple["word"].split())]
            yield Span(span.start, span.end + multiple.end()), _value(str(Decimal(value) * factor))
        else:
            yield span, value


@functools.cache
def _multiple() -> re.Pattern[str]:
    return re.compile(rf"\s*(?P<word>{any_of(question_vocabulary().multiples).pattern})")


def _written_numbers(plain: str) -> Iterator[tuple[Span, str]]:
    taken = 0
    for found in _GROUPS.finditer(plain):
        span = Span(*found.span())
        yield from (
            (Span(*n.span()), _value(n.group())) for n in _NUMBER.finditer(plain[: span.start], taken)
        )
        taken = span.end
        yield span, _value(_without_separators(found))
        if re.fullmatch(r"\d{1,3}[.,]\d{3}", found.group()):
            yield span, _value(found.group())
    for number in _NUMBER.finditer(plain, taken):
        yield Span(*number.span()), _value(number.group())


def _without_separators(group: re.Match[str]) -> str:
    rest = group["rest"] or ""
    return re.sub(r"\D", "", group.group()[: len(group.group()) - len(rest)]) + rest


def _value(digits: str) -> str:
    value = Decimal(re.sub(r"[,\u066b]", ".", digits.replace("−", "-"))).normalize()
    return format(value, "f")


def _without_dates(plain: str) -> str:
    parts, at = [], 0
    for span in sorted(
        {span for span, moment in _moments(plain) if len(moment) == 10}, key=lambda s: s.start
    ):
        parts.append(plain[at : max(at, span.start)])
        at = max(at, span.end)
    return " ".join([*parts, plain[at:]])


def _moments(plain: str) -> Iterator[tuple[Span, str]]:
    for found in _ISO.finditer(plain):
        yield from _moment(found, found[1], found[2], found[3])
    for found in _NUMERIC.finditer(plain):
        yield from _moment(found, found[4], found[3], found[1])
        if found[2] == "/":
            yield from _moment(found, found[4], found[1], found[3])
    if any(c.isalpha() for c in plain) and _YEAR.search(plain):
        for found in _worded().finditer(folded(plain)):
            month = question_vocabulary().months[found["month"] or found["month2"]]
            yield from _moment(found, found["year"] or found["year2"], month, found["day"] or found["day2"])


def _moment(found: re.Match[str], year: str, month: str | int, day: str | None) -> Iterator[tuple[Span, str]]:
    if not 1 <= int(month) <= 12 or (day and not 1 <= int(day) <= 31):
        return
    yield Span(*found.span()), f"{year}-{int(month):02}"
    if day:
        yield Span(*found.span()), f"{year}-{int(month):02}-{int(day):02}"


@functools.cache
def _worded() -> re.Pattern[str]:
    """Match 5 May 2024, 5. Mai 2024, 5 de mayo de 2024; May 5th, 2024; May 2024."""
    named = any_of(question_vocabulary().months).pattern
    between = r"\.?,?\s*(?:de |del |di )?"
    return re.compile(
        rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?\s*(?:of |de )?)?"
        rf"(?P<month>{named}){between}(?P<year>\d{{4}})"
        rf"|(?P<month2>{named})\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year2>\d{{4}})"
    )
