"""Questions about the corpus: its topics, its documents, the documents that mention something, a summary.

They are answered from the ledger with the best sentence of each document or section: the one whose vector is
nearest to the mean. Every sentence is cited. The patterns of such questions are data (`languages/*.toml`,
table `corpus`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from assistant.answering.citations import cite
from assistant.core.types import Citation, DocumentInfo, Passage, Sentence, Span
from assistant.ingest.library import Library
from assistant.store.index import terms
from assistant.store.records import StoredPassage
from assistant.text import languages, tables
from assistant.text.territories import codes, forms
from assistant.text.words import folded

CorpusQuestionKind = Literal["about", "list", "newest", "mentions", "summary"]
KINDS: tuple[CorpusQuestionKind, ...] = ("list", "newest", "about", "summary", "mentions")
MOST = 8
"""Limit on the documents or sections that are quoted."""
LISTED = 20
"""Limit on the documents that are listed by name."""
REACH = 2_000
"""Limit on the passages that are searched for a mention."""
MARKS = ' \t\n?!.。？！؟¿¡"“”«»'


@dataclass(frozen=True, slots=True)
class CorpusQuestion:
    """A question about the corpus; `subject` is the subject or document that it names, if any."""

    kind: CorpusQuestionKind
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Sentences with their citations, of a `total` of documents or sections."""

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class _Quote:
    """A sentence of a passage, labelled with its document or heading."""

    label: str
    stored: StoredPassage
    span: Span

    @property
    def passage(self) -> Passage:
        return self.stored.passage


def corpus_question(question: str, library: Library) -> CorpusQuestion | None:
    """Parse a question about the corpus; None for any other. A summary must name a document."""
    asked = " ".join(question.strip(MARKS).split())
    for kind in KINDS:
        for pattern in _patterns(languages.language_of(question), kind):
            match = pattern.fullmatch(folded(asked))
            if match is None:
                continue
            subject = _subject(asked, match)
            if kind != "summary" or find_documents(subject, library):
                return CorpusQuestion(kind, subject)
    return None


def _subject(asked: str, match: re.Match[str]) -> str:
    """Return the subject as typed; folded if folding changed lengths."""
    if "subject" not in match.re.groupindex or match["subject"] is None:
        return ""
    found = match["subject"]
    typed = asked[match.start("subject") : match.end("subject")]
    return (typed if len(folded(asked)) == len(asked) else found).strip(MARKS)


@functools.cache
def _patterns(language: str, kind: CorpusQuestionKind) -> tuple[re.Pattern[str], ...]:
    table = languages.table(language, "corpus") or languages.table(languages.DEFAULT, "corpus")
    documents = table["documents"]
    return tuple(re.compile(pattern.replace("{documents}", documents)) for pattern in table.get(kind, ()))


def find_documents(name: str, library: Library) -> list[DocumentInfo]:
    """Return the documents with this title or name: bolivia.md, bolivia, Iran and Bolivia."""
    wanted = folded(name.strip(MARKS))
    entries = library.ledger.entries()
    for names_of in (_names, _stems):
        found = [entry for entry in entries if wanted in names_of(entry)]
        if wanted and found:
            return found
    return []


def _names(entry: DocumentInfo) -> set[str]:
    return {folded(name) for source in entry.sources for name in (source, source.split("/")[-1])} | {
        folded(entry.title)
    }


