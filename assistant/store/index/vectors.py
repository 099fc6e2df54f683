"""The vectors of all passages, in Chroma.

Chroma gets keys and vectors only, never text. No embedding function is stored or loaded: a stored one allows
code execution (CVE-2026-45829).
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.store.records import IndexRecord

MAX_CALL = 5000
"""Records in one call; Chroma's limit is 5,461."""
FOLDER = "chroma"
COLLECTION = "passages"
# Chroma's default graph loses recall; with these, recall@10 against exact search is above 0.99 (see tests).
HNSW = {"space": "ip", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
T = TypeVar("T")


class VectorIndex(Protocol):
    """The vectors of one generation of the index."""

    def add(self, records: Sequence[IndexRecord]) -> None:
        """Add vectors, or replace those of known keys."""

    def remove(self, keys: Sequence[int]) -> None:
        """Remove vectors by key; unknown keys are ignored."""

    def count(self) -> int:
        """Return the number of vectors."""

    def keys(self) -> set[int]:
        """Return the keys of all vectors."""

    def of(self, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these keys; unknown keys are left out."""

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        """Return the nearest keys with their cosines, best first."""

    def seal(self) -> None:
        """Note that the vectors are as they should be, before the seal of the files is written."""

    def close(self) -> None:
        """Close what is open; vectors in memory are deleted."""


class EmbeddedVectors:
    """A Chroma collection in the folder of a generation, or in memory."""

    def __init__(self, generation: Path | None) -> None:
        folder = generation and generation / FOLDER
        self._is_temporary = folder is None
        self._client = _open_in_memory() if folder is None else _open(folder)
        # All clients in memory share one database.
        self._name = f"{COLLECTION}-{secrets.token_hex(8)}" if folder is None else COLLECTION
        configuration: Any = {"hnsw": HNSW, "embedding_function": None}
        try:
            self._collection: Any = self._client.get_or_create_collection(
                self._name, embedding_function=None, configuration=configuration
            )
        except BaseException:
            with contextlib.suppress(Exception):
                self._client.close()
            raise

    def add(self, records: Sequence[IndexRecord]) -> None:
        """Add vectors, or replace those of known keys."""
        for batch in batches(records, MAX_CALL):
            self._collection.upsert(ids=[str(r.key) for r in batch], embeddings=[r.vector for r in batch])

    def remove(self, keys: Sequence[int]) -> None:
        """Remove vectors by key; unknown keys are ignored."""
        for batch in batches(keys, MAX_CALL):
            self._collection.delete(ids=[str(key) for key in batch])

    def count(self) -> int:
        """Return the number of vectors."""
        return int(self._collection.count())

    def keys(self) -> set[int]:
        """Return the keys of all vectors."""
        return {int(key) for key in self._collection.get(include=[])["ids"]}

    def of(self, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these keys; unknown keys are left out."""
        found: dict[int, NDArray[np.float32]] = {}
        for batch in batches(keys, MAX_CALL):
            got = self._collection.get(ids=[str(key) for key in batch], include=["embeddings"])
            found |= to_vectors(got)
        return found

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        """Return the nearest keys with their cosines, best first."""
        found = self._collection.query(query_embeddings=[vector], n_results=limit, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {int(key): 1.0 - float(distance) for key, distance in pairs}

    def seal(self) -> None:
        """Do nothing: the seal of the files holds for the vectors too."""

    def close(self) -> None:
        """Close the files; a collection in memory is deleted."""
        if self._is_temporary:
            self._client.delete_collection(self._name)
        self._client.close()


def _open(folder: Path) -> Any:
    """Open the database in `folder`.

    Chroma shares one system per path within a process, even one that failed to start. A system that is
    started here is shared only once it runs.
    """
    from chromadb.api import ServerAPI
    from chromadb.api.client import Client
    from chromadb.config import Settings, System

    system = System(Settings(anonymized_telemetry=False, is_persistent=True, persist_directory=str(folder)))
    system.instance(ServerAPI)  # type: ignore[type-abstract]
    system.start()
    return Client.from_system(system)


def _open_in_memory() -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.EphemeralClient(Settings(anonymized_telemetry=False))


def to_vectors(got: Any) -> dict[int, NDArray[np.float32]]:
    """Return the vectors by key of what Chroma gives for ids with their embeddings."""
    pairs = zip(got["ids"], got["embeddings"], strict=True)
    return {int(key): np.asarray(vector, np.float32) for key, vector in pairs}


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Return items in batches of at most `size`."""
    return (items[at : at + size] for at in range(0, len(items), size))
