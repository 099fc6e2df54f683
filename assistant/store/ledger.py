"""The record of documents, passages, vectors and conversations: the truth that everything else derives from.

SQLite through SQLAlchemy Core, so that another database can take its place by URL. A document is written
with `ready` false and becomes answerable, in one transaction with the removal of what it replaces, when the
index holds it too (`acknowledge`). What is not ready when a store is opened was never acknowledged:
`forget_unready` drops it. Where passages go, the same transaction notes that the disk is to forget them
(`OWED`), until that is done, and which originals may go (`erasable`). Each change of documents has a number
(`CHANGE`), by which a ledger is known that is older than its originals.
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from assistant.core import serialization
from assistant.core.errors import LedgerError, NotFound, StoreError
from assistant.core.types import Document, DocumentInfo, Passage
from assistant.store import conversations, database, digests, erasable
from assistant.store.conversations import Conversations
from assistant.store.database import among, delete
from assistant.store.erasable import Erasable
from assistant.store.originals import Label
from assistant.store.records import Prepared as Prepared
from assistant.store.records import Record as Record
from assistant.store.records import StoredPassage as StoredPassage
from assistant.store.records import Vectors, floats, halves, passage_row, to_kept, to_passage, to_vector
from assistant.store.schema import (
    UNJUDGED,
    VERSION,
    documents,
    duplicates,
    meta,
    passages,
    sketches,
    sources,
    vectors,
)

OWED = "owed"
"""The note of what was removed and may still stand in files."""
STORE, CHANGE = "store", "change"
"""The notes of which store this is, and of how many changes it went through."""
TOGETHER = 16
"""Documents that are recorded in one transaction: more would make those wait who keep a turn meanwhile."""
_DOCUMENT_FIELDS = ("id", "title", "source", "media_type", "text")
Settled = Mapping[str, str | None]
"""Documents, each with the one that stands for it from now on, or None where it stands for itself."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What a change took away: the keys of passages, and the hashes by which the originals are kept."""

    keys: tuple[int, ...] = ()
    originals: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    """The ids of documents that stay, and have other names now."""


