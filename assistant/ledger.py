"""The record of documents, passages, vectors and conversations: the truth that everything else derives from.

SQLite through SQLAlchemy Core, so that another database can take its place by URL. A document is written
with `ready` false and becomes answerable, in one transaction with the removal of what it replaces, when the
index holds it too (`acknowledge`). What is not ready when a store is opened was never acknowledged: `forget`
drops it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import event
from sqlalchemy.engine import RowMapping
from sqlalchemy.pool import ConnectionPoolEntry

from assistant import wire
from assistant.errors import NotFound, StoreError
from assistant.schema import VERSION, documents, meta, passages, sources, tables, turns, vectors
from assistant.types import Document, Entry, Passage, Span, Turn

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was read, split and embedded, ready to be recorded.

    `vectors` is (passages, dimensions); `sentence_vectors` has one (sentences, dimensions) array a passage.
    `contexts` are the texts that were embedded: title and headings, then the passage.
    """

    document: Document
    sha256: str
    size: int
    passages: tuple[Passage, ...]
    contexts: tuple[str, ...]
    vectors: Vectors
    sentence_vectors: tuple[Vectors, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What the index is made of: a passage's key, the words to find it by, and its vector."""

    key: int
    words: str
    vector: Vectors


@dataclass(frozen=True, slots=True)
class Kept:
    """A passage as the ledger holds it, with its document's names and its vectors."""

    key: int
    passage: Passage
    context: str
    """The text that was embedded: title and headings, then the passage."""
    title: str
    source: str
    vector: Vectors
    sentence_vectors: Vectors


class Ledger:
    """The record, open. Safe to use from several threads; writing is for one at a time (see `library`)."""

    def __init__(self, url: str | sql.URL) -> None:
        """Opens, or makes, the database at `url`.

        Raises:
            StoreError: it cannot be opened, or a later version of the assistant made it. Every method raises
                it where the database fails later: a full disk, say.
        """
        self._engine = sql.create_engine(url)
        event.listen(self._engine, "handle_error", _tell)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _set_up_sqlite)
        tables.create_all(self._engine)
        if self.note("schema", VERSION) != VERSION:
            raise StoreError("This store was made by another version of the assistant; use that version.")

    @classmethod
    def at(cls, path: Path) -> Ledger:
        """The ledger in an SQLite file."""
        return cls(sql.URL.create("sqlite", database=str(path)))

    def close(self) -> None:
        """Lets go of the database file."""
        self._engine.dispose()

    # -- settings of the store itself ------------------------------------------------------------

    def note(self, key: str, default: str) -> str:
        """The value noted under `key`; where there is none, `default`, which is noted."""
        noted = sql.select(meta.c.value).where(meta.c.key == key)
        with self._engine.begin() as db:
            value = db.scalar(noted)
            if value is None:
                # In one statement, as another thread may note it at the same moment.
                new = sql.select(sql.literal(key), sql.literal(default)).where(~noted.exists())
                db.execute(meta.insert().from_select(["key", "value"], new))
                value = db.scalar(noted)
            return str(value)

    def set_note(self, key: str, value: str) -> None:
        """Notes `value` under `key`."""
        with self._engine.begin() as db:
            db.execute(meta.delete().where(meta.c.key == key))
            db.execute(meta.insert().values(key=key, value=value))

    # -- documents -------------------------------------------------------------------------------

    def put(self, prepared: Sequence[Prepared]) -> list[Record]:
        """Records documents as not ready, and gives what the index is to hold of them."""
        with self._engine.begin() as db:
            return [record for item in prepared for record in _put(db, item)]

    def acknowledge(self, ready: Mapping[str, str]) -> list[int]:
        """Makes documents answerable: `ready` maps each source to its document's id.

        Whatever the sources named before, and no other source names, is removed in the same transaction.
        Gives the keys of the passages that went.
        """
        if not ready:
            return []
        with self._engine.begin() as db:
            before = _documents_of(db, ready)
            db.execute(sources.delete().where(sources.c.source.in_(list(ready))))
            db.execute(sources.insert(), [{"source": s, "document_id": i} for s, i in ready.items()])
            db.execute(documents.update().where(documents.c.id.in_(ready.values())).values(ready=True))
            gone = _remove_unnamed(db, before)
            _rename(db, before)
            return gone

    def remove(self, document_ids: Iterable[str]) -> list[int]:
        """Removes documents under all their sources, and the turns that quote them; gives the keys of their
        passages."""
        with self._engine.begin() as db:
            return _remove(db, set(document_ids))

    def unname(self, names: Iterable[str]) -> list[int]:
        """Takes names away from their documents, and removes those that have no other; gives the keys of the
        passages that went."""
        names = list(names)
        with self._engine.begin() as db:
            before = _documents_of(db, names)
            db.execute(sources.delete().where(sources.c.source.in_(names)))
            gone = _remove_unnamed(db, before)
            _rename(db, before)
            return gone

    def forget_unready(self) -> int:
        """Drops what was never acknowledged, after an interrupted `put`; gives how many documents."""
        with self._engine.begin() as db:
            return db.execute(documents.delete().where(documents.c.ready.is_(False))).rowcount

    def erase_traces(self) -> None:
        """Makes the database forget on disk what was deleted from it: the write-ahead log is emptied."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as db:
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def holds(self, document_id: str) -> bool:
        """Whether the document is there and answerable."""
        query = sql.select(documents.c.id).where(documents.c.id == document_id, documents.c.ready)
        with self._engine.connect() as db:
            return db.scalar(query) is not None

    def named(self, source: str) -> str | None:
        """The id of the document that `source` names."""
        with self._engine.connect() as db:
            return db.scalar(sql.select(sources.c.document_id).where(sources.c.source == source))

    def document(self, document_id: str) -> Document:
        """The document, with its text.

        Raises:
            NotFound: no document has this id.
        """
        query = sql.select(documents).where(documents.c.id == document_id, documents.c.ready)
        with self._engine.connect() as db:
            row = db.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"No document has the id {document_id}; `assistant list` shows the ids.")
        return wire.to_document({**row["structure"], **{k: row[k] for k in _DOCUMENT_FIELDS}})

    def sha256(self, document_id: str) -> str | None:
        """The hash of the document's bytes, by which the original is kept."""
        with self._engine.connect() as db:
            return db.scalar(sql.select(documents.c.sha256).where(documents.c.id == document_id))

    def sha256s(self) -> set[str]:
        """The hashes of all documents that are recorded, ready or not."""
        with self._engine.connect() as db:
            return set(db.scalars(sql.select(documents.c.sha256)))

    def entries(self) -> list[Entry]:
        """All answerable documents, by source."""
        count = sql.func.count(passages.c.key)
        query = (
            sql.select(
                *(documents.c[name] for name in ("id", "title", "source", "media_type", "size", "added")),
                count.label("passages"),
            )
            .select_from(documents.outerjoin(passages))
            .where(documents.c.ready)
            .group_by(documents.c.id)
            .order_by(documents.c.source)
        )
        with self._engine.connect() as db:
            names: defaultdict[str, list[str]] = defaultdict(list)
            for source, ident in db.execute(sql.select(sources).order_by(sources.c.source)):
                names[ident].append(source)
            rows = db.execute(query).mappings()
            return [Entry(**row, sources=_first(row["source"], names[row["id"]])) for row in rows]

    def counts(self) -> tuple[int, int]:
        """How many documents and passages are answerable."""
        joined = passages.join(documents).select()
        with self._engine.connect() as db:
            number = db.scalar(sql.select(sql.func.count()).where(documents.c.ready)) or 0
            of_passages = joined.with_only_columns(sql.func.count()).where(documents.c.ready)
            return number, db.scalar(of_passages) or 0

    # -- passages --------------------------------------------------------------------------------

    def records(self, batch: int = 2000) -> Iterator[list[Record]]:
        """All that the index is made of, in batches, by key."""
        query = (
            sql.select(passages.c.key, passages.c.context, vectors.c.passage)
            .join_from(passages, vectors)
            .order_by(passages.c.key)
        )
        with self._engine.connect().execution_options(yield_per=batch) as db:
            for rows in db.execute(query).partitions(batch):
                yield [Record(key, words, np.frombuffer(blob, np.float32)) for key, words, blob in rows]

    def kept(self, keys: Iterable[int]) -> dict[int, Kept]:
        """The passages of these keys that are answerable. Keys that are not, or are gone, are left out."""
        return self._kept(passages.c.key.in_(list(keys)))

    def kept_of(self, document_ids: Iterable[str]) -> dict[int, Kept]:
        """All answerable passages of these documents."""
        return self._kept(passages.c.document_id.in_(list(document_ids)))

    def _kept(self, condition: sql.ColumnElement[bool]) -> dict[int, Kept]:
        named = (documents.c.title, documents.c.source)
        query = sql.select(passages, *named, vectors.c.passage, vectors.c.sentences)
        query = query.select_from(passages.join(documents).join(vectors)).where(condition, documents.c.ready)
        with self._engine.connect() as db:
            return {row["key"]: _kept(row) for row in db.execute(query).mappings()}

    def passages_of(self, document_id: str) -> list[Passage]:
        """The passages of a document, in reading order."""
        query = sql.select(passages).where(passages.c.document_id == document_id)
        with self._engine.connect() as db:
            rows = db.execute(query.order_by(passages.c.position))
            return [_passage(row) for row in rows.mappings()]

    def embedded(self) -> Iterator[tuple[int, str, Passage]]:
        """Key, embedded text and passage of all that is recorded: to embed it anew."""
        with self._engine.connect() as db:
            for row in db.execute(sql.select(passages).order_by(passages.c.key)).mappings():
                yield row["key"], row["context"], _passage(row)

    def replace_vectors(self, keys: Sequence[int], whole: Vectors, parts: Sequence[Vectors]) -> None:
        """Puts other vectors in the place of those of `keys`."""
        rows = [
            {"of": k, "passage": _floats(w), "sentences": _halves(p)}
            for k, w, p in zip(keys, whole, parts, strict=True)
        ]
        update = vectors.update().where(vectors.c.key == sql.bindparam("of"))
        with self._engine.begin() as db:
            db.execute(
                update.values(passage=sql.bindparam("passage"), sentences=sql.bindparam("sentences")), rows
            )

    # -- conversations ---------------------------------------------------------------------------

    def turns(self, conversation: str) -> list[Turn]:
        """The turns of a conversation, oldest first."""
        query = sql.select(turns.c.turn).where(turns.c.conversation == conversation).order_by(turns.c.number)
        with self._engine.connect() as db:
            return [
                Turn(row["question"], row["search_query"], wire.to_answer(row["answer"]))
                for row in db.scalars(query)
            ]

    def keep_turn(self, conversation: str, turn: Turn) -> None:
        """Adds a turn to a conversation."""
        with self._engine.begin() as db:
            db.execute(turns.insert().values(conversation=conversation, at=_now(), turn=wire.turn(turn)))


