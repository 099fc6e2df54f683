"""Questions that name only a difference: "and with Bolivia?" after "What does Iran buy in Venezuela?"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.retrieval.query_rewriting.anaphora import ordinal_ranks
from assistant.retrieval.query_rewriting.mentions import Mention, mentions, small_words, word_list
from assistant.text import languages
from assistant.text.words import folded, stem

MAX_BEGINNING = 100
"""Characters of a phrase in which its first word is looked for."""
Likeness = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosines of a phrase and each of several others; only their order counts."""


def strip_punctuation(question: str) -> str:
    """Return the question on one line, without the punctuation at its ends."""
    return " ".join(question.split()).strip(" ?!.¿¡？。؟,;:").removesuffix("呢")


def find_new_phrase(question: str, language: str) -> str | None:
    """Return the phrase that an elliptic question names, with its preposition; None for a whole question."""
    asked = rest = strip_punctuation(question)
    openings = sorted(word_list(language, "ellipsis"), key=len, reverse=True)
    while opening := next((opening for opening in openings if _begins_with(rest, opening, language)), None):
        rest = rest[len(opening) :].strip(" ,")
    words = languages.words(rest[:MAX_BEGINNING])
    asks = word_list(language, "questions")
    return rest if rest != asked and words and words[0] not in asks else None


def _begins_with(asked: str, opening: str, language: str) -> bool:
    """Return True if the question begins with these folded words."""
    if folded(asked[: len(opening)]) != opening:
        return False
    after = asked[len(opening) : len(opening) + 1]
    return language == "zh" or not after or not after.isalnum()


def substitute(
    topic: str, phrase: str, language: str, likeness: Likeness | None = None, varied: str = ""
) -> str | None:
    """Return the topic with the phrase in place of its like; None if the topic has nothing like it.

    `varied`, the phrase that the question before put there, is replaced first.
    """
    preposition, new = _split(phrase, language)
    if not new:
        return None
    place = (
        _find_name(topic, new, preposition, language, likeness, varied)
        or _find_noun(topic, new, language)
        or _find_behind(topic, new, preposition, language)
    )
    if place is None:
        return None
    start, end = place
    before = topic[:start]
    last = re.search(r"[^\W_]+\s+$", before)
    articles = word_list(language, "articles")
    first = languages.words(new)[:1]
    if last and folded(last[0].strip()) in articles and first and first[0] in articles:
        before = before[: last.start()]
    return f"{before}{new}{topic[end:]}"


def substitute_one(asked: str, phrase: str, language: str) -> str | None:
    """Return a question with "the one on Skye" in place of its last "the tower": the tower on Skye; or with
    "the second one" in place of its "first"."""
    words, articles = [*map(folded, languages.WORD.findall(phrase))], word_list(language, "definite")
    ones, ordinals = word_list(language, "one"), ordinal_ranks(language)
    said = [word for word in words if word not in articles | ones]
    if len(said) == 1 and said[0] in ordinals:
        return _with_ordinal(asked, said[0], frozenset(ordinals))
    if len(words) > 2 and words[0] in articles and words[1] in ones:
        return _with_complement(asked, phrase.split(maxsplit=2)[2], language)
    return None


def _with_ordinal(asked: str, new: str, ordinals: frozenset[str]) -> str | None:
    """Return a question with another ordinal; None if it has none, or several."""
    found = [match for match in languages.WORD.finditer(asked) if folded(match[0]) in ordinals]
    return f"{asked[: found[0].start()]}{new}{asked[found[0].end() :]}" if len(found) == 1 else None


def _with_complement(asked: str, complement: str, language: str) -> str | None:
    """Return a question with the last noun that has an article followed by this, and by nothing else."""
    articles = word_list(language, "definite")
    small = word_list(language, "prepositions") | word_list(language, "questions") | articles
    found = list(languages.WORD.finditer(asked))
    for at in range(len(found) - 2, -1, -1):
        if folded(found[at][0]) in articles:
            noun = _phrase_end(found, at, small)
            return f"{asked[: found[at].end()]} {found[noun][0]} {complement}{asked[found[noun].end() :]}"
    return None


def _phrase_end(words: Sequence[re.Match[str]], at: int, small: frozenset[str]) -> int:
    """Return the place of the last word of the phrase that begins behind the word at `at`."""
    return next((n for n in range(at, len(words) - 1) if folded(words[n + 1][0]) in small), len(words) - 1)


def _split(phrase: str, language: str) -> tuple[str, str]:
    """Return the folded preposition before a phrase, empty without one, and the rest of the phrase."""
    first, _, rest = phrase.partition(" ")
    if folded(first) in word_list(language, "prepositions"):
        return folded(first), rest.strip()
    return "", phrase


