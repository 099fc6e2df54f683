"""Vectors in Chroma and words in Tantivy: derived from the ledger, disposable, built beside and swapped in.

Chroma is given keys and vectors only, never text, and no embedding function is stored or loaded: a stored
one is an open way to code execution (CVE-2026-45829). Passages are known here by the ledger's integer keys.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import secrets
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.core.errors import StoreError
from assistant.store import erasure
from assistant.store.records import Record
from assistant.text.values import joined

UPSERT = 5000
"""Records a call: Chroma takes 5,461 at most."""
COLLECTION = "passages"
SEAL = "seal.json"
"""The file that says what the others were when they were last written. Before they are, it goes."""
TICK = 2_000_000_000
"""Nanoseconds that no file system takes longer than to the next time stamp."""
# The default graph loses recall; with these, recall@10 against exact search stays above 0.99 (see tests).
HNSW = {"space": "ip", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
WRITER_HEAP = 64_000_000
BM25_K1 = 1.2
T = TypeVar("T")


class Index:
    """One generation of the index, open in its folder, or in memory alone.

    Whatever Chroma and Tantivy raise on a damaged file, down to Rust panics, is a StoreError here.
    """

    def __init__(self, folder: Path | None) -> None:
        """Opens the index in `folder`, or makes an empty one there; without a folder, one in memory.

        Raises:
            StoreError: the folder holds something that cannot be opened, or is not as it was written.
        """
        self._place = "memory" if folder is None else str(folder)
        self._lock = threading.Lock()
        self._seal = _NoSeal() if folder is None else _Seal(folder)
        self._failed = False
        with contextlib.ExitStack() as opened, self._faults("opened"):
            self._seal.require()
            self._vectors = _Vectors(folder and folder / "chroma")
            opened.callback(self._vectors.close)
            self._words = _Words(folder and folder / "words")
            # Chroma writes into its files each time that it is opened.
            self._seal.write()
            opened.pop_all()

    def add(self, records: Sequence[Record]) -> None:
        """Takes records in; they are found as soon as this returns.

        Raises:
            StoreError: it cannot be written, and may hold some of them.
        """
        with self._writing():
            self._vectors.add(records)
            self._words.add(records)

    def remove(self, keys: Sequence[int]) -> None:
        """Forgets passages by key; keys that are not there do not matter.

        Raises:
            StoreError: it cannot be written, and may still hold some of them.
        """
        with self._writing():
            self._vectors.remove(keys)
            self._words.remove(keys)

    def rewrite(self, batches: Iterable[Sequence[Record]]) -> None:
        """Writes the words of all passages anew, so that no file holds one of those that were removed.

        Raises:
            StoreError: it cannot be written; it is as it was, or damaged.
        """
        with self._writing():
            self._words.rewrite(batches)

    def seal(self) -> None:
        """After changes: makes it such that it is opened again as it is. Without, it would be built anew.

        Raises:
            StoreError: it cannot be written.
        """
        with self._lock, self._faults("written"):
            if self._seal.is_broken and not self._failed:
                self._words.close()
                self._seal.write()

    def keys(self) -> tuple[set[int], set[int]]:
        """The keys of the passages whose vectors it holds, and of those whose words."""
        with self._faults("read"):
            return self._vectors.keys(), self._words.keys()

    def counts(self) -> tuple[int, int]:
        """How many vectors and how many texts it holds."""
        with self._faults("read"):
            return self._vectors.count(), self._words.count()

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        """The keys of the passages nearest to a unit vector, with their cosine, best first."""
        with self._faults("read"):
            return self._vectors.nearest(vector, limit)

    def match(self, weights: Mapping[str, float], limit: int) -> dict[int, float]:
        """The keys of passages that hold the terms, with their BM25 as a share of the reachable, best first.

        A term's BM25 cannot pass idf × (k1 + 1); the weighted sum over all terms is what the query could
        reach, so that scores of different questions compare: 0 to 1.
        """
        with self._faults("read"):
            return self._words.match(weights, limit)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """How telling each term is in this corpus: the idf of BM25."""
        with self._faults("read"):
            return self._words.idf(terms)

    def holds(self, term: str) -> bool:
        """Whether any passage has the term."""
        with self._faults("read"):
            return self._words.holds(term)

    def similar(self, term: str, changes: int, limit: int) -> list[int]:
        """The keys of passages with a term that is at most so many changes of a letter away."""
        with self._faults("read"):
            return self._words.similar(term, changes, limit)

    def close(self) -> None:
        """Seals it and lets go of the files."""
        with contextlib.suppress(StoreError):
            self.seal()
        for part in (self._words, self._vectors):
            with contextlib.suppress(StoreError), self._faults("closed"):
                part.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._faults("written"):
            self._seal.break_()
            try:
                yield
            except BaseException:
                self._failed = True
                raise

    @contextlib.contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except (KeyboardInterrupt, SystemExit, StoreError):
            raise
        except BaseException as fault:
            why = type(fault).__name__
            message = f"The index in {self._place} cannot be {what} ({why}); check that the disk is not full."
            raise StoreError(message) from fault


def terms(text: str) -> list[str]:
    """The words of a text as they are indexed: lower case, without accents, stemmed, no stop words.

    A long number is one word however it is written: "1,840", "1 840".
    """
    # A lone surrogate, which Tantivy does not take, becomes a question mark.
    return [term.lower() for term in _analyzer().analyze(joined(text).encode("utf-8", "replace").decode())]


def _batches(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[i : i + size] for i in range(0, len(items), size))


class _Seal:
    """What the files of an index were when they were last written.

    Chroma opens what is left of a graph as if nothing were missing, and crashes on a damaged one; Tantivy
    answers from wrong bits.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / SEAL
        self._known: dict[str, tuple[list[int], list[int]]] = {}
        self.is_broken = False

    def require(self) -> None:
        """Raises StoreError where the files are not as they were sealed."""
        held = self._states()
        if held and self._file.read_text("utf-8") != _sealed(held):
            message = f"The index in {self._folder} is not as it was written; run `assistant rebuild`."
            raise StoreError(message)

    def break_(self) -> None:
        """Before the files are written."""
        self._file.unlink(missing_ok=True)
        self.is_broken = True

    def write(self) -> None:
        """Seals the files as they are, without slack."""
        erasure.wipe(self._folder / "chroma")
        beside = self._folder / f"{SEAL}.part"
        beside.write_text(_sealed(self._states()), "utf-8")
        beside.replace(self._file)
        self.is_broken = False

    def _states(self) -> dict[str, list[int]]:
        """Size and checksum of each file that is meant to stay as it is."""
        files = (path for path in sorted(self._folder.rglob("*")) if path.is_file() and self._is_meant(path))
        return {path.relative_to(self._folder).as_posix(): self._state(path) for path in files}

    def _is_meant(self, path: Path) -> bool:
        """False for locks, the seal itself, and a graph without Chroma's list of what it holds: such a one is
        made anew at each opening, with whatever stood in memory."""
        if path.suffix == ".lock" or path.parent == self._folder:
            return False
        in_graph = path.parent.parent == self._folder / "chroma"
        return not in_graph or (path.parent / "index_metadata.pickle").exists()

    def _state(self, file: Path) -> list[int]:
        """Size and checksum. A file that was not touched since is not read again: most never change."""
        now, status = time.time_ns(), file.stat()
        touched = [status.st_size, status.st_mtime_ns, status.st_ino]
        known = self._known.get(str(file))
        if known is not None and known[0] == touched:
            return known[1]
        state = [status.st_size, _checksum(file)]
        # What was written within the tick of the clock, or after it, may be written again in the same tick.
        if 0 <= status.st_mtime_ns < now - TICK:
            self._known[str(file)] = (touched, state)
        return state