_DOCUMENT_FIELDS = ("id", "title", "source", "media_type", "text")


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # One thread may wait for another that records a document as long as a book.
    connection.execute("PRAGMA busy_timeout=60000")


def _tell(context: sql.engine.ExceptionContext) -> None:
    """A fault of the database in a sentence; without the statement, which holds the text of documents."""
    if context.sqlalchemy_exception is not None:
        fault = context.original_exception
        told = f"The ledger cannot be used ({fault}); check the home folder and its disk."
        raise StoreError(told) from fault


def _put(db: sql.Connection, item: Prepared) -> list[Record]:
    document = item.document
    structure = {
        "headings": [asdict(h) for h in document.headings],
        "pages": [asdict(p) for p in document.pages],
        "metadata": dict(document.metadata),
    }
    fields = {name: getattr(document, name) for name in _DOCUMENT_FIELDS}
    db.execute(
        documents.insert().values(
            **fields, structure=structure, sha256=item.sha256, size=item.size, added=_now(), ready=False
        )
    )
    if not item.passages:
        return []
    rows = [_passage_row(p, c) for p, c in zip(item.passages, item.contexts, strict=True)]
    given = db.execute(passages.insert().returning(passages.c.key, sort_by_parameter_order=True), rows)
    keys = list(given.scalars())
    parts = zip(keys, item.vectors, item.sentence_vectors, strict=True)
    db.execute(
        vectors.insert(), [{"key": k, "passage": _floats(v), "sentences": _halves(s)} for k, v, s in parts]
    )
    return [Record(*record) for record in zip(keys, item.contexts, item.vectors, strict=True)]


