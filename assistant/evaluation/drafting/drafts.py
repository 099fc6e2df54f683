"""Document -> drafts of golden questions, without a model: from tables, sentences and headings.

A draft is a question that the document answers in one place, worded so that it can be asked by itself. It is
better to draft few: what cannot be worded well is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from assistant.core.types import Document, Span
from assistant.evaluation.drafting import headings, statements
from assistant.evaluation.drafting.phrases import Wording
from assistant.evaluation.drafting.tabular import rows
from assistant.evaluation.golden.sets import Place
from assistant.ingest.splitting import split

LENGTH = range(12, 141)
"""Characters of a question."""
_MARKUP = re.compile(r"[|`*_<>{}\[\]\\^~#]|https?:|\w\.\w+\.\w")


@dataclass(frozen=True, slots=True)
class Draft:
    """A question, the place that answers it, and the words there that an answer must hold."""

    id: str
    question: str
    kind: str
    passage: Place
    facts: tuple[Place, ...]


def drafts(document: Document) -> list[Draft]:
    """All questions that a document gives rise to, those that are best spread over it first.

    The same document always gives the same drafts, with the same ids.
    """
    named = (_named(kind, worded, document) for kind, worded in _worded(document))
    found: dict[str, Draft] = {}
    for draft in named:
        if draft and draft.question.casefold() not in found:
            found[draft.question.casefold()] = draft
    return list(_mixed(found.values()))


def _worded(document: Document) -> Iterator[tuple[str, Wording]]:
    words = _lowercase(document.text)
    yield from (("table", wording) for wording in rows(document.text, words))
    prose = [
        span for span in _sentences(document) if not document.text[span.start : span.end].startswith("|")
    ]
    for span in prose:
        yield from statements.worded(document.text, span, words)
    yield from (("heading", wording) for wording in headings.worded(document, words))


def _sentences(document: Document) -> Iterator[Span]:
    at = {heading.start for heading in document.headings}
    for passage in split(document):
        yield from (span for span in passage.sentences if span.start not in at)


def _lowercase(text: str) -> frozenset[str]:
    """The words that stand in the text without a capital: what is no name."""
    return frozenset(re.findall(r"\b[a-z][a-z'’-]*\b", text))


def _named(kind: str, wording: Wording, document: Document) -> Draft | None:
    question = " ".join(wording.question.split())
    if len(question) not in LENGTH or not worded_well(question):
        return None
    facts = tuple(_place(document, span) for span in wording.facts)
    said = f"{document.id} {kind} {wording.span.start} {question}"
    ident = f"draft-{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:12]}"
    return Draft(ident, question, kind, _place(document, wording.span), facts)


def worded_well(question: str) -> bool:
    """Whether a question can be shown and asked as it is: it ends as one, and no markup is in it."""
    return question.endswith(("?", "？", "؟")) and question.isprintable() and not _MARKUP.search(question)


def _place(document: Document, span: Span) -> Place:
    return Place(document.id, span.start, span.end)


def _mixed(found: Iterable[Draft]) -> Iterator[Draft]:
    """One of each kind by turns. By their ids those of a kind come from all over the document."""
    kinds: dict[str, list[Draft]] = {}
    for draft in sorted(found, key=lambda draft: draft.id):
        kinds.setdefault(draft.kind, []).append(draft)
    turns = zip_longest(*(kinds[kind] for kind in sorted(kinds, key=_rank)))
    yield from (draft for turn in turns for draft in turn if draft)


def _rank(kind: str) -> int:
    return ("figure", "table", "definition", "heading").index(kind)
