"""The ledger of documents, passages, vectors and conversations, from which everything else is derived.

SQLite through SQLAlchemy Core, or PostgreSQL by its URL. A document is recorded with `ready` false. Once it
is indexed, `acknowledge` makes it answerable, in one transaction with the removal of documents that it
replaces. A document that is not ready when the store is opened was never acknowledged; `delete_unready`
deletes it. A transaction that removes passages also notes that traces of them must be erased from the disk
(`TRACES`), and which originals may be erased (`erasable`). Changes of documents are numbered
(`CHANGE_NUMBER`), by which a ledger that is older than its originals is recognised.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from assistant.core.errors import LedgerError, NotFound, StoreError
from assistant.core.types import Document, DocumentInfo, Passage
from assistant.store import database, digests, erasable
from assistant.store import vectors as stored_vectors
from assistant.store.changes import removing, writing
from assistant.store.changes.removing import CHANGE_NUMBER as CHANGE_NUMBER
from assistant.store.changes.removing import Canonicals as Canonicals
from assistant.store.changes.removing import documents_named, select_ids
from assistant.store.changes.writing import WriteLock
from assistant.store.conversations import Conversations
from assistant.store.database import delete_among, insert_missing, select_among
from assistant.store.duplicates.pairs import set_canonicals
from assistant.store.erasable import ErasableOriginals
from assistant.store.lists.names import give, names_of, pass_on, tags_of, take, with_first
from assistant.store.lists.usage import UsageLog
from assistant.store.originals import Label
from assistant.store.records import (
    IndexRecord,
    LedgerChange,
    PreparedDocument,
    StoredPassage,
    Vectors,
    document_row,
    passage_row,
    to_document,
    to_passage,
    to_stored_passage,
    to_vector,
)
from assistant.store.schema import (
    TRACES,
    UNSKETCHED,
    VERSION,
    documents,
    duplicates,
    meta,
    passages,
    sketches,
    sources,
    vectors,
)

STORE_ID = "store"
"""The note of the store's id."""
MOVING = "moving"
"""Prefix of the noted version while a move to this store is unfinished."""
BATCH_DOCUMENTS = 16
"""Documents recorded in one transaction; a longer one would delay the turns of conversations."""


