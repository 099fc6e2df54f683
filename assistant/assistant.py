"""The assistant: the facade that command line, server and page use.

ask:  question + history -> search query -> passages -> sentences -> Answer with Citations
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict, Unpack

from assistant.answering import conversation, corpus_questions, extractive
from assistant.answering.answers import WITHOUT, Answers, joined
from assistant.answering.corpus_questions import CorpusQuestion
from assistant.answering.extractive import Extract
from assistant.answering.history import exchanges
from assistant.answering.model import condensing, generative, language_model
from assistant.core import limits, serialization
from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.errors import ModelError, StoreBusy, StoreError
from assistant.core.scope import WHOLE, Scope, searched
from assistant.core.types import (
    AddResult,
    Answer,
    Document,
    DocumentInfo,
    Health,
    Notify,
    OnStep,
    Query,
    ScoredPassage,
    Sentence,
    Source,
    Turn,
    ignore,
)
from assistant.embedding.embedders import E5, Embedder, create_embedder
from assistant.ingest import files, restore
from assistant.ingest.library import Library
from assistant.retrieval import grounding, query_rewriting, spelling
from assistant.retrieval.query_rewriting import Exchange
from assistant.retrieval.reader import Reader
from assistant.retrieval.reranker import create_reranker
from assistant.retrieval.retriever import LIMIT, Retriever
from assistant.store.lock import Lock, Owner, acquire, restrict_access
from assistant.text import languages

if TYPE_CHECKING:
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.chat_engine.types import BaseChatEngine
    from llama_index.core.llms import LLM

HISTORY = 6
"""Turns that are used to interpret a follow-up."""
Entries = list[DocumentInfo]


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
        self._embedder = self._make_embedder(notify)
        self._repaired = restore.repair(settings.home, self._embedder, notify) if repair else ()
        self.library = Library(settings.home, self._embedder, notify)
        self.retriever = self._make_retriever()

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
        history = self.turns(conversation)[-HISTORY:] if conversation else []
        query = self._search_query(question, history, until, titles)
        direct = self._answer_directly(question, query, documents)
        passages = [] if direct else self._retrieve(query, documents)
        found = time.perf_counter()
        for answer in [direct] if direct else self._answers(question, query, passages, until):
            answer = replace(answer, notice=joined(scope, answer.notice))
            yield answer
        timed = replace(answer, timings_ms=_timings(began, found, time.perf_counter()))
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
        until = until or self.deadline()
        question = serialization.writable(question)
        query = self._search_query(question, history[-HISTORY:], until)
        direct = self._answer_directly(question, query)
        yield from [direct] if direct else self._answers(question, query, self._retrieve(query, ()), until)

    def _retrieve(self, query: Query, documents: Sequence[str]) -> list[ScoredPassage]:
        with self.library.question_priority.first():
            return self.retriever.retrieve(query, documents=frozenset(documents) or None)

    def _save(self, conversation: str, turn: Turn, sent: Sequence[str]) -> Answer:
        """Save the turn with the ids of the documents sent to a model; return its answer.

        On a full disk, the answer has a notice that it is not saved.
        """
        try:
            self.library.ledger.conversations.append(conversation, turn, sent)
        except StoreError as fault:
            lost = f"It is not kept in the conversation: {fault.message}"
            return replace(turn.answer, notice=joined(turn.answer.notice, lost))
        return turn.answer

    def examine(self, question: str, history: Sequence[Turn] = ()) -> Examination:
        """Return the timed answer that `ask` gives after the turns of `history`; nothing is saved."""
        began, until = time.perf_counter(), self.deadline()
        question = serialization.writable(question)
        query = self._search_query(question, history[-HISTORY:], until)
        direct = self._answer_directly(question, query)
        passages = [] if direct else self.retriever.retrieve(query)
        found = time.perf_counter()
        *_, answer = [direct] if direct else self._answers(question, query, passages, until)
        timed = replace(answer, timings_ms=_timings(began, found, time.perf_counter()))
        return Examination(query, passages, timed)

    def turns(self, conversation: str) -> list[Turn]:
        """Return the turns of a conversation, oldest first; empty if there is no such conversation."""
        return self.library.ledger.conversations.turns(limits.conversation(conversation))

    def deadline(self) -> Deadline:
        """Return a deadline for one answer of a model, beginning now."""
        return Deadline(self.settings.model_timeout)

    def _search_query(
        self, question: str, history: Sequence[Turn], until: Deadline, titles: Sequence[str] = ()
    ) -> Query:
        """Rewrite the question as a search query; `titles` are those of the only documents to search."""
        scope = [Exchange("", about=tuple(titles))] if len(titles) == 1 else []
        query = query_rewriting.understood(question, scope + exchanges(history), self.likeness)
        query, corrections = spelling.corrected(query, self.library, self._embedder.count)
        remarks = [
            conversation.message("corrected", None, right=right, wrong=wrong)
            for wrong, right in corrections.items()
        ]
        query = replace(query, reading=" ".join(filter(None, [query.reading, *remarks])))
        return self._condensed(query, question, history, until) if query.focus else query

    def _condensed(self, query: Query, question: str, history: Sequence[Turn], until: Deadline) -> Query:
        """Return a follow-up as the model makes one question of it, where the rule only put it behind an
        earlier one."""
        if self._model is None or not history:
            return query
        with suppress(ModelError):
            exchanges = [(turn.question, turn.answer.text) for turn in history]
            rewritten = condensing.condense(question, exchanges, self._model, until)
            return query if rewritten == question else Query(rewritten, reading=query.reading)
        return query

    def _answer_directly(self, question: str, query: Query, documents: Sequence[str] = ()) -> Answer | None:
        """Answer small talk, questions about the corpus and unclear questions; None for all others."""
        count = self.library.ledger.counts()[0]
        reply = conversation.small_talk(question, count)
        about = corpus_questions.corpus_question(question, self.library) if count and not reply else None
        if about is not None:
            return self._answer_on_corpus(question, about, documents)
        if not reply and query.unclear and count:
            reply = conversation.message("unclear", languages.language_of(question), word=query.unclear)
        return _uncited(question, reply) if reply else None

    def _answer_on_corpus(self, question: str, about: CorpusQuestion, documents: Sequence[str]) -> Answer:
        language = languages.language_of(question)
        if about.kind == "list":
            listed = corpus_questions.catalogue(self.library, documents)
            reply = conversation.message("list", language, documents=listed.total, names=listed.text)
            return _uncited(question, reply)
        with self.library.question_priority.first():
            quoted = corpus_questions.answer(about, self.library, documents)
        if not quoted.sentences:
            return _uncited(question, conversation.message("no_mention", language, subject=about.subject))
        total, quotes = f"{quoted.total:,}", f"{len(quoted.sentences):,}"
        notice = (
            conversation.message("some", language, shown=quotes, count=total) if quotes != total else None
        )
        return Answer(question, question, True, quoted.sentences, quoted.citations, notice=notice)

    def _answers(
        self, question: str, query: Query, passages: Sequence[ScoredPassage], until: Deadline
    ) -> Iterator[Answer]:
        has_documents = bool(passages) or self.library.ledger.counts()[0] > 0
        made = Answers(
            question,
            query,
            passages,
            lambda: self._quote(query, passages),
            lambda excerpts: self._reader.answers(query.text, excerpts).tolist(),
            has_documents,
        )
        notice = None
        if self._model is not None and passages:
            embed, supports = self._embedder.embed, self._reader.support
            drafts = generative.compose(query.text, passages, self._model, embed, until, supports)
            try:
                yield from made.by_model(self._model.name, drafts)
                return
            except ModelError as fault:
                notice = f"{fault.message} {WITHOUT}"
        yield from made.by_quotes(notice)

    def _quote(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        with self.library.question_priority.first():
            return self.extract(query, passages)

    def extract(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        """Extract the quotes that answer `query` from the passages that have its names and years."""
        evidence = grounding.evidence(query, self._reader.read(query, passages))
        return extractive.extract(query.text, evidence, self.library.ledger.document)

    def likeness(self, phrase: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of a phrase with each of the others."""
        vectors = self._embedder.embed([phrase, *others], "query")
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors."""
        return self._embedder

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._embedder if isinstance(self._embedder, E5) else E5(self.settings.cache))

    @cached_property
    def _model(self) -> language_model.Model | None:
        if "llm" not in self._parts:
            return language_model.model(self.settings)
        from assistant.integrations import adapters

        return adapters.to_model(self._parts["llm"], self.settings.model_timeout)

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

    def original(self, document_id: str) -> bytes:
        """Return the bytes of a document as they were added.

        Raises:
            NotFound: no document has this id, or its original is missing.
        """
        return self.library.original(document_id)

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


def _uncited(question: str, text: str) -> Answer:
    return Answer(question, question, False, (Sentence(text),))


def _timings(began: float, found: float, ended: float) -> dict[str, float]:
    spans = {"retrieve": found - began, "answer": ended - found, "total": ended - began}
    return {name: round(seconds * 1000, 1) for name, seconds in spans.items()}