class _NoSeal:
    """That of an index without files."""

    is_broken = False

    def require(self) -> None: ...

    def break_(self) -> None: ...

    def write(self) -> None: ...


def _sealed(states: Mapping[str, list[int]]) -> str:
    """What the seal says: on the second line, what the first adds up to."""
    message = json.dumps(states)
    return f"{message}\n{zlib.crc32(message.encode())}\n"


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


class _Vectors:
    """The vectors of all passages, in Chroma."""

    def __init__(self, folder: Path | None) -> None:
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings

        configuration: Any = {"hnsw": HNSW, "embedding_function": None}
        settings = Settings(anonymized_telemetry=False)
        # All clients in memory share one database.
        self._name = COLLECTION if folder else f"{COLLECTION}-{secrets.token_hex(8)}"
        self._is_kept = folder is not None
        try:
            self._client: Any = (
                chromadb.PersistentClient(str(folder), settings)
                if folder
                else chromadb.EphemeralClient(settings)
            )
            self._held: Any = self._client.get_or_create_collection(
                self._name, embedding_function=None, configuration=configuration
            )
        except BaseException:
            # Chroma keeps one system per path for the whole process, one that failed to start too.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise

    def add(self, records: Sequence[Record]) -> None:
        for some in _batches(records, UPSERT):
            self._held.upsert(ids=[str(r.key) for r in some], embeddings=[r.vector for r in some])

    def remove(self, keys: Sequence[int]) -> None:
        for some in _batches(keys, UPSERT):
            self._held.delete(ids=[str(key) for key in some])

    def count(self) -> int:
        return int(self._held.count())

    def keys(self) -> set[int]:
        return {int(key) for key in self._held.get(include=[])["ids"]}

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        found = self._held.query(query_embeddings=[vector], n_results=limit, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {int(key): 1.0 - float(distance) for key, distance in pairs}

    def close(self) -> None:
        if not self._is_kept:
            self._client.delete_collection(self._name)
        self._client.close()


class _Words:
    """The words of all passages, in Tantivy."""

    def __init__(self, folder: Path | None) -> None:
        import tantivy

        self._tantivy = tantivy
        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        schema.add_text_field("words", stored=False, tokenizer_name="passage", index_option="freq")
        self._schema = schema.build()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, str(folder) if folder else None)
        self._index.register_tokenizer("passage", _analyzer())
        self._writer: Any = None

    def add(self, records: Sequence[Record]) -> None:
        self._write(records)
        self._commit()

    def rewrite(self, batches: Iterable[Sequence[Record]]) -> None:
        # A removed passage stays in its segment's list of terms for as long as the segment does.
        writer = self._open_writer()
        try:
            writer.delete_all_documents()
            for records in batches:
                self._write(records)
        except BaseException:
            writer.rollback()
            raise
        self._commit()
        writer.garbage_collect_files()

    def _write(self, records: Sequence[Record]) -> None:
        writer = self._open_writer()
        for record in records:
            document = self._tantivy.Document(words=joined(record.words))
            document.add_unsigned("key", record.key)
            writer.add_document(document)

    def remove(self, keys: Sequence[int]) -> None:
        writer = self._open_writer()
        for key in keys:
            writer.delete_documents_by_query(self._tantivy.Query.term_query(self._schema, "key", key))
        self._commit()

    def count(self) -> int:
        return int(self._index.searcher().num_docs)

    def keys(self) -> set[int]:
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return set()
        hits = searcher.search(self._tantivy.Query.all_query(), searcher.num_docs, count=False).hits
        found: Any = searcher.fast_field_values("key", [address for _, address in hits])
        return {int(key) for key in found}

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        searcher = self._index.searcher()
        total = searcher.num_docs
        return {term: _idf(searcher.doc_freq("words", term), total) for term in terms}

    def holds(self, term: str) -> bool:
        return bool(self._index.searcher().doc_freq("words", term))

    def similar(self, term: str, changes: int, limit: int) -> list[int]:
        searcher = self._index.searcher()
        query = self._tantivy.Query.fuzzy_term_query(self._schema, "words", term, changes)
        hits = searcher.search(query, limit, count=False).hits
        keys: Any = searcher.fast_field_values("key", [address for _, address in hits])
        return [int(key) for key in keys]

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
