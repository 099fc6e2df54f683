"""Estimation of the tokens of a text without loading the embedding model, and cutting at token limits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from assistant.core.types import Span
from assistant.text.sentences import trimmed

_PIECE = re.compile(r"[^\W\d_]{1,16}|\d{1,4}|\S")
_SYLLABLES = "\u2e80"
"""The first character of Chinese, Japanese and Korean."""
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{5}", re.IGNORECASE)


def tokens(text: str) -> int:
    """Estimate the tokens of `text` for the embedding model; rather too many than too few."""
    return sum(map(_cost, _PIECE.findall(text)))


@lru_cache(maxsize=65536)
def _cost(piece: str) -> int:
    """Estimate the tokens of one piece."""
    plain = piece
    if not piece.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFD", piece) if not unicodedata.combining(c))
        if not plain.isascii():
            return _foreign(unicodedata.normalize("NFC", piece))
    if plain.isdigit():
        return (len(plain) + 1) // 2
    mixed = plain[1:] != plain[1:].lower() and not plain.isupper()
    if mixed or len(plain) == 16 or _CONSONANTS.search(plain):
        return (len(plain) + 1) // 2  # not a word of a language, so split into short tokens
    return 1 if len(plain) <= 6 else 1 + (len(plain) - 4) // 4


def _foreign(piece: str) -> int:
    """Estimate a non-Latin piece: two tokens for three syllables or ideographs, one for three letters."""
    return (2 * len(piece) + 2) // 3 if piece[0] >= _SYLLABLES else (len(piece) + 2) // 3


def shortened(text: str, limit: int) -> str:
    """Return the beginning of `text` of at most `limit` estimated tokens, never cut within a grapheme."""
    at = _reach(text, 0, len(text), limit)
    return text if at == len(text) else text[: _between_graphemes(text, 0, at)].rstrip()


def _reach(text: str, start: int, end: int, limit: int) -> int:
    """Return the end of the longest range from `start` with at most `limit` tokens."""
    used = 0
    for piece in _PIECE.finditer(text, start, end):
        used += _cost(piece.group())
        if used > limit:
            return piece.start()
    return end


_MARKS = (("; ", "；", "。"), (", ", ": ", "，", "、", "|"), (" ", "\n", "\t", "\u3000"))


def cut(text: str, whole: Span, size: int) -> Iterator[Span]:
    """Yield pieces of at most `size` tokens, cut after a semicolon, else a comma, else white space.

    Only white space between the pieces is omitted.
    """
    begin = whole.start
    while begin < whole.end:
        high = _reach(text, begin, whole.end, size)
        stop = high if high == whole.end else _break(text, begin, high)
        piece = trimmed(text, begin, stop)
        if piece.start < piece.end:
            yield piece
        begin = stop


def _break(text: str, low: int, high: int) -> int:
    middle = (low + high) // 2
    for marks in _MARKS:
        found = max((text.rfind(mark, middle, high), len(mark)) for mark in marks)
        if found[0] > middle:
            return sum(found)
    return _between_graphemes(text, low, max(high, low + 1))


def _between_graphemes(text: str, low: int, at: int) -> int:
    """Return the nearest grapheme boundary at or before `at`; graphemes of over 100 code points are cut."""
    for place in range(at, max(low, at - 100), -1):
        if not _joined(text, place):
            return place
    return at


def _joined(text: str, at: int) -> bool:
    """Return True if the two characters around `at` are of one grapheme (the main rules of UAX 29)."""
    if at <= 0 or at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if after < "\u0300":
        return before + after == "\r\n"
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or after in "\u200c\u200d\u0e33\u0eb3":
        return True
    if before == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if unicodedata.combining(before) == 9:  # a virama joins the consonants on both sides
        return unicodedata.category(after) == "Lo"
    if _is_flag_half(before) and _is_flag_half(after):
        run = len(text[max(0, at - 200) : at]) - len(text[max(0, at - 200) : at].rstrip(_FLAG_HALVES))
        return run % 2 == 1
    return "\u1100" <= before <= "\u11ff" and "\u1100" <= after <= "\u11ff"


_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _is_flag_half(char: str) -> bool:
    return char in _FLAG_HALVES
