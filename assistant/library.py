"""The corpus: documents taken in, replaced, removed, checked and repaired.

    add:  source -> bytes -> Document -> Passages -> ledger -> vectors and words

The ledger is written first, the index after it, and only then is a document answerable. Whatever happens in
between leaves a ledger that says so, and an index that is built anew from it at the next opening.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from assistant.embed import Embedder
from assistant.errors import AssistantError, EmbedderError, StoreError
from assistant.index import Index
from assistant.ledger import Ledger, Prepared
from assistant.read import identity
from assistant.reading import read_safely
from assistant.split import contextual, split
from assistant.types import Document, Entry, Health, Outcome, Passage, Source, Span

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
        """Opens the corpus in `home`, repairing what an interruption left; `say` is told when that takes time.

        Raises:
            StoreError: the folder cannot be used.
        """
        self.ledger = Ledger(f"sqlite:///{home / 'ledger.db'}")
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

    def add(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """Takes sources in, a batch at a time; what is given out is kept, whatever happens next.

        Raises:
            EmbedderError: the vectors of this store were made by another embedder.
        """
        self.require_embedder()
        for batch in _batches(self._read(source) for source in sources):
            yield from self._take_in(batch)

    def _read(self, source: Source) -> Loaded | Outcome:
        try:
            data = source.load()
            known = self._known(source.name, identity(data))
            if known:
                return known
            document = read_safely(data, source.name)
        except AssistantError as fault:
            return Outcome(source.name, "rejected", reason=fault.message)
        return Loaded(source.name, data, hashlib.sha256(data).hexdigest(), document)

    def _known(self, source: str, ident: str) -> Outcome | None:
        """Where the corpus holds these bytes: that, with the source now naming them."""
        with self._writing:
            if not self.ledger.holds(ident):
                return None
            before = self.ledger.named(source)
            if before != ident:
                self._forget(self.ledger.acknowledge({source: ident}))
            held = self.ledger.document(ident)
            status = "updated" if before not in (None, ident) else "unchanged"
            return Outcome(source, status, ident, held.title, len(self.ledger.passages_of(ident)))

    def _take_in(self, batch: Sequence[Loaded | Outcome]) -> list[Outcome]:
        with self._writing:
            loaded = {item.document.id: item for item in batch if isinstance(item, Loaded)}
            new = [item for ident, item in loaded.items() if not self.ledger.holds(ident)]
            prepared = self._prepare(new)
            for item in new:
                _write(self._original(item.sha256), item.data)
            self._index.add(self.ledger.put(prepared))
            replaced = {item.source for item in new if self.ledger.named(item.source)}
            self._forget(self.ledger.acknowledge({item.source: item.document.id for item in new}))
            counts = {p.document.id: len(p.passages) for p in prepared}
            fresh = {id(item) for item in new}
            return [
                _outcome(item, counts, replaced) if id(item) in fresh
                else item if isinstance(item, Outcome)
                # The same bytes twice in one batch: the second time they are known.
                else self._known(item.source, item.document.id) or Outcome(item.source, "rejected")
                for item in batch
            ]  # fmt: skip

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
        with self._writing:
            self.ledger.document(document_id)
            entry = next(e for e in self.ledger.entries() if e.id == document_id)
            sha256 = self.ledger.sha256(document_id)
            self._forget(self.ledger.remove(document_id))
            if sha256:
                self._original(sha256).unlink(missing_ok=True)
            return entry

    def search(self, find: Callable[[Index], Result]) -> Result:
        """What `find` finds in the index; where the index fails, it is rebuilt and asked once more."""
        index = self._index
        try:
            return find(index)
        # Whatever Chroma or Tantivy raise on a damaged or replaced file.
        except Exception:
            with self._writing:
                if index is self._index:
                    self._say("The index cannot be read; building it anew.")
                    self._rebuild_index()
            return find(self._index)

    # -- check, rebuild --------------------------------------------------------------------------

    def check(self) -> Health:
        """Counts what each part holds, and verifies every passage and every original."""
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
        if interrupted:
            self._remove_orphans()
        try:
            index = Index(self._folder(self._generation))
            passages = self.ledger.counts()[1]
            if not interrupted and index.counts() == (passages, passages):
                return index
            index.close()
        except Exception:
            self._say("The index is damaged.")
        self._say("Building the index anew from the ledger.")
        return self._build_index()

    def _rebuild_index(self) -> None:
        old = self._index
        self._index = self._build_index()
        old.close()

    def _build_index(self) -> Index:
        """A new generation, built beside the live one, checked, and made the live one."""
        number = self._generation + 1
        shutil.rmtree(self._folder(number), ignore_errors=True)
        index = Index(self._folder(number))
        for records in self.ledger.records():
            index.add(records)
        passages = self.ledger.counts()[1]
        if index.counts() != (passages, passages):
            raise StoreError("The index could not be built; check the disk, then run `assistant rebuild`.")
        self.ledger.set_note("generation", str(number))
        for folder in (self._home / "index").iterdir():
            if folder.name != str(number):
                shutil.rmtree(folder, ignore_errors=True)
        return index

    def _embed_anew(self) -> None:
        for batch in _sized(self.ledger.embedded(), 256):
            spans = [_shifted(p, len(text) - len(p.text)) for _, text, p in batch]
            whole, parts = self._embedder.embed_spans([text for _, text, _ in batch], spans)
            self.ledger.replace_vectors([key for key, _, _ in batch], whole, parts)
        self.ledger.set_note("embedder", self._embedder.fingerprint)

    def _problems(self, entry: Entry) -> Iterator[str]:
        document = self.ledger.document(entry.id)
        if any(document.text[p.start : p.end] != p.text for p in self.ledger.passages_of(entry.id)):
            yield f"Passages of {entry.source} are not its text; add it again."
        sha256 = self.ledger.sha256(entry.id)
        original = self._original(sha256 or "")
        if not original.is_file() or hashlib.sha256(original.read_bytes()).hexdigest() != sha256:
            yield f"The original of {entry.source} is missing or damaged; add it again."

    def _forget(self, keys: Sequence[int]) -> None:
        """After the ledger removed passages: the index and the disk forget them too."""
        if keys:
            self._index.remove(keys)
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


def _outcome(item: Loaded, counts: dict[str, int], replaced: set[str]) -> Outcome:
    document = item.document
    status = "updated" if item.source in replaced else "added"
    return Outcome(item.source, status, document.id, document.title, counts[document.id])


def _shifted(passage: Passage, offset: int) -> list[Span]:
    """The passage's sentences as ranges of its embedded text, in which its own text begins at `offset`."""
    by = offset - passage.start
    return [Span(s.start + by, s.end + by) for s in passage.sentences]


def _batches(items: Iterable[Loaded | Outcome]) -> Iterator[list[Loaded | Outcome]]:
    batch: list[Loaded | Outcome] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += len(item.document.text) if isinstance(item, Loaded) else 0
        if characters >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


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
    """Writes a file so that it is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


