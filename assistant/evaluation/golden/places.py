"""Text of places in documents, looked up when it is shown.

Runs, feedback and accepted questions are kept without quotes, so a removed document leaves no text in them.
Here places are resolved against the documents present now.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.core.errors import NotFound
from assistant.core.types import Document, DocumentInfo
from assistant.evaluation.golden.sets import Conversation, Excerpt, GoldenSet, Place, Question
from assistant.evaluation.scoring.scores import is_named

GONE = "a document that was removed"
CACHED = 32
"""Documents held in memory while places are looked up."""


class DocumentStore(Protocol):
    """Source of documents: the assistant, or the server that owns the store."""

    def show(self, document_id: str) -> Document: ...
    def list(self) -> list[DocumentInfo]: ...


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of a document with its text; `gone`, and without text, if the document was removed."""

    source: str
    title: str
    text: str
    place: Place
    gone: bool = False


class QuoteLookup:
    """Looks up the text at places of documents."""

    def __init__(self, store: DocumentStore) -> None:
        self._sources = [name for entry in store.list() for name in (entry.source, *entry.sources)]
        self._find = functools.lru_cache(CACHED)(functools.partial(_find_document, store))

    def quote(self, place: Place) -> Quote:
        """Return the text at a place, with the names of its document."""
        document = self._find(place.document)
        if document is None or place.end > len(document.text):
            return Quote("", GONE, "", place, gone=True)
        return Quote(document.source, document.title, document.text[place.start : place.end], place)

    def texts(self, excerpts: Iterable[Excerpt]) -> list[str]:
        """Return excerpts as text, without those whose document was removed."""
        texts = (self.quote(item).text if isinstance(item, Place) else item for item in excerpts)
        return [text for text in texts if text]

    def existing(self, excerpts: Iterable[Excerpt]) -> tuple[Excerpt, ...]:
        """Return the excerpts whose documents exist."""
        return tuple(excerpt for excerpt in excerpts if self.texts([excerpt]))

    def has_document(self, name: str) -> bool:
        """True if a document has this name."""
        return any(is_named(source, name) for source in self._sources)


def _find_document(store: DocumentStore, document_id: str) -> Document | None:
    try:
        return store.show(document_id)
    except NotFound:
        return None


def resolve_set(golden: GoldenSet, quotes: QuoteLookup) -> GoldenSet:
    """Return the set as it can be asked now: facts as text, without conversations that point into documents
    of which nothing is left. Questions that a person wrote in words are never left out."""
    conversations = []
    for conversation in golden.conversations:
        turns = [_resolve(question, quotes) for question in conversation.turns]
        if None not in turns:
            conversations.append(Conversation(tuple(turn for turn in turns if turn)))
    return replace(golden, conversations=tuple(conversations))


def find_gone(golden: GoldenSet, quotes: QuoteLookup) -> Iterator[Question]:
    """Yield the questions that `resolve_set` leaves out."""
    for conversation in golden.conversations:
        if any(_resolve(turn, quotes) is None for turn in conversation.turns):
            yield from conversation.turns


def _resolve(question: Question, quotes: QuoteLookup) -> Question | None:
    facts = tuple(tuple(quotes.texts(fact)) for fact in question.facts)
    passages, wrong = quotes.existing(question.passages), quotes.existing(question.wrong)
    resolved = replace(question, passages=passages, wrong=wrong, facts=facts)
    if all(facts) and (passages or not question.passages):
        return resolved
    # The document has a new version, in which the place of the answer is unknown.
    if any(map(quotes.has_document, question.documents)):
        return replace(resolved, facts=tuple(fact for fact in facts if fact))
    return None
