"""Lines put together: a word parted at a line end is whole again, a compound keeps its hyphen."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache

from assistant.text.language import FOLDER

_SPLIT_WORD = re.compile(r"([^\W\d_]{2,})[-\u2010\u00ad]$")
_LETTER_OR_NUMBER = re.compile(r"(?<![^\W_])(?:[A-Z]|\d+)-$")
"""The first part of X-ray or 24-hour, which is no syllable."""
_UNSPACED = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff]")
"""Chinese and Japanese, which have no spaces."""
_PART = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*(?![-\w])")


def words_within(lines: Iterable[str]) -> frozenset[str]:
    """Return the words within lines, and the compounds with their hyphens."""
    return frozenset(word.lower() for line in lines for word in _PART.findall(line))


def joined(written: str, line: str, words: frozenset[str]) -> str:
    """Return a text and the line that goes on with it; `words` are those of the document."""
    before, gap = joint(written, line, words)
    return f"{before}{gap}{line}"


def joint(written: str, line: str, words: frozenset[str]) -> tuple[str, str]:
    """Return a text as it is before the line that goes on with it, and what parts the two."""
    start = max(0, len(written) - 60)
    if _LETTER_OR_NUMBER.search(written, start):
        return written, ""
    if _UNSPACED.match(written[-1:]) and _UNSPACED.match(line):
        return written, ""
    broken = _SPLIT_WORD.search(written, start)
    if broken is None or not line[:1].islower():
        return written, " "
    head, tail = broken.group(1), re.match(r"[^\W\d_]*", line)
    is_compound = _is_compound(head, tail.group() if tail else "", words)
    return (written if is_compound else written[:-1]), ""


@cache
def _hyphens() -> tuple[frozenset[str], frozenset[str]]:
    """Return first parts of compounds, and endings that make no compound of them."""
    data = tomllib.loads((FOLDER / "en.toml").read_text("utf-8"))["hyphens"]
    return frozenset(data["first"].split()), frozenset(data["endings"].split())


def _is_compound(head: str, tail: str, words: frozenset[str]) -> bool:
    """True if a word keeps the hyphen at the end of a line: the document has it so, or has both its parts."""
    head, tail = head.lower(), tail.lower()
    if f"{head}-{tail}" in words or f"{head}{tail}" in words:
        return f"{head}-{tail}" in words
    first, endings = _hyphens()
    return (head in first and tail not in endings) or (head in words and tail in words)
