"""Prepares sources concurrently: several are loaded, parsed and split while the previous batch is embedded.

source -> bytes -> Document -> Passages -> vectors
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np

from assistant.core.errors import FetchError, ReadError
from assistant.core.priority import FEW, QuestionPriority, Rank, rank_of
from assistant.core.types import AddResult, Document, OnStep, Passage, ProgressStep, Source, Span, Stage
from assistant.embedding.embedders import Embedder, Vectors
from assistant.embedding.neighbours import blend_neighbours
from assistant.ingest import archives, sandbox
from assistant.ingest.embedding import embed_passages, shifted
from assistant.ingest.parse import identity
from assistant.ingest.splitting import contextual, split
from assistant.store.duplicates.sketches import sketch
from assistant.store.records import PreparedDocument

BATCH_CHARACTERS = 200_000
"""Characters embedded and recorded at once: enough for full batches, and little work lost if interrupted."""
BATCH_DOCUMENTS = 64
MIN_DOCUMENTS = 16
"""Documents with which an idle embedder begins at once."""
MAX_PASSAGES = 100_000
"""Limit on the passages of one document, which are in memory together: some ten thousand pages."""
GROUP = 8
"""Texts of similar length embedded together; between two groups, questions take priority."""
IDLE_SECONDS = 0.25
"""Seconds without a new document after which an idle embedder begins with those it has."""
WAIT_SECONDS = 2.0
"""Seconds that later documents wait for a slow source."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A source that was read; `prepared` is None if the corpus, or this batch, already had its bytes."""

    source: str
    data: bytes
    id: str
    prepared: PreparedDocument | None = None


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A new document before it is embedded."""

    source: str
    data: bytes
    document: Document
    passages: tuple[Passage, ...]
    texts: tuple[str, ...]
    spans: tuple[list[Span], ...]
    bands: tuple[int, ...]


Item = Arrival | AddResult
_Item = _Loaded | Item


class _Tell(Protocol):
    """Tells the stage of a source, and the share of it that is done."""

    def __call__(self, stage: Stage, share: float = 0.0) -> None: ...


class IngestionPipeline:
    """Prepares documents for recording: parses, splits and embeds them."""

    def __init__(self, embedder: Embedder, holds: Callable[[str], bool], questions: QuestionPriority) -> None:
        """`holds` is True for the ids of documents in the corpus."""
        self._embedder, self._holds, self._questions = embedder, holds, questions

    def batches(self, sources: Iterable[Source], on_step: OnStep) -> Generator[list[Item], None, None]:
        """Yield the prepared sources in batches, in their order except for slow ones.

        `on_step` is called in the thread that iterates over the batches. A source that is named twice comes
        in two batches. If `sources` raises, the exception is raised after the batches of earlier sources.
        """
        run = _Run(sources, on_step, self._load, self._embed, self._questions.give_way)
        try:
            yield from run.batches()
        finally:
            run.stop()

    def _load(self, source: Source, tell: _Tell, errand: object) -> _Item | list[Source]:
        """Return a source split into passages, or the documents in it if it is an archive."""
        try:
            tell("reading")
            data = source.load()
            is_whole = isinstance(source, archives.Member) and source.is_whole
            members = None if is_whole else archives.members(data, source.name)
            if members is not None:
                return members
            ident = identity(data)
            if self._holds(ident):
                return Arrival(source.name, data, ident)
            allowance = source.allowance if isinstance(source, archives.Member) else None
            with allowance.reading() if allowance else nullcontext():
                document = sandbox.read_safely(
                    data, source.name, errand=errand, on_share=partial(tell, "reading")
                )
            tell("splitting")
            passages = split(document)
            _require_size(source.name, len(passages))
            if allowance:
                allowance.take(len(document.text), len(passages))
        except (ReadError, FetchError) as fault:
            return AddResult(source.name, "rejected", reason=fault.message)
        texts = [contextual(document.title, passage) for passage in passages]
        spans = tuple(shifted(p, offset) for p, (_, offset) in zip(passages, texts, strict=True))
        bands = sketch(document.text)
        return _Loaded(source.name, data, document, passages, tuple(t for t, _ in texts), spans, bands)

    def _embed(
        self,
        batch: Sequence[_Item],
        tell: OnStep,
        stopped: threading.Event,
        rank: Rank,
    ) -> list[Item]:
        """Return the batch with vectors; passages of similar length are embedded together."""
        new: dict[str, _Loaded] = {}
        for item in batch:
            if isinstance(item, _Loaded):
                new.setdefault(item.document.id, item)
        vectors = {ident: _Vectors(item) for ident, item in new.items()}
        rows = [(ident, at) for ident, item in new.items() for at in range(len(item.texts))]
        rows.sort(key=lambda row: -len(new[row[0]].texts[row[1]]))
        for at in range(0, len(rows), GROUP):
            if stopped.is_set():
                break
            group = rows[at : at + GROUP]
            texts, spans = zip(*((new[i].texts[n], new[i].spans[n]) for i, n in group), strict=True)
            with self._questions.in_turn(rank):
                whole, sentences, words = embed_passages(self._embedder, texts, spans)
            for (ident, number), *own in zip(group, whole, sentences, words, strict=True):
                vectors[ident].put(number, *own)
            for ident in dict.fromkeys(ident for ident, _ in group):
                tell(ProgressStep(new[ident].source, "embedding", vectors[ident].share))
        return [
            _arrival(item, vectors.pop(item.document.id, None)) if isinstance(item, _Loaded) else item
            for item in batch
        ]


def _require_size(name: str, passages: int) -> None:
    """Raise ReadError if a document has too many passages."""
    if passages > MAX_PASSAGES:
        message = f"has {passages:,} passages, more than {MAX_PASSAGES:,}; split it and add the parts."
        raise ReadError(f"{PurePath(name).name} {message}")


class _Vectors:
    """The vectors of one document, filled as they are computed."""

    def __init__(self, item: _Loaded) -> None:
        self._whole: list[Vectors | None] = [None] * len(item.texts)
        self._sentences: list[Vectors | None] = [None] * len(item.texts)
        self._words = [b""] * len(item.texts)
        self._done = 0

    def put(self, number: int, whole: Vectors, sentences: Vectors, words: bytes) -> None:
        self._whole[number], self._sentences[number], self._words[number] = whole, sentences, words
        self._done += 1

    @property
    def share(self) -> float:
        return self._done / len(self._whole)

    def stacked(self) -> tuple[Vectors, tuple[Vectors, ...], tuple[bytes, ...]]:
        whole = [vector for vector in self._whole if vector is not None]
        sentences = tuple(part for part in self._sentences if part is not None)
        blended = blend_neighbours(np.stack(whole)) if whole else np.zeros((0, 0), np.float32)
        return blended, sentences, tuple(self._words)


def _arrival(item: _Loaded, vectors: _Vectors | None) -> Arrival:
    if vectors is None:
        return Arrival(item.source, item.data, item.document.id)
    sha256 = hashlib.sha256(item.data).hexdigest()
    prepared = PreparedDocument(
        item.document, sha256, len(item.data), item.passages, item.texts, *vectors.stacked(), item.bands
    )
    return Arrival(item.source, item.data, item.document.id, prepared)


class _Run:
    """The state of one call of `batches`: sources being read, ready, and being embedded.

    Worker threads load and embed. They report to the iterating thread by calls in a queue.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        on_step: OnStep,
        load: Callable[[Source, _Tell, object], _Item | list[Source]],
        embed: Callable[[Sequence[_Item], OnStep, threading.Event, Rank], list[Item]],
        give_way: Callable[[Rank], None],
    ) -> None:
        self._sources, self._on_step, self._load, self._embed = iter(sources), on_step, load, embed
        self._give_way = give_way
        self._members: deque[Source] = deque()
        self._held_back: Source | None = None
        self._fault: BaseException | None = None
        self._exhausted = False
        self._number = 0
        self._is_first = True
        self._reading: dict[int, tuple[str, float]] = {}
        self._ready: dict[int, _Item] = {}
        self._names: set[str] = set()
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._calls: SimpleQueue[Callable[[], list[Item] | None]] = SimpleQueue()
        self._threads = 0
        self._embedding: threading.Thread | None = None
        self._stopped = threading.Event()

    def batches(self) -> Iterator[list[Item]]:
        """Yield the batches, as `Intake.batches` does."""
        while True:
            self._pull()
            self._start_embedding(is_idle=False)
            if not (self._reading or self._ready or self._embedding):
                break
            batch = self._wait()
            if batch is not None:
                self._names -= {item.source for item in batch}
                self._pull()
                self._start_embedding(is_idle=False)
                yield batch
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """End the threads as soon as their current work allows."""
        self._stopped.set()
        for _ in range(self._threads):
            self._tasks.put(None)
        sandbox.stop(self)
        if self._embedding is not None:
            self._embedding.join()

    def _pull(self) -> None:
        """Start reading sources while there is room for them."""
        while self._has_room():
            source = self._held_back or self._next()
            # A source that is named twice waits for its first occurrence to be recorded.
            if source is None or source.name in self._names:
                self._held_back = source
                return
            self._held_back = None
            self._number += 1
            self._names.add(source.name)
            self._reading[self._number] = source.name, time.monotonic()
            self._tasks.put(partial(self._read, self._number, source))
            if self._threads < sandbox.CHILDREN:
                self._threads += 1
                # A daemon: if it hangs, for example on a dead disk, the program can still end.
                threading.Thread(target=self._work, daemon=True).start()

    def _has_room(self) -> bool:
        is_full = len(self._ready) >= BATCH_DOCUMENTS or self._weight() >= BATCH_CHARACTERS
        return len(self._reading) < 2 * sandbox.CHILDREN and not is_full

    def _weight(self) -> int:
        """Return the size of the ready documents in characters; bytes count too, as a batch is in memory."""
        items = (item for item in self._ready.values() if isinstance(item, _Loaded))
        return sum(max(len(item.document.text), len(item.data) // 100) for item in items)

    def _next(self) -> Source | None:
        if self._members:
            return self._members.popleft()
        if self._exhausted:
            return None
        try:
            return next(self._sources)
        except StopIteration:
            self._exhausted = True
        except BaseException as fault:
            self._fault, self._exhausted = fault, True
        return None

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not self._stopped.is_set():
                self._give_way(Rank.NEW if self._is_first else Rank.REST)
                task()

    def _read(self, number: int, source: Source) -> None:
        def tell(stage: Stage, share: float = 0.0) -> None:
            self._calls.put(partial(self._tell, ProgressStep(source.name, stage, share)))

        try:
            item = self._load(source, tell, self)
            self._calls.put(partial(self._arrived, number, item))
        except BaseException as fault:
            self._calls.put(partial(_fail, fault))

    def _arrived(self, number: int, item: _Item | list[Source]) -> None:
        name, _ = self._reading.pop(number)
        if isinstance(item, list):
            self._names.discard(name)
            self._members.extend(item)
            self._is_first = self._is_first and len(self._members) <= FEW
        else:
            self._ready[number] = item

    def _wait(self) -> list[Item] | None:
        """Run the next call from a worker thread; return a batch if it gives one."""
        try:
            call = self._calls.get(timeout=None if self._embedding or not self._ready else IDLE_SECONDS)
        except Empty:
            self._start_embedding(is_idle=True)
            return None
        return call()

    def _start_embedding(self, *, is_idle: bool) -> None:
        """Start embedding if the embedder is idle and enough documents are due."""
        if self._embedding is not None:
            return
        numbers = self._due()
        enough = len(numbers) >= MIN_DOCUMENTS or self._weight() >= BATCH_CHARACTERS
        if numbers and (enough or is_idle or not self._reading):
            batch = [self._ready.pop(number) for number in numbers]
            self._embedding = threading.Thread(target=self._embed_batch, args=(batch,))
            self._embedding.start()

    def _due(self) -> list[int]:
        """Return the numbers of ready documents that do not wait for an earlier source."""
        now = time.monotonic()
        awaited = (number for number, (_, began) in self._reading.items() if now - began < WAIT_SECONDS)
        first = min(awaited, default=self._number + 1)
        return sorted(number for number in self._ready if number < first)

    def _embed_batch(self, batch: Sequence[_Item]) -> None:
        def tell(step: ProgressStep) -> None:
            self._calls.put(partial(self._tell, step))

        try:
            rank = rank_of(len(batch), is_first=self._is_first)
            items = self._embed(batch, tell, self._stopped, rank)
            self._is_first = False
            self._calls.put(partial(self._embedded, items))
        except BaseException as fault:
            self._calls.put(partial(_fail, fault))

    def _tell(self, step: ProgressStep) -> None:
        self._on_step(step)

    def _embedded(self, items: list[Item]) -> list[Item]:
        if self._embedding is not None:
            self._embedding.join()
        self._embedding = None
        return items


def _fail(fault: BaseException) -> None:
    raise fault
