"""Questions that name only what is different: "and with Bolivia?" after "What does Iran buy in
Venezuela?"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.retrieval.query_rewriting.mentions import Mention, mentions
from assistant.text import languages
from assistant.text.words import folded, stem

LONGEST = 100
"""Characters that a phrase begins with."""
Likeness = Callable[[str, Sequence[str]], Sequence[float]]
"""How alike a phrase is to each of some others: cosines, of which only their order counts."""


def bare(question: str) -> str:
    """The question on one line, without the marks at its ends."""
    return " ".join(question.split()).strip(" ?!.¿¡？。؟,;:").removesuffix("呢")


def new_phrase(question: str, language: str) -> str | None:
    """What an elliptic question names, with its preposition; None where the question is a whole one."""
    asked = rest = bare(question)
    lists = languages.vocabulary(language, "follow_up")
    openings = sorted(lists.get("ellipsis", ()), key=len, reverse=True)
    while opening := next((opening for opening in openings if _opens(rest, opening, language)), None):
        rest = rest[len(opening) :].strip(" ,")
    words = languages.words(rest[:LONGEST])
    asks = lists.get("questions", frozenset())
    return rest if rest != asked and words and words[0] not in asks else None


def _opens(asked: str, opening: str, language: str) -> bool:
    if folded(asked[: len(opening)]) != opening:
        return False
    after = asked[len(opening) : len(opening) + 1]
    return language == "zh" or not after or not after.isalnum()


def substituted(topic: str, phrase: str, language: str, likeness: Likeness | None = None) -> str | None:
    """The topic with the phrase in the place of its like; None where there is none."""
    preposition, new = _split(phrase, language)
    if not new:
        return None
    place = _name_like(topic, new, preposition, language, likeness) or _noun_like(topic, new, language)
    if place is None:
        return None
    start, end = place
    before = topic[:start]
    article = re.search(r"[^\W_]+\s+$", before)
    articles = languages.vocabulary(language, "follow_up").get("articles", frozenset())
    if (
        article
        and folded(article[0].strip()) in articles
        and languages.words(new)[:1]
        and languages.words(new)[0] in articles
    ):
        before = before[: article.start()]
    return f"{before}{new}{topic[end:]}"


def _split(phrase: str, language: str) -> tuple[str, str]:
    """The preposition before a phrase, folded, and the rest."""
    first, _, rest = phrase.partition(" ")
    if folded(first) in languages.vocabulary(language, "follow_up").get("prepositions", frozenset()):
        return folded(first), rest.strip()
    return "", phrase


def _name_like(
    topic: str, new: str, preposition: str, language: str, likeness: Likeness | None
) -> tuple[int, int] | None:
    """Where the topic names something of the same kind."""
    kinds: set[str] = {mention.kind for mention in mentions(new, language)} or _kinds_of_word(new, language)
    kinds |= {"name", "work"} if kinds & {"name", "work"} else set()
    like = [m for m in mentions(topic, language) if m.kind in kinds]
    if not like:
        return None
    if len(like) > 1:
        like = _behind_preposition(topic, like, preposition, language) or like
    if len(like) > 1 and likeness is not None:
        cosines = likeness(new, [mention.text for mention in like])
        like = [like[max(range(len(like)), key=lambda at: cosines[at])]]
    return like[-1].start, like[-1].end


def _kinds_of_word(new: str, language: str) -> set[str]:
    """A single word with a capital at its beginning is a name, though it begins the phrase."""
    return {"name"} if language != "de" and new[:1].isupper() and len(new.split()) <= 3 else set()


def _behind_preposition(
    topic: str, names: Sequence[Mention], preposition: str, language: str
) -> list[Mention]:
    """The names behind the same preposition, or where there are none behind any; the subject has none."""

    def before(mention: Mention) -> str:
        return (languages.words(topic[: mention.start]) or [""])[-1]

    same = [name for name in names if preposition and before(name) == preposition]
    prepositions = languages.vocabulary(language, "follow_up").get("prepositions", frozenset())
    return same or ([name for name in names if before(name) in prepositions] if preposition else [])


def _noun_like(topic: str, new: str, language: str) -> tuple[int, int] | None:
    """Where the topic has the same noun with something else before it: the north pier, the south pier."""
    words = list(languages.WORD.finditer(topic))
    own = languages.words(new)
    if len(own) < 2:
        return None
    lists = languages.vocabulary(language, "follow_up")
    small = lists.get("prepositions", frozenset()) | lists.get("questions", frozenset())
    articles = lists.get("articles", frozenset())
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


def is_elliptic(question: str, language: str) -> bool:
    """Whether the question names only what is different in it."""
    return new_phrase(question, language) is not None


def normal_case(question: str) -> str:
    """A question in capitals as one in small letters, with its countries' capitals; any other as it is."""
    letters = [c for c in question if c.isalpha() and c.lower() != c.upper()]
    words = re.findall(r"[^\W\d_]+", question)
    if len(words) < 3 or not letters or sum(c.isupper() for c in letters) < 0.9 * len(letters):
        return question
    return _capitalised(question.lower())


def _capitalised(question: str) -> str:
    for place in mentions(question):
        if place.kind == "place":
            name = question[place.start : place.end].title()
            question = question[: place.start] + name + question[place.end :]
    return question[:1].upper() + question[1:]
