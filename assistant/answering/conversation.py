"""Small talk: greetings, thanks, farewells, abuse, "who are you" and a bare "?", with their replies.

The phrases and replies of each language are data (`languages/*.toml`, table `small_talk`). No reply cites.
"""

from __future__ import annotations

import functools
import re

from assistant.text import languages

KINDS = ("who", "abilities", "abuse", "greeting", "thanks", "farewell")
"""The kinds of small talk, in order of precedence."""
_ENDS = re.compile(r"(?<=[.!?…。！？؟,，،])\s+")
LONGEST = 8
"""Limit on the words of a phrase."""


def small_talk(question: str, documents: int, language: str | None = None) -> str | None:
    """Return the reply to small talk in its language, or None; `documents` is their number.

    The reply to a question without any word, such as "?", is in `language`.
    """
    words = languages.words(question)
    if not words:
        return message("silence", language, documents=documents)
    # A few words are not enough to detect a language, so all are tried.
    for code in dict.fromkeys([languages.language_of(question), *languages.CODES]):
        kinds = _kinds(words, code)
        if kinds:
            return message(kinds[0], code, documents=documents)
    return None


def without_small_talk(question: str) -> str:
    """Return the question without small talk beside it: "This is crap. Who runs Cuba, you idiot?"."""
    # In haste nobody writes capitals, by which sentences are told otherwise.
    parts = _ENDS.split(question)
    asked = [part for part in parts if languages.words(part) and small_talk(part, 1) is None]
    return " ".join(asked).rstrip(",，،") if asked and len(asked) < len(parts) else question


def message(name: str, language: str | None, *, documents: int = 0, **values: str) -> str:
    """Return a message of the assistant in a language, or in English if that language lacks it."""
    messages = languages.table(language or languages.DEFAULT, "small_talk").get("says", {})
    if name not in messages:
        messages = languages.table(languages.DEFAULT, "small_talk")["says"]
    corpus = messages["none" if not documents else "one" if documents == 1 else "many"]
    text: str = messages[name]
    return text.format(documents=corpus.format(count=f"{documents:,}"), **values)


def _kinds(words: list[str], code: str) -> list[str]:
    """Return the kinds of the phrases that the words consist of; empty if any word is in none."""
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
    """Return the kind of each folded phrase; words that occur only with other phrases are fillers."""
    lists = languages.vocabulary(code, "small_talk")
    pairs = [(phrase, "filler") for phrase in lists.get("fillers", ())]
    pairs += [(phrase, kind) for kind in KINDS for phrase in lists.get(kind, ())]
    return {" ".join(languages.words(phrase)): kind for phrase, kind in pairs}
