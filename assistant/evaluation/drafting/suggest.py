"""Drafting of golden questions over a whole store: spread over its documents, checked against the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assistant.answering.model import language_model
from assistant.assistant import Assistant
from assistant.core.errors import ModelError, NotFound
from assistant.core.types import DocumentInfo, Notify, Query, ScoredPassage
from assistant.evaluation.drafting.by_model import SHORTEST, draft_by_model
from assistant.evaluation.drafting.drafts import Draft, draft_questions
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import is_named
from assistant.ingest.splitting import split
from assistant.text.words import content, folded, share

NUMBER = 20
"""Default number of drafts."""
ALIKE = 0.75
"""Share of a question's words above which a passage with the same facts answers it too."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft with the name of its document, and the names of other documents that answer it."""

    draft: Draft
    source: str
    elsewhere: tuple[str, ...] = ()


def suggest(
    assistant: Assistant,
    documents: Sequence[str] = (),
    number: int = NUMBER,
    known: Iterable[str] = (),
    notify: Notify = lambda message: None,
) -> list[Suggestion]:
    """Draft at most `number` questions from `documents` (ids, or names as in golden sets), or from all.

    Questions that other documents answer too come last, to fill up. `known` are ids of drafts to skip.

    Raises:
        NotFound: there is no such document.
    """
    entries = _select(assistant.list(), documents)
    sources = {entry.id: entry.source for entry in entries}
    unique: list[Suggestion] = []
    shared: list[Suggestion] = []
    seen: list[frozenset[str]] = []
    for draft in _draft_in_turn(assistant, entries, frozenset(known), notify):
        if (words := content(draft.question)) in seen:
            continue
        seen.append(words)
        elsewhere = _find_elsewhere(assistant, draft)
        suggestion = Suggestion(draft, sources[draft.passage.document], elsewhere)
        (shared if elsewhere else unique).append(suggestion)
        if len(unique) == number:
            break
    return [*unique, *shared][:number]


def to_question(suggestion: Suggestion) -> Question:
    """Return the draft as a golden question; if several documents answer it, citing any of them is right."""
    draft = suggestion.draft
    tags = ("suggested", draft.kind, *(["elsewhere"] if suggestion.elsewhere else []))
    return Question(
        draft.id,
        draft.question,
        documents=(suggestion.source, *suggestion.elsewhere),
        passages=() if suggestion.elsewhere else (draft.passage,),
        facts=tuple((fact,) for fact in draft.facts),
        tags=tags,
    )


def _select(entries: Sequence[DocumentInfo], names: Sequence[str]) -> list[DocumentInfo]:
    """Sort by id, which is unrelated to the subject: the first few come from all over the store."""
    for name in names:
        if not any(_has_name(entry, name) for entry in entries):
            raise NotFound(f"No document is called {name}; `assistant list` shows ids and names.")
    if names:
        selected = [entry for entry in entries if any(_has_name(entry, name) for name in names)]
    else:
        selected = [entry for entry in entries if entry.duplicate_of is None]
    return sorted(selected, key=lambda entry: entry.id)


def _has_name(entry: DocumentInfo, name: str) -> bool:
    return entry.id == name or any(is_named(source, name) for source in (entry.source, *entry.sources))


def _draft_in_turn(
    assistant: Assistant, entries: Sequence[DocumentInfo], known: frozenset[str], notify: Notify
) -> Iterator[Draft]:
    """Yield one draft of each document, then a second of each, until none has any left."""
    model = language_model.model(assistant.settings)
    queues = [_draft_document(assistant, entry.id, model, notify) for entry in entries]
    while queues:
        remaining = []
        for drafts in queues:
            if draft := next((draft for draft in drafts if draft.id not in known), None):
                remaining.append(drafts)
                yield draft
        queues = remaining


def _draft_document(
    assistant: Assistant, ident: str, model: language_model.Model | None, notify: Notify
) -> Iterator[Draft]:
    """Draft by the model or, without one that answers, by rules.

    Reads nothing before the first draft is requested: there may be many more documents than drafts.
    """
    document = assistant.show(ident)
    if model:
        passages = [passage for passage in split(document) if passage.end - passage.start >= SHORTEST]
        try:
            for passage in sorted(passages, key=lambda passage: passage.id):
                if draft := draft_by_model(document, passage, model):
                    yield draft
            return
        except ModelError as fault:
            notify(f"{fault.message} These questions were drafted without the model.")
    yield from draft_questions(document)


def _find_elsewhere(assistant: Assistant, draft: Draft) -> tuple[str, ...]:
    """Return the names of other documents with a passage that has the facts and words of the question."""
    text = assistant.show(draft.passage.document).text
    facts = [text[fact.start : fact.end] for fact in draft.facts]
    words = content(draft.question)
    passages = assistant.retriever.retrieve(Query(draft.question))
    others = (p for p in passages if p.passage.document_id != draft.passage.document)
    names = (p.source for p in others if _answers(p, words, facts))
    return tuple(dict.fromkeys(islice(names, 5)))


def _answers(scored: ScoredPassage, words: frozenset[str], facts: Sequence[str]) -> bool:
    """True if a passage answers the question; without facts to look for, it must have all the words."""
    passage = scored.passage
    text = f"{passage.header or ''} {passage.text}"
    covered = share(words, scored.title, *passage.headings, text)
    return covered >= (ALIKE if facts else 1) and all(folded(fact) in folded(text) for fact in facts)
