"""Countries in a text, whatever the language and the form: Iran, Iranians, Irán, Иран are one.

The names are CLDR's (`languages/territories.json`, made by `eval/make_territories.py`), with others and with
adjectives from the files of the languages.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.text import languages
from assistant.text.words import folded

NONE = "none"
"""What stands for a code where a phrase names no country, though a word of it would."""
LONGEST = 6
"""Words of a name."""
_ENDINGS = ("an", "ian", "ean", "ese", "ish")
_CLOSED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: a name is found within a run of letters."""


_CYRILLIC = re.compile("[а-я]{4,}")


@dataclass(frozen=True, slots=True)
class Territory:
    """A country at a place of a text, by the code of ISO 3166."""

    code: str
    start: int
    end: int


@functools.lru_cache(maxsize=512)
def territories(text: str) -> tuple[Territory, ...]:
    """The countries that a text names, in order."""
    found = list(_in_spaced(text))
    if _CLOSED.search(text):
        found += _in_closed(text)
    return tuple(sorted(found, key=lambda territory: territory.start))


def forms(code: str) -> list[str]:
    """All that a country may be called, folded."""
    return [form for form, of in _forms().items() if of == code]


def is_region(phrase: str) -> bool:
    """Whether a phrase is known to name no country but what holds several, or something else: Latin
    America."""
    return _forms().get(" ".join(folded(phrase).split())) == NONE


def codes(text: str) -> frozenset[str]:
    """The codes of the countries that a text names."""
    return frozenset(territory.code for territory in territories(text))


def _in_spaced(text: str) -> Iterator[Territory]:
    words = list(languages.WORD.finditer(text))
    at = 0
    while at < len(words):
        found = next(_names_at(text, words, at), None)
        if found is None:
            at += 1
            continue
        length, code = found
        if code != NONE:
            yield Territory(code, words[at].start(), words[at + length - 1].end())
        at += length


def _names_at(text: str, words: list[re.Match[str]], at: int) -> Iterator[tuple[int, str]]:
    """The names that begin at a word, longest first: how many words, and the code."""
    for length in range(min(LONGEST, len(words) - at), 0, -1):
        phrase = text[words[at].start() : words[at + length - 1].end()]
        form = re.sub(r"['’]s?$", "", folded(phrase))
        form = " ".join(form.split())
        code = _forms().get(form) or _forms().get(form.removesuffix("s"))
        if code and (form not in _with_capital() or phrase[0].isupper()):
            yield length, code


def _in_closed(text: str) -> Iterator[Territory]:
    for name, code in _closed():
        for found in re.finditer(re.escape(name), text):
            yield Territory(code, found.start(), found.end())


@functools.cache
def _forms() -> dict[str, str]:
    """The code of each folded form; what is written in the data goes before what is derived."""
    named = json.loads((languages.FOLDER / "territories.json").read_text("utf-8"))
    forms = {form: code for code, names in named.items() for form in names}
    for language in languages.CODES:
        for code, names in languages.table(language, "names").items():
            forms |= dict.fromkeys(names.split(", "), code)
    single = [
        (form, code) for form, code in forms.items() if form.isascii() and form.isalpha() and len(form) > 3
    ]
    for form, code in list(forms.items()):
        for derived in _declined(form) if _CYRILLIC.fullmatch(form) else ():
            forms.setdefault(derived, code)
    for form, code in sorted(single, key=lambda pair: -len(pair[0])):
        for derived in _derived(form):
            forms.setdefault(derived, code)
    return forms


def _declined(name: str) -> Iterator[str]:
    """The cases of a Russian name."""
    bare = name.rstrip("аеиоуыюя")
    yield from (bare + case for case in "а е и у ы ю я ии ию ия еи ои ом ем".split())


def _derived(name: str) -> Iterator[str]:
    """What people and things of a country may be called: Iran -> iranian, iranians; Cuba -> cuban."""
    bare = name.rstrip("aeiouy")
    endings = [name + "n", name + "i", *(name + ending for ending in _ENDINGS)]
    for form in endings + [bare + ending for ending in _ENDINGS if len(bare) > 2]:
        yield form
        yield f"{form}s"


@functools.cache
def _with_capital() -> frozenset[str]:
    return frozenset(
        word
        for code in languages.CODES
        for word in languages.vocabulary(code, "capitals").get("words", frozenset())
    )


@functools.cache
def _closed() -> tuple[tuple[str, str], ...]:
    return tuple((form, code) for form, code in _forms().items() if _CLOSED.search(form))
