"""Rewriting of a question, by the exchanges before it, into a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.core.types import Query
from assistant.retrieval.politeness import without_courtesies
from assistant.retrieval.query_rewriting.anaphora import (
    Pointer,
    find_pointers,
    find_repeated_noun,
    is_fragment,
)
from assistant.retrieval.query_rewriting.ellipsis import (
    Likeness,
    find_new_phrase,
    find_recast,
    find_varied,
    normalise_case,
    substitute,
    substitute_one,
)
from assistant.retrieval.query_rewriting.mentions import (
    Mention,
    complete_names,
    is_proper,
    mentions,
    merge_names,
    small_words,
    word_list,
)
from assistant.text import languages
from assistant.text.territories import codes, is_region

MAX_NAMES = 1
"""Names of an answer that are searched for with a question about it."""
MAX_JOINT = 6
"""Characters between two names of a list: a comma, an "and"."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer."""

    question: str
    answer: str = ""
    about: tuple[str, ...] = ()
    """Titles of the documents that the answer cites, or that alone are searched."""
    answered: bool = True


@dataclass(frozen=True, slots=True)
class _Topic:
    """The topic of a conversation: the last question that needed no rewriting, with the answer since."""

    question: str = ""
    refused: str = ""
    """The last question, if it was not answered."""
    asked: str = ""
    """The last question as it was typed."""
    answer: str = ""
    people: tuple[str, ...] = ()
    """The people that "he" or "she" may refer to, the likeliest first."""
    titles: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    """All questions and answers, newest first."""
    asks_for_a_name: bool = False
    named: tuple[Mention, ...] = ()
    """The mentions of the last question that had any."""
    varied: str = ""
    """The phrase that the last question exchanged for one of the question before it."""

    def is_empty_for(self, question: str) -> bool:
        """Return True if nothing before the question says what it is about; repeating it does not."""
        return not (self.question or self.titles) and self.refused in ("", question)

    @property
    def known(self) -> list[str]:
        """The names mentioned so far, newest first, each in its fullest form."""
        names = (m.text for text in self.said for m in mentions(text) if m.kind == "name")
        return merge_names([*self.titles[:1], *names])

    @property
    def title(self) -> str:
        """The title of the document cited last, if it is a name; any title before the first answer."""
        title = self.titles[0] if self.titles else ""
        return title if not self.question or is_proper(title, languages.language_of(title)) else ""


def understood(question: str, history: Sequence[Exchange] = (), likeness: Likeness | None = None) -> Query:
    """Return the query for `question` after the exchanges of `history`, oldest first."""
    question = normalise_case(without_courtesies(question))
    topic = _Topic()
    for exchange in history:
        topic = _advance(topic, exchange, likeness)
    earlier = tuple(normalise_case(without_courtesies(exchange.question)) for exchange in history)
    return _rewrite(topic, question, earlier, likeness)


def points_back(question: str, history: Sequence[Exchange] = ()) -> bool:
    """Return True if the question can only be understood from the exchanges before it."""
    return understood(question, history or [Exchange("?")]).text != without_courtesies(question)


def _advance(topic: _Topic, exchange: Exchange, likeness: Likeness | None) -> _Topic:
    """Return the topic after one more exchange; a refused question is kept apart, as it may be built upon."""
    question = normalise_case(without_courtesies(exchange.question))
    query = _rewrite(topic, question, ("",), likeness)
    language = languages.language_of(question)
    varied = find_varied(question, language) or (topic.varied if query.focus else "")
    if not exchange.answered:
        # A follow-up that was refused, too, leaves what it was about as it is.
        about = (topic.refused or topic.question) if query.focus else query.text
        titles = exchange.about or topic.titles
        return replace(topic, refused=about or query.text, asked=question, titles=titles, varied=varied)
    asking = word_list(language, "asks_for_a_name")
    named = tuple(m for m in mentions(query.text, language) if m.kind != "year")
    return _Topic(
        question=query.text if not query.focus else topic.question or topic.refused or question,
        asked=question,
        answer=exchange.answer,
        people=_next_people(topic, question, query, exchange.answer, language),
        titles=exchange.about or topic.titles,
        said=(exchange.answer, query.text, *topic.said),
        asks_for_a_name=bool(asking & set(languages.words(question)[:3])),
        named=named or topic.named,
        varied=varied,
    )


def _next_people(topic: _Topic, question: str, query: Query, answer: str, language: str) -> tuple[str, ...]:
    """Return the people that "he" or "she" may refer to next: the same, or those asked about or found."""
    if topic.people and any(pointer.kind == "person" for pointer in find_pointers(question, language)):
        return topic.people[:1]
    who = word_list(language, "who")
    asks_who = bool(who & set(languages.words(question)))
    asked, found = _find_people(query.text, topic, language), _find_people(answer, topic, language)
    for people in (found, asked) if asks_who else (asked, [] if topic.people else found):
        if people:
            return tuple(people)
    return topic.people or tuple(_find_reporters(answer, language))


def _find_people(text: str, topic: _Topic, language: str) -> list[str]:
    """Return the names in a text that may be of people, in their fullest form."""
    places, says = word_list(language, "before_places"), word_list(language, "reporting")
    known = topic.known
    parts = frozenset(word for name in known for word in languages.words(name))
    people = [
        complete_names(mention.text, known, (), language)
        for mention in mentions(text, language, parts)
        if mention.kind == "name"
        and not is_region(mention.text)
        and not places & set(languages.words(text[: mention.start])[-1:])
        and not says & set(languages.words(text[mention.end :])[:1])
    ]
    # Somebody new is named in full.
    return sorted(merge_names(people), key=lambda name: len(name.split()) < 2)


