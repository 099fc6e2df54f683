"""The corpus: adds, replaces, removes, checks and repairs documents.

    add:  source -> bytes -> Document -> Passages -> ledger -> vectors and words

`pipeline` prepares documents up to their vectors; this module records them. The ledger is written first, then
the index, and only then is a document acknowledged. An interruption in between is noted in the ledger, and
the index is rebuilt from it when the library is opened again.
"""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from assistant.core.errors import EmbedderError, NotFound, ReadError, StoreError, StoreUnreachable
from assistant.core.priority import QuestionPriority, Rank, rank_of
from assistant.core.types import AddResult, DocumentInfo, Health, Notify, OnStep, Source, Status, ignore
from assistant.embedding.embedders import Embedder
from assistant.ingest import sandbox
from assistant.ingest.embedding import embed_anew, method
from assistant.ingest.pipeline import Arrival, IngestionPipeline, Item
from assistant.store import health, reconciler
from assistant.store.addresses import IN_HOME, Stores
from assistant.store.duplicates.canonical import CanonicalDocuments
from assistant.store.index import Index
from assistant.store.index.generations import Generations
from assistant.store.ledger import Canonicals, Ledger
from assistant.store.lists.rejections import Rejections
from assistant.store.originals import Originals, open_originals
from assistant.store.reconciler import Reconciler
from assistant.store.records import LedgerChange
from assistant.store.reserve import Reserve
from assistant.store.schema import TRACES

Result = TypeVar("Result")
REREAD = "reread"
"""The note of the original that is being read again."""


