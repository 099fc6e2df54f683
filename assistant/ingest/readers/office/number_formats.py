"""Numbers and dates of a spreadsheet as a person sees them, by the format of their cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm",
    19: "h:mm:ss",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yy h:mm",
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss",
    48: "0.0E+0",
    **dict.fromkeys([*range(27, 32), 36, *range(50, 55), 57, 58], "yyyy-mm-dd"),
}
"""What the numbers of formats mean that no workbook spells out."""

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[[^\]hms]*\]', re.IGNORECASE)
_CLOCK = re.compile(r"h+(?:\W?m+)?(?:\W?s+)?(?:\.0+)?|m+\W?s+(?:\.0+)?|s+|am/pm|a/p")
_CORE = re.compile(r"[#0?](?:[#0?,.]*[#0?])?,*")
_MONTHS = "January February March April May June July August September October November December".split()
# What stands for characters that mean themselves, while the others are looked at.
_SELF = "\ue000"


def numeral(value: float, code: str, epoch_1904: bool = False) -> str:
    """How a number looks in a cell with this format. Dates are given as 2024-03-05, whatever their order."""
    return _shape(code or "General", epoch_1904)(value)


def general(value: float) -> str:
    """A number without a format: up to 12 digits, so that 0.1 + 0.2 reads as 0.3."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.12g}"


@lru_cache(1000)
def _shape(code: str, epoch_1904: bool) -> Callable[[float], str]:
    sections = [_Section(section) for section in _sections(code)[:3]]
    if sections[0].is_date:
        return lambda value: _moment(value, sections[0].pattern.lower(), epoch_1904)

    def shaped(value: float) -> str:
        if value < 0 and len(sections) > 1:
            return sections[1].number(-value)
        if value == 0 and len(sections) > 2:
            return sections[2].number(value)
        return sections[0].number(value)

    return shaped


def _sections(code: str) -> list[str]:
    """The parts for positive numbers, negative ones and zero; a semicolon in quotes is none."""
    return re.findall(r'(?:"[^"]*"|\\.|[^;"\\]|["\\])+|(?<=;)(?=;|$)', code) or [code]


class _Section:
    """One part of a format: the pattern of its digits, and what stands before and after them."""

    def __init__(self, section: str) -> None:
        literals: list[str] = []

        def taken(found: re.Match[str]) -> str:
            literals.append(next((group for group in found.groups() if group), ""))
            return _SELF

        self.pattern = _LITERAL.sub(taken, section)
        self.is_date = re.search(r"[ymdhs]", _without_general(self.pattern), re.IGNORECASE) is not None
        before, self._core, after = self.pattern, "", ""
        if found := _CORE.search(self.pattern):
            before, self._core, after = before[: found.start()], found.group(), before[found.end() :]
        self._kind = after[:2].upper()
        self._scale = 2 * self.pattern.count("%") - 3 * (len(self._core) - len(self._core.rstrip(",")))
        said = iter(literals)
        self._before, self._after = (
            re.sub(_SELF, lambda _: next(said, ""), re.sub(r"^E[+-]0*", "", part, flags=re.IGNORECASE))
            for part in (before, after)
        )

    def number(self, value: float) -> str:
        if not self._core:
            says_itself = self._before.strip() and "general" not in self._before.lower()
            return self._before.strip() if says_itself and self._before != "@" else general(value)
        if "/" in self._after:  # a fraction
            return general(value)
        scaled = Decimal(repr(float(value))).scaleb(self._scale)
        sign = "-" if scaled < 0 else ""
        return f"{sign}{self._before}{self._digits(abs(scaled))}{self._after}".strip()

    def _digits(self, value: Decimal) -> str:
        whole, _, fraction = self._core.rstrip(",").partition(".")
        places = len(re.findall("[#0?]", fraction))
        if self._kind in ("E+", "E-"):
            return f"{float(value):.{places}E}"
        exact = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if value < 1e15 else value
        text = f"{exact:{',' if ',' in whole else ''}.{places}f}"
        if optional := len(fraction) - len(fraction.rstrip("#?")):
            head, tail = text[:-optional], text[-optional:].rstrip("0")
            text = (head + tail).rstrip(".")
        digits, dot, rest = text.partition(".")
        return digits.zfill(whole.count("0")) + dot + rest


def _without_general(pattern: str) -> str:
    return re.sub("general|e[+-]", "", pattern, flags=re.IGNORECASE)


@lru_cache(10_000)
def _moment(value: float, pattern: str, epoch_1904: bool) -> str:
    """A date, a time of day, both, or a duration; a month or a year where the format shows no day."""
    if found := re.search(r"\[(h+|m+|s+)\]", pattern):
        return _duration(value, found.group(1)[0])
    base = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 30)
    if not epoch_1904 and value < 60:
        base += timedelta(days=1)  # the 29th of February 1900, which there never was, is counted
    try:
        at = base + timedelta(seconds=round(value * 86400))
    except OverflowError:
        return general(value)
    has_clock = _CLOCK.search(pattern) is not None
    date = _date(at, _CLOCK.sub("", pattern))
    clock = f"{at:%H:%M:%S}" if "s" in pattern and at.second else f"{at:%H:%M}"
    is_midnight = date and not (at.hour or at.minute or at.second)
    return " ".join(filter(None, [date, clock if has_clock and not is_midnight else ""]))


def _date(at: datetime, pattern: str) -> str:
    if "d" in pattern:
        return (
            f"{at:%Y-%m-%d}" if "y" in pattern or "m" not in pattern else f"{at.day} {_MONTHS[at.month - 1]}"
        )
    if "y" in pattern:
        return f"{_MONTHS[at.month - 1]} {at.year}" if "m" in pattern else str(at.year)
    return _MONTHS[at.month - 1] if "mmm" in pattern else ""


def _duration(value: float, unit: str) -> str:
    seconds = round(abs(value) * 86400)
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    sign = "-" if value < 0 else ""
    if unit == "h":
        return f"{sign}{hours}:{minutes:02}" + (f":{rest:02}" if rest else "")
    return f"{sign}{seconds // 60}:{rest:02}" if unit == "m" else f"{sign}{seconds}"
