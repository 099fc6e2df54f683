"""A question and the exchanges before it -> what to search for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from assistant.core.types import Query
from assistant.retrieval.politeness import plain
from assistant.retrieval.query_rewriting import anaphora
from assistant.retrieval.query_rewriting.anaphora import Pointer, is_fragment, pointers, repeated_noun
from assistant.retrieval.query_rewriting.ellipsis import Likeness, new_phrase, normal_case, substituted
from assistant.retrieval.query_rewriting.mentions import (
    Mention,
    distinct,
    fuller,
    is_proper,
    mentions,
    small_words,
)
from assistant.text import languages

MOST_NAMES = 1
"""Names of an answer that are searched for with a question about it."""
JOINT = 6
"""Characters between two names of a list: a comma, an "and"."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question that was asked and what was answered."""

    question: str
    answer: str = ""
    about: tuple[str, ...] = ()
    """Titles of the documents that the answer is from, or that the person has open."""
    answered: bool = True


@dataclass(frozen=True, slots=True)
class _Topic:
    """What a conversation is about: the last question that stood alone, with the answer since."""

    question: str = ""
    refused: str = ""
    """The last question where it was not answered."""
    answer: str = ""
    people: tuple[str, ...] = ()
    """Whom he or she stands for; several where they are as likely, the first named before the others."""
    titles: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    """All questions and answers, newest first."""
    asks_for_a_name: bool = False
    named: tuple[Mention, ...] = field(default=())
    """What the last question that named anything named."""

    def is_empty_for(self, question: str) -> bool:
        """Return True if nothing before the question says what it is about; repeating it does not."""
        return not (self.question or self.titles) and self.refused in ("", question)

    @property
    def known(self) -> list[str]:
        """The names that were said, newest first, each in its fullest form."""
        names = (m.text for text in self.said for m in mentions(text) if m.kind == "name")
        return distinct([*self.titles[:1], *names])

    @property
    def title(self) -> str:
        """The title of what was answered from last, where it is a name; any, of a document that is only
        open."""
        title = self.titles[0] if self.titles else ""
        return title if not self.question or is_proper(title, languages.language_of(title)) else ""


def understood(question: str, history: Sequence[Exchange] = (), likeness: Likeness | None = None) -> Query:
    """`question` after the exchanges of `history`, oldest first: what to search for."""
    question = normal_case(plain(question))
    topic = _Topic()
    for exchange in history:
        topic = _after(topic, exchange, likeness)
    earlier = tuple(normal_case(plain(exchange.question)) for exchange in history)
    return _read(topic, question, earlier, likeness)


def points_back(question: str, history: Sequence[Exchange] = ()) -> bool:
    """Whether the question can only be understood from what was said before it."""
    return understood(question, history or [Exchange("?")]).text != plain(question)


def _after(topic: _Topic, exchange: Exchange, likeness: Likeness | None) -> _Topic:
    """The topic after one more exchange. A question that was refused is none, but it may be asked again."""
    question = normal_case(plain(exchange.question))
    query = _read(topic, question, ("",), likeness)
    if not exchange.answered:
        return replace(topic, refused=query.text, titles=exchange.about or topic.titles)
    language = languages.language_of(question)
    asking = languages.vocabulary(language, "follow_up").get("asks_for_a_name", frozenset())
    named = tuple(m for m in mentions(query.text, language) if m.kind != "year")
    return _Topic(
        question=query.text if not query.focus else topic.question or question,
        answer=exchange.answer,
        people=_people_after(topic, question, query, exchange.answer, language),
        titles=exchange.about or topic.titles,
        said=(exchange.answer, query.text, *topic.said),
        asks_for_a_name=bool(asking & set(languages.words(question)[:3])),
        named=named or topic.named,
    )


def _people_after(topic: _Topic, question: str, query: Query, answer: str, language: str) -> tuple[str, ...]:
    """Whom "he" or "she" stands for from now on: the one it stood for, who was asked about, who was found."""
    if topic.people and any(pointer.kind == "person" for pointer in pointers(question, language)):
        return topic.people[:1]
    who = languages.vocabulary(language, "follow_up").get("who", frozenset())
    asks_who = bool(who & set(languages.words(question)))
    asked, found = _people(query.text, topic, language), _people(answer, topic, language)
    for people in (found, asked) if asks_who else (asked, [] if topic.people else found):
        if people:
            return tuple(people)
    return topic.people


