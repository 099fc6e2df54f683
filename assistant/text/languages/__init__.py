"""The vocabulary of each language as data: one file `<code>.toml`, with one table for each use."""

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
"""A word; `\\w` does not include the vowel signs of Hindi."""
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
    """Return a table of a language file; empty if the language has none of this name."""
    found: Mapping[str, Any] = _file(code).get(name, {})
    return found


@functools.cache
def vocabulary(code: str, name: str) -> Vocabulary:
    """Return the lists of a table as sets; a list is words separated by spaces, or an array of phrases."""
    lists = table(code, name).items()
    return {key: frozenset(value.split() if isinstance(value, str) else value) for key, value in lists}


def words(text: str) -> list[str]:
    """Return the words of a text in order, folded."""
    return WORD.findall(folded(text))


@functools.lru_cache(maxsize=1024)
def language_of(text: str) -> str:
    """Detect the language of a short text by its script and its function words."""
    for letters, codes in _SCRIPTS:
        if letters.search(text):
            return max((c for c in codes if c in CODES), key=lambda c: _hits(c, text), default=DEFAULT)
    latin = [DEFAULT, *(c for c in CODES if c not in {DEFAULT, "zh", "hi", "ru", "fa", "ar"})]
    return max(latin, key=lambda code: _hits(code, text))


def _hits(code: str, text: str) -> int:
    """Count the function words of a language in a text."""
    function_words = _function_words(code)
    return sum(word in function_words for word in words(text))


@functools.cache
def function_words() -> frozenset[str]:
    """Return the function words of all languages, folded."""
    return frozenset[str]().union(*map(_function_words, CODES))


@functools.cache
def _function_words(code: str) -> frozenset[str]:
    lists = vocabulary(code, "follow_up")
    kinds = ("questions", "prepositions", "articles", "conjunctions", "persons", "generic", "demonstrative")
    return frozenset[str]().union(*(lists.get(kind, frozenset()) for kind in kinds))


@functools.cache
def _file(code: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8"))
