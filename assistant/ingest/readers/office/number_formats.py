"""Formats numbers and dates of a spreadsheet as its cells display them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 48: "0.0E+0"},
    **{15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 22: "m/d/yy h:mm", 46: "[h]:mm:ss"},
    **dict.fromkeys([18, 20], "h:mm"),
    **dict.fromkeys([19, 21], "h:mm:ss"),
    **dict.fromkeys([37, 38], "#,##0;-#,##0"),
    **dict.fromkeys([39, 40], "#,##0.00;-#,##0.00"),
    **dict.fromkeys([45, 47], "mm:ss"),
    **dict.fromkeys([14, *range(27, 32), 36, *range(50, 55), 57, 58], "yyyy-mm-dd"),
}
"""The built-in formats, which workbooks reference by number only (ECMA-376, part 1, 18.8.30)."""

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[[^\]hms]*\]', re.IGNORECASE)
_CLOCK = re.compile(r"h+(?:\W?m+)?(?:\W?s+)?(?:\.0+)?|m+\W?s+(?:\.0+)?|s+|am/pm|a/p")
_CORE = re.compile(r"[#0?](?:[#0?,.]*[#0?])?,*")
_MONTHS = "January February March April May June July August September October November December".split()
# Replaces literal characters while the pattern is parsed.
_LITERAL_MARK = "\ue000"


def format_number(value: float, code: str, epoch_1904: bool = False) -> str:
    """Format a number as in a cell with this format. Dates become 2024-03-05, whatever their order."""
    return _formatter(code or "General", epoch_1904)(value)


def format_general(value: float) -> str:
    """Format a number without a format: up to 12 digits, so 0.1 + 0.2 becomes 0.3."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.12g}"


@lru_cache(1000)
def _formatter(code: str, epoch_1904: bool) -> Callable[[float], str]:
    sections = [_Section(section) for section in _sections(code)[:3]]
    if sections[0].is_date:
        return lambda value: _format_date(value, sections[0].pattern.lower(), epoch_1904)

    def shaped(value: float) -> str:
        if value < 0 and len(sections) > 1:
            return sections[1].number(-value)
        if value == 0 and len(sections) > 2:
            return sections[2].number(value)
        return sections[0].number(value)

    return shaped


def _sections(code: str) -> list[str]:
    """Split a format into its parts for positive numbers, negative numbers and zero."""
    return re.findall(r'(?:"[^"]*"|\\.|[^;"\\]|["\\])+|(?<=;)(?=;|$)', code) or [code]


class _Section:
    """One part of a format: the pattern of its digits, and the text before and after them."""

    def __init__(self, section: str) -> None:
        literals: list[str] = []

        def replace(literal: re.Match[str]) -> str:
            literals.append(next((group for group in literal.groups() if group), ""))
            return _LITERAL_MARK

        self.pattern = _LITERAL.sub(replace, section)
        self.is_date = re.search(r"[ymdhs]", _without_general(self.pattern), re.IGNORECASE) is not None
        before, self._core, after = self.pattern, "", ""
        if core := _CORE.search(self.pattern):
            before, self._core, after = before[: core.start()], core.group(), before[core.end() :]
        self._kind = after[:2].upper()
        self._scale = 2 * self.pattern.count("%") - 3 * (len(self._core) - len(self._core.rstrip(",")))
        remaining = iter(literals)
        self._before, self._after = (
            re.sub(
                _LITERAL_MARK,
                lambda _: next(remaining, ""),
                re.sub(r"^E[+-]0*", "", part, flags=re.IGNORECASE),
            )
            for part in (before, after)
        )

    def number(self, value: float) -> str:
        if not self._core:
            says_itself = self._before.strip() and "general" not in self._before.lower()
            return self._before.strip() if says_itself and self._before != "@" else format_general(value)
        if "/" in self._after:  # a fraction
            return format_general(value)
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
def _format_date(value: float, pattern: str, epoch_1904: bool) -> str:
    """Format a date, a time, both, or a duration; a month or a year if the format has no day."""
    if unit := re.search(r"\[(h+|m+|s+)\]", pattern):
        return _format_duration(value, unit.group(1)[0])
    base = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 30)
    if not epoch_1904 and value < 60:
        base += timedelta(days=1)  # spreadsheets count a 29th of February 1900, which did not exist
    try:
        at = base + timedelta(seconds=round(value * 86400))
    except OverflowError:
        return format_general(value)
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


def _format_duration(value: float, unit: str) -> str:
    seconds = round(abs(value) * 86400)
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    sign = "-" if value < 0 else ""
    if unit == "h":
        return f"{sign}{hours}:{minutes:02}" + (f":{rest:02}" if rest else "")
    return f"{sign}{seconds // 60}:{rest:02}" if unit == "m" else f"{sign}{seconds}"
