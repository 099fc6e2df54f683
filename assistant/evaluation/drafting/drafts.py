"""Drafting of golden questions from a document without a model: from tables, sentences and headings.

A draft is a question that the document answers in one place, and that makes sense by itself. A question that
cannot be worded well is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from assistant.core.types import Document, Span
from assistant.evaluation.drafting.headings import ask_headings
from assistant.evaluation.drafting.phrases import WordedQuestion
from assistant.evaluation.drafting.statements import ask_statement
from assistant.evaluation.drafting.tabular import ask_tables
from assistant.evaluation.golden.sets import Place
from assistant.ingest.splitting import split

QUESTION_LENGTH = range(12, 141)
"""Characters of a question."""
_KINDS = ("figure", "table", "definition", "heading")
_MARKUP = re.compile(r"[|`*_<>{}\[\]\\^~#]|https?:|\w\.\w+\.\w")


@dataclass(frozen=True, slots=True)
class Draft:
    """A question, the passage that answers it, and the places of the words required in an answer."""

    id: str
    question: str
    kind: str
    passage: Place
    facts: tuple[Place, ...]


def draft_questions(document: Document) -> list[Draft]:
    """Draft all questions that a document gives rise to, ordered to spread over it.

    The same document always gives the same drafts, with the same ids.
    """
    drafts: dict[str, Draft] = {}
    for kind, worded in _word_questions(document):
        if draft := _to_draft(kind, worded, document):
            drafts.setdefault(draft.question.casefold(), draft)
    return list(_interleave(drafts.values()))


def _word_questions(document: Document) -> Iterator[tuple[str, WordedQuestion]]:
    text = document.text
    lowercase = frozenset(re.findall(r"\b[a-z][a-z'’-]*\b", text))
    yield from (("table", question) for question in ask_tables(text, lowercase))
    headings = {heading.start for heading in document.headings}
    for passage in split(document):
        for span in passage.sentences:
            if span.start not in headings and not text.startswith("|", span.start):
                yield from ask_statement(text, span, lowercase)
    yield from (("heading", question) for question in ask_headings(document, lowercase))


def _to_draft(kind: str, worded: WordedQuestion, document: Document) -> Draft | None:
    question = " ".join(worded.question.split())
    if len(question) not in QUESTION_LENGTH or not is_well_worded(question):
        return None
    key = f"{document.id} {kind} {worded.span.start} {question}"
    ident = f"draft-{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:12]}"
    facts = tuple(to_place(document, span) for span in worded.facts)
    return Draft(ident, question, kind, to_place(document, worded.span), facts)


def is_well_worded(question: str) -> bool:
    """True if a question can be shown and asked: it ends as a question and contains no markup."""
    return question.endswith(("?", "？", "؟")) and question.isprintable() and not _MARKUP.search(question)


def to_place(document: Document, span: Span) -> Place:
    """Return a span of a document as a place."""
    return Place(document.id, span.start, span.end)


def _interleave(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Yield one draft of each kind in turn; ordering by id spreads a kind over the document."""
    ordered = sorted(drafts, key=lambda draft: draft.id)
    by_kind = ([draft for draft in ordered if draft.kind == kind] for kind in _KINDS)
    yield from (draft for row in zip_longest(*by_kind) for draft in row if draft)
