"""The kind of thing a question asks for, such as an amount or a person, and the texts that hold one.

The words of each language are data: the table `answer_type` of `assistant/text/languages/`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from assistant.retrieval.patterns import END, START
from assistant.text import languages
from assistant.text.words import folded

AnswerKind = Literal["date", "time", "amount", "person", "place"]
ANSWER_KINDS: tuple[AnswerKind, ...] = ("date", "time", "amount", "person", "place")
"""In the order in which they are looked for: "how much time" asks for a time, "how much" for an amount."""

_YEAR = rf"{START}(?:1\d\d\d|20\d\d){END}"
_CLOCK = re.compile(r"(?<![\d:])\d{1,2}:\d\d(?![\d:])")
_CAPITAL = f"[{''.join(filter(str.isupper, map(chr, range(0x530))))}]"
_NAME = re.compile(rf"(?<!^)\b{_CAPITAL}[^\W\d_]+|^\W*{_CAPITAL}[^\W\d_]+ {_CAPITAL}[^\W\d_]+")


def lacks(question: str, texts: Sequence[str]) -> bool:
    """Return True if the question asks for a date, a time, an amount or a person, and no text holds one."""
    kind, language = asked_kind(question)
    return kind is not None and not any(_holds(text, kind, language) for text in texts)


def asked_kind(question: str) -> tuple[AnswerKind | None, str]:
    """Return the kind of thing a question asks for, with the language that it asks in.

    English is tried as well: names from elsewhere in an English question hide its language.
    """
    text = folded(question)
    own = languages.language_of(question)
    for language in dict.fromkeys((own, languages.DEFAULT)):
        for kind in ANSWER_KINDS:
            if _asking(language, kind).search(text):
                return kind, language
    return None, own


def _holds(text: str, kind: AnswerKind, language: str) -> bool:
    """Return True if the text may hold such a thing, by the words of its own language and of `language`."""
    if kind == "place":
        return True
    if kind == "person":
        return bool(_NAME.search(text)) or any(map(_is_caseless, text))
    plain = re.sub(r"\d", lambda digit: str(int(digit[0])), folded(text))
    if kind == "amount":
        plain = _without_times(plain, languages.language_of(text))
    return any(_holding(code, kind).search(plain) for code in {language, languages.language_of(text)})


def _without_times(text: str, language: str) -> str:
    """Return the text without "14:00" and the year of "in 2019", which are no amounts."""
    words = languages.vocabulary(language, "follow_up")
    before = "|".join(
        map(re.escape, words.get("prepositions", frozenset()) | words.get("around", frozenset()))
    )
    return re.sub(rf"{START}(?:{before or '(?!)'})\s+{_YEAR}", " ", _CLOCK.sub(" ", text))


def _is_caseless(letter: str) -> bool:
    """Return True for a letter of a script without capitals, in which any word may be a name."""
    return letter.isalpha() and letter.lower() == letter.upper()


@functools.cache
def _asking(language: str, kind: AnswerKind) -> re.Pattern[str]:
    """Return the pattern of folded questions that ask for this kind; it matches nothing without data."""
    patterns = languages.table(language, "answer_type").get(f"asks_{kind}", ())
    return re.compile(_whole_words(map(folded, patterns)))


@functools.cache
def _holding(language: str, kind: AnswerKind) -> re.Pattern[str]:
    """Return the pattern of folded texts that hold an amount, a time or a date; digits are ASCII."""
    lists = languages.vocabulary(language, "answer_type")
    dates = [*languages.table(language, "answers").get("months", ()), *lists.get("dates", ())]
    words = {"date": dates, "time": [*dates, *lists.get("times", ())], "amount": lists.get("amounts", ())}
    figure = _YEAR if kind == "date" else r"\d"
    return re.compile(f"{figure}|{_whole_words(re.escape(folded(word)) for word in words[kind])}")


def _whole_words(patterns: Iterable[str]) -> str:
    """Return a pattern of any of the patterns between the borders of words."""
    return rf"{START}(?:{'|'.join(patterns) or '(?!)'}){END}"