def _passage_row(passage: Passage, context: str) -> dict[str, Any]:
    names = ("id", "document_id", "position", "start", "end", "text")
    details = {
        "headings": passage.headings,
        "page": passage.page,
        "header": passage.header,
        "sentences": [(s.start, s.end) for s in passage.sentences],
    }
    return {name: getattr(passage, name) for name in names} | {"context": context, "details": details}


def _passage(row: RowMapping) -> Passage:
    details = row["details"]
    return Passage(
        id=row["id"],
        document_id=row["document_id"],
        position=row["position"],
        start=row["start"],
        end=row["end"],
        text=row["text"],
        headings=tuple(details["headings"]),
        page=details["page"],
        header=details["header"],
        sentences=tuple(Span(*span) for span in details["sentences"]),
    )


def _kept(row: RowMapping) -> Kept:
    vector = np.frombuffer(row["passage"], np.float32)
    sentences = np.frombuffer(row["sentences"], np.float16).astype(np.float32).reshape(-1, len(vector))
    return Kept(row["key"], _passage(row), row["context"], row["title"], row["source"], vector, sentences)


def _documents_of(db: sql.Connection, names: Iterable[str]) -> set[str]:
    return set(db.scalars(sql.select(sources.c.document_id).where(sources.c.source.in_(list(names)))))