class Ledger:
    """The record, open. Safe to use from several threads; writing is for one at a time (see `library`)."""

    def __init__(self, url: str | sql.URL) -> None:
        """Opens, or makes, the database at `url`.

        Raises:
            StoreError: it cannot be opened, or a later version of the assistant made it. Every method raises
                it where the database fails later: a full disk, say.
        """
        self.engine = database.opened(url)
        self.conversations = Conversations(self.engine)
        self.erasable = Erasable(self.engine)
        if self.note("schema", VERSION) != VERSION:
            raise StoreError("This store was made by another version of the assistant; use that version.")

    @classmethod
    def at(cls, path: Path) -> Ledger:
        """The ledger in an SQLite file, which its owner alone may read."""
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return cls(database.in_file(path))

    def close(self) -> None:
        """Lets go of the database file."""
        self.engine.dispose()

    # -- settings of the store itself ------------------------------------------------------------

    def note(self, key: str, default: str) -> str:
        """The value noted under `key`; where there is none, `default`, which is noted."""
        noted = sql.select(meta.c.value).where(meta.c.key == key)
        with self.engine.begin() as db:
            value = db.scalar(noted)
            if value is None:
                # In one statement, as another thread may note it at the same moment.
                new = sql.select(sql.literal(key), sql.literal(default)).where(~noted.exists())
                db.execute(meta.insert().from_select(["key", "value"], new))
                value = db.scalar(noted)
            return str(value)

    def set_note(self, key: str, value: str) -> None:
        """Notes `value` under `key`."""
        with self.engine.begin() as db:
            _note(db, key, value)

    # -- changes ---------------------------------------------------------------------------------

    def put(
        self, prepared: Sequence[Prepared], settled: Settled | None = None, may_go: Set[str] = frozenset()
    ) -> list[Record]:
        """Records documents as not ready, and gives what the index is to hold of them: nothing of those for
        which another stands. The originals of `may_go` may go until they are acknowledged."""
        settled = settled or {}
        found: list[Record] = []
        for at in range(0, len(prepared), TOGETHER):
            with self.engine.begin() as db:
                for item in prepared[at : at + TOGETHER]:
                    records = _put(db, item)
                    found += [] if settled.get(item.document.id) else records
                erasable.note(db, may_go & {item.sha256 for item in prepared[at : at + TOGETHER]})
                some = {item.document.id for item in prepared[at : at + TOGETHER]}
                _settle(db, {ident: settled[ident] for ident in settled if ident in some})
        return found

    def acknowledge(self, ready: Mapping[str, str], settled: Settled | None = None) -> Gone:
        """Makes documents answerable: `ready` maps each source to its document's id.

        Whatever the sources named before, and no other source names, is removed in the same transaction, and
        duplicates are `settled` anew.
        """
        if not ready:
            return Gone()
        with self.engine.begin() as db:
            before = _documents_of(db, ready)
            delete(db, sources, sources.c.source, ready)
            db.execute(sources.insert(), [{"source": s, "document_id": i} for s, i in ready.items()])
            db.execute(documents.update().where(documents.c.id.in_(ready.values())).values(ready=True))
            new = among(db, sql.select(documents.c.sha256), documents.c.id, set(ready.values()))
            erasable.withdraw(db, [sha256 for (sha256,) in new])
            gone = _renamed(db, before, settled or {})
            return replace(gone, renamed=tuple({*gone.renamed, *ready.values()}))

    def unname(self, names: Iterable[str], settled: Settled | None = None) -> Gone:
        """Takes names away from their documents, and removes those that have no other."""
        names = list(names)
        with self.engine.begin() as db:
            before = _documents_of(db, names)
            delete(db, sources, sources.c.source, names)
            return _renamed(db, before, settled or {})

    def remove(self, document_ids: Iterable[str], settled: Settled | None = None) -> Gone:
        """Removes documents under all their sources, and the turns that quote them."""
        with self.engine.begin() as db:
            return _remove(db, set(document_ids), settled or {})

    @property
    def change(self) -> int:
        """How many changes of documents this store went through."""
        return int(self.note(CHANGE, "0"))

    def forget(self, document_ids: Iterable[str]) -> None:
        """Drops the records of documents whose originals stay, to be made anew from them."""
        with self.engine.begin() as db:
            delete(db, documents, documents.c.id, document_ids)
            _note(db, OWED, "yes")

    def forget_unready(self) -> int:
        """Drop what was never acknowledged, after an interrupted `put`; return how many documents."""
        if self._one(sql.select(documents.c.id).where(documents.c.ready.is_(False)).limit(1)) is None:
            return 0
        # On a full disk the log holds the room that deleting takes.
        database.empty_log(self.engine)
        with self.engine.begin() as db:
            number = db.execute(documents.delete().where(documents.c.ready.is_(False))).rowcount
        database.empty_log(self.engine)
        return number

    def erase_traces(self) -> bool:
        """Makes the database forget on disk what was deleted; False where a reader stood in the way."""
        return database.erase(self.engine)

    def faults(self) -> list[str]:
        """What the database finds wrong with its own file."""
        return database.faults(self.engine)

    # -- documents -------------------------------------------------------------------------------

    def holds(self, document_id: str) -> bool:
        """Whether the document is there and answerable."""
        query = sql.select(documents.c.id).where(documents.c.id == document_id, documents.c.ready)
        return self._one(query) is not None

    def named(self, source: str) -> str | None:
        """The id of the document that `source` names."""
        name: str | None = self._one(sql.select(sources.c.document_id).where(sources.c.source == source))
        return name

    def all_names(self) -> set[str]:
        """All sources."""
        with self.engine.connect() as db:
            return set(db.scalars(sql.select(sources.c.source)))

    def is_whole(self, document_id: str) -> bool:
        """Whether what is recorded of a document is what was recorded."""
        try:
            with self.engine.connect() as db:
                return digests.is_whole(db, document_id)
        except LedgerError:
            return False

    def identities(self) -> list[tuple[str, str, str]]:
        """Id, hash and source of each answerable document, even of one whose row is damaged: what is no text
        any more has marks in its place."""
        fields = (sql.cast(documents.c[name], sql.LargeBinary) for name in ("id", "sha256", "source"))
        with self.engine.connect() as db:
            rows = db.execute(sql.select(*fields).where(documents.c.ready).order_by(documents.c.source))
            return [tuple((value or b"").decode("utf-8", "replace") for value in row) for row in rows]  # type: ignore[misc]

    def names(self, document_id: str) -> list[str]:
        """The sources that name a document."""
        query = sql.select(sources.c.source).where(sources.c.document_id == document_id)
        with self.engine.connect() as db:
            return list(db.scalars(query.order_by(sources.c.source)))

    def leaving(self, names: Mapping[str, str | None]) -> set[str]:
        """The documents that go when each of these sources names another, or (None) nothing."""
        with self.engine.connect() as db:
            candidates = _documents_of(db, names) - set(names.values())
            named = sql.select(sources.c.document_id, sources.c.source)
            rows = among(db, named, sources.c.document_id, candidates)
            return candidates - {ident for ident, source in rows if source not in names}

    def document(self, document_id: str) -> Document:
        """The document, with its text.

        Raises:
            NotFound: no document has this id.
        """
        query = sql.select(documents).where(documents.c.id == document_id, documents.c.ready)
        with self.engine.connect() as db:
            row = db.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"No document has the id {document_id}; `assistant list` shows the ids.")
        try:
            return serialization.to_document({**row["structure"], **{k: row[k] for k in _DOCUMENT_FIELDS}})
        except (KeyError, TypeError) as fault:
            raise LedgerError.of(f"the row of {document_id} is damaged") from fault

    def sha256(self, document_id: str) -> str | None:
        """The hash of the document's bytes, by which the original is kept."""
        found: str | None = self._one(sql.select(documents.c.sha256).where(documents.c.id == document_id))
        return found

    def sha256s(self) -> set[str]:
        """The hashes of all documents that are recorded, ready or not."""
        with self.engine.connect() as db:
            return set(db.scalars(sql.select(documents.c.sha256)))

    def labels(self, document_ids: Iterable[str] | None = None) -> dict[str, Label]:
        """What the originals of these documents are called, or of all that are ready, by their hashes."""
        record = sql.select(*(documents.c[name] for name in ("id", "sha256", "source", "title", "added")))
        names = sql.select(sources.c.document_id, sources.c.source).order_by(sources.c.source)
        with self.engine.connect() as db:
            if document_ids is None:
                rows, named = db.execute(record.where(documents.c.ready)).all(), db.execute(names).all()
            else:
                wanted = set(document_ids)
                rows = among(db, record, documents.c.id, wanted)
                named = among(db, names, sources.c.document_id, wanted)
        others: defaultdict[str, list[str]] = defaultdict(list)
        for ident, source in named:
            others[ident].append(source)
        return {row.sha256: Label(_first(row.source, others[row.id]), row.title, row.added) for row in rows}

    def redate(self, added: Mapping[str, str]) -> None:
        """Sets when documents were added, by the hashes of their originals."""
        update = documents.update().where(documents.c.sha256 == sql.bindparam("of"))
        rows = [{"of": sha256, "at": at} for sha256, at in added.items()]
        if rows:
            with self.engine.begin() as db:
                db.execute(update.values(added=sql.bindparam("at")), rows)

    def entries(self, only: Iterable[str] | None = None) -> list[DocumentInfo]:
        """All answerable documents by source, or only those of some ids."""
        fields = ("id", "title", "source", "media_type", "size", "added")
        query = (
            sql.select(
                *(documents.c[name] for name in fields),
                sql.func.count(passages.c.key).label("passages"),
                sql.func.min(duplicates.c.original_id).label("duplicate_of"),
            )
            .select_from(documents.outerjoin(passages).outerjoin(duplicates, _IS_DUPLICATE))
            .where(documents.c.ready)
            .group_by(documents.c.id)
            .order_by(documents.c.source)
        )
        names = sql.select(sources).order_by(sources.c.source)
        with self.engine.connect() as db:
            if only is None:
                rows, named = db.execute(query).all(), db.execute(names).all()
            else:
                only = list(only)
                rows = among(db, query, documents.c.id, only)
                named = among(db, names, sources.c.document_id, only)
        others: defaultdict[str, list[str]] = defaultdict(list)
        for source, ident in named:
            others[ident].append(source)
        return [DocumentInfo(**row._asdict(), sources=_first(row.source, others[row.id])) for row in rows]

    def counts(self) -> tuple[int, int]:
        """How many documents there are, and how many passages the index is to hold of them."""
        of_passages = sql.select(sql.func.count()).select_from(passages.join(documents))
        with self.engine.connect() as db:
            number = db.scalar(sql.select(sql.func.count()).where(documents.c.ready)) or 0
            return number, db.scalar(of_passages.where(documents.c.ready, _STANDS)) or 0

    # -- passages --------------------------------------------------------------------------------

    def keys(self) -> set[int]:
        """The keys of all passages that the index is to hold."""
        query = sql.select(passages.c.key).join(documents).where(documents.c.ready, _STANDS)
        with self.engine.connect() as db:
            return set(db.scalars(query))

    def records(self, batch: int = 2000) -> Iterator[list[Record]]:
        """All that the index is made of, in batches, by key."""
        with self.engine.connect().execution_options(yield_per=batch) as db:
            for rows in db.execute(_RECORDS.where(_STANDS)).partitions(batch):
                yield [_record(row) for row in rows]

    def records_of(self, document_ids: Iterable[str]) -> list[Record]:
        """What the index is to hold of these documents when they stand for themselves."""
        with self.engine.connect() as db:
            return [_record(row) for row in among(db, _RECORDS, passages.c.document_id, document_ids)]

    def vectors(self, keys: Iterable[int]) -> dict[int, Vectors]:
        """The vectors of these passages. Those that are not answerable, or are gone, are left out."""
        return self._vectors(passages.c.key.in_(list(keys)), _STANDS)

    def vectors_of(self, document_ids: Iterable[str]) -> dict[int, Vectors]:
        """The vectors of all passages of these documents, of those for which another stands too."""
        return self._vectors(passages.c.document_id.in_(list(document_ids)))

    def _vectors(self, *conditions: sql.ColumnElement[bool]) -> dict[int, Vectors]:
        query = sql.select(passages.c.key, vectors.c.passage)
        query = query.select_from(_JOINED).where(*conditions, documents.c.ready)
        with self.engine.connect() as db:
            return {key: to_vector(kept) for key, kept in db.execute(query)}

    def kept(self, keys: Iterable[int]) -> dict[int, StoredPassage]:
        """The passages of these keys. Those of documents that are not ready, or are gone, are left out."""
        named = (documents.c.title, documents.c.source)
        query = sql.select(passages, *named, vectors.c.passage, vectors.c.sentences)
        query = query.select_from(_JOINED).where(passages.c.key.in_(list(keys)), documents.c.ready)
        with self.engine.connect() as db:
            return {row["key"]: to_kept(row) for row in db.execute(query).mappings()}

    def passages_of(self, document_id: str) -> list[Passage]:
        """The passages of a document, in reading order."""
        query = sql.select(passages).where(passages.c.document_id == document_id)
        with self.engine.connect() as db:
            rows = db.execute(query.order_by(passages.c.position))
            return [to_passage(row) for row in rows.mappings()]

    def embedded(self) -> Iterator[tuple[int, str, Passage]]:
        """Key, embedded text and passage of all that is recorded: to embed it anew."""
        with self.engine.connect() as db:
            for row in db.execute(sql.select(passages).order_by(passages.c.key)).mappings():
                yield row["key"], row["context"], to_passage(row)

    def replace_vectors(self, keys: Sequence[int], whole: Vectors, parts: Sequence[Vectors]) -> None:
        """Puts other vectors in the place of those of `keys`."""
        rows = [
            {"of": k, "passage": floats(w), "sentences": halves(p)}
            for k, w, p in zip(keys, whole, parts, strict=True)
        ]
        update = vectors.update().where(vectors.c.key == sql.bindparam("of"))
        with self.engine.begin() as db:
            db.execute(
                update.values(passage=sql.bindparam("passage"), sentences=sql.bindparam("sentences")), rows
            )
            changed = among(db, sql.select(passages.c.document_id).distinct(), passages.c.key, keys)
            for document_id in {ident for (ident,) in changed}:
                digests.write(db, document_id)

    def _one(self, query: sql.Select[Any]) -> Any:
        with self.engine.connect() as db:
            return db.scalar(query)


