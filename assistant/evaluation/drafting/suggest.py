"""Drafts of golden questions over a whole store: spread over its documents, and held against the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assistant.answering import language_model
from assistant.assistant import Assistant
from assistant.core.errors import ModelError, NotFound
from assistant.core.types import Entry, Query, ScoredPassage
from assistant.evaluation.drafting.by_model import SHORTEST, written
from assistant.evaluation.drafting.drafts import Draft, drafts
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import is_named
from assistant.ingest.splitting import split
from assistant.text.words import content, folded, share

NUMBER = 20
"""Drafts that are made unless another number is asked for."""
ALIKE = 0.75
"""The share of a question's words from which on a passage with the same facts answers it too."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft with the name of its document, and the names of others that answer it as well."""

    draft: Draft
    source: str
    elsewhere: tuple[str, ...] = ()


def suggest(
    assistant: Assistant,
    wanted: Sequence[str] = (),
    number: int = NUMBER,
    known: Iterable[str] = (),
    say: Say = lambda told: None,
) -> list[Suggestion]:
    """At most `number` drafts from the documents `wanted` (ids, or names as in golden sets), or from all.

    Those that other documents answer as well come last, and only where there are not enough others. `known`
    are the ids of drafts that are not wanted again.

    Raises:
        NotFound: there is no such document.
    """
    entries = _chosen(assistant.list(), wanted)
    names = {entry.id: entry.source for entry in entries}
    alone: list[Suggestion] = []
    shared: list[Suggestion] = []
    for draft in _unlike(_dealt(assistant, entries, frozenset(known), say)):
        elsewhere = _elsewhere(assistant, draft)
        (shared if elsewhere else alone).append(Suggestion(draft, names[draft.passage.document], elsewhere))
        if len(alone) == number:
            break
    return [*alone, *shared][:number]


def question(suggestion: Suggestion) -> Question:
    """The draft as a golden question. Where several documents answer it, to cite any of them is right."""
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


def _chosen(entries: Sequence[Entry], wanted: Sequence[str]) -> list[Entry]:
    """By id, which says nothing of what a document is about: so the first few are from all over the store."""
    for name in wanted:
        if not any(_is(entry, name) for entry in entries):
            raise NotFound(f"No document is called {name}; `assistant list` shows ids and names.")
    found = [e for e in entries if not wanted or any(_is(e, name) for name in wanted)]
    return sorted((e for e in found if wanted or e.duplicate_of is None), key=lambda entry: entry.id)


def _is(entry: Entry, name: str) -> bool:
    return entry.id == name or any(is_named(source, name) for source in (entry.source, *entry.sources))


# -- drafts in turn ----------------------------------------------------------------------------------------


def _dealt(
    assistant: Assistant, entries: Sequence[Entry], known: frozenset[str], say: Say
) -> Iterator[Draft]:
    """One draft of each document, then a second of each, until none has any left."""
    model = language_model.model(assistant.settings)
    left = [_of(assistant, entry.id, model, say) for entry in entries]
    while left:
        again = []
        for found in left:
            if draft := next((draft for draft in found if draft.id not in known), None):
                again.append(found)
                yield draft
        left = again


def _of(assistant: Assistant, ident: str, model: language_model.Model | None, say: Say) -> Iterator[Draft]:
    """What the model asks of a document's passages or, without one that answers, what the rules do.

    Nothing is read before the first draft is wanted: there may be many more documents than drafts.
    """
    document = assistant.show(ident)
    passages = [p for p in split(document) if p.end - p.start >= SHORTEST] if model else []
    try:
        for passage in sorted(passages, key=lambda passage: passage.id):
            draft = written(document, passage, model) if model else None
            if draft:
                yield draft
    except ModelError as fault:
        say(f"{fault.message} These questions were drafted without the model.")
    else:
        if model:
            return
    yield from drafts(document)


def _unlike(found: Iterable[Draft]) -> Iterator[Draft]:
    """Without questions that were asked in nearly the same words before."""
    before: list[frozenset[str]] = []
    for draft in found:
        words = content(draft.question)
        if not any(words == other for other in before):
            before.append(words)
            yield draft


# -- other documents ---------------------------------------------------------------------------------------


def _elsewhere(assistant: Assistant, draft: Draft) -> tuple[str, ...]:
    """The names of other documents of which a passage holds the facts and the words of the question."""
    text = assistant.show(draft.passage.document).text
    facts = [text[fact.start : fact.end] for fact in draft.facts]
    asked = content(draft.question)
    found = assistant.retriever.retrieve(Query(draft.question))
    others = (p for p in found if p.passage.document_id != draft.passage.document)
    names = (p.source for p in others if _answers(p, asked, facts))
    return tuple(dict.fromkeys(islice(names, 5)))


def _answers(scored: ScoredPassage, asked: frozenset[str], facts: Sequence[str]) -> bool:
    """Without a fact to look for, only a passage with all words of the question is taken to answer it."""
    passage = scored.passage
    held = f"{passage.header or ''} {passage.text}"
    words = share(asked, scored.title, *passage.headings, held)
    return words >= (ALIKE if facts else 1) and all(folded(fact) in folded(held) for fact in facts)
