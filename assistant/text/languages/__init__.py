"""The words of each language, as data: a file `<code>.toml` each, with a table for each module."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.text.words import folded

FOLDER = Path(__file__).parent
CODES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
DEFAULT = "en"
WORD = re.compile(r"[^\W_](?:[\w\u0900-\u0963]|[-'’.](?=[^\W_]))*")
"""A word; the vowel signs of Hindi are no letters to `\\w`."""
Vocabulary = Mapping[str, frozenset[str]]
_SCRIPTS = tuple(
    (re.compile(letters), codes)
    for letters, codes in (
        ("[\u4e00-\u9fff]", ("zh",)),
        ("[\u0900-\u097f]", ("hi",)),
        ("[\u0400-\u04ff]", ("ru",)),
        ("[پچژگکی]", ("fa",)),
        ("[\u0600-\u06ff]", ("ar", "fa")),
    )
)


@functools.cache
def table(code: str, name: str) -> Mapping[str, Any]:
    """One table of a language's file; empty where the language has none of this name."""
    found: Mapping[str, Any] = _file(code).get(name, {})
    return found


@functools.cache
def vocabulary(code: str, name: str) -> Vocabulary:
    """The lists of a table, as sets: words between spaces, or an array of phrases."""
    lists = table(code, name).items()
    return {key: frozenset(value.split() if isinstance(value, str) else value) for key, value in lists}


def words(text: str) -> list[str]:
    """The words of a text in order, folded."""
    return WORD.findall(folded(text))


@functools.lru_cache(maxsize=1024)
def language_of(text: str) -> str:
    """The language that a short text is in, by its script and by the small words that it holds."""
    for letters, codes in _SCRIPTS:
        if letters.search(text):
            return max((c for c in codes if c in CODES), key=lambda c: _known(c, text), default=DEFAULT)
    latin = [DEFAULT, *(c for c in CODES if c not in {DEFAULT, "zh", "hi", "ru", "fa", "ar"})]
    return max(latin, key=lambda code: _known(code, text))


def _known(code: str, text: str) -> int:
    """How many of the words are among the small words of a language."""
    small = _small(code)
    return sum(word in small for word in words(text))


@functools.cache
def _small(code: str) -> frozenset[str]:
    lists = vocabulary(code, "follow_up")
    kinds = ("questions", "prepositions", "articles", "conjunctions", "persons", "generic", "demonstrative")
    return frozenset[str]().union(*(lists.get(kind, frozenset()) for kind in kinds))


@functools.cache
def _file(code: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8"))
