"""From a question to its answer: understood, answered at once, by a model, or by quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

from assistant.answering import conversation, corpus_questions, extractive
from assistant.answering.answers import WITHOUT, Answers
from assistant.answering.corpus_questions import CorpusQuestion
from assistant.answering.extractive import Extract
from assistant.answering.extracts import joined_extracts
from assistant.answering.history import exchanges
from assistant.answering.model import condensing, generative
from assistant.answering.model.budget import Budget
from assistant.core.errors import ModelError
from assistant.core.types import Answer, Query, ScoredPassage, Sentence, Turn
from assistant.embedding.embedders import E5, Embedder
from assistant.ingest.library import Library
from assistant.retrieval import grounding, query_rewriting, spelling
from assistant.retrieval.query_rewriting import Exchange
from assistant.retrieval.query_rewriting.mentions import mentions
from assistant.retrieval.reader import Reader
from assistant.retrieval.retriever import Retriever
from assistant.text import languages

HISTORY = 6
"""Turns that are used to interpret a follow-up."""
MEMORY = 24
"""Turns that a model sees, the older ones without their answers."""


class Answerer:
    """Understands and answers questions over a library. `cache` has the weights of the reader."""

    def __init__(self, library: Library, retriever: Retriever, embedder: Embedder, cache: Path) -> None:
        self._library, self._retriever = library, retriever
        self._embedder, self._cache = embedder, cache

    @cached_property
    def reader(self) -> Reader:
        """The judge of whether a sentence answers a question, or supports another."""
        return Reader(self._embedder if isinstance(self._embedder, E5) else E5(self._cache))

    def understand(
        self, question: str, history: Sequence[Turn], spending: Budget, titles: Sequence[str] = ()
    ) -> Query:
        """Rewrite the question as a search query; `titles` are those of the only documents to search."""
        question = conversation.without_small_talk(question)
        scope = [Exchange("", about=tuple(titles))] if len(titles) == 1 else []
        query = query_rewriting.understood(question, scope + exchanges(history[-HISTORY:]), self.likeness)
        query, corrections = spelling.corrected(query, self._library, self._embedder.count)
        remarks = [
            conversation.message("corrected", None, right=right, wrong=wrong)
            for wrong, right in corrections.items()
        ]
        query = replace(query, reading=" ".join(filter(None, [query.reading, *remarks])))
        if query.focus:
            return self._condensed(query, question, history, spending)
        return replace(query, parts=self._parts(query.text, scope + exchanges(history[-HISTORY:])))

    def _parts(self, question: str, history: Sequence[Exchange]) -> tuple[Query, ...]:
        """Return the parts of a question, none if it asks for one thing or a part is unclear."""
        parts = query_rewriting.split(question)
        if len(parts) == 1:
            return ()
        found = list[Query]()
        for part in parts:
            before = [*history, *(Exchange(query.text) for query in found)]
            query = query_rewriting.understood(part, before, self.likeness)
            found.append(_after(found[-1], query) if found else query)
        return () if any(query.unclear for query in found) else tuple(found)

    def retrieve(self, query: Query, documents: frozenset[str] | None = None) -> list[ScoredPassage]:
        """Return the passages for a query, best first; those for its parts in turns."""
        if not query.parts:
            return self._retriever.retrieve(query, documents=documents)
        found = (self._retriever.retrieve(part, documents=documents) for part in query.parts)
        unique = dict[str, ScoredPassage]()
        for scored in (each for rank in zip_longest(*found) for each in rank if each):
            unique.setdefault(scored.passage.id, scored)
        return list(unique.values())

    def _condensed(self, query: Query, question: str, history: Sequence[Turn], spending: Budget) -> Query:
        """Return a follow-up as the model makes one question of it, where the rule only put it behind an
        earlier one."""
        if spending.model is None or not history:
            return query
        with suppress(ModelError):
            exchanges = [(turn.question, turn.answer.text) for turn in history]
            rewritten = condensing.condense(question, exchanges, spending.model, spending.until)
            return query if rewritten == question else Query(rewritten, reading=query.reading)
        return query

    def directly(self, question: str, query: Query, documents: Sequence[str] = ()) -> Answer | None:
        """Answer small talk, questions about the corpus and unclear questions; None for all others."""
        count = self._library.ledger.counts()[0]
        reply = conversation.small_talk(question, count)
        about = corpus_questions.corpus_question(question, self._library) if count and not reply else None
        if about is not None:
            return self._answer_on_corpus(question, about, documents)
        if not reply and query.unclear and count:
            reply = conversation.message("unclear", languages.language_of(question), word=query.unclear)
        return _uncited(question, reply) if reply else None

    def _answer_on_corpus(self, question: str, about: CorpusQuestion, documents: Sequence[str]) -> Answer:
        language = languages.language_of(question)
        if about.kind == "list":
            listed = corpus_questions.catalogue(self._library, documents)
            reply = conversation.message("list", language, documents=listed.total, names=listed.text)
            return _uncited(question, reply)
        with self._library.question_priority.first():
            quoted = corpus_questions.answer(about, self._library, documents)
        if not quoted.sentences:
            return _uncited(question, conversation.message("no_mention", language, subject=about.subject))
        total, quotes = f"{quoted.total:,}", f"{len(quoted.sentences):,}"
        notice = (
            conversation.message("some", language, shown=quotes, count=total) if quotes != total else None
        )
        return Answer(question, question, True, quoted.sentences, quoted.citations, notice=notice)

    def answers(
        self, question: str, query: Query, passages: Sequence[ScoredPassage], spending: Budget
    ) -> Iterator[Answer]:
        """Yield the drafts of an answer: by the model of the budget if it has one, or else by quotes."""
        has_documents = bool(passages) or self._library.ledger.counts()[0] > 0
        made = Answers(
            question,
            query,
            passages,
            lambda: self._quote(query, passages),
            lambda excerpts: self.reader.answers(query.text, excerpts).tolist(),
            has_documents,
        )
        notice, model = spending.notice, spending.model
        if model is not None and passages:
            embed, supports = self._embedder.embed, self.reader.support
            drafts = generative.compose(query.text, passages, model, embed, spending.until, supports)
            try:
                yield from made.by_model(model.name, drafts)
                return
            except ModelError as fault:
                notice = f"{fault.message} {WITHOUT}"
        yield from made.by_quotes(notice)

    def _quote(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        with self._library.question_priority.first():
            return self.extract(query, passages)

    def extract(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        """Extract the quotes that answer `query` from the passages that have its names and years."""
        if query.parts:
            return self._extract_parts(query, passages)
        evidence = grounding.evidence(query, self.reader.read(query, passages))
        return extractive.extract(query.text, evidence, self._library.ledger.document)

    def _extract_parts(self, query: Query, passages: Sequence[ScoredPassage]) -> Extract:
        """Extract the answer to each part. If no part has one, the question is taken as a whole."""
        # Again for each part, as scores are relative to a query; a citation is of this retrieval alone.
        documents = frozenset(scored.passage.document_id for scored in passages)
        known = {scored.passage.id for scored in passages}
        found = (self._retriever.retrieve(part, documents=documents) for part in query.parts)
        extracts = [
            self.extract(part, [scored for scored in own if scored.passage.id in known])
            for part, own in zip(query.parts, found, strict=True)
        ]
        if not any(extracted.answered for extracted in extracts):
            return self.extract(replace(query, parts=()), passages)
        return joined_extracts([part.text for part in query.parts], extracts)

    def likeness(self, phrase: str, others: Sequence[str]) -> list[float]:
        """Return the cosine of a phrase with each of the others."""
        vectors = self._embedder.embed([phrase, *others], "query")
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]


def _after(before: Query, query: Query) -> Query:
    """Return a part that names nothing itself as one about what the part before names."""
    if query.focus or mentions(query.text):
        return query
    return replace(query, text=f"{before.text} {query.text}", focus=query.text, earlier=(before.text,))


def _uncited(question: str, text: str) -> Answer:
    return Answer(question, question, False, (Sentence(text),))
