"""A question and the exchanges before it -> what to search for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assistant.core.types import Query
from assistant.retrieval.politeness import plain
from assistant.retrieval.query_rewriting import anaphora
from assistant.retrieval.query_rewriting.anaphora import Pointer, is_fragment, pointers, repeated_noun
from assistant.retrieval.query_rewriting.ellipsis import Likeness, new_phrase, normal_case, substituted
from assistant.retrieval.query_rewriting.mentions import Mention, distinct, fuller, mentions
from assistant.text import languages

MOST_NAMES = 2
"""Names of an answer that are searched for with a question about them."""
TITLE = 6
"""Words of a title that may be what a conversation is about."""


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
    person: str = ""
    """Whom he or she last stood for."""
    titles: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    """All questions and answers, newest first."""
    asks_for_a_name: bool = False
    named: tuple[Mention, ...] = field(default=())
    """What the last question that named anything named."""

    @property
    def is_empty(self) -> bool:
        return not (self.question or self.refused or self.titles)

    @property
    def known(self) -> list[str]:
        """The names that were said, fullest form first said, newest first."""
        names = (m.text for text in self.said for m in mentions(text) if m.kind == "name")
        return distinct([*self.titles, *names])


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
        person=_person(topic, question, query, exchange.answer, language),
        titles=exchange.about or topic.titles,
        said=(exchange.answer, query.text, *topic.said),
        asks_for_a_name=bool(asking & set(languages.words(question)[:3])),
        named=named or topic.named,
    )


def _person(topic: _Topic, question: str, query: Query, answer: str, language: str) -> str:
    """Whom "he" or "she" stands for from now on: the one it stood for, who was asked about, who was found."""
    if topic.person and any(pointer.kind == "person" for pointer in pointers(question, language)):
        return topic.person
    asked = [m.text for m in mentions(question, language) if m.kind == "name"]
    if asked:
        return (fuller(asked[0], topic.known, language) if topic.known else asked[0]).strip()
    who = languages.vocabulary(language, "follow_up").get("who", frozenset())
    found = [m.text for m in mentions(answer, language) if m.kind == "name"]
    if found and (who & set(languages.words(question)) or not topic.person):
        return distinct(found)[0]
    return topic.person


def _read(topic: _Topic, question: str, earlier: tuple[str, ...], likeness: Likeness | None) -> Query:
    language = languages.language_of(question)
    pointing = pointers(question, language)
    if topic.is_empty:
        unclear = next((p.word for p in pointing if p.is_strict), "")
        return Query(question, earlier=tuple(filter(None, earlier)), unclear=unclear)
    changed = _changed(topic, question, language, likeness)
    if changed:
        return Query(changed)
    noun = repeated_noun(question, topic.said, language)
    pointing = pointing or ([noun] if noun else [])
    whole = fuller(question, topic.known, language)
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
    """The question with what it points to: names before it, or the topic."""
    names, reading = _names(topic, pointing, language)
    if names:
        return Query(f"{', '.join(names)}: {question}", earlier=earlier, reading=reading)
    asked = topic.question or topic.refused
    return Query(f"{_title(topic, asked, language)}{asked} {question}", question, earlier)


def _names(topic: _Topic, pointing: Sequence[Pointer], language: str) -> tuple[list[str], str]:
    """What the words point to, by name, and how they were read where they could be read otherwise."""
    for pointer in pointing:
        if pointer.kind == "person" and topic.person:
            return [topic.person], ""
    return [], ""


def _title(topic: _Topic, asked: str, language: str) -> str:
    """The title of what the conversation is about, to be put before a topic that names nothing."""
    if not topic.titles or any(m.kind == "name" for m in mentions(asked, language)):
        return ""
    return f"{topic.titles[0]}: " if len(topic.titles[0].split()) <= TITLE else ""


__all__ = ["Exchange", "anaphora", "points_back", "understood"]