class Ledger:
    """An open ledger. Thread-safe; one thread at a time makes changes (see `Library`)."""

    def __init__(self, url: str | sql.URL, *, unfinished: bool = False) -> None:
        """Open the database at a SQLAlchemy URL; create missing tables. With `unfinished`, also one to which
        a store is being moved.

        Raises:
            StoreError: it cannot be opened, or a later version of the assistant created it. Every method
                raises it if the database fails later, for example on a full disk.
        """
        self.engine = database.open_engine(url)
        self.conversations = Conversations(self.engine)
        self.usage = UsageLog(self.engine)
        self.erasable = ErasableOriginals(self.engine)
        self.lock: WriteLock | None = None
        """The right to change documents, where other processes have the database open too."""
        version = self.note("schema", VERSION)
        if version.startswith(MOVING) and not unfinished:
            raise StoreError("A move to this store is not finished; run the same `assistant move` again.")
        if version != VERSION and not version.startswith(MOVING):
            raise StoreError("This store was made by another version of the assistant; use that version.")

    @classmethod
    def at(cls, path: Path, *, unfinished: bool = False) -> Ledger:
        """Open the ledger in an SQLite file; a new file is readable by its owner only."""
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return cls(database.sqlite_url(path), unfinished=unfinished)

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    # -- notes: settings of the store ------------------------------------------------------------

    def note(self, key: str, default: str) -> str:
        """Return the value noted under `key`; if there is none, note `default` and return it.

        Threads and processes that note a default at the same time all return the same value.
        """
        query = sql.select(meta.c.value).where(meta.c.key == key)
        with self.engine.begin() as db:
            value = db.scalar(query)
            if value is None:
                insert_missing(db, meta, {"key": key, "value": default})
                value = db.scalar(query)
            return str(value)

    def set_note(self, key: str, value: str) -> None:
        """Note `value` under `key`."""
        with self.engine.begin() as db:
            removing.note(db, key, value)

    # -- changes ---------------------------------------------------------------------------------

    def put(
        self,
        prepared: Sequence[PreparedDocument],
        canonicals: Canonicals | None = None,
        erasable_hashes: Set[str] = frozenset(),
    ) -> list[IndexRecord]:
        """Record documents as not ready, and return the records to index: none of near-duplicates.

        The originals of `erasable_hashes` may be erased until their documents are acknowledged.
        """
        canonicals = canonicals or {}
        new: list[IndexRecord] = []
        for at in range(0, len(prepared), BATCH_DOCUMENTS):
            batch = prepared[at : at + BATCH_DOCUMENTS]
            with self._changing() as db:
                for item in batch:
                    records = _put(db, item)
                    new += [] if canonicals.get(item.document.id) else records
                erasable.mark(db, erasable_hashes & {item.sha256 for item in batch})
                idents = {item.document.id for item in batch}
                set_canonicals(db, {ident: canonicals[ident] for ident in canonicals if ident in idents})
        return new

    def acknowledge(self, ready: Mapping[str, str], canonicals: Canonicals | None = None) -> LedgerChange:
        """Make documents answerable: `ready` maps each source to its document's id.

        In the same transaction, documents that lose their last source are removed, and near-duplicates get
        new `canonicals`.
        """
        if not ready:
            return LedgerChange()
        with self._changing() as db:
            before = documents_named(db, ready)
            pass_on(db, ready)
            delete_among(db, sources, sources.c.source, ready)
            db.execute(sources.insert(), [{"source": s, "document_id": i} for s, i in ready.items()])
            db.execute(documents.update().where(documents.c.id.in_(ready.values())).values(ready=True))
            new = select_among(db, sql.select(documents.c.sha256), documents.c.id, set(ready.values()))
            erasable.unmark(db, [sha256 for (sha256,) in new])
            change = removing.remove_unnamed(db, before, canonicals or {}, ready.values())
            return replace(change, renamed=tuple({*change.renamed, *ready.values()}))

    def unname(self, names: Iterable[str], canonicals: Canonicals | None = None) -> LedgerChange:
        """Remove names, and the documents that have no other name."""
        names = list(names)
        with self._changing() as db:
            before = documents_named(db, names)
            delete_among(db, sources, sources.c.source, names)
            return removing.remove_unnamed(db, before, canonicals or {})

    def remove(self, document_ids: Iterable[str], canonicals: Canonicals | None = None) -> LedgerChange:
        """Remove documents with all their names, and the turns that quote them."""
        with self._changing() as db:
            return removing.remove(db, set(document_ids), canonicals or {})

    def tag(
        self, document_ids: Sequence[str], added: Sequence[str], removed: Sequence[str] = ()
    ) -> LedgerChange:
        """Give tags to documents, and take others from them; a tag that is in both is given."""
        with self._changing() as db:
            known = select_ids(db, documents.c.id, documents.c.id, document_ids)
            take(db, list(known), removed)
            give(db, dict.fromkeys(known, added))
            removing.number_change(db, ())
        return LedgerChange(renamed=tuple(known))

    @property
    def change_number(self) -> int:
        """The number of changes of documents since the store was created."""
        return int(self.note(CHANGE_NUMBER, "0"))

    def delete_records(self, document_ids: Collection[str]) -> None:
        """Delete the records of documents whose originals stay, to be recorded anew from them."""
        with self._changing() as db:
            if self.lock:
                removing.number_change(db, document_ids)
            delete_among(db, documents, documents.c.id, document_ids)
            removing.note(db, TRACES, "yes")

    def delete_unready(self) -> int:
        """Delete documents that were never acknowledged, after an interrupted `put`; return their number."""
        is_unready = documents.c.ready.is_(False)
        if self._scalar(sql.select(documents.c.id).where(is_unready).limit(1)) is None:
            return 0
        # On a full disk the log has the space that deleting takes.
        database.empty_log(self.engine)
        with self._changing() as db:
            if self.lock:
                removing.number_change(db, db.scalars(sql.select(documents.c.id).where(is_unready)).all())
            count = db.execute(documents.delete().where(is_unready)).rowcount
        database.empty_log(self.engine)
        return count

    def erase_traces(self) -> bool:
        """Erase deleted data from the disk; return False if a reader prevented it."""
        return database.erase_deleted(self.engine)

    def faults(self) -> list[str]:
        """Return the faults that the database finds in its own file."""
        return database.find_faults(self.engine)

    # -- documents -------------------------------------------------------------------------------

    def has_document(self, document_id: str) -> bool:
        """True if the document is recorded and answerable."""
        query = sql.select(documents.c.id).where(documents.c.id == document_id, documents.c.ready)
        return self._scalar(query) is not None

    def document_named(self, source: str) -> str | None:
        """Return the id of the document that `source` names."""
        ident: str | None = self._scalar(sql.select(sources.c.document_id).where(sources.c.source == source))
        return ident

    def all_names(self) -> set[str]:
        """Return all sources."""
        with self.engine.connect() as db:
            return set(db.scalars(sql.select(sources.c.source)))

    def is_intact(self, document_id: str) -> bool:
        """True if the rows of a document are undamaged."""
        try:
            with self.engine.connect() as db:
                return digests.is_intact(db, document_id)
        except LedgerError:
            return False

    def identities(self) -> list[tuple[str, str, str]]:
        """Return id, hash and source of each answerable document, including those with damaged rows, in which
        undecodable text is replaced."""
        fields = (database.Raw(documents.c[name]) for name in ("id", "sha256", "source"))
        with self.engine.connect() as db:
            rows = db.execute(sql.select(*fields).where(documents.c.ready).order_by(documents.c.source))
            return [tuple((value or b"").decode("utf-8", "replace") for value in row) for row in rows]  # type: ignore[misc]

    def names(self, document_id: str) -> list[str]:
        """Return the sources that name a document."""
        query = sql.select(sources.c.source).where(sources.c.document_id == document_id)
        with self.engine.connect() as db:
            return list(db.scalars(query.order_by(sources.c.source)))

    def orphans(self, names: Mapping[str, str | None]) -> set[str]:
        """Return the documents that lose their last name when `names` maps sources to other documents, or to
        None."""
        with self.engine.connect() as db:
            candidates = documents_named(db, names) - set(names.values())
            query = sql.select(sources.c.document_id, sources.c.source)
            rows = select_among(db, query, sources.c.document_id, candidates)
            return candidates - {ident for ident, source in rows if source not in names}

    def document(self, document_id: str) -> Document:
        """Return the document with its text.

        Raises:
            NotFound: no document has this id.
        """
        query = sql.select(documents).where(documents.c.id == document_id, documents.c.ready)
        with self.engine.connect() as db:
            row = db.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"No document has the id {document_id}; `assistant list` shows the ids.")
        return to_document(row)

    def sha256(self, document_id: str) -> str | None:
        """Return the hash of the document's original."""
        sha256: str | None = self._scalar(sql.select(documents.c.sha256).where(documents.c.id == document_id))
        return sha256

    def sha256s(self) -> set[str]:
        """Return the hashes of all recorded documents, ready or not."""
        with self.engine.connect() as db:
            return set(db.scalars(sql.select(documents.c.sha256)))

    def labels(self, document_ids: Iterable[str] | None = None) -> dict[str, Label]:
        """Return the labels of the originals of these documents, or of all that are ready, by hash."""
        idents = None if document_ids is None else set(document_ids)
        query = sql.select(*(documents.c[name] for name in ("id", "sha256", "source", "title", "added")))
        query = query if idents is not None else query.where(documents.c.ready)
        with self.engine.connect() as db:
            rows = select_among(db, query, documents.c.id, idents)
            names, tags = names_of(db, idents), tags_of(db, idents)
        return {
            r.sha256: Label(with_first(r.source, names[r.id]), r.title, r.added, tuple(tags[r.id]))
            for r in rows
        }

    def set_labels(self, labels: Mapping[str, Label]) -> None:
        """Set when documents were added, and their tags, to what the labels of their originals say."""
        update = documents.update().where(documents.c.sha256 == sql.bindparam("of"))
        rows = [{"of": sha256, "at": label.added} for sha256, label in labels.items() if label.added]
        with self._changing() as db:
            if rows:
                db.execute(update.values(added=sql.bindparam("at")), rows)
            pairs = sql.select(documents.c.id, documents.c.sha256)
            tagged = {sha256: label.tags for sha256, label in labels.items() if label.tags}
            for ident, sha256 in select_among(db, pairs, documents.c.sha256, tagged):
                give(db, {ident: tagged[sha256]})

    def entries(self, document_ids: Iterable[str] | None = None) -> list[DocumentInfo]:
        """Return all answerable documents, or those with the given ids, by source."""
        fields = ("id", "title", "source", "media_type", "size", "added")
        query = (
            sql.select(
                *(documents.c[name] for name in fields),
                sql.func.count(passages.c.key).label("passages"),
                sql.func.min(duplicates.c.original_id).label("duplicate_of"),
                documents.c.structure["metadata"]["date"].as_string().label("date"),
            )
            .select_from(documents.outerjoin(passages).outerjoin(duplicates, _IS_DUPLICATE))
            .where(documents.c.ready)
            .group_by(documents.c.id)
            .order_by(documents.c.source)
        )
        idents = None if document_ids is None else list(document_ids)
        with self.engine.connect() as db:
            rows = select_among(db, query, documents.c.id, idents)
            names, tags = names_of(db, idents), tags_of(db, idents)
        return [
            DocumentInfo(**r._asdict(), sources=with_first(r.source, names[r.id]), tags=tuple(tags[r.id]))
            for r in rows
        ]

    def counts(self) -> tuple[int, int]:
        """Return the number of documents, and of their passages to be indexed."""
        passage_count = sql.select(sql.func.count()).select_from(passages.join(documents))
        with self.engine.connect() as db:
            document_count = db.scalar(sql.select(sql.func.count()).where(documents.c.ready)) or 0
            return document_count, db.scalar(passage_count.where(documents.c.ready, _IS_CANONICAL)) or 0

    # -- passages --------------------------------------------------------------------------------

    def keys(self) -> set[int]:
        """Return the keys of all passages to be indexed."""
        query = sql.select(passages.c.key).join(documents).where(documents.c.ready, _IS_CANONICAL)
        with self.engine.connect() as db:
            return set(db.scalars(query))

    def records(self, batch: int = 2000) -> Iterator[list[IndexRecord]]:
        """Yield all records to be indexed in batches, by key."""
        with self.engine.connect().execution_options(yield_per=batch) as db:
            for rows in db.execute(_RECORDS.where(_IS_CANONICAL)).partitions(batch):
                yield [_record(row) for row in rows]

    def records_among(self, keys: Iterable[int]) -> list[IndexRecord]:
        """Return the records with these keys that are to be indexed now."""
        query = _RECORDS.join(documents, passages.c.document_id == documents.c.id)
        query = query.where(documents.c.ready, _IS_CANONICAL)
        with self.engine.connect() as db:
            return [_record(row) for row in select_among(db, query, passages.c.key, keys)]

    def records_of(self, document_ids: Iterable[str]) -> list[IndexRecord]:
        """Return the records of these documents, to be indexed when they become canonical."""
        with self.engine.connect() as db:
            return [_record(row) for row in select_among(db, _RECORDS, passages.c.document_id, document_ids)]

    def vectors(self, keys: Iterable[int]) -> dict[int, Vectors]:
        """Return the vectors of these passages, except those that are removed or not answerable."""
        return self._vectors(passages.c.key.in_(list(keys)), _IS_CANONICAL)

    def vectors_of(self, document_ids: Iterable[str]) -> dict[int, Vectors]:
        """Return the vectors of all passages of these documents, including near-duplicates."""
        return self._vectors(passages.c.document_id.in_(list(document_ids)))

    def _vectors(self, *conditions: sql.ColumnElement[bool]) -> dict[int, Vectors]:
        query = sql.select(passages.c.key, vectors.c.passage)
        query = query.select_from(_JOINED).where(*conditions, documents.c.ready)
        with self.engine.connect() as db:
            return {key: to_vector(data) for key, data in db.execute(query)}

    def word_vectors(self, keys: Iterable[int]) -> dict[int, Vectors]:
        """Return the vectors of the words of these passages, except those that are removed or have none."""
        with self.engine.connect() as db:
            return stored_vectors.of_words(db, keys)

    def stored_passages(self, keys: Iterable[int]) -> dict[int, StoredPassage]:
        """Return the passages with these keys, except those that are removed or not answerable."""
        names = (documents.c.title, documents.c.source)
        query = sql.select(passages, *names, vectors.c.passage, vectors.c.sentences)
        query = query.select_from(_JOINED).where(passages.c.key.in_(list(keys)), documents.c.ready)
        with self.engine.connect() as db:
            return {row["key"]: to_stored_passage(row) for row in db.execute(query).mappings()}

    def passages_of(self, document_id: str) -> list[Passage]:
        """Return the passages of a document in reading order."""
        query = sql.select(passages).where(passages.c.document_id == document_id)
        with self.engine.connect() as db:
            rows = db.execute(query.order_by(passages.c.position))
            return [to_passage(row) for row in rows.mappings()]

    def embedded_passages(self, after: int = 0) -> Iterator[tuple[int, str, Passage]]:
        """Yield key, embedded text and passage of each recorded passage with a key larger than `after`."""
        query = sql.select(passages).where(passages.c.key > after).order_by(passages.c.key)
        with self.engine.connect() as db:
            for row in db.execute(query).mappings():
                yield row["key"], row["context"], to_passage(row)

    def replace_vectors(
        self, keys: Sequence[int], whole: Vectors, sentences: Sequence[Vectors], words: Sequence[bytes] = ()
    ) -> None:
        """Replace the vectors of the passages with these keys. See `store.vectors.put`."""
        with self._changing() as db:
            stored_vectors.remove(db, keys)
            stored_vectors.put(db, keys, whole, sentences, words)
            changed = select_among(db, sql.select(passages.c.document_id).distinct(), passages.c.key, keys)
            for document_id in {ident for (ident,) in changed}:
                digests.write(db, document_id)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sql.Connection]:
        """Begin a transaction that changes documents.

        Raises:
            StoreBusy: another process may be changing them.
        """
        with self.engine.begin() as db:
            writing.require(db, self.lock)
            yield db

    def _scalar(self, query: sql.Select[Any]) -> Any:
        with self.engine.connect() as db:
            return db.scalar(query)


