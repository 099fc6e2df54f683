"""The corpus: documents taken in, replaced, removed, checked and repaired.

    add:  source -> bytes -> Document -> Passages -> ledger -> vectors and words

The ledger is written first, the index after it, and only then is a document answerable. Whatever happens in
between leaves a ledger that says so, and an index that is built anew from it at the next opening.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from assistant.embed import Embedder
from assistant.errors import EmbedderError, FetchError, NotFound, ReadError, StoreError
from assistant.index import Index
from assistant.ledger import Ledger, Prepared
from assistant.read import identity
from assistant.reading import read_safely
from assistant.split import contextual, split
from assistant.types import Document, Entry, Health, Outcome, Passage, Source, Span, Status, Step, ignore

BATCH_CHARACTERS = 200_000
"""Text that is embedded and recorded at once: enough for full batches, little enough to lose."""
BATCH_DOCUMENTS = 64
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A source that was read, and is new to the corpus."""

    source: str
    data: bytes
    sha256: str
    document: Document


class Library:
    """The corpus in one home folder, open. Safe to use from several threads; one writes at a time."""

    def __init__(self, home: Path, embedder: Embedder, say: Callable[[str], None] = lambda _: None) -> None:
        """Opens the corpus in `home`, repairing what an interruption left; `say` hears when that takes time.

        Raises:
            StoreError: the folder cannot be used.
        """
        self.ledger = Ledger.at(home / "ledger.db")
        self._home = home
        self._embedder = embedder
        self._say = say
        self._writing = threading.RLock()
        self._index = self._open_index()

    def close(self) -> None:
        """Lets go of all files."""
        with self._writing:
            self._index.close()
            self.ledger.close()

    # -- add -------------------------------------------------------------------------------------

    def add(self, sources: Iterable[Source], told: Callable[[Step], None] = ignore) -> Iterator[Outcome]:
        """Takes sources in, a batch at a time; what is given out is kept, whatever happens next.

        Raises:
            EmbedderError: the vectors of this store were made by another embedder.
        """
        self.require_embedder()
        for batch in self._batches(sources):
            yield from self._take_in(batch)

    def _batches(self, sources: Iterable[Source]) -> Iterator[list[Loaded | Outcome]]:
        """What the sources hold, some at a time. A source that is named twice comes in two batches."""
        batch: dict[str, Loaded | Outcome] = {}
        weight = 0
        for source in sources:
            if source.name in batch or weight >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS:
                yield list(batch.values())
                batch, weight = {}, 0
            item = batch[source.name] = self._read(source)
            weight += _weight(item)
        if batch:
            yield list(batch.values())

    def _read(self, source: Source) -> Loaded | Outcome:
        try:
            data = source.load()
            known = self._known(source.name, data)
            if known:
                return known
            document = read_safely(data, source.name)
        except (ReadError, FetchError) as fault:
            return Outcome(source.name, "rejected", reason=fault.message)
        return Loaded(source.name, data, hashlib.sha256(data).hexdigest(), document)

    def _known(self, source: str, data: bytes) -> Outcome | None:
        """Where the corpus holds these bytes: that, with the source now naming them."""
        ident = identity(data)
        with self._writing:
            if not self.ledger.holds(ident):
                return None
            self._keep(data)
            before = self.ledger.named(source)
            if before != ident:
                self._forget(self.ledger.acknowledge({source: ident}))
            held = self.ledger.document(ident)
            status: Status = "updated" if before not in (None, ident) else "unchanged"
            return Outcome(source, status, ident, held.title, len(self.ledger.passages_of(ident)))

    def _take_in(self, batch: Sequence[Loaded | Outcome]) -> list[Outcome]:
        with self._writing:
            new: dict[str, Loaded] = {}
            for item in batch:
                if isinstance(item, Loaded) and not self.ledger.holds(item.document.id):
                    new.setdefault(item.document.id, item)
            replaced = {item.source for item in new.values() if self.ledger.named(item.source)}
            counts = self._record(list(new.values())) if new else {}
            return [self._told(item, new, counts, replaced) for item in batch]

    def _record(self, items: Sequence[Loaded]) -> dict[str, int]:
        """Makes documents answerable, all of them or none; gives how many passages each has."""
        prepared = self._prepare(items)
        for item in items:
            self._keep(item.data)
        try:
            self._change(functools.partial(Index.add, records=self.ledger.put(prepared)))
            self._forget(self.ledger.acknowledge({item.source: item.document.id for item in items}))
        except BaseException:
            self.ledger.forget_unready()
            raise
        return {item.document.id: len(item.passages) for item in prepared}

    def _told(
        self, item: Loaded | Outcome, new: dict[str, Loaded], counts: dict[str, int], replaced: set[str]
    ) -> Outcome:
        if isinstance(item, Outcome):
            return item
        document = item.document
        if new.get(document.id) is item:
            status: Status = "updated" if item.source in replaced else "added"
            return Outcome(item.source, status, document.id, document.title, counts[document.id])
        # The same bytes twice in one batch, or taken in by another thread meanwhile.
        known = self._known(item.source, item.data)
        assert known is not None
        return known

    def _prepare(self, items: Sequence[Loaded]) -> list[Prepared]:
        """Splits and embeds, all passages of the batch at once, so that the embedder's batches are full."""
        passages = [split(item.document) for item in items]
        contexts = [
            [contextual(item.document.title, p) for p in some]
            for item, some in zip(items, passages, strict=True)
        ]
        texts = [text for some in contexts for text, _ in some]
        spans = [
            _shifted(p, offset)
            for some, context in zip(passages, contexts, strict=True)
            for p, (_, offset) in zip(some, context, strict=True)
        ]
        vectors, sentences = self._embedder.embed_spans(texts, spans)
        prepared, done = [], 0
        for item, some in zip(items, passages, strict=True):
            part = slice(done, done := done + len(some))
            prepared.append(
                Prepared(item.document, item.sha256, len(item.data), some, tuple(texts[part]), vectors[part],
                         tuple(sentences[part]))
            )  # fmt: skip
        return prepared

    # -- remove, look ----------------------------------------------------------------------------

    def remove(self, document_id: str) -> Entry:
        """Removes a document: its text is gone from the ledger, its bytes from the originals.

        Raises:
            NotFound: no document has this id.
        """
        return self.remove_all([document_id])[0]

    def remove_all(self, document_ids: Sequence[str]) -> list[Entry]:
        """Removes documents, all of them or none, as `remove` does one.

        Raises:
            NotFound: no document has one of the ids.
        """
        with self._writing:
            for document_id in document_ids:
                self.ledger.document(document_id)
            entries = {entry.id: entry for entry in self.ledger.entries()}
            self._forget(self.ledger.remove(document_ids))
            return [entries[document_id] for document_id in dict.fromkeys(document_ids)]

    def unname(self, names: Sequence[str]) -> list[Entry]:
        """Takes names away; removes, and gives, the documents that have no other."""
        with self._writing:
            before = self.ledger.entries()
            self._forget(self.ledger.unname(names))
            return [entry for entry in before if not self.ledger.holds(entry.id)]

    def original(self, document_id: str) -> bytes:
        """The bytes of a document as they were added.

        Raises:
            NotFound: no document has this id, or its original is missing.
        """
        held, sha256 = self.ledger.document(document_id), self.ledger.sha256(document_id) or ""
        try:
            return self._original(sha256).read_bytes()
        except OSError as fault:
            raise NotFound(f"The original of {held.source} is missing; add it again.") from fault

    def search(self, find: Callable[[Index], Result]) -> Result:
        """What `find` finds in the index; where the index fails, it is rebuilt and asked once more."""
        index = self._index
        try:
            return find(index)
        except StoreError:
            with self._writing:
                # Otherwise another thread has just put a new one in its place.
                if index is self._index:
                    self._say("The index cannot be read; building it anew.")
                    self._rebuild_index()
            return find(self._index)

    # -- check, rebuild --------------------------------------------------------------------------

    def check(self, repair: bool = False) -> Health:
        """Counts what each part holds, and verifies every passage and every original.

        With `repair`, what can be mended is, and `repaired` of what is given says what that was.
        """
        if repair:
            before = self._checked()
            return replace(self.rebuild(), repaired=before.problems) if before.problems else before
        return self._checked()

    def _checked(self) -> Health:
        with self._writing:
            documents, passages = self.ledger.counts()
            vectors, words = self.search(lambda index: index.counts())
            problems = [problem for entry in self.ledger.entries() for problem in self._problems(entry)]
        if not passages == vectors == words:
            problems.append("The index does not hold what the ledger holds; run `assistant rebuild`.")
        if self.ledger.note("embedder", self._embedder.fingerprint) != self._embedder.fingerprint:
            problems.append("The vectors were made by another embedder; run `assistant rebuild`.")
        return Health(documents, passages, vectors, words, tuple(problems))

    def rebuild(self) -> Health:
        """Builds the index anew from the ledger, and the vectors too where the embedder is another."""
        with self._writing:
            if self.ledger.note("embedder", self._embedder.fingerprint) != self._embedder.fingerprint:
                self._embed_anew()
            self._rebuild_index()
        return self.check()

    def require_embedder(self) -> None:
        """Makes sure that the embedder is the one that made the stored vectors.

        Raises:
            EmbedderError: it is another.
        """
        made_by = self.ledger.note("embedder", self._embedder.fingerprint)
        if made_by != self._embedder.fingerprint:
            raise EmbedderError(
                f"The documents were embedded by {made_by}, but {self._embedder.fingerprint} is configured; "
                "run `assistant rebuild`, or configure the former."
            )

    def _open_index(self) -> Index:
        interrupted = self.ledger.forget_unready()
        self._remove_orphans()
        try:
            index = Index(self._folder(self._generation))
        except StoreError:
            self._say("The index is damaged.")
        else:
            if not interrupted and self._is_whole(index):
                return index
            index.close()
        self._say("Building the index anew from the ledger.")
        index = self._build_index()
        self._remove_generations()
        return index

    def _is_whole(self, index: Index) -> bool:
        passages = self.ledger.counts()[1]
        try:
            return index.counts() == (passages, passages)
        except StoreError:
            return False

    def _change(self, change: Callable[[Index], None]) -> None:
        """Changes the index as the ledger was changed; where that fails, it is built anew from the ledger."""
        try:
            change(self._index)
        except StoreError:
            self._say("The index cannot be written; building it anew.")
            self._rebuild_index()

    def _rebuild_index(self) -> None:
        old, self._index = self._index, self._build_index()
        old.close()
        self._remove_generations()

    def _build_index(self) -> Index:
        """A new generation, built beside the live one, checked, and made the live one."""
        number = self._generation + 1
        shutil.rmtree(self._folder(number), ignore_errors=True)
        index = Index(self._folder(number))
        try:
            count = 0
            for records in self.ledger.records():
                index.add(records)
                count += len(records)
            if index.counts() != (count, count):
                told = "The index could not be built; check the disk, then run `assistant rebuild`."
                raise StoreError(told)
            self.ledger.set_note("generation", str(number))
        except BaseException:
            index.close()
            raise
        return index

    def _remove_generations(self) -> None:
        """Removes all generations but the live one."""
        for folder in (self._home / "index").iterdir():
            if folder.name != str(self._generation):
                shutil.rmtree(folder, ignore_errors=True)

    def _embed_anew(self) -> None:
        # Until all are, they fit no embedder, the former one neither.
        self.ledger.set_note("embedder", f"{self._embedder.fingerprint}, not all of them")
        for batch in _sized(self.ledger.embedded(), 256):
            spans = [_shifted(p, len(text) - len(p.text)) for _, text, p in batch]
            whole, parts = self._embedder.embed_spans([text for _, text, _ in batch], spans)
            self.ledger.replace_vectors([key for key, _, _ in batch], whole, parts)
        self.ledger.set_note("embedder", self._embedder.fingerprint)

    def _problems(self, entry: Entry) -> Iterator[str]:
        document = self.ledger.document(entry.id)
        if any(document.text[p.start : p.end] != p.text for p in self.ledger.passages_of(entry.id)):
            yield f"Passages of {entry.source} are not its text; remove it, then add it again."
        sha256 = self.ledger.sha256(entry.id)
        if sha256 is None or not self._is_kept(sha256):
            yield f"The original of {entry.source} is missing or damaged; add it again."

    def _is_kept(self, sha256: str) -> bool:
        original = self._original(sha256)
        return original.is_file() and hashlib.sha256(original.read_bytes()).hexdigest() == sha256

    def _keep(self, data: bytes) -> None:
        """Keeps the bytes of a document, where they are not kept already."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._is_kept(sha256):
            _write(self._original(sha256), data)

    def _forget(self, keys: Sequence[int]) -> None:
        """After the ledger removed passages: the index and the disk forget them too."""
        if keys:
            self._change(functools.partial(Index.remove, keys=keys))
            self._remove_orphans()
            self.ledger.erase_traces()

    def _remove_orphans(self) -> None:
        kept = self.ledger.sha256s()
        for path in (self._home / "originals").glob("*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    @property
    def _generation(self) -> int:
        return int(self.ledger.note("generation", "1"))

    def _folder(self, generation: int) -> Path:
        return self._home / "index" / str(generation)

    def _original(self, sha256: str) -> Path:
        return self._home / "originals" / sha256


def _weight(item: Loaded | Outcome) -> int:
    """What taking a source in costs, in characters; bytes count too, for all of a batch are held at once."""
    return max(len(item.document.text), len(item.data) // 100) if isinstance(item, Loaded) else 0


def _shifted(passage: Passage, offset: int) -> list[Span]:
    """The passage's sentences as ranges of its embedded text, in which its own text begins at `offset`."""
    by = offset - passage.start
    return [Span(s.start + by, s.end + by) for s in passage.sentences]


def _sized(items: Iterable[Result], size: int) -> Iterator[list[Result]]:
    batch: list[Result] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(path: Path, data: bytes) -> None:
    """Writes a file so that it is either whole or not there.

    Raises:
        StoreError: it cannot be written.
    """
    beside = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as fault:
        told = f"{path.parent} cannot be written ({fault.strerror}); make room there, then do the same again."
        raise StoreError(told) from fault