class Library:
    """The open corpus of one home folder. Thread-safe; one thread writes at a time."""

    def __init__(
        self, home: Path, embedder: Embedder, notify: Notify = lambda _: None, stores: Stores = IN_HOME
    ) -> None:
        """Open the corpus in `home` and repair interrupted changes; `notify` is called if that takes time.

        Raises:
            StoreError: the folder cannot be used.
            StoreUnreachable: one of the stores elsewhere does not answer.
            LedgerError: the ledger does not belong to the originals; no file was changed.
        """
        self._stores = stores
        self._originals = self._open_originals(home, stores)
        self._reserve = Reserve(home)
        if not stores.database:
            reconciler.require_ledger_file(home / "ledger.db", self._originals)
        with self._reserve.released():
            self.ledger = Ledger(stores.database) if stores.database else Ledger.at(home / "ledger.db")
            try:
                self._set_up(home, embedder, notify)
                self._open()
            except BaseException:
                self.ledger.close()
                raise

    def _open_originals(self, home: Path, stores: Stores) -> Originals:
        return open_originals(home, stores)

    def _set_up(self, home: Path, embedder: Embedder, notify: Notify) -> None:
        self.question_priority = QuestionPriority()
        self._home, self._embedder, self._notify = home, embedder, notify
        self._writing: AbstractContextManager[Any] = threading.RLock()
        self._unready = False
        """True if the ledger has unacknowledged documents that a full disk kept from being deleted."""
        self._adding = 0
        """Calls of `add` that have not ended, each of which erases what it removed when it does."""
        self._reconciler = Reconciler(self.ledger, self._originals)
        self._canonical_documents = CanonicalDocuments(self.ledger.engine)
        self.rejections = Rejections(self.ledger.engine)
        self._generations = self._make_generations(home / "index")
        self._pipeline = IngestionPipeline(embedder, self.ledger.has_document, self.question_priority)

    def _make_generations(self, folder: Path) -> Generations:
        return Generations(folder, self.ledger, self._writing, self._notify, self._stores.chroma)

    def _open(self) -> None:
        with self._writing:
            self._recover()

    def _recover(self, *, interrupted: bool = False) -> None:
        self._reconciler.require_match()
        interrupted |= self.ledger.delete_unready() > 0 or self._has_traces()
        self._reconciler.recover()
        if unrecorded := len(self._reconciler.unrecorded()):
            self._notify(health.unrecorded_message(unrecorded))
        self._generations.open(rebuild=interrupted)
        if interrupted:
            self._delete_quotes()
            self._erase_traces()
        self._read_noted()

    def close(self) -> None:
        """Close all files."""
        with self._writing:
            self._close()

    def _close(self) -> None:
        self._generations.close()
        self.ledger.close()
        self._reserve.fill()

    def add(self, sources: Iterable[Source], on_step: OnStep = ignore) -> Iterator[AddResult]:
        """Add sources in batches; each result is yielded once it is durable.

        `on_step` is called with the progress of each source, in the thread that iterates over the results.

        Raises:
            EmbedderError: the vectors of this store were made by another embedder.
        """
        self.require_embedder()
        with self._writing:
            self._adding += 1
            self._canonical_documents.sketch_missing()
        batches = self._pipeline.batches(sources, on_step)
        is_first = True
        try:
            for batch in batches:
                yield from self._record_batch(batch, rank_of(len(batch), is_first=is_first))
                is_first = False
        finally:
            batches.close()
            with self.question_priority.first(Rank.NEW), self._writing:
                self._adding -= 1
                self._finish()

    def _record_batch(self, batch: Sequence[Item], rank: Rank) -> list[AddResult]:
        """Make the documents of a batch answerable, all or none, and return the result of each."""
        self.question_priority.give_way(rank)
        with self.question_priority.first(rank), self._writing:
            arrivals = [item for item in batch if isinstance(item, Arrival)]
            new: dict[str, Arrival] = {}
            for item in arrivals:
                if item.prepared and not self.ledger.has_document(item.id):
                    new.setdefault(item.id, item)
            present = [item for item in arrivals if item.id in new or self.ledger.has_document(item.id)]
            before = {item.source: self.ledger.document_named(item.source) for item in present}
            names = {item.source: item.id for item in present if before[item.source] != item.id}
            for item in present:
                if item.id not in new:
                    self._originals.add(item.data)
            self._record(new, names)
            entries = {entry.id: entry for entry in self.ledger.entries(item.id for item in present)}
            outcomes = [_outcome(item, new, before, entries) for item in batch]
            self.rejections.note([outcome for outcome in outcomes if outcome])
        return [outcome or self._add_again(item) for outcome, item in zip(outcomes, batch, strict=True)]

    def _record(self, new: Mapping[str, Arrival], names: Mapping[str, str]) -> None:
        """Make new documents answerable, and assign names to their new documents."""
        prepared = [item.prepared for item in new.values() if item.prepared]
        orphans = self.ledger.orphans(names)
        canonicals = self._canonical_documents.resolve(orphans, prepared)
        if self._unready:
            self._delete_unready()
        try:
            missing = self._reconciler.missing(prepared)
            self.ledger.put(prepared, {ident: canonicals[ident] for ident in new}, missing)
            self._reconciler.add((item.data for item in new.values()), new)
            self._change(orphans, canonicals, functools.partial(self.ledger.acknowledge, names, canonicals))
        except BaseException:
            self._unready = True
            with self._reserve.released():
                self._delete_unready()
            raise

    def _delete_unready(self) -> None:
        self.ledger.delete_unready()
        self._reconciler.erase_unacknowledged()
        self._unready = False

    def _add_again(self, item: Item) -> AddResult:
        """Add a document that was in the corpus when it was read, but was removed before it was recorded."""
        assert isinstance(item, Arrival)
        return next(self.add([Source(item.source, lambda: item.data)]))

    def tag(self, document_ids: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> None:
        """Give tags to documents, and take others from them."""
        with self._writing:
            self._reconciler.apply(self.ledger.tag(document_ids, added, removed))

    def remove(self, document_id: str) -> DocumentInfo:
        """Remove a document. Its text is gone from every file of the store.

        Raises:
            NotFound: no document has this id.
        """
        return self.remove_all([document_id])[0]

    def remove_all(self, document_ids: Sequence[str]) -> list[DocumentInfo]:
        """Remove documents, all or none, as `remove` does.

        Raises:
            NotFound: no document has one of the ids.
        """
        with self._writing, self._reserve.released():
            entries = {entry.id: entry for entry in self.ledger.entries()}
            for document_id in document_ids:
                if document_id not in entries:
                    raise NotFound(f"No document has the id {document_id}; `assistant list` shows the ids.")
            self._remove_documents(
                set(document_ids), functools.partial(self.ledger.remove, set(document_ids))
            )
            return [entries[document_id] for document_id in dict.fromkeys(document_ids)]

    def unname(self, names: Sequence[str]) -> list[DocumentInfo]:
        """Remove names, and the documents that have no other name; return these documents."""
        with self._writing, self._reserve.released():
            orphans = self.ledger.orphans(dict.fromkeys(names))
            entries = [entry for entry in self.ledger.entries() if entry.id in orphans]
            self._remove_documents(orphans, functools.partial(self.ledger.unname, names))
            return entries

    def _remove_documents(self, removed: set[str], commit: Callable[[Canonicals], LedgerChange]) -> None:
        """Remove documents. On a full disk the index gives up its room; if that is not enough to erase their
        traces, report it and erase them later."""
        self._generations.require_reachable()
        if self._unready:
            self._delete_unready()
        canonicals, before = self._canonical_documents.resolve(removed), self.ledger.change_number
        change = functools.partial(self._change, removed, canonicals, functools.partial(commit, canonicals))
        try:
            try:
                change()
                self._finish()
            except StoreError:
                self._generations.move_to_memory()
                change() if self.ledger.change_number == before else self._reconciler.erase_unacknowledged()
                self._finish()
        except StoreError as fault:
            if self.ledger.change_number == before or self.ledger.erasable.hashes():
                raise StoreError(f"{fault.message} {health.space_message(self._needed())}") from fault
            self._notify(health.traces_message(self._needed()))
        except StoreUnreachable as fault:
            if self.ledger.change_number == before:
                raise
            self._notify(f"{fault.message} What was removed is not found any more; its vectors go later.")

    def _needed(self) -> int:
        """Return the bytes of free space needed to erase removed text: the ledger is written anew."""
        return 0 if self._stores.database else 2 * (self._home / "ledger.db").stat().st_size

    def _change(self, removed: set[str], canonicals: Canonicals, commit: Callable[[], LedgerChange]) -> None:
        """Commit a change of the ledger: index new records before it, and remove old ones after it."""
        records = self.ledger.records_of(ident for ident, other in canonicals.items() if other is None)
        added = self._generations.change(functools.partial(Index.add, records=records)) if records else True
        if removed:
            self._delete_quotes()
        try:
            result = commit()
        except BaseException:
            self._generations.distrust()
            raise
        # Before the index, which a full disk may prevent from changing.
        self._reconciler.apply(result)
        if not added and removed:
            # The index was rebuilt from the ledger before the change.
            self._generations.rebuild()
        elif result.removed_keys:
            self._generations.change(functools.partial(Index.remove, keys=result.removed_keys))

    def delete_conversations(self, *conversations: str) -> None:
        """Delete conversations from all files. Where a full disk prevents that, it is made up for later."""
        with self._writing, self._reserve.released():
            has_others = self._has_traces()
            for conversation in conversations:
                self.ledger.conversations.delete(conversation)
            try:
                # Alone it has left traces in the ledger only, not in the index.
                self._finish() if has_others else self._erase_traces()
            except (StoreError, StoreUnreachable):
                self._notify(health.traces_message(self._needed()))

    def _finish(self) -> None:
        """Erase removed text from all files and seal the index, once for any number of changes."""
        with self._writing:
            if self._has_traces():
                self._delete_quotes()
                self._generations.change(lambda index: index.rewrite(self.ledger.records()))
                self._erase_traces()
            self._generations.change(Index.seal)

    def _has_traces(self) -> bool:
        return self.ledger.note(TRACES, "no") != "no"

    def _erase_traces(self) -> None:
        if self.ledger.erase_traces():
            self.ledger.set_note(TRACES, "no")

    def _delete_quotes(self) -> None:
        """Delete reports of evaluations, which quote documents and can be made again."""
        shutil.rmtree(self._home / "evaluation" / "quoted", ignore_errors=True)

    def search(self, find: Callable[[Index], Result]) -> Result:
        """Return the result of `find` on the index; if the index fails, rebuild it and try again."""
        return self._generations.search(find)

    def original(self, document_id: str) -> bytes:
        """Return the bytes of a document as they were added.

        Raises:
            NotFound: no document has this id, or its original is missing or damaged.
        """
        document = self.ledger.document(document_id)
        data = self._originals.read(self.ledger.sha256(document_id) or "")
        if data is None:
            raise NotFound(f"The original of {document.source} is missing or damaged; add it again.")
        return data

    def check(self, repair: bool = False) -> Health:
        """Count the documents, passages, vectors and words, and verify every passage and original.

        With `repair`, faults are repaired where possible; `repaired` of the result lists the repairs.
        """
        with self._writing:
            if repair:
                return self._check_after_repair()
            documents, passages = self.ledger.counts()
            problems = [*health.find_problems(self.ledger, self._originals, self._reconciler)]
            try:
                vectors, words = self.search(lambda index: index.counts())
                problems += [] if self._index_matches() else [health.INDEX_PROBLEM]
            except (StoreError, StoreUnreachable) as fault:
                vectors = words = 0
                problems.append(fault.message)
            problems += [] if self._embedder_matches() else [health.EMBEDDER_PROBLEM]
            problems += (
                [health.traces_message(self._needed())] if self._has_traces() and not self._adding else []
            )
            return Health(documents, passages, vectors, words, tuple(dict.fromkeys(problems)))

    def _check_after_repair(self) -> Health:
        repaired: list[str] = []
        try:
            for sentence in self._repair():
                repaired.append(sentence)
        except (StoreError, StoreUnreachable) as fault:
            result = self.check()
            return replace(result, repaired=tuple(repaired), problems=(*result.problems, fault.message))
        return replace(self.check(), repaired=tuple(repaired))

    def _repair(self) -> Iterator[str]:
        """Repair all faults and yield a sentence for each repair."""
        if damaged := health.damaged_documents(self.ledger):
            yield from self._record_anew(damaged)
        if turns := self.ledger.conversations.damaged():
            self.ledger.conversations.remove(number for number, _ in turns)
            yield f"Removed {len(turns)} damaged turns of conversations."
        if unrecorded := self._reconciler.unrecorded():
            yield from self._record_originals(unrecorded)
        if mislabelled := self._reconciler.mislabelled():
            self._reconciler.relabel()
            yield f"Rewrote the labels of {len(mislabelled)} originals."
        if not self._embedder_matches():
            embed_anew(self.ledger, self._embedder)
            yield "Embedded all passages again."
        if not self._index_matches():
            self._generations.rebuild()
            yield "Rebuilt the index from the ledger."
        if self._has_traces():
            self._finish()
            yield "Erased the traces of removed documents from the disk."

    def _record_anew(self, damaged: Mapping[str, str]) -> Iterator[str]:
        """Record damaged documents anew from intact originals; `damaged` maps hashes to document ids.

        Where the hash itself is damaged, the original is the one whose hash begins with the id.
        """
        stored = self._originals.hashes()
        intact: dict[str, str] = {}
        for recorded, ident in damaged.items():
            named = (sha256 for sha256 in stored if sha256.startswith(ident))
            if found := next(filter(self._originals.is_intact, (recorded, *named)), None):
                intact[found] = ident
        if intact:
            self.ledger.delete_records(intact.values())
            yield from self._record_originals(set(intact))

    def _record_originals(self, sha256s: Iterable[str]) -> Iterator[str]:
        """Record originals that have no record."""
        labels = reconciler.unique_labels(self._originals, sha256s, self.ledger.all_names())
        outcomes = [*self.add(reconciler.to_sources(self._originals, labels))]
        self.ledger.set_labels(labels)
        self._reconciler.relabel()
        added = {outcome.document_id for outcome in outcomes if outcome.status != "rejected"}
        yield f"Added {len(added)} of {len(labels)} originals that had no intact record."
        for outcome in outcomes:
            if outcome.status == "rejected":
                yield f"The original of {outcome.source} was left unchanged: {outcome.reason}"

    def read_again(self, document_id: str) -> AddResult:
        """Read a document anew from its original, as another version of the assistant may read it otherwise.

        Where it reads the same, nothing is changed; where it cannot be read any more, it stays as it was.

        Raises:
            NotFound: no document has this id, or its original is missing or damaged.
        """
        before, data = self.ledger.document(document_id), self.original(document_id)
        try:
            read = sandbox.read_safely(data, before.source)
        except ReadError as fault:
            return AddResult(before.source, "rejected", document_id, before.title, reason=fault.message)
        if read == before:
            [entry] = self.ledger.entries([document_id])
            return AddResult(before.source, "unchanged", document_id, entry.title, entry.passages)
        with self._writing:
            # Noted first: an interruption is made up for when the library is opened again.
            self.ledger.set_note(REREAD, self.ledger.sha256(document_id) or "")
            keys = [record.key for record in self.ledger.records_of([document_id])]
            self.ledger.delete_records([document_id])
            self.ledger.conversations.remove_quoting([document_id])
            self._generations.change(functools.partial(Index.remove, keys=keys))
            self._read_noted()
        for entry in self.ledger.entries([document_id]):
            return AddResult(before.source, "updated", document_id, entry.title, entry.passages)
        raise StoreError(f"{before.source} could not be recorded; run `assistant check --repair`.")

    def _read_noted(self) -> None:
        """Record the original that is noted to be read again, if there is one without a record."""
        sha256 = self.ledger.note(REREAD, "")
        if not sha256:
            return
        if sha256 in self._reconciler.unrecorded():
            list(self._record_originals([sha256]))
            if not self._index_matches():
                self._generations.rebuild()
        self.ledger.set_note(REREAD, "")

    def rebuild(self) -> Health:
        """Rebuild the index from the ledger, and the vectors too if the embedder has changed."""
        with self._writing:
            if not self._embedder_matches():
                embed_anew(self.ledger, self._embedder)
            self._generations.rebuild()
            return self.check()

    def require_embedder(self) -> None:
        """Check that the embedder is the one that made the stored vectors.

        Raises:
            EmbedderError: it is a different one.
        """
        if not self._embedder_matches():
            made_by = self.ledger.note("embedder", self._fingerprint)
            raise EmbedderError(
                f"The documents were embedded by {made_by}, but {self._fingerprint} is configured; "
                "run `assistant rebuild`, or configure the former one."
            )

    def _embedder_matches(self) -> bool:
        return self.ledger.note("embedder", self._fingerprint) == self._fingerprint

    @property
    def _fingerprint(self) -> str:
        """The name of the method that makes the vectors of passages."""
        return method(self._embedder)

    def _index_matches(self) -> bool:
        keys = self.ledger.keys()
        return self.search(lambda index: index.keys()) == (keys, keys)


def _outcome(
    item: Item,
    new: Mapping[str, Arrival],
    before: Mapping[str, str | None],
    entries: Mapping[str, DocumentInfo],
) -> AddResult | None:
    """Return the result for an item; None if its document is missing although it was in the corpus before."""
    if isinstance(item, AddResult):
        return item
    if item.source not in before:
        return None
    status: Status = "added" if new.get(item.id) is item else "unchanged"
    if before[item.source] not in (None, item.id):
        status = "updated"
    entry = entries[item.id]
    return AddResult(
        item.source, status, item.id, entry.title, entry.passages, duplicate_of=entry.duplicate_of
    )
