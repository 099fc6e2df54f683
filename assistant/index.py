"""Vectors in Chroma and words in Tantivy: derived from the ledger, disposable, built beside and swapped in.

Chroma is given keys and vectors only, never text, and no embedding function is stored or loaded: a stored
one is an open way to code execution (CVE-2026-45829). Passages are known here by the ledger's integer keys.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.errors import StoreError
from assistant.ledger import Record

UPSERT = 5000
"""Records a call: Chroma takes 5,461 at most."""
COLLECTION = "passages"
# The default graph loses recall; with these, recall@10 against exact search stays above 0.99 (see tests).
HNSW = {"space": "ip", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
WRITER_HEAP = 64_000_000
BM25_K1 = 1.2
T = TypeVar("T")


class Index:
    """One generation of the index, open in its folder."""

    def __init__(self, folder: Path) -> None:
        """Opens the index in `folder`, or makes an empty one there.

        Raises:
            StoreError: the folder holds something that cannot be opened.
        """
        self.folder = folder
        self._lock = threading.Lock()
        try:
            self._vectors = _open_vectors(folder / "chroma")
            self._words = _Words(folder / "words")
        # Chroma and Tantivy raise what they like, down to Rust panics, on a damaged file.
        except BaseException as fault:
            if isinstance(fault, KeyboardInterrupt | SystemExit):
                raise
            raise StoreError(f"The index in {folder} cannot be opened ({type(fault).__name__}).") from fault

    def add(self, records: Sequence[Record]) -> None:
        """Takes records in; they are found as soon as this returns."""
        with self._lock:
            for some in _batches(records, UPSERT):
                self._vectors.upsert(ids=[str(r.key) for r in some], embeddings=[r.vector for r in some])
            self._words.add(records)

    def remove(self, keys: Sequence[int]) -> None:
        """Forgets passages by key; keys that are not there do not matter."""
        with self._lock:
            for some in _batches(keys, UPSERT):
                self._vectors.delete(ids=[str(key) for key in some])
            self._words.remove(keys)

    def counts(self) -> tuple[int, int]:
        """How many vectors and how many texts it holds."""
        return int(self._vectors.count()), self._words.count()

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        """The keys of the passages nearest to a unit vector, with their cosine, best first."""
        found = self._vectors.query(query_embeddings=[vector], n_results=limit, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {int(key): 1.0 - float(distance) for key, distance in pairs}

    def match(self, weights: Mapping[str, float], limit: int) -> dict[int, float]:
        """The keys of passages that hold the terms, with their BM25 as a share of the reachable, best first.

        A term's BM25 cannot pass idf × (k1 + 1); the weighted sum over all terms is what the query could
        reach, so that scores of different questions compare: 0 to 1.
        """
        return self._words.match(weights, limit)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """How telling each term is in this corpus: the idf of BM25."""
        return self._words.idf(terms)

    def close(self) -> None:
        """Lets go of the files."""
        self._words.close()
        # Chroma keeps one system per path for the whole process; a generation that is gone must leave it.
        _release(self.folder / "chroma")


def terms(text: str) -> list[str]:
    """The words of a text as they are indexed: lower case, without accents, stemmed, no stop words."""
    return list(_analyzer().analyze(text))


def _batches(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[i : i + size] for i in range(0, len(items), size))


def _open_vectors(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    configuration: Any = {"hnsw": HNSW, "embedding_function": None}
    return client.get_or_create_collection(COLLECTION, embedding_function=None, configuration=configuration)


def _release(folder: Path) -> None:
    from chromadb.api.shared_system_client import SharedSystemClient

    system = SharedSystemClient._identifier_to_system.pop(str(folder), None)
    if system is not None:
        system.stop()


class _Words:
    """The words of all passages, in Tantivy."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        schema.add_text_field("words", stored=False, tokenizer_name="passage", index_option="freq")
        self._schema = schema.build()
        folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, str(folder))
        self._index.register_tokenizer("passage", _analyzer())
        self._writer: Any = None

    def add(self, records: Sequence[Record]) -> None:
        writer = self._open_writer()
        for record in records:
            document = self._tantivy.Document(words=record.words)
            document.add_unsigned("key", record.key)
            writer.add_document(document)
        self._commit()

    def remove(self, keys: Sequence[int]) -> None:
        writer = self._open_writer()
        for key in keys:
            writer.delete_documents_by_query(self._tantivy.Query.term_query(self._schema, "key", key))
        self._commit()

    def count(self) -> int:
        return int(self._index.searcher().num_docs)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        searcher = self._index.searcher()
        total = searcher.num_docs
        return {term: _idf(searcher.doc_freq("words", term), total) for term in terms}

    def match(self, weights: Mapping[str, float], limit: int) -> dict[int, float]:
        query = self._tantivy.Query
        should = self._tantivy.Occur.Should
        searcher = self._index.searcher()
        reachable = (BM25_K1 + 1) * sum(weights[t] * idf for t, idf in self.idf(weights).items())
        if not searcher.num_docs or reachable <= 0:
            return {}
        clauses = [
            (should, query.boost_query(query.term_query(self._schema, "words", term, "freq"), weight))
            for term, weight in weights.items()
        ]
        hits = searcher.search(query.boolean_query(clauses), limit, count=False).hits
        keys: Any = searcher.fast_field_values("key", [address for _, address in hits])
        return {int(k): float(score) / reachable for k, (score, _) in zip(keys, hits, strict=True)}

    def close(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def _open_writer(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(WRITER_HEAP, 1)
        return self._writer

    def _commit(self) -> None:
        self._writer.commit()
        self._index.reload()


@functools.cache
def _analyzer() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    filters = (Filter.remove_long(60), Filter.lowercase(), Filter.ascii_fold())
    for step in (*filters, Filter.stopword("english"), Filter.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()


def _idf(holding: int, total: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))
