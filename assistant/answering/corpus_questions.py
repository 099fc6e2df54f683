"""Questions about the documents themselves: what they are about, which there are, which name something, a
summary.

They are answered from the ledger: from each document, or each heading, its best sentence, which is the one
nearest to the mean of what stands there. Every sentence is cited like those of any other answer. How such
questions are asked is data (`languages/*.toml`, table `corpus`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from assistant.core.types import Citation, DocumentInfo, Passage, Sentence, Span
from assistant.ingest.library import Library
from assistant.store.index import terms
from assistant.store.records import StoredPassage
from assistant.text import languages, tables
from assistant.text.territories import codes, forms
from assistant.text.words import folded

Kind = Literal["about", "list", "newest", "mentions", "summary"]
KINDS: tuple[Kind, ...] = ("list", "newest", "about", "summary", "mentions")
MOST = 8
"""Documents, or headings, that an answer goes through."""
LISTED = 20
"""Documents that are named when it is asked which there are."""
REACH = 2_000
"""Passages that are looked through for what a document mentions."""
MARKS = ' \t\n?!.。？！؟¿¡"“”«»'


@dataclass(frozen=True, slots=True)
class CorpusQuestion:
    """A question about the documents; on a subject, or a document, where it names one."""

    kind: Kind
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Sentences with their citations; how many documents or headings there are, of which these are some."""

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    of: int = 0


@dataclass(frozen=True, slots=True)
class _Find:
    """A sentence of a passage, with what it is said under: the name of its document, or its heading."""

    label: str
    title: str
    source: str
    passage: Passage
    span: Span


def corpus_question(question: str, library: Library) -> CorpusQuestion | None:
    """Parse a question about the documents themselves; None for any other. A summary must name a document."""
    asked = " ".join(question.strip(MARKS).split())
    for kind in KINDS:
        for pattern in _patterns(languages.language_of(question), kind):
            match = pattern.fullmatch(folded(asked))
            if match is None:
                continue
            subject = _subject(asked, match)
            if kind != "summary" or named(subject, library):
                return CorpusQuestion(kind, subject)
    return None


def _subject(asked: str, match: re.Match[str]) -> str:
    """The subject as it was typed, where folding changed no lengths."""
    if "subject" not in match.re.groupindex or match["subject"] is None:
        return ""
    found = match["subject"]
    typed = asked[match.start("subject") : match.end("subject")]
    return (typed if len(folded(asked)) == len(asked) else found).strip(MARKS)


@functools.cache
def _patterns(language: str, kind: Kind) -> tuple[re.Pattern[str], ...]:
    table = languages.table(language, "corpus") or languages.table(languages.DEFAULT, "corpus")
    documents = table["documents"]
    return tuple(re.compile(pattern.replace("{documents}", documents)) for pattern in table.get(kind, ()))


def named(name: str, library: Library) -> list[DocumentInfo]:
    """The documents of this title or name: bolivia.md, bolivia, Iran and Bolivia."""
    wanted = folded(name.strip(MARKS))
    entries = library.ledger.entries()
    for called in (_names, _stems):
        found = [entry for entry in entries if wanted in called(entry)]
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
    """The names of the documents, the first of many, and how many there are."""

    text: str
    of: int


def catalogue(library: Library, only: Sequence[str] = ()) -> Catalogue:
    """Which documents there are, by title and name: a list of the ledger, which quotes none of them."""
    entries = library.ledger.entries(only or None)
    names = [f"{entry.title} ({entry.source.rsplit('/', 1)[-1]})" for entry in entries[:LISTED]]
    return Catalogue("; ".join([*names, *(["…"] if len(entries) > LISTED else [])]), len(entries))


def answer(asked: CorpusQuestion, library: Library, only: Sequence[str] = ()) -> Quoted:
    """Quote what the documents say of themselves, of `only` these if given; empty if none of them has
    what was asked for."""
    entries = library.ledger.entries(only or None)
    if asked.kind == "mentions":
        finds = [
            find
            for find in _mentioning(asked.subject, library)
            if not only or find.passage.document_id in only
        ]
        return _quoted(finds[:MOST], len(finds))
    if asked.kind == "summary" or (len(entries) == 1 and asked.kind == "about"):
        [entry, *_] = named(asked.subject, library) or entries
        finds = list(_headings(entry, library))
        return _quoted(finds[:MOST], len(finds))
    if asked.kind == "newest":
        entries = sorted(entries, key=lambda entry: entry.added, reverse=True)
    finds = [find for entry in _spread(entries, asked.kind) for find in _best_of(entry, library)]
    return _quoted(finds, len(entries))


