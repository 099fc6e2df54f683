"""The words of a question that stand for something said before: it, there, he, the second, the band, what
else.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.retrieval.query_rewriting.mentions import mentions, small_words
from assistant.text import languages
from assistant.text.words import folded, stem

Kind = Literal[
    "person", "thing", "several", "place", "that", "else", "order", "nothing else", "those", "noun"
]
"""What a word stands for; "those" is a demonstrative with a noun, "noun" a bare noun that was said before."""
ORDINALS = ("first", "second", "third")
SHORT = 2
"""Telling words that a question may hold before a pronoun and yet not say what the pronoun stands for."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A word, as typed, that stands for something of this kind.

    `rank` is where it counts in what was listed, `after` how many telling words are before it in the
    question.
    """

    word: str
    kind: Kind
    rank: int = 0
    after: int = 0

    @property
    def is_strict(self) -> bool:
        """Whether nothing can be made of the question without what the word stands for."""
        if self.kind == "nothing else":
            return not any(map(str.isdigit, self.word))
        if self.after > 1:
            return False
        return self.kind in ("person", "thing", "several", "place", "that", "order", "those")


def pointers(question: str, language: str) -> list[Pointer]:
    """The pointing words of a question, in order. Those that its own words explain are left out."""
    found = list(languages.WORD.finditer(question))
    words = [folded(match[0]) for match in found]
    pointing: list[Pointer] = []
    for at, match in enumerate(found):
        kind, rank = _kind(words, at, language)
        if kind and not _is_explained(question[: match.start()], words[:at], kind, language):
            noun = found[at + 1][0] if kind == "those" and at + 1 < len(found) else ""
            before = len(telling(question[: match.start()], language))
            pointing.append(Pointer(f"{match[0]} {noun}".strip(), kind, rank, before))
    opens = bool(words) and words[0] in languages.vocabulary(language, "follow_up").get("conjunctions", ())
    if not pointing and (
        _says_nothing(question, opens, language) or _lacks_a_verb(words, question, language)
    ):
        return [Pointer(question.strip(" ?!.¿¡？؟"), "nothing else")]
    return pointing


def _says_nothing(question: str, opens: bool, language: str) -> bool:
    """Whether it has no word on what it is about; one is too few behind an "and"."""
    return len(telling(question, language)) <= opens and not any(
        m.kind != "year" for m in mentions(question, language)
    )


def _lacks_a_verb(words: Sequence[str], question: str, language: str) -> bool:
    """Whether it is only "which states?": what is asked of them was said before."""
    lists = languages.vocabulary(language, "follow_up")
    asks = lists.get("asks_what", frozenset())
    auxiliary = lists.get("questions", frozenset()) - lists.get("asks_for_a_name", frozenset()) - asks
    return (
        1 < len(words) <= 3
        and words[0] in asks
        and not auxiliary & set(words)
        and not mentions(question, language)
    )


def telling(question: str, language: str) -> list[str]:
    """The words of a question that say what it is about, folded."""
    small = small_words(language)
    return [word for word in languages.words(question) if word not in small and not word.isdigit()]


def _kind(words: Sequence[str], at: int, language: str) -> tuple[Kind | None, int]:
    lists = languages.vocabulary(language, "follow_up")

    def of(name: str) -> frozenset[str]:
        return lists.get(name, frozenset())

    word, before = words[at], words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    auxiliary = of("questions") - of("asks_for_a_name")
    if word in of("persons"):
        return "person", 0
    if word in of("things"):
        return (None if _is_empty(words, at, of("empty_it"), of("to")) else "thing"), 0
    if word in of("places"):
        # "Is there a …" points nowhere; nor does "are there".
        return (None if before in auxiliary and after else "place"), 0
    if word in of("demonstrative"):
        alone = not after or after in auxiliary or _is_predicate(words, at + 1, language)
        if alone or (before in of("alone_before") and after in small_words(language)):
            return "that", 0
        # Behind a noun or a verb it may join a clause: the hospital that Iran built.
        opens = not before or before in of("questions") | of("prepositions") | of("conjunctions")
        is_noun = after not in small_words(language) | of("at_hand")
        return ("those" if opens and is_noun else None), 0
    if word in of("several"):
        return "several", 0
    if word in of("one") and before in _ranks(lists):
        return "order", _ranks(lists)[before]
    if word in of("one") and before and (not after or after in small_words(language) - of("complement")):
        return "those", 0
    if word in _ranks(lists) and before in of("articles") and not after:
        return "order", _ranks(lists)[word]
    if word in of("others"):
        return "else", 0
    return None, 0


def _is_predicate(words: Sequence[str], at: int, language: str) -> bool:
    """Return True if the word behind an auxiliary and a demonstrative is no noun: "has that grown"."""
    lists = languages.vocabulary(language, "follow_up")
    with_participle, with_verb, articles, conjunctions = (
        lists.get(name, frozenset())
        for name in ("takes_a_participle", "takes_a_verb", "articles", "conjunctions")
    )
    before, auxiliary, word, rest = (
        words[: at - 2],
        words[at - 2] if at > 1 else "",
        words[at],
        words[at + 1 :],
    )
    if auxiliary in with_participle and _is_participle(word, language):
        return True
    if auxiliary in with_verb:
        # A subject of two words, "that hospital", is followed by its verb.
        only = not rest or rest[0] in articles
        verbs = _verbs(language)
        return only or _is_participle(word, language) or (word in verbs and verbs.isdisjoint(rest))
    return auxiliary in with_participle and not rest and conjunctions.issuperset(before)


def _is_participle(word: str, language: str) -> bool:
    regular = languages.table(language, "follow_up").get("regular_participle", "(?!)")
    irregular = languages.vocabulary(language, "follow_up").get("participles", frozenset())
    return word in irregular or re.fullmatch(regular, word) is not None


@functools.cache
def _verbs(language: str) -> frozenset[str]:
    """Return the words of a language that are mostly verbs; none where there is no list."""
    path = languages.FOLDER / f"{language}.verbs.txt"
    return frozenset(path.read_text("utf-8").split()) if path.exists() else frozenset()


def _ranks(lists: languages.Vocabulary) -> dict[str, int]:
    """How each counting word counts: 1 for the first, -1 for the last."""
    ranks = {word: rank for rank, name in enumerate(ORDINALS, 1) for word in lists.get(name, ())}
    ranks |= dict.fromkeys(lists.get("former", ()), 1)
    return ranks | dict.fromkeys(lists.get("last", ()), -1)


def _is_empty(words: Sequence[str], at: int, empty: frozenset[str], to: frozenset[str]) -> bool:
    """Whether an "it" stands for nothing: is it possible to …, how long does it take to …"""
    rest = words[at + 1 :]
    return bool(rest) and (rest[0] in empty or (bool(to & set(rest[1:3])) and rest[-1] not in to))


def _is_explained(before: str, words: Sequence[str], kind: Kind, language: str) -> bool:
    """Whether the question itself says, before the word, what it stands for."""
    if kind in ("else", "order", "those"):
        return False
    explaining = ("name",) if kind == "person" else ("name", "work", "place")
    if any(mention.kind in explaining for mention in mentions(before, language)):
        return True
    lists = languages.vocabulary(language, "follow_up")
    named = telling(before, language)
    if kind == "person":
        # "When does a skipper lose his berth", but not "Did the audience like him".
        return bool(named) and bool(
            (lists.get("articles", frozenset()) - lists.get("definite", frozenset())) & set(words)
        )
    return len(named) > SHORT or (bool(lists.get("articles", frozenset()) & set(words)) and bool(named))


def repeated_noun(question: str, said: Sequence[str], language: str) -> Pointer | None:
    """A bare noun with an article that was said before, in a question that names nothing: "the album"."""
    lists = languages.vocabulary(language, "follow_up")
    articles = lists.get("definite", frozenset())
    if not articles or any(mention.kind != "year" for mention in mentions(question, language)):
        return None
    words, small = languages.words(question), small_words(language)
    stems = {stem(word) for text in said for word in languages.words(text)}
    verbs = lists.get("questions", frozenset())
    for article, noun, after in zip(words, words[1:], [*words[2:], ""], strict=False):
        bare = (
            not after
            or (after in small and after not in lists.get("complement", frozenset()))
            or after in verbs
        )
        if article in articles and noun not in small and stem(noun) in stems and bare:
            return Pointer(noun, "noun")
    return None


def is_fragment(question: str, language: str) -> bool:
    """Whether it has no question word and no verb of one: the answer to a question that was asked back."""
    words = set(languages.words(question))
    asking = languages.vocabulary(language, "follow_up").get("questions", frozenset())
    return 0 < len(words) <= 5 and not words & asking and not re.search(r"[?？؟]", question)
