"""The corpus: documents taken in, replaced, removed, checked and repaired.

    add:  source -> bytes -> Document -> Passages -> ledger -> vectors and words

What a document is until its passages have vectors is the part of `intake`; the rest of the line is here. The
ledger is written first, the index after it, and only then is a document answerable. Whatever happens in
between leaves a ledger that says so, and an index that is built anew from it at the next opening.
"""

from __future__ import annotations

import functools
import itertools
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from assistant.core.errors import EmbedderError, NotFound, StoreError
from assistant.core.priority import Precedence
from assistant.core.types import Entry, Health, Outcome, Source, Status, Step, ignore
from assistant.embedding import neighbours
from assistant.embedding.embedders import Embedder
from assistant.embedding.neighbours import leaning
from assistant.ingest.pipeline import Arrival, Intake, Item, shifted
from assistant.store import health, shelf
from assistant.store.canonical import Standing
from assistant.store.generations import Generations
from assistant.store.index import Index
from assistant.store.ledger import OWED, Gone, Ledger, Settled
from assistant.store.originals import Originals
from assistant.store.reserve import Reserve
from assistant.store.shelf import Shelf

Result = TypeVar("Result")


class Library:
    """The corpus in one home folder, open. Safe to use from several threads; one writes at a time."""

    def __init__(self, home: Path, embedder: Embedder, say: Callable[[str], None] = lambda _: None) -> None:
        """Opens the corpus in `home`, repairing what an interruption left; `say` hears when that takes time.

        Raises:
            StoreError: the folder cannot be used.
            LedgerError: the ledger is not that of the originals; no file was changed.
        """
        self._originals = self._open_originals(home)
        self._reserve = Reserve(home)
        shelf.require_file(home / "ledger.db", self._originals)
        with self._reserve.spent():
            self.ledger = Ledger.at(home / "ledger.db")
            try:
                self._set_up(home, embedder, say)
                self._open()
            except BaseException:
                self.ledger.close()
                raise

    def _open_originals(self, home: Path) -> Originals:
        return Originals(home / "originals")

    def _set_up(self, home: Path, embedder: Embedder, say: Callable[[str], None]) -> None:
        self.precedence = Precedence()
        self._home, self._embedder, self._say = home, embedder, say
        self._writing = threading.RLock()
        self._unready = False
        """Whether the ledger holds what was never acknowledged and could not be forgotten: full disk."""
        self._adding = 0
        """Calls of `add` that have not ended, each of which erases what it removed when it does."""
        self._shelf = Shelf(self.ledger, self._originals)
        self._standing = Standing(self.ledger.engine)
        self._generations = Generations(home / "index", self.ledger, self._writing, say)
        self._intake = Intake(embedder, self.ledger.holds, self.precedence)

    def _open(self) -> None:
        self._shelf.require()
        interrupted = self.ledger.forget_unready() > 0 or self._owes()
        self._shelf.open()
        if unrecorded := len(self._shelf.unrecorded()):
            self._say(health.unrecorded(unrecorded))
        self._generations.open(anew=interrupted)
        if interrupted:
            self._forget_quotes()
            self._forget_on_disk()

    def close(self) -> None:
        """Lets go of all files."""
        with self._writing:
            self._generations.close()
            self.ledger.close()
            self._reserve.fill()

    # -- add -------------------------------------------------------------------------------------

    def add(self, sources: Iterable[Source], told: Callable[[Step], None] = ignore) -> Iterator[Outcome]:
        """Takes sources in, a batch at a time; what is given out is kept, whatever happens next.

        `told` hears how far each source has come, in the thread that asks for the outcomes.

        Raises:
            EmbedderError: the vectors of this store were made by another embedder.
        """
        self.require_embedder()
        with self._writing:
            self._adding += 1
            self._standing.catch_up()
        batches = self._intake.batches(sources, told)
        try:
            for batch in batches:
                yield from self._take_in(batch)
        finally:
            batches.close()
            with self._writing:
                self._adding -= 1
                self._finish()

    def _take_in(self, batch: Sequence[Item]) -> list[Outcome]:
        """Makes the documents of a batch answerable, all of them or none, and tells what became of each."""
        self.precedence.give_way()
        with self._writing:
            arrivals = [item for item in batch if isinstance(item, Arrival)]
            new: dict[str, Arrival] = {}
            for item in arrivals:
                if item.prepared and not self.ledger.holds(item.id):
                    new.setdefault(item.id, item)
            there = [item for item in arrivals if item.id in new or self.ledger.holds(item.id)]
            before = {item.source: self.ledger.named(item.source) for item in there}
            names = {item.source: item.id for item in there if before[item.source] != item.id}
            for item in there:
                if item.id not in new:
                    self._originals.keep(item.data)
            self._record(new, names)
            held = {entry.id: entry for entry in self.ledger.entries(item.id for item in there)}
            outcomes = [_told(item, new, before, held) for item in batch]
        return [outcome or self._again(item) for outcome, item in zip(outcomes, batch, strict=True)]

    def _record(self, new: Mapping[str, Arrival], names: Mapping[str, str]) -> None:
        """Makes new documents answerable, and sources name what they name from now on."""
        prepared = [item.prepared for item in new.values() if item.prepared]
        leaving = self.ledger.leaving(names)
        settled = self._standing.settled(leaving, prepared)
        if self._unready:
            self._forget_unready()
        try:
            missing = self._shelf.missing(prepared)
            self.ledger.put(prepared, {ident: settled[ident] for ident in new}, missing)
            self._shelf.keep((item.data for item in new.values()), new)
            self._change(leaving, settled, functools.partial(self.ledger.acknowledge, names, settled))
        except BaseException:
            self._unready = True
            self._forget_unready()
            raise

    def _forget_unready(self) -> None:
        self.ledger.forget_unready()
        self._shelf.forget()
        self._unready = False

    def _again(self, item: Item) -> Outcome:
        """Takes in what the corpus held when it was read, and no more when it was to be recorded."""
        assert isinstance(item, Arrival)
        return next(self.add([Source(item.source, lambda: item.data)]))

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
        with self._writing, self._reserve.spent():
            entries = {entry.id: entry for entry in self.ledger.entries()}
            for document_id in document_ids:
                if document_id not in entries:
                    raise NotFound(f"No document has the id {document_id}; `assistant list` shows the ids.")
            self._take_out(set(document_ids), functools.partial(self.ledger.remove, set(document_ids)))
            return [entries[document_id] for document_id in dict.fromkeys(document_ids)]

    def unname(self, names: Sequence[str]) -> list[Entry]:
        """Takes names away; removes, as `remove` does, and gives the documents that have no other."""
        with self._writing, self._reserve.spent():
            leaving = self.ledger.leaving(dict.fromkeys(names))
            entries = [entry for entry in self.ledger.entries() if entry.id in leaving]
            self._take_out(leaving, functools.partial(self.ledger.unname, names))
            return entries

    def _take_out(self, leaving: set[str], take: Callable[[Settled], Gone]) -> None:
        """Removes documents; where a full disk then prevents that traces are erased, this is said, and made
        up for later."""
        if self._unready:
            self._forget_unready()
        settled, before = self._standing.settled(leaving), self.ledger.change
        try:
            self._change(leaving, settled, functools.partial(take, settled))
            self._finish()
        except StoreError as fault:
            if self.ledger.change == before or self.ledger.erasable.hashes():
                raise StoreError(f"{fault.message} {health.needed(self._needed())}") from fault
            self._say(health.owed(self._needed()))

    def _needed(self) -> int:
        """Bytes of room that it takes to erase from the disk what was removed: the ledger is written anew."""
        return 2 * (self._home / "ledger.db").stat().st_size

    def _change(self, leaving: set[str], settled: Settled, commit: Callable[[], Gone]) -> None:
        """Changes the ledger in one step: what answers from then on is in the index before, and what answers
        no more goes from it after."""
        standing = self.ledger.records_of(ident for ident, other in settled.items() if other is None)
        added = self._generations.change(functools.partial(Index.add, records=standing)) if standing else True
        if leaving:
            self._forget_quotes()
        gone = commit()
        # Before the index, which a full disk may keep from being changed.
        self._shelf.follow(gone)
        if not added and leaving:
            # It was built from the ledger as it was before.
            self._generations.rebuild()
        elif gone.keys:
            self._generations.change(functools.partial(Index.remove, keys=gone.keys))

    def _finish(self) -> None:
        """After any number of changes, for it takes its time: what went goes from all files, and the index is
        sealed."""
        with self._writing:
            if self._owes():
                self._forget_quotes()
                self._generations.change(lambda index: index.rewrite(self.ledger.records()))
                self._forget_on_disk()
            self._generations.change(Index.seal)

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
                return self._check_after_repair()
            documents, passages = self.ledger.counts()
            problems = [*health.problems(self.ledger, self._originals, self._shelf)]
            try:
                vectors, words = self.search(lambda index: index.counts())
                problems += [] if self._index_is_right() else [health.INDEX]
            except StoreError as fault:
                vectors = words = 0
                problems.append(fault.message)
            problems += [] if self._embedder_is_right() else [health.EMBEDDER]
            problems += [health.owed(self._needed())] if self._owes() and not self._adding else []
            return Health(documents, passages, vectors, words, tuple(dict.fromkeys(problems)))

    def _check_after_repair(self) -> Health:
        repaired: list[str] = []
        try:
            for sentence in self._repaired():
                repaired.append(sentence)
        except StoreError as fault:
            found = self.check()
            return replace(found, repaired=tuple(repaired), problems=(*found.problems, fault.message))
        return replace(self.check(), repaired=tuple(repaired))

    def _repaired(self) -> Iterator[str]:
        """Mends, and says what was mended."""
        if damaged := health.damaged(self.ledger):
            yield from self._made_anew(damaged)
        if unrecorded := self._shelf.unrecorded():
            yield from self._taken_in(unrecorded)
        if mislabelled := self._shelf.mislabelled():
            self._shelf.relabel()
            yield f"Wrote the names of {len(mislabelled)} originals beside them."
        if not self._embedder_is_right():
            self._embed_anew()
            yield "Embedded all passages anew."
        if not self._index_is_right():
            self._generations.rebuild()
            yield "Built the index anew from the ledger."
        if self._owes():
            self._finish()
            yield "Erased from the disk what was removed before."

    def _made_anew(self, damaged: Mapping[str, str]) -> Iterator[str]:
        """Makes the records of documents anew, from those of their originals that are whole; `damaged` maps
        their hashes to their ids."""
        whole = {sha256: ident for sha256, ident in damaged.items() if self._originals.holds(sha256)}
        if whole:
            self.ledger.forget(whole.values())
            yield from self._taken_in(set(whole))

    def _taken_in(self, sha256s: Iterable[str]) -> Iterator[str]:
        """Records originals that have no record."""
        labels = shelf.labels(self._originals, sha256s, self.ledger.all_names())
        outcomes = [*self.add(shelf.sources(self._originals, labels))]
        self.ledger.redate({sha256: label.added for sha256, label in labels.items() if label.added})
        self._shelf.relabel()
        taken = {outcome.document_id for outcome in outcomes if outcome.status != "rejected"}
        yield f"Took in {len(taken)} of {len(labels)} originals that had no sound record."
        for outcome in outcomes:
            if outcome.status == "rejected":
                yield f"The original of {outcome.source} was left as it is: {outcome.reason}"

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
            made_by = self.ledger.note("embedder", self._fingerprint)
            raise EmbedderError(
                f"The documents were embedded by {made_by}, but {self._fingerprint} is configured; "
                "run `assistant rebuild`, or configure the former."
            )

    def _embedder_is_right(self) -> bool:
        return self.ledger.note("embedder", self._fingerprint) == self._fingerprint

    @property
    def _fingerprint(self) -> str:
        """What makes the vectors of passages."""
        return f"{self._embedder.fingerprint}, {neighbours.NAME}"

    def _index_is_right(self) -> bool:
        keys = self.ledger.keys()
        return self.search(lambda index: index.keys()) == (keys, keys)

    def _embed_anew(self) -> None:
        # Until all are, they fit no embedder, the former one neither.
        self.ledger.set_note("embedder", f"{self._fingerprint}, not all of them")
        for _, rows in itertools.groupby(self.ledger.embedded(), lambda row: row[2].document_id):
            keys, texts, passages = zip(*rows, strict=True)
            spans = [shifted(p, len(text) - len(p.text)) for text, p in zip(texts, passages, strict=True)]
            whole, parts = self._embedder.embed_spans(texts, spans)
            self.ledger.replace_vectors(keys, leaning(whole), parts)
        self.ledger.set_note("embedder", self._fingerprint)


def _told(
    item: Item, new: Mapping[str, Arrival], before: Mapping[str, str | None], held: Mapping[str, Entry]
) -> Outcome | None:
    """What became of an item; None where it was to be there already, and is not."""
    if isinstance(item, Outcome):
        return item
    if item.source not in before:
        return None
    status: Status = "added" if new.get(item.id) is item else "unchanged"
    if before[item.source] not in (None, item.id):
        status = "updated"
    entry = held[item.id]
    return Outcome(item.source, status, item.id, entry.title, entry.passages, duplicate_of=entry.duplicate_of)