def _spread(entries: Sequence[DocumentInfo], kind: Kind) -> list[DocumentInfo]:
    """Some of many documents: the first, or for what they are about, those spread over all of them."""
    if kind != "about" or len(entries) <= MOST:
        return list(entries[:MOST])
    return [entries[at * len(entries) // MOST] for at in range(MOST)]


def _best_of(entry: DocumentInfo, library: Library) -> Iterator[_Find]:
    """The best sentence of a whole document."""
    kept = _kept(entry.id, library)
    find = _best(kept, entry.title)
    if find:
        yield find


def _headings(entry: DocumentInfo, library: Library) -> Iterator[_Find]:
    """The best sentence below each heading of a document, in reading order."""
    for headings, group in groupby(_kept(entry.id, library), key=lambda kept: kept.passage.headings):
        find = _best(list(group), headings[-1] if headings else "")
        if find:
            yield find


def _mentioning(subject: str, library: Library) -> Iterator[_Find]:
    """Of each document that mentions it, the first sentence that does."""
    places, wanted = codes(subject), set(terms(subject))
    sought = wanted | {term for code in places for form in forms(code) for term in terms(form)}
    keys = library.search(lambda index: index.match(dict.fromkeys(sought, 1.0), REACH)) if sought else {}
    found: dict[str, _Find] = {}
    for kept in sorted(
        library.ledger.kept(keys).values(), key=lambda kept: (kept.source, kept.passage.start)
    ):
        for span in kept.passage.sentences:
            text = kept.passage.quote(span)
            if kept.passage.document_id not in found and _mentions(text, wanted, places):
                found[kept.passage.document_id] = _Find(
                    kept.title, kept.title, kept.source, kept.passage, span
                )
    yield from found.values()


def _mentions(text: str, wanted: set[str], places: frozenset[str]) -> bool:
    return (bool(places) and places <= codes(text)) or wanted <= set(terms(text))


def _kept(document_id: str, library: Library) -> list[StoredPassage]:
    """The passages of a document in reading order, with the vectors of their sentences."""
    keys = library.ledger.vectors_of([document_id])
    return sorted(library.ledger.kept(keys).values(), key=lambda kept: kept.passage.position)


def _best(kept: Sequence[StoredPassage], label: str) -> _Find | None:
    """The sentence nearest to the mean of all: what stands there in short."""
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
    return _Find(label, passage.title, passage.source, passage.passage, span)


def _says_something(passage: Passage, span: Span) -> bool:
    """True for a sentence; false for a heading, a question or a table row."""
    text = passage.quote(span).strip()
    is_heading = text.strip("# \t*") in passage.headings or text.startswith("#")
    return len(text.split()) > 3 and not (
        is_heading or tables.is_row(text) or text.rstrip("*_").endswith(("?", ":"))
    )


def _quoted(finds: Iterable[_Find], of: int) -> Quoted:
    finds = list(finds)
    sentences = tuple(Sentence(_spoken(find), (number,)) for number, find in enumerate(finds, 1))
    return Quoted(sentences, tuple(_citation(number, find) for number, find in enumerate(finds, 1)), of)


def _spoken(find: _Find) -> str:
    passage, text = find.passage, " ".join(find.passage.quote(find.span).split())
    if tables.is_row(text):
        at = find.span.start - passage.start
        text = tables.spoken(tables.named(text, tables.columns_above(passage.text, at) or passage.header))
    text = re.sub(r"^(?:[-*+]|\d{1,3}[.)]|#{1,6})\s+", "", text)
    return f"{find.label}: {text}" if find.label else text


def _citation(number: int, find: _Find) -> Citation:
    passage, span = find.passage, find.span
    return Citation(
        number=number,
        document_id=passage.document_id,
        passage_id=passage.id,
        title=find.title,
        source=find.source,
        page=passage.page,
        start=span.start,
        end=span.end,
        quote=passage.quote(span),
    )
