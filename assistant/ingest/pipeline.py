"""Sources on their way in: several are loaded, read and split at once, while the batch before is embedded.

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

import numpy as np

from assistant.core.errors import FetchError, ReadError
from assistant.core.priority import Precedence
from assistant.core.types import Document, Outcome, Passage, Source, Span, Stage, Step
from assistant.embedding.embedders import Embedder, Vectors
from assistant.embedding.neighbours import leaning
from assistant.ingest import archives, sandbox
from assistant.ingest.parse import identity
from assistant.ingest.splitting import contextual, split
from assistant.store.near_duplicates import sketch
from assistant.store.records import Prepared

BATCH_CHARACTERS = 200_000
"""Text that is embedded and recorded at once: enough for full batches, little enough to lose."""
BATCH_DOCUMENTS = 64
ENOUGH = 16
"""Documents for which an embedder that is idle begins, without waiting for more."""
MOST = 100_000
"""Passages of one document, which is held at once: some ten thousand pages."""
TEXTS = 16
"""That are embedded in one go, alike in length; between two of these, questions go first."""
LULL = 0.25
"""Seconds in which nothing comes, after which an idle embedder begins with what there is."""
PATIENCE = 2.0
"""Seconds for which those that come after a slow source wait for it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A source that was read; `prepared` is None where the corpus, or this batch, held its bytes already."""

    source: str
    data: bytes
    id: str
    prepared: Prepared | None = None


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


Item = Arrival | Outcome
_Item = _Loaded | Item


class Intake:
    """What makes documents ready to be recorded."""

    def __init__(self, embedder: Embedder, holds: Callable[[str], bool], precedence: Precedence) -> None:
        """`holds` tells whether the corpus has the document of an id."""
        self._embedder, self._holds, self._precedence = embedder, holds, precedence

    def batches(
        self, sources: Iterable[Source], told: Callable[[Step], None]
    ) -> Generator[list[Item], None, None]:
        """What the sources hold, some at a time, in their order but for those that take long to read.

        `told` is called in the thread that asks for the batches. A source that is named twice comes in two
        batches. Where `sources` raises, that is raised after what came before.
        """
        line = _Line(sources, told, self._loaded, self._embedded)
        try:
            yield from line.batches()
        finally:
            line.stop()

    def _loaded(self, source: Source, tell: Callable[[Stage], None], errand: object) -> _Item | list[Source]:
        """The document of a source, in its passages; what is in it, where it is an archive."""
        try:
            tell("reading")
            data = source.load()
            members = archives.members(data, source.name)
            if members is not None:
                return members
            ident = identity(data)
            if self._holds(ident):
                return Arrival(source.name, data, ident)
            allowance = source.allowance if isinstance(source, archives.Member) else None
            with allowance.reading() if allowance else nullcontext():
                document = sandbox.read_safely(data, source.name, errand=errand)
            tell("splitting")
            passages = split(document)
            _require_moderate(source.name, len(passages))
            if allowance:
                allowance.take(len(document.text), len(passages))
        except (ReadError, FetchError) as fault:
            return Outcome(source.name, "rejected", reason=fault.message)
        texts = [contextual(document.title, passage) for passage in passages]
        spans = tuple(shifted(p, offset) for p, (_, offset) in zip(passages, texts, strict=True))
        bands = sketch(document.text)
        return _Loaded(source.name, data, document, passages, tuple(t for t, _ in texts), spans, bands)

    def _embedded(
        self, batch: Sequence[_Item], tell: Callable[[Step], None], stopped: threading.Event
    ) -> list[Item]:
        """The batch with its vectors: all passages together, those that are alike in length side by side."""
        new: dict[str, _Loaded] = {}
        for item in batch:
            if isinstance(item, _Loaded):
                new.setdefault(item.document.id, item)
        found = {ident: _Vectors(item) for ident, item in new.items()}
        rows = [(ident, at) for ident, item in new.items() for at in range(len(item.texts))]
        rows.sort(key=lambda row: -len(new[row[0]].texts[row[1]]))
        for at in range(0, len(rows), TEXTS):
            if stopped.is_set():
                break
            self._precedence.give_way()
            some = rows[at : at + TEXTS]
            texts, spans = zip(*((new[i].texts[n], new[i].spans[n]) for i, n in some), strict=True)
            whole, parts = self._embedder.embed_spans(texts, spans)
            for (ident, number), *vectors in zip(some, whole, parts, strict=True):
                found[ident].put(number, *vectors)
            for ident in dict.fromkeys(ident for ident, _ in some):
                tell(Step(new[ident].source, "embedding", found[ident].share))
        return [
            _arrival(item, found.pop(item.document.id, None)) if isinstance(item, _Loaded) else item
            for item in batch
        ]


def _require_moderate(name: str, passages: int) -> None:
    """Raises ReadError where a document makes more passages than are held at once."""
    if passages > MOST:
        short = PurePath(name).name
        raise ReadError(
            f"{short} makes {passages:,} passages, and {MOST:,} are the most; split it and add the parts."
        )


class _Vectors:
    """Those of one document, as they come."""

    def __init__(self, item: _Loaded) -> None:
        self._whole: list[Vectors | None] = [None] * len(item.texts)
        self._parts: list[Vectors | None] = [None] * len(item.texts)
        self._done = 0

    def put(self, number: int, whole: Vectors, parts: Vectors) -> None:
        self._whole[number], self._parts[number] = whole, parts
        self._done += 1

    @property
    def share(self) -> float:
        return self._done / len(self._whole)

    def stacked(self) -> tuple[Vectors, tuple[Vectors, ...]]:
        whole = [vector for vector in self._whole if vector is not None]
        parts = tuple(part for part in self._parts if part is not None)
        return leaning(np.stack(whole)) if whole else np.zeros((0, 0), np.float32), parts


def _arrival(item: _Loaded, vectors: _Vectors | None) -> Arrival:
    if vectors is None:
        return Arrival(item.source, item.data, item.document.id)
    sha256 = hashlib.sha256(item.data).hexdigest()
    whole, parts = vectors.stacked()
    prepared = Prepared(
        item.document, sha256, len(item.data), item.passages, item.texts, whole, parts, item.bands
    )
    return Arrival(item.source, item.data, item.document.id, prepared)


class _Line:
    """One adding: what is being read, what is ready, what is being embedded; moved by the thread that asks.

    Threads of its own load and embed. What they have to say comes to the one that asks as calls in a queue.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        told: Callable[[Step], None],
        load: Callable[[Source, Callable[[Stage], None], object], _Item | list[Source]],
        embed: Callable[[Sequence[_Item], Callable[[Step], None], threading.Event], list[Item]],
    ) -> None:
        self._sources, self._told, self._load, self._embed = iter(sources), told, load, embed
        self._members: deque[Source] = deque()
        self._held_back: Source | None = None
        self._fault: BaseException | None = None
        self._exhausted = False
        self._number = 0
        self._reading: dict[int, tuple[str, float]] = {}
        self._ready: dict[int, _Item] = {}
        self._names: set[str] = set()
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._calls: SimpleQueue[Callable[[], list[Item] | None]] = SimpleQueue()
        self._threads = 0
        self._embedding: threading.Thread | None = None
        self._stopped = threading.Event()

    def batches(self) -> Iterator[list[Item]]:
        """See `Intake.batches`."""
        while True:
            self._pull()
            self._begin(lull=False)
            if not (self._reading or self._ready or self._embedding):
                break
            batch = self._awaited()
            if batch is not None:
                self._names -= {item.source for item in batch}
                self._pull()
                self._begin(lull=False)
                yield batch
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """Ends the threads: at once, or as soon as what they wait for lets them."""
        self._stopped.set()
        for _ in range(self._threads):
            self._tasks.put(None)
        sandbox.stop(self)
        if self._embedding is not None:
            self._embedding.join()

    # -- reading -----------------------------------------------------------------------------------

    def _pull(self) -> None:
        """Lets sources be read, as long as there is room for what they hold."""
        while self._has_room():
            source = self._held_back or self._next()
            # A source that is named twice waits until it has gone through.
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
                # A daemon: what hangs in it, on a dead disk say, does not keep the program from ending.
                threading.Thread(target=self._work, daemon=True).start()

    def _has_room(self) -> bool:
        is_full = len(self._ready) >= BATCH_DOCUMENTS or self._weight() >= BATCH_CHARACTERS
        return len(self._reading) < 2 * sandbox.CHILDREN and not is_full

    def _weight(self) -> int:
        """What is ready, in characters; bytes count too, for all of a batch are held at once."""
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
                task()

    def _read(self, number: int, source: Source) -> None:
        def tell(stage: Stage) -> None:
            self._calls.put(partial(self._tell, Step(source.name, stage)))

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
        else:
            self._ready[number] = item

    # -- embedding ---------------------------------------------------------------------------------

    def _awaited(self) -> list[Item] | None:
        """Does what the next thread says; gives a batch where that was one."""
        try:
            call = self._calls.get(timeout=None if self._embedding or not self._ready else LULL)
        except Empty:
            self._begin(lull=True)
            return None
        return call()

    def _begin(self, *, lull: bool) -> None:
        """Begins to embed, where nothing is being embedded and there is enough that may be."""
        if self._embedding is not None:
            return
        numbers = self._due()
        enough = len(numbers) >= ENOUGH or self._weight() >= BATCH_CHARACTERS
        if numbers and (enough or lull or not self._reading):
            batch = [self._ready.pop(number) for number in numbers]
            self._embedding = threading.Thread(target=self._embed_batch, args=(batch,))
            self._embedding.start()

    def _due(self) -> list[int]:
        """The numbers of what is ready, but for what is to wait for a source before it."""
        now = time.monotonic()
        awaited = (number for number, (_, began) in self._reading.items() if now - began < PATIENCE)
        first = min(awaited, default=self._number + 1)
        return sorted(number for number in self._ready if number < first)

    def _embed_batch(self, batch: Sequence[_Item]) -> None:
        def tell(step: Step) -> None:
            self._calls.put(partial(self._tell, step))

        try:
            items = self._embed(batch, tell, self._stopped)
            self._calls.put(partial(self._embedded, items))
        except BaseException as fault:
            self._calls.put(partial(_fail, fault))

    def _tell(self, step: Step) -> None:
        self._told(step)

    def _embedded(self, items: list[Item]) -> list[Item]:
        if self._embedding is not None:
            self._embedding.join()
        self._embedding = None
        return items


def shifted(passage: Passage, offset: int) -> list[Span]:
    """The passage's sentences as ranges of its embedded text, in which its own text begins at `offset`."""
    by = offset - passage.start
    return [Span(s.start + by, s.end + by) for s in passage.sentences]


def _fail(fault: BaseException) -> None:
    raise fault
