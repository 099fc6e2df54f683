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
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NO_ENCODING_OF_PAGES = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"}
_WESTERN = frozenset("äöüßÄÖÜéèêëàâáîïíôóñçãõåæøÅÆØÉÈÀÁÍÓÚÑÇÃÕúùû¿¡€£§°ºª«»–—‘’“”„…·•©®™\xa0\xad")
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)


def decoded(data: bytes, *, declared: bool = False) -> str | None:
    """The text that the bytes hold, or None where they hold none (an image, a program).

    A byte order mark decides, then, if `declared`, what an HTML page says of itself, then UTF-8 where at
    most a few bytes are broken, then what charset-normalizer takes for the likeliest.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    text = _as_utf8(data)
    if b"\0" in data and not (text and _is_readable(text)):
        return _without_mark(data)
    said = _DECLARED.search(data[:2048]) if declared else None
    if text is None and said:
        text = _by_name(data, said.group(1).decode("ascii"))
    if text is None:
        text = _nearly_utf8(data) or _guessed(data)
    return text if text and _is_readable(text) else None


def _as_utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_readable(text: str) -> bool:
    """Whether hardly any of it is control characters; some files of text have a few."""
    sample = text[:100_000]
    return len(_CONTROL.findall(sample)) * 20 <= len(sample)


def _without_mark(data: bytes) -> str | None:
    """UTF-16 of a mostly Latin text: every second byte is zero. Other zeros mean that this is no text."""
    even, odd = data[0::2].count(0) * 2 / len(data), data[1::2].count(0) * 2 / len(data)
    if max(even, odd) < 0.4 or min(even, odd) > 0.05:
        return None
    return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")


def _by_name(data: bytes, name: str) -> str | None:
    try:
        known = codecs.lookup(name).name
        if known in _NO_ENCODING_OF_PAGES:
            return None
        # Browsers read what calls itself Latin-1 as Windows-1252, so that is what pages are written in.
        return data.decode("cp1252" if known in ("iso8859-1", "ascii") else known, "replace")
    except (LookupError, ValueError, UnicodeError):
        return None


def _nearly_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = sum(1 for char in text if char > "\x7f") - broken
    return text if broken <= max(2, len(text) // 1000) and foreign >= 4 * broken else None


def _western(data: bytes) -> str | None:
    """The text as Windows-1252, where a few of its letters are foreign and all of them usual in the West."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    foreign = [char for char in text[:200_000] if char > "\x7f"]
    is_usual = len(foreign) * 7 < len(text[:200_000]) and _WESTERN.issuperset(foreign)
    return text if is_usual else None


def _guessed(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    if (text := _western(data)) is not None:
        return text
    likely = from_bytes(data[:200_000])
    best = likely.best()
    if best is None:
        return None
    # Among equals the commonest, which reads most of Western Europe.
    western = any(
        m.encoding == "cp1252" and m.chaos <= best.chaos and m.coherence >= best.coherence for m in likely
    )
    return data.decode("cp1252" if western else best.encoding, "replace")
