"""Questions that the page suggests. Each was tried before: none is suggested that is then refused."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from assistant.assistant import Assistant
from assistant.core.errors import AssistantError
from assistant.core.serialization import Json
from assistant.core.types import Query, Turn
from assistant.evaluation.drafting.drafts import Draft, draft_questions
from assistant.text.words import content
from assistant.web.conversations import meant

SHIPPED = {
    "How much does Iran export to Venezuela?": "Figures on trade, goals and influence",
    "Which countries are Iran's allies in Latin America?": (
        "Overview of Iran's partners in Latin America by country"
    ),
    "What is a citation?": "Citations and sources",
}
"""Questions about the shipped corpus, each with the title of a document that answers it."""
NUMBER = 3
"""Questions suggested at once."""
TRIED = 20
"""Questions tried at most for them."""
DOCUMENTS = 40
"""Documents of which questions are drafted at most."""
REMEMBERED = 200
"""Places with suggestions that are remembered."""

_log = logging.getLogger(__name__)
Place = tuple[int, str, int]
"""Where questions are suggested: the state of the corpus, the conversation or "", and its last turn."""


@dataclass(slots=True)
class Found:
    """The questions found so far; `complete` when no more are tried."""

    questions: list[str] = field(default_factory=list)
    complete: bool = False


class Suggestions:
    """Tries questions one after the other, in a thread of its own. Thread-safe."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._trying = ThreadPoolExecutor(1, "suggestions")
        self._changing = threading.Lock()
        self._found: dict[Place, Found] = {}

    def close(self) -> None:
        """Try no more."""
        self._trying.shutdown(wait=True, cancel_futures=True)

    def first(self) -> Found:
        """Return questions to begin with; what is still being tried comes with a later call."""
        return self._at((self._state(), "", 0), [])

    def further(self, conversation: str) -> Found:
        """Return questions that go on from the last answer of a conversation."""
        kept = self._assistant.library.ledger.conversations.kept(conversation)
        turns = [turn.turn for turn in kept]
        return self._at((self._state(), conversation, kept[-1].number if kept else 0), turns)

    def _state(self) -> int:
        return self._assistant.library.ledger.change_number

    def _at(self, place: Place, turns: Sequence[Turn]) -> Found:
        with self._changing:
            if place not in self._found:
                self._found = dict(islice(reversed(self._found.items()), REMEMBERED - 1))
                self._found[place] = Found()
                self._trying.submit(self._try, self._found[place], turns)
            return self._found[place]

    def _try(self, found: Found, turns: Sequence[Turn]) -> None:
        try:
            candidates = self._after(turns) if turns else self._begin()
            for question in islice(candidates, TRIED):
                if self._is_answered(question):
                    found.questions.append(question)
                if len(found.questions) == NUMBER:
                    break
        except AssistantError:
            pass  # a document was removed meanwhile; the next call begins anew
        except Exception:
            _log.exception("Questions to suggest could not be tried.")
        finally:
            found.complete = True

    def _is_answered(self, question: str) -> bool:
        """True if quotes answer a question; a language model is not asked for a suggestion."""
        query = Query(question)
        return self._assistant.extract(query, self._assistant.retriever.retrieve(query)).answered

    def _begin(self) -> Iterator[str]:
        entries = [entry for entry in self._assistant.list() if entry.duplicate_of is None]
        titles = {entry.title for entry in entries}
        yield from (question for question, title in SHIPPED.items() if title in titles)
        # By id, which has nothing to do with the subject: they come from all over the corpus.
        idents = sorted(entry.id for entry in entries)[:DOCUMENTS]
        yield from (draft.question for draft in self._in_turn(idents))

    def _after(self, turns: Sequence[Turn]) -> Iterator[str]:
        """Yield what else the documents of the last answer hold, without what was asked or shown."""
        answer = turns[-1].answer
        asked = {content(text) for turn in turns for text in (turn.question, turn.search_query)}
        told = [(citation.document_id, citation.start, citation.end) for citation in answer.citations]
        idents = list(
            dict.fromkeys(c.document_id for c in (*answer.citations, *answer.evidence, *answer.related))
        )
        for draft in self._in_turn(idents):
            place = draft.passage
            is_told = any(i == place.document and s < place.end and e > place.start for i, s, e in told)
            if content(draft.question) not in asked and not is_told:
                yield draft.question

    def _in_turn(self, idents: Sequence[str]) -> Iterator[Draft]:
        """Yield one draft of each document, then a second of each."""
        queues = [self._drafts(ident) for ident in idents]
        while queues:
            drafted = [(queue, next(queue, None)) for queue in queues]
            yield from (draft for _, draft in drafted if draft)
            queues = [queue for queue, draft in drafted if draft]

    def _drafts(self, ident: str) -> Iterator[Draft]:
        yield from draft_questions(self._assistant.show(ident))


def router(assistant: Assistant, suggestions: Suggestions) -> APIRouter:
    """Return the route of suggestions."""
    routes = APIRouter(prefix="/api")

    @routes.get("/suggestions")
    async def suggest(request: Request, conversation: str = "") -> Json:
        def find() -> Found:
            if not conversation:
                return suggestions.first()
            return suggestions.further(meant(assistant, request, conversation))

        found = await run_in_threadpool(find)
        return {"questions": list(found.questions), "complete": found.complete}

    return routes
