"""An embedder that remembers on disk what it embedded, so that a run that is stopped or made anew goes on."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.core.types import Span
from assistant.embedding.embedders import Embedder, Vectors

Embedded = tuple[Vectors, Vectors]
"""The vector of a text and those of its spans."""


def probe(embedder: Embedder) -> str:
    """Return a hash of one text's vector, so that a changed embedder is noticed whatever its name."""
    text = "A probe. It has two sentences, of which the second is longer."
    whole, parts = embedder.embed_spans([text], [[Span(0, 8), Span(9, len(text))]])
    made = embedder.fingerprint.encode() + whole.tobytes() + parts[0].tobytes()
    return hashlib.sha256(made).hexdigest()[:12]


class Remembering:
    """The same embedder with a memory in `folder`. The vectors of spans are kept in half precision, as the
    ledger keeps them."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{probe(embedder)}.db"
        # One thread embeds at a time, but it is not the one that made this.
        self._memory = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._memory.execute("PRAGMA journal_mode=WAL")
        self._memory.execute("PRAGMA synchronous=NORMAL")
        self._memory.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, whole BLOB, parts BLOB) WITHOUT ROWID"
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[Vectors, list[Vectors]]:
        """See `Embedder.embed_spans`."""
        keys = [_key(text, some) for text, some in zip(texts, spans, strict=True)]
        known = dict(self._recalled(keys))
        new = {key: at for at, key in enumerate(keys) if key not in known}
        whole, parts = self._embedder.embed_spans(
            [texts[at] for at in new.values()], [spans[at] for at in new.values()]
        )
        made = dict(zip(new, zip(whole, parts, strict=True), strict=True))
        self._keep(made)
        known |= made
        rows = [known[key][0] for key in keys]
        return np.stack(rows) if rows else whole, [known[key][1] for key in keys]

    def _recalled(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Embedded]]:
        for key in keys:
            row = self._memory.execute("SELECT whole, parts FROM vectors WHERE key = ?", (key,)).fetchone()
            if row:
                whole = np.frombuffer(row[0], np.float32)
                parts = np.frombuffer(row[1], np.float16).reshape(-1, len(whole))
                yield key, (whole, parts.astype(np.float32))

    def _keep(self, made: dict[bytes, Embedded]) -> None:
        rows = [
            (key, whole.tobytes(), parts.astype(np.float16).tobytes()) for key, (whole, parts) in made.items()
        ]
        self._memory.execute("BEGIN IMMEDIATE")
        self._memory.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)
        self._memory.execute("COMMIT")


def _key(text: str, spans: Sequence[Span]) -> bytes:
    places = ",".join(f"{span.start}-{span.end}" for span in spans)
    return hashlib.sha256(f"{places}\0{text}".encode("utf-8", "surrogatepass")).digest()
