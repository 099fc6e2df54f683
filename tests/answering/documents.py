"""Documents for the tests of answers, and passages of them as if they had been found."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.extractive import Extract, extract
from assistant.core.types import Document, ScoredPassage, ScoredSentence
from assistant.ingest.parse import read
from assistant.ingest.splitting import split


def asked(question: str, *documents: Document, near: str = "") -> Extract:
    """Answer from all passages of the documents; those with `near` in them score higher."""
    known = {document.id: document for document in documents}
    found = [scored for document in documents for scored in _scored(document, near)]
    found.sort(key=lambda scored: -max((s.cosine for s in scored.sentences), default=0.0))
    return extract(question, found, known.__getitem__)


def texts(extracted: Extract) -> list[str]:
    """Return the sentences of the answer."""
    return [sentence.text for sentence in extracted.sentences]


def document(text: str, name: str = "a.md") -> Document:
    """A document as it is read from a file of this name."""
    return read(text.encode(), name)


def _scored(document: Document, near: str) -> Sequence[ScoredPassage]:
    return [
        ScoredPassage(
            passage,
            document.title,
            document.source,
            1.0,
            cosine=0.6,
            words=0.5,
            coverage=0.7,
            sentences=tuple(
                ScoredSentence(span, 0.9 if near and near in passage.quote(span) else 0.6, 0.7, 0.8)
                for span in passage.sentences
            ),
        )
        for passage in split(document)
    ]
