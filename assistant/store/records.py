"""The dataclasses of the ledger, and their conversion to rows and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import RowMapping

from assistant.core import serialization
from assistant.core.errors import LedgerError
from assistant.core.types import Document, Passage, Span

Vectors = NDArray[np.float32]
EDGE, SMALL, LARGE = 0.9816, 0.4528, 1.510
"""The threshold and the two reconstruction levels of `to_two_bits`, in standard deviations of the numbers."""
_DOCUMENT_FIELDS = ("id", "title", "source", "media_type", "text")


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document after parsing, splitting and embedding, ready to be recorded.

    `vectors` has shape [passages, dimensions]; `sentence_vectors` has an array [sentences, dimensions] for
    each passage, and `word_vectors` those of its words as `to_two_bits` serializes them, if the embedder
    gives them. `contexts` are the embedded texts: title and headings, then the passage. `bands` are
    the sketch by which near-duplicates are found.
    """

    document: Document
    sha256: str
    size: int
    passages: tuple[Passage, ...]
    contexts: tuple[str, ...]
    vectors: Vectors
    sentence_vectors: tuple[Vectors, ...]
    word_vectors: tuple[bytes, ...] = ()
    bands: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """A passage in the index: its key, its words and its vector."""

    key: int
    words: str
    vector: Vectors


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage in the ledger, with its document's title and source, and the vectors of its sentences."""

    key: int
    passage: Passage
    context: str
    """The embedded text: title and headings, then the passage."""
    title: str
    source: str
    sentence_vectors: Vectors


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """A change of documents: the keys of removed passages, and the hashes of removed originals."""

    removed_keys: tuple[int, ...] = ()
    removed_originals: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    """The ids of remaining documents whose names have changed."""


def document_row(item: PreparedDocument) -> dict[str, Any]:
    """Return the row of a document, without the time of its addition."""
    document = item.document
    structure = {
        "headings": [asdict(heading) for heading in document.headings],
        "pages": [asdict(page) for page in document.pages],
        "metadata": dict(document.metadata),
    }
    fields = {name: getattr(document, name) for name in _DOCUMENT_FIELDS}
    return {**fields, "structure": structure, "sha256": item.sha256, "size": item.size}


def to_document(row: RowMapping) -> Document:
    """Return the document of a row.

    Raises:
        LedgerError: the row is damaged.
    """
    try:
        fields = {name: row[name] for name in _DOCUMENT_FIELDS}
        return serialization.to_document({**row["structure"], **fields})
    except (KeyError, TypeError) as fault:
        raise LedgerError.of(f"the row of {row['id']} is damaged") from fault


def passage_row(passage: Passage, context: str) -> dict[str, Any]:
    """Return the row of a passage, without its key."""
    names = ("id", "document_id", "position", "start", "end", "text")
    details = {
        "headings": passage.headings,
        "page": passage.page,
        "header": passage.header,
        "sentences": [(s.start, s.end) for s in passage.sentences],
    }
    return {name: getattr(passage, name) for name in names} | {"context": context, "details": details}


def to_passage(row: RowMapping) -> Passage:
    """Return the passage of a row.

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


def to_stored_passage(row: RowMapping) -> StoredPassage:
    """Return the passage of a row joined with its document and vectors.

    Raises:
        LedgerError: the row is damaged.
    """
    dimensions = len(to_vector(row["passage"]))
    try:
        sentences = np.frombuffer(row["sentences"], np.float16).astype(np.float32).reshape(-1, dimensions)
    except (ValueError, TypeError) as fault:
        raise LedgerError.of("a row of vectors is damaged") from fault
    return StoredPassage(row["key"], to_passage(row), row["context"], row["title"], row["source"], sentences)


def to_vector(data: bytes) -> Vectors:
    """Return the vector that `to_float32_bytes` serialized.

    Raises:
        LedgerError: it is damaged.
    """
    try:
        return np.frombuffer(data, np.float32)
    except (ValueError, TypeError) as fault:
        raise LedgerError.of("a row of vectors is damaged") from fault


def to_float32_bytes(vector: Vectors) -> bytes:
    """Serialize a vector in full precision: 4 bytes per number."""
    return np.ascontiguousarray(vector, np.float32).tobytes()


def to_float16_bytes(matrix: Vectors) -> bytes:
    """Serialize vectors in half precision: 2 bytes per number."""
    return np.ascontiguousarray(matrix, np.float16).tobytes()


def to_two_bits(vectors: Vectors) -> bytes:
    """Serialize unit vectors [words, dimensions] in a quarter of a byte a number: its sign, and its size.

    These are the four levels that lose least of a normal distribution (Max, 1960, Quantizing for minimum
    distortion, IRE Transactions on Information Theory 6). Trials: docs/decisions/0007-read-twice.md.
    """
    is_large = np.abs(vectors) > EDGE / np.sqrt(vectors.shape[1])
    return np.packbits(np.stack([vectors > 0, is_large], axis=1), axis=2).tobytes()


def from_two_bits(data: bytes, dimensions: int) -> Vectors:
    """Return the vectors that `to_two_bits` serialized, float32 [words, dimensions], of length one.

    Raises:
        ValueError: the data do not divide into vectors of that size.
    """
    packed = np.frombuffer(data, np.uint8).reshape(-1, 2, -(-dimensions // 8))
    is_positive, is_large = np.unpackbits(packed, axis=2, count=dimensions).astype(bool).swapaxes(0, 1)
    levels = np.where(is_large, np.float32(LARGE), np.float32(SMALL)) * np.where(is_positive, 1, -1)
    unit: Vectors = levels / np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-9)
    return unit.astype(np.float32)