_JOINED = passages.join(documents).join(vectors)
_IS_DUPLICATE = duplicates.c.document_id == documents.c.id
_STANDS = ~sql.select(duplicates).where(duplicates.c.document_id == passages.c.document_id).exists()
_RECORDS = (
    sql.select(passages.c.key, passages.c.context, vectors.c.passage)
    .join_from(passages, vectors)
    .order_by(passages.c.key)
)


def _first(name: str, names: Iterable[str]) -> tuple[str, ...]:
    return (name, *(other for other in names if other != name))


def _record(row: Any) -> Record:
    key, words, kept = row
    return Record(key, words, to_vector(kept))


def _put(db: sql.Connection, item: Prepared) -> list[Record]:
    document = item.document
    structure = {
        "headings": [asdict(h) for h in document.headings],
        "pages": [asdict(p) for p in document.pages],
        "metadata": dict(document.metadata),
    }
    fields = {name: getattr(document, name) for name in _DOCUMENT_FIELDS}
    added = datetime.now(UTC).isoformat(timespec="seconds")
    row = {**fields, "structure": structure, "sha256": item.sha256, "size": item.size, "added": added}
    db.execute(documents.insert().values(**row, ready=False))
    bands = item.bands or (UNJUDGED,)
    db.execute(sketches.insert(), [{"document_id": document.id, "band": band} for band in bands])
    records = _put_passages(db, item) if item.passages else []
    digests.write(db, document.id)
    return records


