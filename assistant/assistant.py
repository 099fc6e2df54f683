"""The assistant: everything that command line, server and page do, goes through here.

ask:  question + history -> search query -> passages -> sentences -> Answer with Citations
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.answering import conversation, corpus_questions, extractive, generative, language_model
from assistant.answering.corpus_questions import CorpusQuestion
from assistant.answering.extractive import Extract
from assistant.core import limits, serialization
from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.errors import ModelError, StoreBusy, StoreError
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
from assistant.embedding.embedders import E5, Embedder, embedder
from assistant.ingest import files, restore
from assistant.ingest.library import Library
from assistant.retrieval import grounding, query_rewriting, spelling
from assistant.retrieval.query_rewriting import Exchange
from assistant.retrieval.reader import Reader
from assistant.retrieval.retriever import Retriever
from assistant.store.lock import Lock, Owner, close_to_others, take
from assistant.text import languages

NOT_FOUND = "The documents do not answer this question."
NOTHING_THERE = "There are no documents yet; add some with `assistant add`."
HISTORY = 6
"""Turns that a follow-up is understood from."""
Entries = list[DocumentInfo]


@dataclass(frozen=True, slots=True)
class Examination:
    """A whole answer with what it was made from: what was searched for, and what was found, best first."""

    query: Query
    passages: Sequence[ScoredPassage]
    answer: Answer


class Assistant:
    """One open store and what answers from it. Thread-safe; close it, or use it in a `with`."""

    def __init__(self, settings: Settings, lock: Lock, notify: Notify, repair: bool = False) -> None:
        self.settings = settings
        self.lock = lock
        self._embedder: Embedder = embedder(settings, notify)
        self._repaired = restore.repair(settings.home, self._embedder, notify) if repair else ()
        self.library = Library(settings.home, self._embedder, notify)
        self.retriever = Retriever(self.library, self._embedder)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        doing: str = "assistant",
        url: str | None = None,
        notify: Notify = lambda _: None,
    ) -> Assistant:
        """Opens the store in `settings.home`; `url` is where this process serves.

        Raises:
            StoreBusy: another process has it open.
            StoreError: it cannot be used.
        """
        held = take(settings.home, doing, url)
        if isinstance(held, Owner):
            raise StoreBusy(f"Process {held.pid} ({held.doing}) has the store open; end it, then try again.")
        return cls.owning(settings, held, notify)

    @classmethod
    def owning(
        cls, settings: Settings, lock: Lock, notify: Notify = lambda _: None, *, repair: bool = False
    ) -> Assistant:
        """Opens the store whose lock is held already.

        With `repair`, a ledger that cannot be relied on is made anew first.
        """
        try:
            close_to_others(settings.home, notify)
            return cls(settings, lock, notify, repair)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the store and lets another process have it."""
        self.library.close()
        self.lock.release()

    # -- ask -------------------------------------------------------------------------------------

    def ask(
        self, question: str, conversation: str | None = None, documents: Sequence[str] = (),
        until: Deadline | None = None,
    ) -> Answer:  # fmt: skip
        """The answer to `question`, understood from the turns of `conversation`, which it becomes one of.

        Only `documents` are searched where there are any.

        Raises:
            NotFound: no document has one of these ids.
        """
        *_, answer = self.stream(question, conversation, documents, until)
        return answer

    def stream(
        self, question: str, conversation: str | None = None, documents: Sequence[str] = (),
        until: Deadline | None = None,
    ) -> Iterator[Answer]:  # fmt: skip
        """The answer as it grows. The last one is whole, timed, and kept as a turn of `conversation`.

        A model may work on it until `until`, or for as long as the settings say.

        Raises:
            Withdrawn: `until` was withdrawn; nothing is kept.
        """
        began = time.perf_counter()
        until = until or self.deadline()
        titles = [self.show(document_id).title for document_id in documents]
        scope = _scope(titles)
        question, conversation = serialization.writable(question), limits.conversation(conversation or "")
        history = self.turns(conversation)[-HISTORY:] if conversation else []
        query = self._search_query(question, history, until, titles)
        said = self._unsearched(question, query, documents)
        passages = [] if said else self._retrieved(query, documents)
        found = time.perf_counter()
        answer = _empty(question, query)
        for answer in [said] if said else self._answers(question, query, passages, until):
            answer = replace(answer, notice=" ".join(filter(None, [scope, answer.notice])) or None)
            yield answer
        timed = replace(answer, timings_ms=_timings(began, found, time.perf_counter()))
        if conversation:
            given = [] if self._model is None else [scored.passage.document_id for scored in passages]
            timed = self._kept(conversation, Turn(question, query.text, timed), given)
        yield timed

    def _retrieved(self, query: Query, documents: Sequence[str]) -> list[ScoredPassage]:
        with self.library.question_priority.first():
            return self.retriever.retrieve(query, documents=frozenset(documents) or None)

    def _kept(self, conversation: str, turn: Turn, given: Sequence[str]) -> Answer:
        """The answer, kept as a turn; on a full disk, with a word about that it is not."""
        try:
            self.library.ledger.conversations.keep(conversation, turn, given)
        except StoreError as fault:
            lost = f"It is not kept in the conversation: {fault.message}"
            return replace(turn.answer, notice=" ".join(filter(None, [turn.answer.notice, lost])))
        return turn.answer

    def examine(self, question: str, history: Sequence[Turn] = ()) -> Examination:
        """The answer that `ask` would give after the turns of `history`, timed; nothing of it is kept."""
        began, until = time.perf_counter(), self.deadline()
        question = serialization.writable(question)
        query = self._search_query(question, history[-HISTORY:], until)
        said = self._unsearched(question, query)
        passages = [] if said else self.retriever.retrieve(query)
        found = time.perf_counter()
        *_, answer = [said] if said else self._answers(question, query, passages, until)
        timed = replace(answer, timings_ms=_timings(began, found, time.perf_counter()))
        return Examination(query, passages, timed)

    def turns(self, conversation: str) -> list[Turn]:
        """The turns of a conversation, oldest first; none where there is no such conversation."""
        return self.library.ledger.conversations.turns(limits.conversation(conversation))

    def deadline(self) -> Deadline:
        """From now on, the time that a model may take for one answer."""
        return Deadline(self.settings.model_timeout)

    def _search_query(
        self, question: str, history: Sequence[Turn], until: Deadline, titles: Sequence[str] = ()
    ) -> Query:
        """What to search for; `titles` are those of the documents that alone are asked."""
        if history and self._model is not None:
            try:
                told = [(turn.question, turn.answer.text) for turn in history]
                return Query(generative.condense(question, told, self._model, until))
            except ModelError:
                pass
        opened = [Exchange("", about=tuple(titles))] if len(titles) == 1 else []
        query = query_rewriting.understood(question, opened + _exchanges(history), self.likeness)
        query, mended = spelling.corrected(query, self.library, self._embedder.count)
        read = [conversation.message("corrected", None, right=mended[wrong], wrong=wrong) for wrong in mended]
        return replace(query, reading=" ".join(filter(None, [query.reading, *read])))

    def _unsearched(self, question: str, query: Query, documents: Sequence[str] = ()) -> Answer | None:
        """Where the kinds of questions part: the answer to small talk, to a question on the documents
        themselves, or to one that names nothing; None where it is to be searched for."""
        count = self.library.ledger.counts()[0]
        said = conversation.small_talk(question, count)
        about = corpus_questions.corpus_question(question, self.library) if count and not said else None
        if about is not None:
            return self._on_the_corpus(question, about, documents)
        if not said and query.unclear and count:
            said = conversation.message("unclear", languages.language_of(question), word=query.unclear)
        return Answer(question, question, False, (Sentence(said),)) if said else None

    def _on_the_corpus(self, question: str, about: CorpusQuestion, documents: Sequence[str]) -> Answer:
        language = languages.language_of(question)
        if about.kind == "list":
            named = corpus_questions.catalogue(self.library, documents)
            said = conversation.message("list", language, documents=named.of, names=named.text)
            return Answer(question, question, False, (Sentence(said),))
        with self.library.question_priority.first():
            quoted = corpus_questions.answer(about, self.library, documents)
        if not quoted.sentences:
            said = conversation.message("no_mention", language, subject=about.subject)
            return Answer(question, question, False, (Sentence(said),))
        count, shown = f"{quoted.of:,}", f"{len(quoted.sentences):,}"
        notice = conversation.message("some", language, shown=shown, count=count) if shown != count else None
        return Answer(question, question, True, quoted.sentences, quoted.citations, notice=notice)

    def _answers(
        self, question: str, query: Query, passages: Sequence[ScoredPassage], until: Deadline
    ) -> Iterator[Answer]:
        notice = None
        if self._model is not None and passages:
            try:
                yield from self._composed(question, query, passages, self._model, until)
                return
            except ModelError as fault:
                notice = f"{fault.message} This answer was made without the model."
        with self.library.question_priority.first():
            extracted = self.extract(query, passages)
        if not extracted.answered:
            related = extractive.related(passages)
            yield replace(_empty(question, query, passages), related=related, notice=notice)
            return
        for end in range(1, len(extracted.sentences) + 1):
            yield replace(_quoted(question, query, extracted, end), notice=_joined(notice, extracted.notice))

    def extract(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        """The quotes that answer `query`, from what the passages say of the names and years in it."""
        evidence = grounding.evidence(query, self._reader.read(query.text, passages))
        return extractive.extract(query.text, evidence, self.library.ledger.document)

    def _composed(
        self, question: str, query: Query, passages: Sequence[ScoredPassage], model: language_model.Model,
        until: Deadline,
    ) -> Iterator[Answer]:  # fmt: skip
        draft = None
        embed, supports = self._embedder.embed, self._reader.support
        for draft in generative.compose(query.text, passages, model, embed, until, supports):
            yield Answer(
                question,
                query.text,
                draft.answered,
                draft.sentences,
                draft.citations,
                mode="model",
                model=model.name,
            )
        if draft is None or not draft.answered:
            nothing = _empty(question, query, passages)
            yield replace(nothing, related=extractive.related(passages), mode="model", model=model.name)

    def likeness(self, phrase: str, others: Sequence[str]) -> list[float]:
        """The cosine of a phrase with each of others."""
        vectors = self._embedder.embed([phrase, *others], "query")
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._embedder if isinstance(self._embedder, E5) else E5(self.settings.cache))

    @cached_property
    def _model(self) -> language_model.Model | None:
        return language_model.model(self.settings)

    # -- documents -------------------------------------------------------------------------------

    def fill(self, on_result: Callable[[AddResult, int], None] = lambda outcome, of: None) -> int:
        """Fills a store that never held documents with the shipped corpus; gives how many were added.

        `on_result` is called with each result and the number of documents. An interrupted filling is resumed.
        """
        state = self.library.ledger.note("shipped", "none")
        if self.settings.corpus is None or state == "done":
            return 0
        if state == "none" and self.library.ledger.counts()[0]:
            return 0
        self.library.ledger.set_note("shipped", "filling")
        sources = files.shipped(self.settings.corpus)
        for outcome in self.library.add(sources):
            on_result(outcome, len(sources))
        self.library.ledger.set_note("shipped", "done")
        return len(sources)

    def add(self, sources: Iterable[Source], on_step: OnStep = ignore) -> Iterator[AddResult]:
        """Adds sources; each result is given once durable. `on_step` is called with each progress.

        An archive of documents gives one outcome for each of them.
        """
        return self.library.add(sources, on_step)

    def add_bytes(self, data: bytes, source: str) -> AddResult:
        """Adds one document from memory."""
        return next(iter(self.library.add([Source(source, lambda: data)])))

    def list(self) -> list[DocumentInfo]:
        """All documents, by source."""
        return self.library.ledger.entries()

    def show(self, document_id: str) -> Document:
        """One document with its text.

        Raises:
            NotFound: no document has this id.
        """
        return self.library.ledger.document(document_id)

    def remove(self, document_id: str) -> DocumentInfo:
        """Removes a document for good.

        Raises:
            NotFound: no document has this id.
        """
        return self.remove_all([document_id])[0]

    def remove_all(self, document_ids: Sequence[str]) -> Entries:
        """Removes documents for good, all of them or none.

        Raises:
            NotFound: no document has one of the ids.
        """
        entries = self.library.remove_all(document_ids)
        self._filled()
        return entries

    def unname(self, sources: Sequence[str]) -> Entries:
        """Takes names away from their documents; removes for good, and gives, those that have no other."""
        entries = self.library.unname(sources)
        self._filled()
        return entries

    def original(self, document_id: str) -> bytes:
        """The bytes of a document as they were added.

        Raises:
            NotFound: no document has this id, or its original is missing.
        """
        return self.library.original(document_id)

    def check(self, repair: bool = False) -> Health:
        """Verifies the store; with `repair`, mends what can be mended."""
        found = self.library.check(repair)
        return replace(found, repaired=(*self._repaired, *found.repaired)) if repair else found

    def rebuild(self) -> Health:
        """Builds the index anew from the ledger."""
        return self.library.rebuild()

    def _filled(self) -> None:
        """A store that was emptied is not filled again, and no filling is taken up that would bring back
        what was removed."""
        self.library.ledger.set_note("shipped", "done")