def _people(text: str, topic: _Topic, language: str) -> list[str]:
    """The names in a text that may be of people, in their fullest form."""
    lists = languages.vocabulary(language, "follow_up")
    places, says = lists.get("before_places", frozenset()), lists.get("reporting", frozenset())
    known = topic.known
    parts = frozenset(word for name in known for word in languages.words(name))
    people = [
        fuller(mention.text, known, (), language)
        for mention in mentions(text, language, parts)
        if mention.kind == "name"
        and not places & set(languages.words(text[: mention.start])[-1:])
        and not says & set(languages.words(text[mention.end :])[:1])
    ]
    # Somebody new is named in full.
    return sorted(distinct(people), key=lambda name: len(name.split()) < 2)


def _read(topic: _Topic, question: str, earlier: tuple[str, ...], likeness: Likeness | None) -> Query:
    language = languages.language_of(question)
    pointing = pointers(question, language)
    if topic.is_empty_for(question):
        unclear = next((p.word for p in pointing if p.is_strict), "")
        return Query(question, earlier=tuple(filter(None, earlier)), unclear=unclear)
    changed = _changed(topic, question, language, likeness)
    if changed:
        return Query(changed)
    noun = repeated_noun(question, [*topic.said, *topic.titles], language)
    pointing = pointing or ([noun] if noun else [])
    whole = fuller(question, topic.known, topic.titles[:1], language)
    if pointing or new_phrase(question, language):
        return _together(topic, whole, pointing, earlier, language)
    if not topic.question and is_fragment(question, language):
        return Query(f"{topic.refused} {question}", question, earlier)
    return Query(whole, earlier=earlier)


def _changed(topic: _Topic, question: str, language: str, likeness: Likeness | None) -> str | None:
    """The topic with what an elliptic question names in the place of its like."""
    phrase = new_phrase(question, language)
    if not phrase:
        return None
    for asked in filter(None, (topic.refused, topic.question)):
        changed = substituted(asked, phrase, language, likeness)
        if changed:
            return changed
    return None


def _together(
    topic: _Topic, question: str, pointing: Sequence[Pointer], earlier: tuple[str, ...], language: str
) -> Query:
    """The question with what it points to: a name before it, or the topic."""
    for pointer in pointing:
        names = _meant(topic, pointer, language)
        if names:
            return Query(
                f"{names[0]}: {question}", earlier=earlier, reading=_reading(pointer, names, language)
            )
    asked = topic.question or topic.refused
    around = [topic.title, *_answered(topic, pointing, language)]
    names = [name for name in around if name and not _holds(f"{asked} {question}", name, language)]
    before = f"{', '.join(names)}:" if names else ""
    return Query(" ".join(filter(None, [before, asked, question])), question, earlier, context=before)


def _meant(topic: _Topic, pointer: Pointer, language: str) -> list[str]:
    """What a word stands for by name: the likeliest first, then those that are as likely."""
    if pointer.kind == "person":
        return list(topic.people) or [name for name in [topic.title] if name]
    listed = [m for m in mentions(topic.answer, language) if m.kind != "year"]
    if pointer.kind == "place":
        asked = [m for m in mentions(topic.question, language) if m.kind == "place"]
        return distinct(m.text for m in (asked[-1:] or listed[:1]) if m.kind == "place")
    if pointer.kind == "order":
        names = _enumerated(topic.answer, listed)
        at = pointer.rank - 1 if pointer.rank > 0 else pointer.rank
        return [names[at]] if -len(names) <= at < len(names) > 1 else []
    return []


def _enumerated(text: str, named: Sequence[Mention]) -> list[str]:
    """The first names that follow one another as a list: Venezuela, Cuba and Nicaragua."""
    names: list[str] = []
    for before, after in pairwise(named):
        between = text[before.end : after.start]
        if len(between) <= JOINT and not set(between) & set(".!?;:()"):
            names = [*(names or [before.text]), after.text]
        elif names:
            break
    return names


def _reading(pointer: Pointer, names: Sequence[str], language: str) -> str:
    """How the word was read, where it could stand for another as well."""
    if len(names) < 2:
        return ""
    says: str = languages.table(language, "follow_up").get(
        "read_as", languages.table("en", "follow_up")["read_as"]
    )
    return says.format(word=pointer.word, name=names[0], others=", ".join(names[1:]))


def _answered(topic: _Topic, pointing: Sequence[Pointer], language: str) -> list[str]:
    """The names that the last answer gave, where a question asked for one, and the next points to it."""
    if not topic.asks_for_a_name or not any(
        p.kind in ("thing", "several", "that", "place") for p in pointing
    ):
        return []
    return distinct(m.text for m in mentions(topic.answer, language) if m.kind != "year")[:MOST_NAMES]


def _holds(text: str, name: str, language: str) -> bool:
    """Whether any word of the name is in the text."""
    return bool((set(languages.words(name)) - small_words(language)) & set(languages.words(text)))


__all__ = ["Exchange", "anaphora", "points_back", "understood"]
