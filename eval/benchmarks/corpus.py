"""The documents of a benchmark in a library of their own, kept in the user cache folder for the next run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import platformdirs
from rich.console import Console
from rich.progress import track

import assistant
from assistant.answering.extractive import Extract, extract
from assistant.core import config
from assistant.core.types import Query, ScoredPassage, Source
from assistant.embedding import embedders
from assistant.ingest.library import Library
from assistant.ingest.parse import identity
from assistant.retrieval import grounding
from assistant.retrieval.reader import Reader
from assistant.retrieval.retriever import Retriever
from eval.benchmarks import vectors

CONTENT = (
    "ingest/parse.py",
    "ingest/readers/**/*.py",
    "ingest/splitting.py",
    "ingest/embedding.py",
    "text/sentences.py",
    "text/tokens.py",
    "embedding/neighbours.py",
    "store/duplicates/sketches.py",
    "store/vectors.py",
)
"""The files that decide what a library holds: with other code in them, it is made anew."""
INDEX = ("store/index/*.py",)
"""The files that decide what its index is like: with other code in them, the index alone is."""
PACKAGE = Path(assistant.__file__).parent
KEPT = 3
"""Libraries of one benchmark that stay in the cache."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """One document of a benchmark: what the benchmark calls it, its file name, its bytes."""

    key: str
    name: str
    data: bytes

    @classmethod
    def titled(cls, key: str, title: str, text: str) -> Item:
        """A Markdown file with its title in the front matter; without one, neither there nor as its name."""
        if not title.strip():
            return cls(key, f"{key}/ .md", text.encode())
        return cls(key, f"{key}.md", f"---\ntitle: {json.dumps(title)}\n---\n{text}".encode())


@dataclass(frozen=True)
class Corpus:
    """A library that holds the items, and what finds passages in it."""

    retriever: Retriever
    library: Library
    embedder: embedders.Embedder
    keys: Mapping[str, tuple[str, ...]]
    """The items of each document id: several where they have the same bytes."""
    folder: Path
    """The home folder of the library."""

    def found(self, query: Query, passages: int) -> list[str]:
        """The items found for a query, each once, at the place of its best passage."""
        return self.ranked(self.retriever.retrieve(query, passages))

    def ranked(self, passages: Iterable[ScoredPassage]) -> list[str]:
        """The items that the passages are of, in the order of the passages, each once."""
        documents = dict.fromkeys(scored.passage.document_id for scored in passages)
        return [key for document in documents for key in self.keys[document]]

    def extract(self, question: str, passages: Sequence[ScoredPassage]) -> Extract:
        """Return the quotes that the assistant would answer with."""
        query = Query(question)
        evidence = grounding.evidence(query, self.reader.read(query, passages))
        return extract(question, evidence, self.library.ledger.document)

    @cached_property
    def reader(self) -> Reader:
        return Reader(
            self.embedder if isinstance(self.embedder, embedders.E5) else embedders.E5(config.load().cache)
        )

    def likeness(self, phrase: str, others: Sequence[str]) -> list[float]:
        """The cosines by which the assistant understands a follow-up."""
        first, *rest = self.embedder.embed([phrase, *others], "query")
        return [float(first @ other) for other in rest]


@contextmanager
def opened(name: str, items: Sequence[Item]) -> Iterator[Corpus]:
    """The corpus of `items`, from the cache or made now. A half-made one is never opened."""
    embedder = embedders.create_embedder(config.load(), _say)
    folder = _folder(name, items, embedder)
    if not folder.exists():
        _make(folder, items, vectors.Remembering(embedder, _cache() / "vectors"))
    os.utime(folder)
    held = Library(folder, embedder, _say)
    try:
        _renew_index(folder, held)
        yield Corpus(Retriever(held, embedder), held, embedder, _keys(items, held), folder)
    finally:
        held.close()


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, with a line on stderr that says how far it is."""
    yield from track(items, what, console=Console(stderr=True))


def _keys(items: Iterable[Item], held: Library) -> dict[str, tuple[str, ...]]:
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        keys[identity(item.data)].append(item.key)
    for entry in held.ledger.entries():
        if entry.duplicate_of:
            keys[entry.duplicate_of] += keys[entry.id]
    return {document: tuple(some) for document, some in keys.items()}


def _folder(name: str, items: Iterable[Item], embedder: embedders.Embedder) -> Path:
    data = hashlib.sha256()
    for item in items:
        data.update(f"{item.key}\0{item.name}\0{len(item.data)}\0".encode() + item.data)
    code = _code(CONTENT, vectors.probe(embedder))
    return _cache() / f"{name}-{data.hexdigest()[:12]}-{code}"


def _cache() -> Path:
    return platformdirs.user_cache_path(config.NAME) / "benchmarks"


def _code(patterns: Iterable[str], *more: str) -> str:
    """A name for how these files of the product read now."""
    seen = hashlib.sha256("\0".join(more).encode())
    for pattern in patterns:
        files = sorted(PACKAGE.glob(pattern))
        assert files, f"{pattern} names no file of the product"
        for path in files:
            seen.update(path.read_bytes())
    return seen.hexdigest()[:12]


def _renew_index(folder: Path, held: Library) -> None:
    made_by = folder / "index.code"
    if not made_by.exists() or made_by.read_text() != _code(INDEX):
        held.rebuild()
        made_by.write_text(_code(INDEX))


def _make(folder: Path, items: Sequence[Item], embedder: embedders.Embedder) -> None:
    """Built beside and renamed into place, so that it is there whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(work, items, embedder)
        (work / "index.code").write_text(_code(INDEX))
        if not folder.exists():
            work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _sweep(folder)


def _fill(home: Path, items: Sequence[Item], embedder: embedders.Embedder) -> None:
    made = Library(home, embedder)
    try:
        sources = (_source(item) for item in progress(items, "Reading and embedding"))
        refused = [outcome for outcome in made.add(sources) if outcome.status == "rejected"]
    finally:
        made.close()
    if refused:
        first = refused[0]
        raise SystemExit(f"{len(refused)} documents are rejected, the first, {first.source}: {first.reason}")


def _say(told: str) -> None:
    print(told, file=sys.stderr)


def _source(item: Item) -> Source:
    return Source(item.name, lambda: item.data)


def _sweep(folder: Path) -> None:
    """Removes all but the last used libraries of the same data."""
    alike = folder.name.rsplit("-", 1)[0]
    by_use = sorted(folder.parent.glob(f"{alike}-*"), key=lambda path: -path.stat().st_mtime)
    for old in by_use[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
