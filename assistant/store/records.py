"""The nouns of the ledger, and its rows made of them and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import RowMapping

from assistant.core.errors import LedgerError
from assistant.core.types import Document, Passage, Span

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was read, split and embedded, ready to be recorded.

    `vectors` is (passages, dimensions); `sentence_vectors` has one (sentences, dimensions) array a passage.
    `contexts` are the texts that were embedded: title and headings, then the passage. `bands` are the sketch
    by which near-duplicates are found.
    """

    document: Document
    sha256: str
    size: int
    passages: tuple[Passage, ...]
    contexts: tuple[str, ...]
    vectors: Vectors
    sentence_vectors: tuple[Vectors, ...]
    bands: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What the index is made of: a passage's key, the words to find it by, and its vector."""

    key: int
    words: str
    vector: Vectors


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as the ledger holds it, with its document's names and the vectors of its sentences."""

    key: int
    passage: Passage
    context: str
    """The text that was embedded: title and headings, then the passage."""
    title: str
    source: str
    sentence_vectors: Vectors


def passage_row(passage: Passage, context: str) -> dict[str, Any]:
    """The row of a passage, without its key."""
    names = ("id", "document_id", "position", "start", "end", "text")
    details = {
        "headings": passage.headings,
        "page": passage.page,
        "header": passage.header,
        "sentences": [(s.start, s.end) for s in passage.sentences],
    }
    return {name: getattr(passage, name) for name in names} | {"context": context, "details": details}


def to_passage(row: RowMapping) -> Passage:
    """The passage of a row.

    Raises:
        LedgerError: the row is damaged.
    """
    details = row["details"]
    try:
        return Passage(
            id=row["id"],
            document_id=row["document_id"],
            position=row["position"],
            start=row["start"],
            end=row["end"],
            text=row["text"],
            headings=tuple(details["headings"]),
            page=details["page"],
            header=details["header"],
            sentences=tuple(Span(*span) for span in details["sentences"]),
        )
    except (KeyError, TypeError) as fault:
        raise LedgerError.of("a row of a passage is damaged") from fault


def to_kept(row: RowMapping) -> StoredPassage:
    """The passage of a row, with the names and vectors joined to it.

    Raises:
        LedgerError: the row is damaged.
    """
    dimensions = len(to_vector(row["passage"]))
    try:
        sentences = np.frombuffer(row["sentences"], np.float16).astype(np.float32).reshape(-1, dimensions)
    except (ValueError, TypeError) as fault:
        raise LedgerError.of("a row of vectors is damaged") from fault
    return StoredPassage(row["key"], to_passage(row), row["context"], row["title"], row["source"], sentences)


def to_vector(kept: bytes) -> Vectors:
    """A vector as `floats` kept it.

    Raises:
        LedgerError: it is damaged.
    """
    try:
        return np.frombuffer(kept, np.float32)
    except (ValueError, TypeError) as fault:
        raise LedgerError.of("a row of vectors is damaged") from fault


def floats(vector: Vectors) -> bytes:
    """A vector as it is kept: 4 bytes a number."""
    return np.ascontiguousarray(vector, np.float32).tobytes()


def halves(matrix: Vectors) -> bytes:
    """Vectors as they are kept where they need not be exact: 2 bytes a number."""
    return np.ascontiguousarray(matrix, np.float16).tobytes()