def _put_passages(db: sql.Connection, item: Prepared) -> list[Record]:
    rows = [passage_row(p, c) for p, c in zip(item.passages, item.contexts, strict=True)]
    given = db.execute(passages.insert().returning(passages.c.key, sort_by_parameter_order=True), rows)
    keys = list(given.scalars())
    parts = zip(keys, item.vectors, item.sentence_vectors, strict=True)
    db.execute(
        vectors.insert(), [{"key": k, "passage": floats(v), "sentences": halves(s)} for k, v, s in parts]
    )
    return [Record(*record) for record in zip(keys, item.contexts, item.vectors, strict=True)]


def _settle(db: sql.Connection, settled: Settled) -> None:
    delete(db, duplicates, duplicates.c.document_id, settled)
    rows = [
        {"document_id": ident, "original_id": original} for ident, original in settled.items() if original
    ]
    if rows:
        db.execute(duplicates.insert(), rows)


def _renamed(db: sql.Connection, candidates: set[str], settled: Settled) -> Gone:
    """After names were taken from these documents: removes those without any, and calls those that lost the
    name they were added under by another of theirs."""
    named = set(among(db, sql.select(sources.c.document_id), sources.c.document_id, candidates))
    stay = {ident for (ident,) in named}
    gone = replace(_remove(db, candidates - stay, settled), renamed=tuple(stay))
    names = sql.select(sources.c.source).where(sources.c.document_id == documents.c.id)
    is_lost = ~names.where(sources.c.source == documents.c.source).exists()
    other = sql.select(sql.func.min(sources.c.source)).where(sources.c.document_id == documents.c.id)
    lost = among(db, sql.select(documents.c.id).where(is_lost), documents.c.id, candidates)
    rename = documents.update().where(documents.c.id == sql.bindparam("of"))
    if lost:
        db.execute(rename.values(source=other.scalar_subquery()), [{"of": ident} for (ident,) in lost])
    return gone


def _remove(db: sql.Connection, gone: set[str], settled: Settled) -> Gone:
    _settle(db, settled)
    _note(db, CHANGE, str(_change(db) + 1))
    if not gone:
        return Gone()
    keys = among(db, sql.select(passages.c.key), passages.c.document_id, gone)
    originals = among(db, sql.select(documents.c.sha256), documents.c.id, gone)
    erasable.note(db, [sha256 for (sha256,) in originals])
    delete(db, documents, documents.c.id, gone)
    conversations.forget(db, gone)
    _note(db, OWED, "yes")
    return Gone(tuple(key for (key,) in keys), tuple(sha256 for (sha256,) in originals))


def _documents_of(db: sql.Connection, names: Iterable[str]) -> set[str]:
    found = among(db, sql.select(sources.c.document_id), sources.c.source, names)
    return {ident for (ident,) in found}


def _change(db: sql.Connection) -> int:
    return int(db.scalar(sql.select(meta.c.value).where(meta.c.key == CHANGE)) or 0)


def _note(db: sql.Connection, key: str, value: str) -> None:
    db.execute(meta.delete().where(meta.c.key == key))
    db.execute(meta.insert().values(key=key, value=value))