def find_varied(question: str, language: str) -> str:
    """Return what an elliptic question names, without its preposition; empty for a whole question."""
    phrase = find_new_phrase(question, language) or find_recast(question, language)
    return _split(phrase, language)[1] if phrase else ""


def _find_name(
    topic: str, new: str, preposition: str, language: str, likeness: Likeness | None, varied: str
) -> tuple[int, int] | None:
    """Return the range of the topic that names something of the same kind."""
    kinds: set[str] = {mention.kind for mention in mentions(new, language)} or _kinds_of_word(new, language)
    kinds |= {"name", "work"} if kinds & {"name", "work"} else set()
    like = [m for m in mentions(topic, language) if m.kind in kinds]
    if not like:
        return None
    if len(like) > 1:
        like = _behind_preposition(topic, like, preposition, language) or like
        like = [name for name in like if folded(name.text) == folded(varied)] or like
    if len(like) > 1 and likeness is not None:
        cosines = likeness(new, [mention.text for mention in like])
        like = [like[max(range(len(like)), key=lambda at: cosines[at])]]
    return like[-1].start, like[-1].end


def _kinds_of_word(new: str, language: str) -> set[str]:
    """Return the kind of a short phrase that begins with a capital: a name, except in German."""
    return {"name"} if language != "de" and new[:1].isupper() and len(new.split()) <= 3 else set()


def _behind_preposition(
    topic: str, names: Sequence[Mention], preposition: str, language: str
) -> list[Mention]:
    """Return the names behind the same preposition, or else behind any; the subject has none.

    Of names that are joined, "between Iran and Peru", each is behind the preposition of the first.
    """
    prepositions, joints = word_list(language, "prepositions"), word_list(language, "joins")
    behind: dict[str, str] = {}
    for name in names:
        before = (languages.words(topic[: name.start]) or [""])[-1]
        behind[name.text] = next(reversed(behind.values()), "") if before in joints else before
    same = [name for name in names if preposition and behind[name.text] == preposition]
    return same or ([name for name in names if behind[name.text] in prepositions] if preposition else [])


def _find_noun(topic: str, new: str, language: str) -> tuple[int, int] | None:
    """Return the range of the topic's phrase with the same noun: the north pier for the south pier."""
    words = list(languages.WORD.finditer(topic))
    own = languages.words(new)
    if len(own) < 2:
        return None
    small = word_list(language, "prepositions") | word_list(language, "questions")
    articles = word_list(language, "articles")
    for at in range(len(words) - 1, 0, -1):
        if stem(folded(words[at][0])) != stem(own[-1]):
            continue
        first = at
        while first > 0 and folded(words[first - 1][0]) not in small | articles:
            first -= 1
        if first > 0 and folded(words[first - 1][0]) in articles and own[0] in articles:
            first -= 1
        return (words[first].start(), words[at].end()) if first < at else None
    return None


def _find_behind(topic: str, new: str, preposition: str, language: str) -> tuple[int, int] | None:
    """Return the range of what is behind the same preposition: "for an adult" for "for children"."""
    if not preposition or any(mention.kind != "year" for mention in mentions(new, language)):
        return None
    words = list(languages.WORD.finditer(topic))
    small = word_list(language, "prepositions") | word_list(language, "questions")
    for at in range(len(words) - 2, -1, -1):
        if folded(words[at][0]) != preposition:
            continue
        last = _phrase_end(words, at, small)
        named = mentions(topic[words[at].end() : words[last].end()], language)
        return (words[at + 1].start(), words[last].end()) if last > at and not named else None
    return None


def find_recast(question: str, language: str) -> str | None:
    """Return the new phrase of a question that else only points back: "How much is that for children?"."""
    asked = strip_punctuation(question)
    prepositions = word_list(language, "prepositions")
    for found in reversed(list(languages.WORD.finditer(asked))):
        if folded(found[0]) in prepositions:
            before = [word for word in languages.words(asked[: found.start()]) if word not in prepositions]
            pointing = word_list(language, "things") | word_list(language, "demonstrative")
            is_bare = bool(pointing & {*before}) and {*before} <= small_words(language)
            return asked[found.start() :] if is_bare and found.end() < len(asked) else None
    return None


def normalise_case(question: str) -> str:
    """Return a question in capitals in lower case, countries apart; any other question unchanged."""
    letters = [c for c in question if c.isalpha() and c.lower() != c.upper()]
    words = re.findall(r"[^\W\d_]+", question)
    if len(words) < 3 or not letters or sum(c.isupper() for c in letters) < 0.9 * len(letters):
        return question
    return _capitalise(question.lower())


def _capitalise(question: str) -> str:
    """Return a question in lower case with the capitals of its beginning and of its countries."""
    for place in mentions(question):
        if place.kind == "place":
            name = question[place.start : place.end].title()
            question = question[: place.start] + name + question[place.end :]
    return question[:1].upper() + question[1:]