_JOINED = passages.join(documents).join(vectors)
_IS_DUPLICATE = duplicates.c.document_id == documents.c.id
_IS_CANONICAL = ~sql.select(duplicates).where(duplicates.c.document_id == passages.c.document_id).exists()
_RECORDS = (
    sql.select(passages.c.key, passages.c.context, vectors.c.passage)
    .join_from(passages, vectors)
    .order_by(passages.c.key)
)


def _record(row: Any) -> IndexRecord:
    key, words, data = row
    return IndexRecord(key, words, to_vector(data))


def _put(db: sql.Connection, item: PreparedDocument) -> list[IndexRecord]:
    ident, added = item.document.id, datetime.now(UTC).isoformat(timespec="seconds")
    db.execute(documents.insert().values(**document_row(item), added=added, ready=False))
    bands = item.bands or (UNSKETCHED,)
    db.execute(sketches.insert(), [{"document_id": ident, "band": band} for band in bands])
    records = _put_passages(db, item) if item.passages else []
    digests.write(db, ident)
    return records


def _put_passages(db: sql.Connection, item: PreparedDocument) -> list[IndexRecord]:
    rows = [passage_row(p, c) for p, c in zip(item.passages, item.contexts, strict=True)]
    insert = passages.insert().returning(passages.c.key, sort_by_parameter_order=True)
    keys = list(db.execute(insert, rows).scalars())
    stored_vectors.put(db, keys, item.vectors, item.sentence_vectors, item.word_vectors)
    return [IndexRecord(*record) for record in zip(keys, item.contexts, item.vectors, strict=True)]
