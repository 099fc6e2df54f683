"""The vectors of all passages, in a Chroma server that others operate.

One collection a generation, named after the store and the generation. Its metadata and a file in the
generation's folder hold the same random mark, which is new whenever the index is sealed: a collection that is
not as this home left it, as after a backup was put back, is emptied, and the index is built anew.

The server is asked over HTTP (its API, version 2) without Chroma's own client. That loads the embedding
function which is stored with a collection, by anybody who reaches the server, even where the caller gives
`embedding_function=None`; loading one allows code execution (CVE-2026-45829).
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from assistant.core.endpoint import client_options
from assistant.core.errors import StoreUnreachable
from assistant.store.addresses import ChromaServer
from assistant.store.index.vectors import HNSW, batches, to_vectors
from assistant.store.records import IndexRecord

MARK = "mark"
"""The key of the mark in a collection's metadata, and its file in the generation's folder."""
MAX_CALL = 1000
"""Records in one call; a server takes 40 MB."""
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 30.0
KEYS_SECONDS = 300.0
"""The time limit for the list of all keys."""
_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_GONE = frozenset({429, 502, 503, 504})
"""The statuses of a server, or of a proxy before it, of which the same may be asked later."""


class ServedVectors:
    """A collection of a Chroma server."""

    def __init__(self, server: ChromaServer, name: str, folder: Path | None) -> None:
        """Open the collection of the generation in `folder`; without a folder, an empty one that is deleted
        when it is closed.

        Raises:
            StoreUnreachable: the server does not answer, refuses, or is none of Chroma's.
        """
        self._mark = folder and folder / MARK
        self._is_temporary, self._name = folder is None, name
        self._collections = Collections(server)
        try:
            self._id, mark = self._collections.open(name)
            if not self._is_mine(mark):
                self._collections.delete(name)
                self._id, _ = self._collections.open(name)
        except BaseException:
            self._collections.close()
            raise

    def add(self, records: Sequence[IndexRecord]) -> None:
        """Add vectors, or replace those of known keys."""
        for batch in batches(records, MAX_CALL):
            vectors = [base64.b64encode(np.asarray(r.vector, "<f4").tobytes()).decode() for r in batch]
            self._ask("upsert", {"ids": [str(r.key) for r in batch], "embeddings": vectors})

    def remove(self, keys: Sequence[int]) -> None:
        """Remove vectors by key; unknown keys are ignored."""
        for batch in batches(keys, MAX_CALL):
            self._ask("delete", {"ids": [str(key) for key in batch]})

    def count(self) -> int:
        """Return the number of vectors."""
        return int(self._collections.ask("GET", f"/{self._id}/count"))

    def keys(self) -> set[int]:
        """Return the keys of all vectors."""
        found = self._collections.ask("POST", f"/{self._id}/get", {"include": []}, KEYS_SECONDS)
        return {int(key) for key in found["ids"]}

    def of(self, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these keys; unknown keys are left out."""
        found: dict[int, NDArray[np.float32]] = {}
        for batch in batches(keys, MAX_CALL):
            asked = {"ids": [str(key) for key in batch], "include": ["embeddings"]}
            found |= to_vectors(self._ask("get", asked))
        return found

    def nearest(self, vector: NDArray[np.float32], limit: int) -> dict[int, float]:
        """Return the nearest keys with their cosines, best first."""
        asked = {"query_embeddings": [vector.tolist()], "n_results": limit, "include": ["distances"]}
        found = self._ask("query", asked)
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {int(key): 1.0 - float(distance) for key, distance in pairs}

    def seal(self) -> None:
        """Mark the collection and the folder as belonging together as they are now."""
        if self._mark:
            mark = secrets.token_hex(16)
            self._collections.ask("PUT", f"/{self._id}", {"new_metadata": {MARK: mark}})
            self._mark.write_text(mark, "ascii")

    def close(self) -> None:
        """Close the connections; a collection without a folder is deleted."""
        with contextlib.closing(self._collections):
            if self._is_temporary:
                self._collections.delete(self._name)

    def _ask(self, action: str, body: dict[str, Any]) -> Any:
        return self._collections.ask("POST", f"/{self._id}/{action}", body)

    def _is_mine(self, mark: object) -> bool:
        try:
            return self._mark is not None and self._mark.read_text("ascii") == mark
        except (OSError, ValueError):
            return False


class Collections:
    """The collections of a Chroma server."""

    def __init__(self, server: ChromaServer) -> None:
        self._url = server.url
        self._http = httpx.Client(headers=_headers(server.token), **client_options())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def open(self, name: str) -> tuple[str, object]:
        """Return id and mark of a collection; an empty one is created if there is none.

        Raises:
            StoreUnreachable: the server does not answer, refuses, or is none of Chroma's.
        """
        body = {"name": name, "configuration": {"hnsw": HNSW}, "get_or_create": True}
        try:
            found = self.ask("POST", "", body)
            return str(found["id"]), (found["metadata"] or {}).get(MARK)
        except (LookupError, TypeError, ValueError, httpx.HTTPStatusError) as fault:
            message = f"The server at {self._url} makes no collections; check ASSISTANT_CHROMA."
            raise StoreUnreachable(message) from fault

    def delete(self, name: str) -> None:
        """Delete a collection, if it is there."""
        with contextlib.suppress(LookupError):
            self.ask("DELETE", f"/{name}")

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, seconds: float = ANSWER_SECONDS
    ) -> Any:
        """Return the JSON that the server answers.

        Raises:
            StoreUnreachable: it does not answer, or refuses.
            LookupError: it has no such collection.
            HTTPStatusError: it failed.
        """
        url, timeout = f"{self._url}{_COLLECTIONS}{path}", httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            response = self._http.request(method, url, json=body, timeout=timeout)
        except httpx.TransportError as fault:
            raise self._unreachable("does not answer; start it, or wait for it") from fault
        if response.status_code in {401, 403}:
            raise self._unreachable("refuses the token; set ASSISTANT_CHROMA_TOKEN")
        if response.status_code in _GONE:
            raise self._unreachable("is not ready; wait for it")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise LookupError(path)
        return response.raise_for_status().json()

    def _unreachable(self, what: str) -> StoreUnreachable:
        return StoreUnreachable(f"The Chroma server at {self._url} {what}, then try again.")


def delete(server: ChromaServer, name: str) -> None:
    """Delete a collection, if it is there."""
    with contextlib.closing(Collections(server)) as collections:
        collections.delete(name)


def _headers(token: str | None) -> dict[str, str]:
    """Return a token in both headers that servers look for: the usual one, and Chroma's own."""
    return {"Authorization": f"Bearer {token}", "X-Chroma-Token": token} if token else {}
