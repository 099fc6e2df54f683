"""One generation of the index: vectors and words of all passages, by the integer keys of the ledger."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.core.errors import StoreError, StoreUnreachable
from assistant.store.index.seal import FileSeal, NoSeal, Seal
from assistant.store.index.vectors import EmbeddedVectors, VectorIndex
from assistant.store.index.words import FOLDER, WordIndex
from assistant.store.records import IndexRecord

OpenVectors = Callable[[Path | None], VectorIndex]
"""Opens the vectors of the generation in a folder, or of one in memory."""


class Index:
    """An open index, in its folder or in memory.

    Any exception of Chroma or Tantivy on a damaged file, including Rust panics, is raised as a StoreError.
    """

    def __init__(self, folder: Path | None, open_vectors: OpenVectors = EmbeddedVectors) -> None:
        """Open the index in `folder`, or create an empty one there; without a folder, create one in memory.

        `open_vectors` opens its vectors: the embedded ones, or those on a server.

        Raises:
            StoreError: the index cannot be opened, or is not as it was written.
        """
        self._place = "memory" if folder is None else str(folder)
        self._lock = threading.Lock()
        self._seal: Seal = NoSeal() if folder is None else FileSeal(folder)
        self._failed = False
        with contextlib.ExitStack() as stack, self._store_errors("opened"):
            self._seal.verify()
            self._vectors = open_vectors(folder)
            stack.callback(self._vectors.close)
            self._words = WordIndex(folder and folder / FOLDER)
            # Chroma writes to its files when it is opened, and again when it is first read.
            self._vectors.count()
            self._write_seals()
            stack.pop_all()

    def add(self, records: Sequence[IndexRecord]) -> None:
        """Add records; they can be found as soon as this returns.

        Raises:
            StoreError: the index cannot be written, and may have only some of them.
        """
        with self._writing():
            self._vectors.add(records)
            self._words.add(records)

    def follow(
        self, keys: Sequence[int], records: Sequence[IndexRecord], *, with_vectors: bool = False
    ) -> None:
        """Let the words of all these keys be those of the records, as one change; `with_vectors`, the vectors
        of the records too.

        Raises:
            StoreError: the index cannot be written.
        """
        with self._writing():
            if with_vectors:
                self._vectors.add(records)
            self._words.replace(keys, records)

    def use(self, vectors: VectorIndex) -> None:
        """Search other vectors from now on; the former ones are closed."""
        with self._lock:
            former, self._vectors = self._vectors, vectors
        former.close()

    def remove(self, keys: Sequence[int]) -> None:
        """Remove passages by key; unknown keys are ignored.

        Raises:
            StoreError: the index cannot be written, and may still have some of them.
        """
        with self._writing():
            self._vectors.remove(keys)
            self._words.remove(keys)

    def rewrite(self, batches: Iterable[Sequence[IndexRecord]]) -> None:
        """Index the words of all passages anew, which removes the words of deleted passages from every file.

        Raises:
            StoreError: the index cannot be written; it is unchanged or damaged.
        """
        with self._writing():
            self._words.rewrite(batches)

    def seal(self) -> None:
        """Flush and write a checksum; an unsealed index is rebuilt when it is next opened.

        Raises:
            StoreError: the index cannot be written.
        """
        # While a server is away it stays unsealed, until the next change has been made.
        with self._lock, contextlib.suppress(StoreUnreachable), self._store_errors("written"):
            if self._seal.is_broken and not self._failed:
                self._words.close()
                self._write_seals()

    def _write_seals(self) -> None:
        self._vectors.seal()
        self._seal.write()

    def keys(self) -> tuple[set[int], set[int]]:
        """Return the keys of the passages with vectors, and of those with words."""
        with self._store_errors("read"):
            return self._vectors.keys(), self._words.keys()

    def vectors(self, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these passages, as they are indexed."""
        with self._store_errors("read"):
            return self._vectors.of(keys)

    def counts(self) -> tuple[int, int]:
        """Return the number of passages with vectors, and of those with words."""
        with self._store_errors("read"):
            return self._vectors.count(), self._words.count()

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        """Return the keys of the passages nearest to a unit vector with their cosines, best first."""
        with self._store_errors("read"):
            return self._vectors.nearest(vector, limit)

    def match(self, weights: Mapping[str, float], limit: int) -> dict[int, float]:
        """Return the keys of passages with any of the weighted terms and their BM25 shares, best first.

        The BM25 of a term cannot exceed idf × (k1 + 1). The share, 0 to 1, is the score divided by the
        weighted sum of these bounds, which makes scores of different queries comparable.
        """
        with self._store_errors("read"):
            return self._words.match(weights, limit)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term, as BM25 defines it."""
        with self._store_errors("read"):
            return self._words.idf(terms)

    def has_term(self, term: str) -> bool:
        """True if any passage has the term."""
        with self._store_errors("read"):
            return self._words.has_term(term)

    def match_fuzzy(self, term: str, edits: int, limit: int) -> list[int]:
        """Return the keys of passages with a term within an edit distance (Levenshtein) of `edits`."""
        with self._store_errors("read"):
            return self._words.match_fuzzy(term, edits, limit)

    def close(self) -> None:
        """Seal the index and close its files."""
        with contextlib.suppress(StoreError):
            self.seal()
        for part in (self._words, self._vectors):
            with contextlib.suppress(StoreError, StoreUnreachable), self._store_errors("closed"):
                part.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._store_errors("written"):
            self._seal.break_open()
            try:
                yield
            except BaseException:
                self._failed = True
                raise

    @contextlib.contextmanager
    def _store_errors(self, action: str) -> Iterator[None]:
        """Raise any fault as a StoreError; `action` is a past participle, such as "opened"."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit, StoreError, StoreUnreachable):
            raise
        except BaseException as fault:
            name = type(fault).__name__
            raise StoreError(
                f"The index in {self._place} cannot be {action} ({name}); check that the disk is not full."
            ) from fault
