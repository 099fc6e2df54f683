"""The corpus: documents taken in, replaced, removed, checked and repaired.

    add:  source -> bytes -> Document -> Passages -> ledger -> vectors and words

What a document is until its passages have vectors is the part of `intake`; the rest of the line is here. The
ledger is written first, the index after it, and only then is a document answerable. Whatever happens in
between leaves a ledger that says so, and an index that is built anew from it at the next opening.
"""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from assistant import checkup
from assistant.embed import Embedder
from assistant.errors import EmbedderError, NotFound
from assistant.generations import Generations
from assistant.index import Index
from assistant.intake import Arrival, Intake, Item, shifted
from assistant.ledger import OWED, Gone, Ledger, Settled
from assistant.originals import Originals
from assistant.precedence import Precedence
from assistant.read import identity
from assistant.standing import Standing
from assistant.types import Entry, Health, Outcome, Source, Status, Step, ignore

Result = TypeVar("Result")


class Library:
    """The corpus in one home folder, open. Safe to use from several threads; one writes at a time."""

    def __init__(self, home: Path, embedder: Embedder, say: Callable[[str], None] = lambda _: None) -> None:
        """Opens the corpus in `home`, repairing what an interruption left; `say` hears when that takes time.

        Raises:
            StoreError: the folder cannot be used.
        """
        self.ledger = Ledger.at(home / "ledger.db")
        self.precedence = Precedence()
        self._home, self._embedder = home, embedder
        self._writing = threading.RLock()
        self._originals = Originals(home / "originals")
        self._standing = Standing(self.ledger.engine)
        self._generations = Generations(home / "index", self.ledger, self._writing, say)
        self._intake = Intake(embedder, self.ledger.holds, self.precedence)
        self._open()

    def _open(self) -> None:
        interrupted = self.ledger.forget_unready() > 0 or self._owes()
        self._originals.keep_only(self.ledger.sha256s())
        self._generations.open(anew=interrupted)
        if interrupted:
            self._forget_quotes()
            self._forget_on_disk()

    def close(self) -> None:
        """Lets go of all files."""
        with self._writing:
            self._generations.close()
            self.ledger.close()

    # -- add -------------------------------------------------------------------------------------

    def add(self, sources: Iterable[Source], told: Callable[[Step], None] = ignore) -> Iterator[Outcome]:
        """Takes sources in, a batch at a time; what is given out is kept, whatever happens next.

        `told` hears how far each source has come, in the thread that asks for the outcomes.

        Raises:
            EmbedderError: the vectors of this store were made by another embedder.
        """
        self.require_embedder()
        self._standing.catch_up()
        batches = self._intake.batches(sources, told)
        try:
            for batch in batches:
                yield from self._take_in(batch)
        finally:
            batches.close()
            self._erase()

    def _take_in(self, batch: Sequence[Item]) -> list[Outcome]:
        self.precedence.give_way()
        with self._writing:
            new: dict[str, Arrival] = {}
            for item in batch:
                if isinstance(item, Arrival) and item.prepared and not self.ledger.holds(identity(item.data)):
                    new.setdefault(identity(item.data), item)
            replaced = {item.source for item in new.values() if self.ledger.named(item.source)}
            settled = self._record(new) if new else {}
            return [self._told(item, new, replaced, settled) for item in batch]

    def _record(self, new: dict[str, Arrival]) -> Settled:
        """Makes documents answerable, all of them or none; gives which others stand for."""
        names = {item.source: ident for ident, item in new.items()}
        prepared = [item.prepared for item in new.values() if item.prepared]
        leaving = self.ledger.leaving(names)
        settled = self._standing.settled(leaving, prepared)
        for item in new.values():
            self._originals.keep(item.data)
        try:
            self.ledger.put(prepared, {ident: settled[ident] for ident in new})
            self._change(leaving, settled, functools.partial(self.ledger.acknowledge, names, settled))
        except BaseException:
            self.ledger.forget_unready()
            raise
        return settled

    def _told(self, item: Item, new: dict[str, Arrival], replaced: set[str], settled: Settled) -> Outcome:
        if isinstance(item, Outcome):
            return item
        ident = identity(item.data)
        if new.get(ident) is not item or item.prepared is None:
            return self._known(item.source, item.data)
        status: Status = "updated" if item.source in replaced else "added"
        title, passages = item.prepared.document.title, len(item.prepared.passages)
        return Outcome(item.source, status, ident, title, passages, duplicate_of=settled[ident])

    def _known(self, source: str, data: bytes) -> Outcome:
        """The corpus holds these bytes: now under this name too."""
        ident = identity(data)
        if not self.ledger.holds(ident):
            # It was removed between reading and now.
            return next(self.add([Source(source, lambda: data)]))
        self._originals.keep(data)
        before = self.ledger.named(source)
        if before != ident:
            names = {source: ident}
            leaving = self.ledger.leaving(names)
            settled = self._standing.settled(leaving)
            self._change(leaving, settled, functools.partial(self.ledger.acknowledge, names, settled))
        held = self.ledger.document(ident)
        status: Status = "updated" if before not in (None, ident) else "unchanged"
        passages, original = len(self.ledger.passages_of(ident)), self._standing.of(ident)
        return Outcome(source, status, ident, held.title, passages, duplicate_of=original)

    # -- remove ----------------------------------------------------------------------------------

    def remove(self, document_id: str) -> Entry:
        """Removes a document: no file of the store holds its text any more.

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
            entries = {entry.id: entry for entry in self.ledger.entries()}
            for document_id in document_ids:
                if document_id not in entries:
                    raise NotFound(f"No document has the id {document_id}; `assistant list` shows the ids.")
            leaving = set(document_ids)
            settled = self._standing.settled(leaving)
            self._change(leaving, settled, functools.partial(self.ledger.remove, leaving, settled))
            self._erase()
            return [entries[document_id] for document_id in dict.fromkeys(document_ids)]

    def unname(self, names: Sequence[str]) -> list[Entry]:
        """Takes names away; removes, as `remove` does, and gives the documents that have no other."""
        with self._writing:
            leaving = self.ledger.leaving(dict.fromkeys(names))
            entries = [entry for entry in self.ledger.entries() if entry.id in leaving]
            settled = self._standing.settled(leaving)
            self._change(leaving, settled, functools.partial(self.ledger.unname, names, settled))
            self._erase()
            return entries

    def _change(self, leaving: set[str], settled: Settled, commit: Callable[[], Gone]) -> None:
        """Changes the ledger in one step: what answers from then on is in the index before, and what answers
        no more goes from it after."""
        standing = self.ledger.records_of(ident for ident, other in settled.items() if other is None)
        added = self._generations.change(functools.partial(Index.add, records=standing)) if standing else True
        if leaving:
            self._forget_quotes()
        gone = commit()
        if not added and leaving:
            # It was built from the ledger as it was before.
            self._generations.rebuild()
        elif gone.keys:
            self._generations.change(functools.partial(Index.remove, keys=gone.keys))
        self._originals.remove(gone.originals)

    def _erase(self) -> None:
        """After documents went: their words go from all files. Once for many, as it takes its time."""
        with self._writing:
            if self._owes():
                self._forget_quotes()
                self._generations.change(lambda index: index.rewrite(self.ledger.records()))
                self._forget_on_disk()

    def _owes(self) -> bool:
        return self.ledger.note(OWED, "no") != "no"

    def _forget_on_disk(self) -> None:
        if self.ledger.erase_traces():
            self.ledger.set_note(OWED, "no")

    def _forget_quotes(self) -> None:
        """Removes what quotes documents and can be made again: reports of evaluations."""
        shutil.rmtree(self._home / "evaluation" / "quoted", ignore_errors=True)

    # -- look ------------------------------------------------------------------------------------

    def search(self, find: Callable[[Index], Result]) -> Result:
        """What `find` finds in the index; where the index fails, it is rebuilt and asked once more."""
        return self._generations.search(find)

    def original(self, document_id: str) -> bytes:
        """The bytes of a document as they were added.

        Raises:
            NotFound: no document has this id, or its original is missing or damaged.
        """
        held = self.ledger.document(document_id)
        data = self._originals.read(self.ledger.sha256(document_id) or "")
        if data is None:
            raise NotFound(f"The original of {held.source} is missing or damaged; add it again.")
        return data

    # -- check, rebuild --------------------------------------------------------------------------

    def check(self, repair: bool = False) -> Health:
        """Counts what each part holds, and verifies every passage and every original.

        With `repair`, what can be mended is, and `repaired` of what is given says what that was.
        """
        with self._writing:
            if repair:
                repaired = tuple(self._repaired())
                return replace(self.check(), repaired=repaired)
            documents, passages = self.ledger.counts()
            vectors, words = self.search(lambda index: index.counts())
            problems = [*checkup.problems(self.ledger, self._originals)]
            problems += [] if self._index_is_right() else [checkup.INDEX]
            problems += [] if self._embedder_is_right() else [checkup.EMBEDDER]
            return Health(documents, passages, vectors, words, tuple(problems))

    def _repaired(self) -> Iterator[str]:
        """Mends, and says what was mended."""
        if orphans := self._originals.keep_only(self.ledger.sha256s()):
            yield f"Removed {orphans} originals that belonged to no document."
        if not self._embedder_is_right():
            self._embed_anew()
            yield "Embedded all passages anew."
        if not self._index_is_right():
            self._generations.rebuild()
            yield "Built the index anew from the ledger."
        if self._owes():
            self._erase()
            yield "Erased from the disk what was removed before."

    def rebuild(self) -> Health:
        """Builds the index anew from the ledger, and the vectors too where the embedder is another."""
        with self._writing:
            if not self._embedder_is_right():
                self._embed_anew()
            self._generations.rebuild()
            return self.check()

    def require_embedder(self) -> None:
        """Makes sure that the embedder is the one that made the stored vectors.

        Raises:
            EmbedderError: it is another.
        """
        if not self._embedder_is_right():
            made_by = self.ledger.note("embedder", self._embedder.fingerprint)
            raise EmbedderError(
                f"The documents were embedded by {made_by}, but {self._embedder.fingerprint} is configured; "
                "run `assistant rebuild`, or configure the former."
            )

    def _embedder_is_right(self) -> bool:
        return self.ledger.note("embedder", self._embedder.fingerprint) == self._embedder.fingerprint

    def _index_is_right(self) -> bool:
        keys = self.ledger.keys()
        return self.search(lambda index: index.keys()) == (keys, keys)

    def _embed_anew(self) -> None:
        # Until all are, they fit no embedder, the former one neither.
        self.ledger.set_note("embedder", f"{self._embedder.fingerprint}, not all of them")
        for batch in _sized(self.ledger.embedded(), 256):
            spans = [shifted(p, len(text) - len(p.text)) for _, text, p in batch]
            whole, parts = self._embedder.embed_spans([text for _, text, _ in batch], spans)
            self.ledger.replace_vectors([key for key, _, _ in batch], whole, parts)
        self.ledger.set_note("embedder", self._embedder.fingerprint)


def _sized(items: Iterable[Result], size: int) -> Iterator[list[Result]]:
    batch: list[Result] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