def _stems(entry: DocumentInfo) -> set[str]:
    return {name.rsplit(".", 1)[0] for name in _names(entry)}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The names of the first documents, and the total of documents."""

    text: str
    total: int


def catalogue(library: Library, only: Sequence[str] = ()) -> Catalogue:
    """List the documents, or `only` these, by title and name."""
    entries = library.ledger.entries(only or None)
    names = [f"{entry.title} ({entry.source.rsplit('/', 1)[-1]})" for entry in entries[:LISTED]]
    return Catalogue("; ".join([*names, *(["…"] if len(entries) > LISTED else [])]), len(entries))


def answer(asked: CorpusQuestion, library: Library, only: Sequence[str] = ()) -> Quoted:
    """Quote the documents, or `only` these, in answer to a question about the corpus; may be empty."""
    entries = library.ledger.entries(only or None)
    if asked.kind == "mentions":
        mentions = _mentioning(asked.subject, library)
        quotes = [quote for quote in mentions if not only or quote.passage.document_id in only]
        return _quoted(quotes[:MOST], len(quotes))
    if asked.kind == "summary" or (len(entries) == 1 and asked.kind == "about"):
        [entry, *_] = find_documents(asked.subject, library) or entries
        quotes = list(_sections(entry, library))
        return _quoted(quotes[:MOST], len(quotes))
    if asked.kind == "newest":
        entries = sorted(entries, key=lambda entry: entry.added, reverse=True)
    best = (_best(_kept(entry.id, library), entry.title) for entry in _sample(entries, asked.kind))
    return _quoted(list(filter(None, best)), len(entries))


def _sample(entries: Sequence[DocumentInfo], kind: CorpusQuestionKind) -> list[DocumentInfo]:
    """Return the first documents; for the topics of the corpus, an even sample of all, the folder to which
    was added last first: what came with the assistant is not what people ask about."""
    if kind != "about":
        return list(entries[:MOST])
    newest = {_folder(entry): entry.added for entry in sorted(entries, key=lambda entry: entry.added)}
    ordered = sorted(entries, key=lambda entry: newest[_folder(entry)], reverse=True)
    return [ordered[at * len(ordered) // MOST] for at in range(MOST)] if len(ordered) > MOST else ordered


def _folder(entry: DocumentInfo) -> str:
    return entry.source.rpartition("/")[0]


def _sections(entry: DocumentInfo, library: Library) -> Iterator[_Quote]:
    """Yield the best sentence below each heading of a document, in reading order."""
    for headings, group in groupby(_kept(entry.id, library), key=lambda kept: kept.passage.headings):
        quote = _best(list(group), headings[-1] if headings else "")
        if quote:
            yield quote


def _mentioning(subject: str, library: Library) -> Iterable[_Quote]:
    """Return the first sentence of each document that mentions the subject."""
    places, wanted = codes(subject), set(terms(subject))
    sought = wanted | {term for code in places for form in forms(code) for term in terms(form)}
    keys = library.search(lambda index: index.match(dict.fromkeys(sought, 1.0), REACH)) if sought else {}
    passages = library.ledger.stored_passages(keys).values()
    found: dict[str, _Quote] = {}
    for kept in sorted(passages, key=lambda kept: (kept.source, kept.passage.start)):
        if kept.passage.document_id in found:
            continue
        for span in kept.passage.sentences:
            if _mentions(kept.passage.quote(span), wanted, places):
                quote = _Quote(kept.title, kept, span)
                found[kept.passage.document_id] = quote
                break
    return found.values()


def _mentions(text: str, wanted: set[str], places: frozenset[str]) -> bool:
    return (bool(places) and places <= codes(text)) or wanted <= set(terms(text))


def _kept(document_id: str, library: Library) -> list[StoredPassage]:
    """Return the passages of a document in reading order, with the vectors of their sentences."""
    keys = library.ledger.vectors_of([document_id])
    return sorted(library.ledger.stored_passages(keys).values(), key=lambda kept: kept.passage.position)


def _best(kept: Sequence[StoredPassage], label: str) -> _Quote | None:
    """Return the sentence whose vector is nearest to the mean of all."""
    found = [
        (passage, span, vector)
        for passage in kept
        for span, vector in zip(passage.passage.sentences, passage.sentence_vectors, strict=True)
        if any(map(str.isalnum, passage.passage.quote(span)))
    ]
    found = [item for item in found if _says_something(item[0].passage, item[1])] or found
    if not found:
        return None
    mean = np.mean([vector for _, _, vector in found], axis=0)
    passage, span, _ = max(found, key=lambda item: float(item[2] @ mean))
    return _Quote(label, passage, span)


def _says_something(passage: Passage, span: Span) -> bool:
    """Return True for a statement; False for a heading, a question or a table row."""
    text = passage.quote(span).strip()
    is_heading = text.strip("# \t*") in passage.headings or text.startswith("#")
    return len(text.split()) > 3 and not (
        is_heading or tables.is_row(text) or text.rstrip("*_").endswith(("?", ":"))
    )


def _quoted(quotes: Sequence[_Quote], total: int) -> Quoted:
    sentences = tuple(Sentence(_display_text(quote), (number,)) for number, quote in enumerate(quotes, 1))
    citations = tuple(
        cite(number, quote.stored, quote.span, quote.passage.quote(quote.span))
        for number, quote in enumerate(quotes, 1)
    )
    return Quoted(sentences, citations, total)


def _display_text(quote: _Quote) -> str:
    passage, text = quote.passage, " ".join(quote.passage.quote(quote.span).split())
    if tables.is_row(text):
        at = quote.span.start - passage.start
        text = tables.as_sentence(
            tables.named_cells(text, tables.columns_above(passage.text, at) or passage.header)
        )
    text = re.sub(r"^(?:[-*+]|\d{1,3}[.)]|#{1,6})\s+", "", text)
    return f"{quote.label}: {text}" if quote.label else text