def _remove_unnamed(db: sql.Connection, candidates: set[str]) -> list[int]:
    """Removes those of the documents that no source names any more."""
    named = set(db.scalars(sql.select(sources.c.document_id).where(sources.c.document_id.in_(candidates))))
    gone = candidates - named
    return _remove(db, gone)


def _remove(db: sql.Connection, gone: set[str]) -> list[int]:
    keys = list(db.scalars(sql.select(passages.c.key).where(passages.c.document_id.in_(gone))))
    db.execute(documents.delete().where(documents.c.id.in_(gone)))
    for ident in gone:
        db.execute(turns.delete().where(turns.c.turn.cast(sql.String).contains(ident)))
    return keys


def _first(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names, that one first."""
    return (name, *(other for other in names if other != name))


def _rename(db: sql.Connection, candidates: set[str]) -> None:
    """Calls those of the documents that lost the name they were added under by another of theirs."""
    names = sql.select(sources.c.source).where(sources.c.document_id == documents.c.id)
    is_lost = ~names.where(sources.c.source == documents.c.source).exists()
    other = sql.select(sql.func.min(sources.c.source)).where(sources.c.document_id == documents.c.id)
    lost = documents.update().where(documents.c.id.in_(candidates), is_lost)
    db.execute(lost.values(source=other.scalar_subquery()))


def _floats(vector: Vectors) -> bytes:
    return np.ascontiguousarray(vector, np.float32).tobytes()


def _halves(matrix: Vectors) -> bytes:
    return np.ascontiguousarray(matrix, np.float16).tobytes()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