def _empty(question: str, query: Query, passages: Sequence[ScoredPassage] = ()) -> Answer:
    text = NOT_FOUND if passages else NOTHING_THERE
    return Answer(question, query.text, False, (Sentence(text),), understood=query.reading or None)


def _quoted(question: str, query: Query, extracted: Extract, end: int) -> Answer:
    sentences, citations = extracted.sentences[:end], extracted.citations[:end]
    answer = Answer(question, query.text, True, sentences, citations, understood=query.reading or None)
    return replace(answer, evidence=extracted.evidence) if end == len(extracted.sentences) else answer


def _joined(*notices: str | None) -> str | None:
    return " ".join(filter(None, notices)) or None


def _exchanges(history: Sequence[Turn]) -> list[Exchange]:
    """What follow-ups are understood from: questions with their answers, without small talk."""
    asked = (turn for turn in history if conversation.small_talk(turn.question, 1) is None)
    return [_exchange(turn.question, turn.answer) for turn in asked]


def _exchange(question: str, answer: Answer) -> Exchange:
    said = " ".join(sentence.text for sentence in answer.sentences) if answer.answered else ""
    titles = dict.fromkeys(citation.title for citation in answer.citations)
    return Exchange(question, said, tuple(titles)[:1], answer.answered)


def _scope(titles: Sequence[str]) -> str:
    """A sentence on what alone was searched; nothing where that was everything."""
    if not titles:
        return ""
    if len(titles) == 1:
        return f"Only “{titles[0]}” was searched."
    return f"Only {len(titles)} of the documents were searched."


def _timings(began: float, found: float, ended: float) -> dict[str, float]:
    spans = {"retrieve": found - began, "answer": ended - found, "total": ended - began}
    return {name: round(seconds * 1000, 1) for name, seconds in spans.items()}