def _find_reporters(text: str, language: str) -> list[str]:
    """Return who reports what a text says, if it names nobody else."""
    says = word_list(language, "reporting")
    reporting = frozenset(word for word, after in pairwise(languages.words(text)) if after in says)
    named = [m for m in mentions(text, language, reporting) if m.kind == "name" and not is_region(m.text)]
    only_report = all(m.words <= reporting for m in named)
    return merge_names(m.text for m in named) if only_report else []


def _rewrite(topic: _Topic, question: str, earlier: tuple[str, ...], likeness: Likeness | None) -> Query:
    """Return the query for a question after a topic."""
    language = languages.language_of(question)
    pointing = find_pointers(question, language)
    if topic.is_empty_for(question):
        unclear = next((p.word for p in pointing if p.is_strict), "")
        return Query(question, earlier=tuple(filter(None, earlier)), unclear=unclear)
    changed = _change_topic(topic, question, language, likeness)
    if changed:
        return Query(changed)
    noun = find_repeated_noun(question, [*topic.said, *topic.titles], language)
    pointing = pointing or ([noun] if noun else [])
    whole = complete_names(question, topic.known, topic.titles[:1], language)
    if pointing or find_new_phrase(question, language):
        return _join_topic(topic, whole, pointing, earlier, language)
    if not topic.question and is_fragment(question, language):
        return Query(f"{topic.refused} {question}", question, earlier)
    return Query(whole, earlier=earlier)


def _change_topic(topic: _Topic, question: str, language: str, likeness: Likeness | None) -> str | None:
    """Return the topic with the phrase of an elliptic question in place of its like; None otherwise."""
    phrase = find_new_phrase(question, language) or find_recast(question, language)
    if not phrase:
        return None
    earlier = filter(None, (topic.refused, topic.question))
    changed = (substitute(asked, phrase, language, likeness, topic.varied) for asked in earlier)
    return substitute_one(topic.asked, phrase, language) or next(filter(None, changed), None)


def _join_topic(
    topic: _Topic, question: str, pointing: Sequence[Pointer], earlier: tuple[str, ...], language: str
) -> Query:
    """Return a query of the question behind the name, or the topic, that it refers to."""
    for pointer in pointing:
        names = _resolve(topic, pointer, language)
        if names:
            return Query(
                f"{names[0]}: {question}", earlier=earlier, reading=_explain(pointer, names, language)
            )
    asked = topic.question or topic.refused
    around = [topic.title, *_answered_names(topic, pointing, language)]
    names = [name for name in around if name and not _shares_a_word(f"{asked} {question}", name, language)]
    before = f"{', '.join(names)}:" if names else ""
    return Query(" ".join(filter(None, [before, asked, question])), question, earlier, context=before)


def _resolve(topic: _Topic, pointer: Pointer, language: str) -> list[str]:
    """Return the names that a word may refer to, the likeliest first."""
    if pointer.kind == "person":
        return list(topic.people) or [name for name in [topic.title] if name and not codes(name)]
    listed = [m for m in mentions(topic.answer, language) if m.kind != "year"]
    if pointer.kind == "place":
        asked = [m for m in mentions(topic.question, language) if m.kind == "place"]
        return merge_names(m.text for m in (asked[-1:] or listed[:1]) if m.kind == "place")
    if pointer.kind == "ordinal":
        names = _find_list(topic.answer, listed)
        at = pointer.rank - 1 if pointer.rank > 0 else pointer.rank
        return [names[at]] if -len(names) <= at < len(names) > 1 else []
    return []


def _find_list(text: str, named: Sequence[Mention]) -> list[str]:
    """Return the first names that form a list: Venezuela, Cuba and Nicaragua."""
    names: list[str] = []
    for before, after in pairwise(named):
        between = text[before.end : after.start]
        if len(between) <= MAX_JOINT and not set(between) & set(".!?;:()"):
            names = [*(names or [before.text]), after.text]
        elif names:
            break
    return names


def _explain(pointer: Pointer, names: Sequence[str], language: str) -> str:
    """Return a sentence on the interpretation of a word that may refer to several names; empty otherwise."""
    if len(names) < 2:
        return ""
    sentence: str = languages.table(language, "follow_up").get(
        "read_as", languages.table("en", "follow_up")["read_as"]
    )
    return sentence.format(word=pointer.word, name=names[0], others=", ".join(names[1:]))


def _answered_names(topic: _Topic, pointing: Sequence[Pointer], language: str) -> list[str]:
    """Return the names in the last answer, if a name was asked for and the next question refers to it."""
    if not topic.asks_for_a_name or not any(
        p.kind in ("thing", "things", "demonstrative", "place") for p in pointing
    ):
        return []
    return merge_names(m.text for m in mentions(topic.answer, language) if m.kind != "year")[:MAX_NAMES]


def _shares_a_word(text: str, name: str, language: str) -> bool:
    """Return True if any content word of the name is in the text."""
    return bool((set(languages.words(name)) - small_words(language)) & set(languages.words(text)))
