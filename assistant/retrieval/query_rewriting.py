"""Follow-up questions made to stand alone, by rule: "and with Bolivia?", "how much is that?".

Two kinds are known. An ellipsis names only what changes, which is put in the place of its like in the topic:
"What does Iran buy in Bolivia?". A question that points back ("How much is that?") is glued to the topic.
The topic is the last question that stood alone, as changed since.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.core.types import Query
from assistant.retrieval.politeness import plain

Likeness = Callable[[str, Sequence[str]], Sequence[float]]
"""How alike a phrase is to each of some others: cosines."""

_ELLIPSIS = re.compile(
    r"(?:(?:and|but|or|so|ok|okay|then)[\s,]+)*(?:what|how)\s+about\s+(?P<about>.+)"
    r"|(?:and|or|but)\s+(?P<and>.+)",
    re.IGNORECASE,
)
_PREPOSITIONS = frozenset("in on with for to from of by about between against at under over into".split())
_POINTING = frozenset(
    "it its they them their theirs he him his she her hers there those these one ones then".split()
)
_BEFORE_THAT = frozenset(
    "is was are were be about of with does did do for to by like mean means has had have "
    "after before from on in why how if and than".split()
)
_QUESTION = frozenset(
    "what who whom whose which when where why how is are was were do does did can could should would will "
    "has have had may might must".split()
)
_EMPTY = (
    _QUESTION | _PREPOSITIONS | _POINTING | frozenset("a an the and or but that this so not no s".split())
)
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_CAPITAL = r"[A-Z][^\W_]*(?:[-'’.][^\W_]+)*"
_NAME = re.compile(rf"{_CAPITAL}\.?(?:\s+(?:of\s+|the\s+)?{_CAPITAL})*")
ALIKE = 0.4
"""The least cosine at which one phrase may take another's place."""


def understood(question: str, earlier: Sequence[str], likeness: Likeness | None = None) -> Query:
    """`question` after the questions `earlier`, oldest first: what to search for."""
    question, earlier = plain(question), tuple(map(plain, earlier))
    topic = ""
    for asked in earlier:
        topic = _moved(topic, asked, likeness)
    if topic:
        changed = _substituted(topic, question, likeness)
        if changed:
            return Query(changed)
        if points_back(question) or _is_ellipsis(question):
            return Query(f"{topic} {question}", question, earlier)
    return Query(question, earlier=earlier)


def _moved(topic: str, question: str, likeness: Likeness | None) -> str:
    """The topic after one more question."""
    changed = _substituted(topic, question, likeness) if topic else None
    return changed or (topic if topic and points_back(question) else question)


def points_back(question: str) -> bool:
    """Whether the question can only be understood from what was said before it."""
    words = _WORD.findall(question)
    told = [word for word in words if word.lower() not in _EMPTY]
    if not told or len(words) <= 3:
        return True
    return any(_is_pointing(words, at) for at in range(len(words)))


def _is_pointing(words: Sequence[str], at: int) -> bool:
    word = words[at].lower()
    before = words[at - 1].lower() if at else ""
    if word in {"that", "this"}:
        return at in (0, len(words) - 1) or before in _BEFORE_THAT
    if word in {"it", "there"} and before in {"is", "are", "was", "were"}:
        # "is there a…", "is it possible to…" point nowhere.
        return word == "it" and words[at + 1 : at + 2] not in (["possible"], ["true"], ["necessary"])
    # A name before the pronoun, in the question itself, is what it points to.
    named = any(w[0].isupper() and w.lower() not in _EMPTY for w in words[1:at])
    return word in _POINTING and not named


def _is_ellipsis(question: str) -> bool:
    return _ELLIPSIS.fullmatch(_bare(question)) is not None


def _bare(question: str) -> str:
    """The question on one line, without the marks at its ends."""
    return " ".join(question.split()).strip(" ?!.")


def _substituted(topic: str, question: str, likeness: Likeness | None) -> str | None:
    """The topic with the new phrase in the place of the one most like it; None where there is no place."""
    match = _ELLIPSIS.fullmatch(_bare(question))
    if match is None:
        return None
    phrase = match["about"] or match["and"]
    words = phrase.split()
    if words[0].lower() in _QUESTION:
        return None
    if words[0].lower() in _PREPOSITIONS:
        preposition, phrase = words[0].lower(), " ".join(words[1:])
    else:
        preposition = ""
    old = _place(topic, phrase, preposition, likeness)
    if not phrase or old is None:
        return None
    return f"{topic[: old.start()]}{phrase}{topic[old.end() :]}"


def _place(topic: str, phrase: str, preposition: str, likeness: Likeness | None) -> re.Match[str] | None:
    """Where in the topic the phrase belongs: a name, most like it where that can be told."""
    names = [m for m in _NAME.finditer(topic) if m.group().lower() not in _EMPTY]
    if not names:
        return None
    if likeness is not None:
        cosines = likeness(phrase, [m.group() for m in names])
        best = max(range(len(names)), key=lambda at: cosines[at])
        return names[best] if cosines[best] >= ALIKE else None
    after = [m for m in names if topic[: m.start()].rstrip().lower().endswith(f" {preposition}")]
    return (after or names)[-1] if preposition else names[-1]
