"""Courtesies and oaths around a question ("please tell me", "what the hell"), which are not searched for.

The words of each language are data: the table `politeness` of `assistant/text/languages/`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from assistant.retrieval.patterns import END
from assistant.text import languages

_COMMA = r"[\s,，、،]"
_PAUSE = r"[\s,.:;!，。：；！、،؛।-]"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of what is removed from the beginning, the middle and the end of a question."""

    before: re.Pattern[str]
    oaths: re.Pattern[str]
    after: re.Pattern[str]


def without_courtesies(question: str) -> str:
    """Return the question without courtesies and oaths, or unchanged where nothing else would be left."""
    patterns = _patterns(languages.language_of(question))
    rest = patterns.after.sub("", patterns.oaths.sub("", question))
    if courtesies := patterns.before.match(rest.lstrip()):
        rest = rest.lstrip()[courtesies.end() :]
    return rest if any(map(str.isalnum, rest)) else question


@functools.cache
def _patterns(language: str) -> _Patterns:
    """Return the patterns of a language and those of English, as "hi" and "ok" are said everywhere."""

    def either(key: str) -> str:
        tables = [
            languages.table(code, "politeness") for code in dict.fromkeys((languages.DEFAULT, language))
        ]
        return "|".join(pattern for table in tables for pattern in table[key])

    joined_by = f"(?:(?:{either('joined_by')}){END}\\s*)?"
    return _Patterns(
        re.compile(f"(?:[¿¡]*(?:{either('before')}){END}{_PAUSE}*{joined_by})+", re.IGNORECASE),
        re.compile(f"(?:{either('oaths')}){END}", re.IGNORECASE),
        re.compile(rf"{_COMMA}+(?:{either('after')})(?=\W*$)", re.IGNORECASE),
    )
