"""Places of documents as text, looked up when they are shown.

Runs, feedback and accepted questions are kept without quoting any document, so that one which is removed
leaves nothing of itself in them. Here they meet the documents again, or are told that these are gone.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.core.errors import NotFound
from assistant.core.types import Document, Entry
from assistant.evaluation.golden.sets import Conversation, GoldenSet, Place, Question, Quoted
from assistant.evaluation.scoring.scores import is_named

GONE = "a document that is not there any more"
OPEN = 32
"""Documents that are held at once while places of them are looked up."""


class Shelf(Protocol):
    """What documents are looked up in: the assistant, or the server that has it."""

    def show(self, document_id: str) -> Document: ...
    def list(self) -> list[Entry]: ...


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of a document, as it is shown. `gone` where the document is; there is no text then."""

    source: str
    title: str
    text: str
    place: Place
    gone: bool = False


class Quotes:
    """What stands at places of documents."""

    def __init__(self, shelf: Shelf) -> None:
        self._sources = [name for entry in shelf.list() for name in (entry.source, *entry.sources)]
        self._show = functools.lru_cache(OPEN)(functools.partial(_shown, shelf))

    def quote(self, place: Place) -> Quote:
        """The text at a place, with the names of its document."""
        document = self._show(place.document)
        if document is None or place.end > len(document.text):
            return Quote("", GONE, "", place, gone=True)
        return Quote(document.source, document.title, document.text[place.start : place.end], place)

    def texts(self, quoted: Iterable[Quoted]) -> list[str]:
        """Quotes as text, without those that are gone."""
        found = (self.quote(one).text if isinstance(one, Place) else one for one in quoted)
        return [text for text in found if text]

    def there(self, quoted: Iterable[Quoted]) -> tuple[Quoted, ...]:
        """Those whose documents are there."""
        return tuple(one for one in quoted if self.texts([one]))

    def holds(self, name: str) -> bool:
        """Whether a document goes by this name."""
        return any(is_named(source, name) for source in self._sources)


def _shown(shelf: Shelf, document_id: str) -> Document | None:
    try:
        return shelf.show(document_id)
    except NotFound:
        return None


def askable(golden: GoldenSet, quotes: Quotes) -> GoldenSet:
    """The set as it can be asked of what the store holds now: facts as text, and without the conversations
    that point into documents of which nothing is left. What a person wrote in words is never left out."""
    found = ([_resolved(question, quotes) for question in one.turns] for one in golden.conversations)
    kept = (tuple(turn for turn in turns if turn) for turns in found if None not in turns)
    return replace(golden, conversations=tuple(map(Conversation, kept)))


def gone(golden: GoldenSet, quotes: Quotes) -> Iterator[Question]:
    """The questions that `askable` leaves out."""
    for conversation in golden.conversations:
        if any(_resolved(turn, quotes) is None for turn in conversation.turns):
            yield from conversation.turns


def _resolved(question: Question, quotes: Quotes) -> Question | None:
    facts = tuple(tuple(quotes.texts(fact)) for fact in question.facts)
    passages, wrong = quotes.there(question.passages), quotes.there(question.wrong)
    found = replace(question, passages=passages, wrong=wrong, facts=facts)
    if all(facts) and (found.passages or not question.passages):
        return found
    # The document has a new version: where in it the answer stands now, nobody has said.
    if any(map(quotes.holds, question.documents)):
        return replace(found, facts=tuple(fact for fact in facts if fact))
    return None
