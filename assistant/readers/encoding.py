"""Bytes -> text, whatever they were written with."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)


def decoded(data: bytes, *, declared: bool = False) -> str | None:
    """The text that the bytes hold, or None where they hold none (an image, a program).

    A byte order mark decides, then, if `declared`, what an HTML page says of itself, then UTF-8 where at
    most a few bytes are broken, then what charset-normalizer takes for the likeliest.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if b"\0" in data:
        return _without_mark(data)
    said = _DECLARED.search(data[:2048]) if declared else None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if said and (text := _by_name(data, said.group(1).decode("ascii"))):
        return text
    return _nearly_utf8(data) or _guessed(data)


def _without_mark(data: bytes) -> str | None:
    """UTF-16 of a mostly Latin text: every second byte is zero. Other zeros mean that this is no text."""
    even, odd = data[0::2].count(0) * 2 / len(data), data[1::2].count(0) * 2 / len(data)
    if max(even, odd) < 0.4 or min(even, odd) > 0.05:
        return None
    return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")


def _by_name(data: bytes, name: str) -> str | None:
    try:
        # Browsers read what calls itself Latin-1 as Windows-1252, so that is what pages are written in.
        latin = codecs.lookup(name).name in ("iso8859-1", "ascii")
        return data.decode("cp1252" if latin else name, "replace")
    except (LookupError, ValueError, UnicodeError):
        return None


def _nearly_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = sum(1 for char in text if char > "\x7f") - broken
    return text if broken <= max(2, len(text) // 1000) and foreign >= 4 * broken else None


def _guessed(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:200_000]).best()
    if best is None:
        return None
    return data.decode(best.encoding, "replace")
