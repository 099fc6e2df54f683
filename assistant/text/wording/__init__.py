"""The words of the page itself, a file a language, and which of them a browser is shown."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "es", "pt", "fa", "ar")
"""The languages of the page; the first is shown to whom none of them is named."""
FROM_THE_RIGHT = frozenset({"fa", "ar"})
MOST = 1_000
"""Characters of a browser's list of languages that are read."""
Text = str | Mapping[str, str]
"""A text, or one for each plural category of its number (CLDR's: one, two, few, many, other)."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of a language by their keys."""

    language: str
    texts: Mapping[str, Text]

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """The side from which the language is read."""
        return "rtl" if self.language in FROM_THE_RIGHT else "ltr"

    def __call__(self, key: str, **values: object) -> str:
        """Return a text without plural forms, with its `{names}` replaced by values."""
        template = self.texts[key]
        if not isinstance(template, str):
            raise TypeError(f"{key} depends on a number, which the page's scripts alone fill in")
        return template.format_map(values) if values else template


@functools.cache
def wording(language: str) -> Wording:
    """Return the texts of one of `LANGUAGES`."""
    return Wording(language, json.loads((FOLDER / f"{language}.json").read_text("utf-8")))


ENGLISH = wording("en")


def wanted(accepted: str | None) -> Wording:
    """Return the texts that suit an `Accept-Language` header best (RFC 9110, 12.5.4)."""
    ranked = sorted(_ranges(accepted or ""), key=lambda each: -each[1])
    names = (name for name, quality in ranked if quality > 0 and name in LANGUAGES)
    return wording(next(names, LANGUAGES[0]))


def _ranges(accepted: str) -> Iterator[tuple[str, float]]:
    """Yield the languages of a header without their regions, each with its quality."""
    for part in accepted[:MOST].split(","):
        name, _, parameter = part.strip().partition(";")
        written = parameter.strip().removeprefix("q=")
        try:
            quality = float(written) if written else 1.0
        except ValueError:
            continue
        yield name.split("-")[0].strip().lower(), quality
