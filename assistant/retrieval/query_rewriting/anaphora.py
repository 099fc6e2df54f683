"""Words of a question that refer to something said before: it, there, he, the second, the band, what else."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from typing import Literal

from assistant.retrieval.query_rewriting.mentions import mentions, small_words, word_list
from assistant.text import languages
from assistant.text.words import folded, stem

ReferenceKind = Literal[
    "person",
    "thing",
    "things",
    "place",
    "demonstrative",
    "demonstrative noun",
    "noun",
    "ordinal",
    "other",
    "question",
]
"""The kind of a reference: he, it, they, there, that, that band, the band, the second, what else, why.

A "question" refers as a whole, as it names nothing itself.
"""
ORDINALS = ("first", "second", "third")
MAX_UNEXPLAINED = 2
"""Content words that may precede a pronoun without explaining it."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A word, as typed, that refers to something of this kind.

    `rank` is the place in a list that an ordinal refers to: 1 is the first, -1 the last. `after` is the
    number of content words before the word.
    """

    word: str
    kind: ReferenceKind
    rank: int = 0
    after: int = 0

    @property
    def is_strict(self) -> bool:
        """Return True if the question means nothing unless the reference is resolved."""
        if self.kind == "question":
            return not any(map(str.isdigit, self.word))
        if self.after > 1:
            return False
        return self.kind not in ("noun", "other")


def find_pointers(question: str, language: str) -> list[Pointer]:
    """Return the referring words of a question, in order, without those that the question itself explains."""
    found = list(languages.WORD.finditer(question))
    words = [folded(match[0]) for match in found]
    pointing: list[Pointer] = []
    for at, match in enumerate(found):
        kind, rank = _classify(words, at, language)
        if _is_doubled(words, at, language):
            continue
        if kind and not _is_explained(question[: match.start()], words[:at], kind, language):
            noun = found[at + 1][0] if kind == "demonstrative noun" and at + 1 < len(found) else ""
            before = len(content_words(question[: match.start()], language))
            pointing.append(Pointer(f"{match[0]} {noun}".strip(), kind, rank, before))
    follows_on = bool(words) and words[0] in word_list(language, "conjunctions")
    if not pointing and (
        _has_no_content(question, follows_on, language) or _lacks_a_verb(words, question, language)
    ):
        return [Pointer(question.strip(" ?!.¿¡？؟"), "question")]
    return pointing


def _has_no_content(question: str, follows_on: bool, language: str) -> bool:
    """Return True without a content word or a name; behind a conjunction, one content word is too few."""
    return len(content_words(question, language)) <= follows_on and not any(
        m.kind != "year" for m in mentions(question, language)
    )


def _lacks_a_verb(words: Sequence[str], question: str, language: str) -> bool:
    """Return True for a question such as "from which states?", whose verb was said before."""
    asks, prepositions = word_list(language, "asks_what"), word_list(language, "prepositions")
    words = [*dropwhile(prepositions.__contains__, words)]
    auxiliary = word_list(language, "questions") - word_list(language, "asks_for_a_name") - asks
    return (
        1 < len(words) <= 3
        and words[0] in asks
        and not auxiliary & set(words)
        and not mentions(question, language)
    )


def content_words(question: str, language: str) -> list[str]:
    """Return the folded words of a text that carry its topic, without digits."""
    small = small_words(language)
    return [word for word in languages.words(question) if word not in small and not word.isdigit()]


def _classify(words: Sequence[str], at: int, language: str) -> tuple[ReferenceKind | None, int]:
    """Return the kind of the reference that the word at `at` is, None if it is none, and its rank."""
    of = functools.partial(word_list, language)
    word, before = words[at], words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    auxiliary, ranks = of("questions") - of("asks_for_a_name"), ordinal_ranks(language)
    if word in of("persons"):
        return "person", 0
    if word in of("things"):
        return (None if _is_impersonal(words, at, language) else "thing"), 0
    if word in of("places"):
        # "Is there a …" points nowhere; nor does "are there".
        return (None if before in auxiliary and after else "place"), 0
    if word in of("demonstrative"):
        alone = not after or after in auxiliary | of("particles") or _is_predicate(words, at + 1, language)
        if alone or (before in of("alone_before") and after in small_words(language)):
            return "demonstrative", 0
        # Behind a noun or a verb it may join a clause: the hospital that Iran built.
        opens = not before or before in of("questions") | of("prepositions") | of("conjunctions")
        is_noun = after not in small_words(language) | of("at_hand")
        return ("demonstrative noun" if opens and is_noun else None), 0
    if word in of("several"):
        return "things", 0
    if word in of("one") and before in ranks:
        return "ordinal", ranks[before]
    if word in of("one") and before and (not after or after in small_words(language) - of("complement")):
        return "demonstrative noun", 0
    if word in ranks and before in of("articles") and not after:
        return "ordinal", ranks[word]
    if word in of("others"):
        return "other", 0
    return None, 0


def _is_predicate(words: Sequence[str], at: int, language: str) -> bool:
    """Return True if the word behind an auxiliary and a demonstrative is no noun: "has that grown"."""
    of = functools.partial(word_list, language)
    with_participle, with_verb = of("takes_a_participle"), of("takes_a_verb")
    before, auxiliary, word, rest = words[: at - 2], words[at - 2 : at - 1], words[at], words[at + 1 :]
    if with_participle.intersection(auxiliary):
        alone = not rest and of("conjunctions").issuperset(before)
        return alone or _is_participle(word, language)
    if with_verb.intersection(auxiliary):
        # A subject of two words, "that hospital", is followed by its verb.
        only = not rest or rest[0] in of("articles")
        verbs = _verbs(language)
        return only or _is_participle(word, language) or (word in verbs and verbs.isdisjoint(rest))
    return False


def _is_participle(word: str, language: str) -> bool:
    """Return True for the participle of a verb, by its ending or by the list of the irregular ones."""
    regular = languages.table(language, "follow_up").get("regular_participle", "(?!)")
    irregular = word_list(language, "participles")
    return word in irregular or re.fullmatch(regular, word) is not None


@functools.cache
def _verbs(language: str) -> frozenset[str]:
    """Return the words of a language that are mostly verbs; none where there is no list."""
    path = languages.FOLDER / f"{language}.verbs.txt"
    return frozenset(path.read_text("utf-8").split()) if path.exists() else frozenset()


@functools.cache
def ordinal_ranks(language: str) -> dict[str, int]:
    """Return the rank of each ordinal: 1 for the first, -1 for the last."""
    ranks = {word: rank for rank, name in enumerate(ORDINALS, 1) for word in word_list(language, name)}
    ranks |= dict.fromkeys(word_list(language, "former"), 1)
    return ranks | dict.fromkeys(word_list(language, "last"), -1)


def _is_impersonal(words: Sequence[str], at: int, language: str) -> bool:
    """Return True for an "it" that refers to nothing: is it possible to …, what does it mean when …"""
    rest, to = words[at + 1 :], word_list(language, "to")
    if not rest or rest[0] in word_list(language, "empty_it"):
        return bool(rest)
    if rest[0] in word_list(language, "empty_it_with_clause") and len(rest) > 2:
        return True
    return bool(to & set(rest[1:3])) and rest[-1] not in to


def _is_explained(before: str, words: Sequence[str], kind: ReferenceKind, language: str) -> bool:
    """Return True if the question itself names, before the word, what it refers to."""
    if kind in ("other", "ordinal", "demonstrative noun"):
        return False
    explaining = ("name",) if kind == "person" else ("name", "work", "place")
    if any(mention.kind in explaining for mention in mentions(before, language)):
        return True
    named, articles = content_words(before, language), word_list(language, "articles")
    if kind == "person":
        # "When does a skipper lose his berth", but not "Did the audience like him".
        articles -= word_list(language, "definite")
    elif len(named) > MAX_UNEXPLAINED:
        return True
    return bool(named) and not articles.isdisjoint(words)


def _is_doubled(words: Sequence[str], at: int, language: str) -> bool:
    """Return True for a pronoun that what it means follows: "¿Qué le vende Irán a Venezuela?"."""
    if words[at] not in word_list(language, "doubled"):
        return False
    by, small = word_list(language, "doubled_by"), small_words(language) - word_list(language, "articles")
    return any(word in by and after not in small for word, after in pairwise(words[at + 1 :]))


def find_repeated_noun(question: str, said: Sequence[str], language: str) -> Pointer | None:
    """Return a noun with an article, "the album", that was said before, if the question has no name."""
    articles = word_list(language, "definite")
    if not articles or any(mention.kind != "year" for mention in mentions(question, language)):
        return None
    words, small = languages.words(question), small_words(language)
    stems = {stem(word) for text in said for word in languages.words(text)}
    verbs = word_list(language, "questions")
    for article, noun, after in zip(words, words[1:], [*words[2:], ""], strict=False):
        bare = (
            not after or (after in small and after not in word_list(language, "complement")) or after in verbs
        )
        if article in articles and noun not in small and stem(noun) in stems and bare:
            return Pointer(noun, "noun")
    return None


def is_fragment(question: str, language: str) -> bool:
    """Return True for a phrase such as "the sauna", which answers a question that was asked back."""
    words = set(languages.words(question))
    asking = word_list(language, "questions")
    return 0 < len(words) <= 5 and not words & asking and not re.search(r"[?？؟]", question)
