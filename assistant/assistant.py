"""The assistant: the facade that command line, server and page use.

ask:  question + history -> search query -> passages -> sentences -> Answer with Citations
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict, Unpack

from assistant.answering.answerer import MEMORY, Answerer
from assistant.answering.answers import joined
from assistant.answering.extractive import Extract
from assistant.answering.model import language_model
from assistant.answering.model.budget import Budget, budget
from assistant.core import config, limits, model_choice, serialization
from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.errors import ConfigError, StoreBusy, StoreError, StoreUnreachable
from assistant.core.model_choice import ModelChoice
from assistant.core.scope import WHOLE, Scope, searched
from assistant.core.types import (
    AddResult,
    Answer,
    DailyUsage,
    Document,
    DocumentInfo,
    Health,
    Notify,
    OnStep,
    Query,
    ScoredPassage,
    Source,
    Turn,
    ignore,
)
from assistant.embedding.embedders import Embedder, create_embedder
from assistant.ingest import files, restore
from assistant.ingest.sharing import open_library
from assistant.retrieval.reranker import create_reranker
from assistant.retrieval.retriever import LIMIT, Retriever
from assistant.store import addresses
from assistant.store.database import Ownership
from assistant.store.lock import Lock, Owner, acquire, restrict_access

if TYPE_CHECKING:
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.chat_engine.types import BaseChatEngine
    from llama_index.core.llms import LLM

FIXED = "The environment or config.toml sets the language model; change it there."
Entries = list[DocumentInfo]
Days = list[DailyUsage]


@dataclass(frozen=True, slots=True)
class Examination:
    """A complete answer with its search query and the passages found, best first."""

    query: Query
    passages: Sequence[ScoredPassage]
    answer: Answer


class Parts(TypedDict, total=False):
    """Parts to use in place of the configured ones: ours, or those of LlamaIndex."""

    embedder: Embedder | BaseEmbedding
    retriever: Retriever | BaseRetriever
    llm: language_model.Model | LLM


class Assistant:
    """An open store that answers questions. Thread-safe; close it, or use it as a context manager."""

    def __init__(
        self, settings: Settings, lock: Lock, notify: Notify, repair: bool = False, **parts: Unpack[Parts]
    ) -> None:
        self.settings = settings
        self.lock = lock
        self._parts = parts
        stores = addresses.stores(settings)
        self._embedder = self._make_embedder(notify)
        self._ownership = stores.database and Ownership(stores.database, shared=bool(stores.shared))
        try:
            self._repaired = restore.repair(settings.home, self._embedder, notify, stores) if repair else ()
            self.library = open_library(settings.home, self._embedder, notify, stores)
        except BaseException:
            self._release_database()
            raise
        self.retriever = self._make_retriever()

    def require_alone(self) -> None:
        """Check that no other process has the store open.

        Raises:
            StoreBusy: one has.
        """
        if self._ownership:
            self._ownership.require_alone()

    def _release_database(self) -> None:
        if self._ownership:
            self._ownership.release()

    def _make_embedder(self, notify: Notify) -> Embedder:
        if "embedder" not in self._parts:
            return create_embedder(self.settings, notify)
        from assistant.integrations import adapters

        return adapters.to_embedder(self._parts["embedder"])

    def _make_retriever(self) -> Retriever:
        if "retriever" not in self._parts:
            return Retriever(self.library, self._embedder, create_reranker(self.settings))
        from assistant.integrations import adapters

        return adapters.to_retriever(self._parts["retriever"], self.library, self._embedder)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        doing: str = "assistant",
        url: str | None = None,
        notify: Notify = lambda _: None,
        **parts: Unpack[Parts],
    ) -> Assistant:
        """Open the store in `settings.home`; `url` is the address at which this process serves.

        `embedder`, `retriever` and `llm` replace the configured parts; each may be one of LlamaIndex.

        Raises:
            StoreBusy: another process has it open.
            StoreError: it cannot be used.
        """
        lock = acquire(settings.home, doing, url)
        if isinstance(lock, Owner):
            raise StoreBusy(f"Process {lock.pid} ({lock.doing}) has the store open; end it, then try again.")
        return cls.owning(settings, lock, notify, **parts)

    @classmethod
    def owning(
        cls,
        settings: Settings,
        lock: Lock,
        notify: Notify = lambda _: None,
        *,
        repair: bool = False,
        **parts: Unpack[Parts],
    ) -> Assistant:
        """Open the store whose lock this process has; with `repair`, a damaged ledger is rebuilt first."""
        try:
            restrict_access(settings.home, notify)
            return cls(settings, lock, notify, repair, **parts)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store and release its lock."""
        self.library.close()
        self._release_database()
        self.lock.release()

    # -- ask -------------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        conversation: str | None = None,
        documents: Sequence[str] = (),
        until: Deadline | None = None,
        scope: Scope = WHOLE,
    ) -> Answer:
        """Answer `question` as the next turn of `conversation`; `documents` limits the search to these ids,
        `scope` to a part of the corpus.

        Raises:
            NotFound: no document has one of the ids.
            QuestionError: no document is in that part.
        """
        *_, answer = self.stream(question, conversation, documents or self.within(scope), until)
        return answer

    def stream(
        self,
        question: str,
        conversation: str | None = None,
        documents: Sequence[str] = (),
        until: Deadline | None = None,
    ) -> Iterator[Answer]:
        """Yield the answer as it grows. The last is complete, timed, and saved as a turn of `conversation`.

        `until` is the deadline for a model; the default is that of the settings.

        Raises:
            Withdrawn: `until` was withdrawn; nothing is saved.
        """
        began = time.perf_counter()
        until = until or self.deadline()
        titles = self._titles(documents)
        scope = searched(titles)
        question, conversation = serialization.writable(question), limits.conversation(conversation or "")
        history = self.turns(conversation)[-MEMORY:] if conversation else []
        spending = self._budget(until)
        query = self._answerer.understand(question, history, spending, titles)
        direct = self._answerer.directly(question, query, documents)
        passages = [] if direct else self._retrieve(query, documents)
        found = time.perf_counter()
        for answer in [direct] if direct else self._answerer.answers(question, query, passages, spending):
            answer = replace(answer, notice=joined(scope, answer.notice))
            yield answer
        timings = _timings(began, found, time.perf_counter())
        timed = replace(answer, timings_ms=timings, usage=spending.usage)
        if conversation:
            sent = [] if self._model is None else [scored.passage.document_id for scored in passages]
            timed = self._save(conversation, Turn(question, query.text, timed), sent)
        yield timed

    def within(self, scope: Scope) -> list[str]:
        """Return the ids of the documents in a part of the corpus; none for the whole.

        Raises:
            QuestionError: no document is in it.
        """
        return scope.chosen(self.list()) if scope else []

    def _titles(self, documents: Sequence[str]) -> list[str]:
        titles = {entry.id: entry.title for entry in self.library.ledger.entries(documents)}
        return [titles.get(ident) or self.show(ident).title for ident in documents]

    def continued(
        self, question: str, history: Sequence[Turn] = (), until: Deadline | None = None
    ) -> Iterator[Answer]:
        """Yield the answer after the turns of `history` as it grows; nothing is saved.

        Raises:
            Withdrawn: `until` was withdrawn.
        """
        spending = self._budget(until or self.deadline())
        question = serialization.writable(question)
        query = self._answerer.understand(question, history[-MEMORY:], spending)
        direct = self._answerer.directly(question, query)
        answers = (
            [direct]
            if direct
            else self._answerer.answers(question, query, self._retrieve(query, ()), spending)
        )
        yield from (replace(answer, usage=spending.usage) for answer in answers)

    def _retrieve(self, query: Query, documents: Sequence[str]) -> list[ScoredPassage]:
        with self.library.question_priority.first():
            return self._answerer.retrieve(query, frozenset(documents) or None)

    def _save(self, conversation: str, turn: Turn, sent: Sequence[str]) -> Answer:
        """Save the turn with the ids of the documents sent to a model; return its answer.

        On a full disk, or without the database, the answer has a notice that it is not saved.
        """
        try:
            self.library.ledger.conversations.append(conversation, turn, sent)
        except (StoreError, StoreUnreachable) as fault:
            lost = f"It is not kept in the conversation: {fault.message}"
            return replace(turn.answer, notice=joined(turn.answer.notice, lost))
        return turn.answer

    def examine(self, question: str, history: Sequence[Turn] = ()) -> Examination:
        """Return the timed answer that `ask` gives after the turns of `history`; nothing is saved."""
        began, spending = time.perf_counter(), self._budget(self.deadline())
        question = serialization.writable(question)
        query = self._answerer.understand(question, history[-MEMORY:], spending)
        direct = self._answerer.directly(question, query)
        passages = [] if direct else self._retrieve(query, ())
        found = time.perf_counter()
        *_, answer = [direct] if direct else self._answerer.answers(question, query, passages, spending)
        timings = _timings(began, found, time.perf_counter())
        timed = replace(answer, timings_ms=timings, usage=spending.usage)
        return Examination(query, passages, timed)

    def turns(self, conversation: str) -> list[Turn]:
        """Return the turns of a conversation, oldest first; empty if there is no such conversation."""
        return self.library.ledger.conversations.turns(limits.conversation(conversation))

    def deadline(self) -> Deadline:
        """Return a deadline for one answer of a model, beginning now."""
        return Deadline(self.settings.model_timeout)

    def _budget(self, until: Deadline) -> Budget:
        return budget(self._model, until, self.settings, self.library.ledger.usage)

    def extract(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        """Extract the quotes that answer `query` from the passages that have its names and years."""
        return self._answerer.extract(query, passages)

    def likeness(self, phrase: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of a phrase with each of the others."""
        return self._answerer.likeness(phrase, others)

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors."""
        return self._embedder

    @cached_property
    def _answerer(self) -> Answerer:
        return Answerer(self.library, self.retriever, self._embedder, self.settings.cache)

    @cached_property
    def _model(self) -> language_model.Model | None:
        if "llm" not in self._parts:
            return language_model.model(self.settings)
        from assistant.integrations import adapters

        return adapters.to_model(self._parts["llm"], self.settings.model_timeout)

    def use_model(self, choice: ModelChoice) -> None:
        """Answer by another model from now on, and keep the choice.

        Raises:
            ConfigError: the address or the key is malformed, or the environment sets the model.
            StoreError: the choice cannot be kept.
        """
        if self.settings.model_is_fixed or "llm" in self._parts:
            raise ConfigError(FIXED)
        chosen = config.with_model(self.settings, choice)
        language_model.model(chosen)
        model_choice.write(self.settings.home, choice)
        self.settings = chosen
        self.__dict__.pop("_model", None)

    # -- as parts of LlamaIndex ------------------------------------------------------------------

    def as_retriever(self, limit: int = LIMIT) -> BaseRetriever:
        """Return a LlamaIndex retriever that gives the best `limit` passages for a question."""
        from assistant.integrations.llama_index import PassageRetriever

        return PassageRetriever(self.retriever, limit)

    def as_query_engine(self) -> BaseQueryEngine:
        """Return a LlamaIndex query engine that answers as `ask` does; its source nodes are the citations."""
        from assistant.integrations.llama_index import CitedQueryEngine

        return CitedQueryEngine(self.ask)

    def as_chat_engine(self) -> BaseChatEngine:
        """Return a LlamaIndex chat engine: a conversation of its own, of which nothing is kept."""
        from assistant.integrations.chat_engine import CitedChatEngine

        return CitedChatEngine(self.continued)

    # -- documents -------------------------------------------------------------------------------

    def fill(self, on_result: Callable[[AddResult, int], None] = lambda outcome, of: None) -> int:
        """Add the shipped corpus to a store that never had documents; return the number of documents.

        `on_result` is called with each result and the number of documents. An interrupted run is resumed.
        """
        state = self.library.ledger.note("shipped", "none")
        if self.settings.corpus is None or state == "done":
            return 0
        if state == "none" and self.library.ledger.counts()[0]:
            return 0
        self.library.ledger.set_note("shipped", "filling")
        sources = files.shipped(self.settings.corpus)
        for result in self.library.add(sources):
            on_result(result, len(sources))
        self.library.ledger.set_note("shipped", "done")
        return len(sources)

    def add(self, sources: Iterable[Source], on_step: OnStep = ignore) -> Iterator[AddResult]:
        """Add sources; yield each result when it is durable. `on_step` is called with the progress.

        An archive has one result for each of its documents.
        """
        return self.library.add(sources, on_step)

    def add_bytes(self, data: bytes, source: str) -> AddResult:
        """Add a document from memory."""
        return next(iter(self.library.add([Source(source, lambda: data)])))

    def list(self) -> list[DocumentInfo]:
        """Return all documents, sorted by source."""
        return self.library.ledger.entries()

    def show(self, document_id: str) -> Document:
        """Return a document with its text.

        Raises:
            NotFound: no document has this id.
        """
        return self.library.ledger.document(document_id)

    def remove(self, document_id: str) -> DocumentInfo:
        """Remove a document permanently.

        Raises:
            NotFound: no document has this id.
        """
        return self.remove_all([document_id])[0]

    def remove_all(self, document_ids: Sequence[str]) -> Entries:
        """Remove documents permanently, all of them or none.

        Raises:
            NotFound: no document has one of the ids.
        """
        entries = self.library.remove_all(document_ids)
        self._end_filling()
        return entries

    def unname(self, sources: Sequence[str]) -> Entries:
        """Remove names of documents; permanently remove, and return, the documents without another name."""
        entries = self.library.unname(sources)
        self._end_filling()
        return entries

    def tag(self, document_ids: Sequence[str], added: Sequence[str], removed: Sequence[str] = ()) -> Entries:
        """Give tags to documents, take others from them, and return the documents.

        Raises:
            QuestionError: a tag is empty, too long or not one line.
        """
        self.library.tag(document_ids, limits.tags(added), limits.tags(removed))
        return self.library.ledger.entries(document_ids)

    def original(self, document_id: str) -> bytes:
        """Return the bytes of a document as they were added.

        Raises:
            NotFound: no document has this id, or its original is missing.
        """
        return self.library.original(document_id)

    def usage(self) -> Days:
        """Return what models used on each of the last days, newest first."""
        return self.library.ledger.usage.by_day()

    def check(self, repair: bool = False) -> Health:
        """Verify the store; with `repair`, repair it as far as possible."""
        found = self.library.check(repair)
        return replace(found, repaired=(*self._repaired, *found.repaired)) if repair else found

    def rebuild(self) -> Health:
        """Rebuild the index from the ledger."""
        return self.library.rebuild()

    def _end_filling(self) -> None:
        """Prevent that the shipped corpus is added, or its adding resumed, after documents were removed."""
        self.library.ledger.set_note("shipped", "done")


def _timings(began: float, found: float, ended: float) -> dict[str, float]:
    spans = {"retrieve": found - began, "answer": ended - found, "total": ended - began}
    return {name: round(seconds * 1000, 1) for name, seconds in spans.items()}
