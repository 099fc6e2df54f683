"""Small talk: greetings, thanks and questions about the assistant, with a polite reply to each.

Greetings, thanks, farewells, abuse, "who are you", a bare "?". The phrases and the replies of each language
are data (`languages/*.toml`, table `small_talk`). No reply cites anything, for nothing was looked up.
"""

from __future__ import annotations

import functools

from assistant.text import languages

KINDS = ("who", "abilities", "abuse", "greeting", "thanks", "farewell")
"""The kinds of small talk; where several are said, the first of them is replied to."""
LONGEST = 8
"""Words of a phrase."""


def small_talk(question: str, documents: int, language: str | None = None) -> str | None:
    """The reply to small talk, in its language; None where it is something else. `documents` is their number.

    A question without a word, "?" say, is replied to in `language`.
    """
    words = languages.words(question)
    if not words:
        return says("silence", language, documents=documents)
    for code in _first(languages.language_of(question)):
        kinds = _kinds(words, code)
        if kinds:
            return says(kinds[0], code, documents=documents)
    return None


def says(what: str, language: str | None, *, documents: int = 0, **names: str) -> str:
    """A sentence of the assistant in a language, or in English where it is not known in that."""
    code = language if language and what in languages.table(language, "small_talk").get("says", {}) else None
    sentences = languages.table(code or languages.DEFAULT, "small_talk")["says"]
    counted = sentences["none" if not documents else "one" if documents == 1 else "many"]
    text: str = sentences[what]
    return text.format(documents=counted.format(count=f"{documents:,}"), **names)


def _first(code: str) -> list[str]:
    """All languages, this one first: a few words are not enough to tell."""
    return [code, *(other for other in languages.CODES if other != code)]


def _kinds(words: list[str], code: str) -> list[str]:
    """The kinds of small talk that the words are made of, wholly; none where any word is of something
    else."""
    phrases = _phrases(code)
    found, at = set(), 0
    while at < len(words):
        lengths = range(min(LONGEST, len(words) - at), 0, -1)
        length = next((n for n in lengths if " ".join(words[at : at + n]) in phrases), 0)
        if not length:
            return []
        found.add(phrases[" ".join(words[at : at + length])])
        at += length
    return [kind for kind in KINDS if kind in found]


@functools.cache
def _phrases(code: str) -> dict[str, str]:
    """The kind of each phrase, folded; words that only go with others are fillers."""
    lists = languages.vocabulary(code, "small_talk")
    pairs = [(phrase, "filler") for phrase in lists.get("fillers", ())]
    pairs += [(phrase, kind) for kind in KINDS for phrase in lists.get(kind, ())]
    return {" ".join(languages.words(phrase)): kind for phrase, kind in pairs}
