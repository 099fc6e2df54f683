"""Which of near-duplicates answers: the one that was there first, and when that goes, the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sql

from assistant.store.near_duplicates import are_near, sketch
from assistant.store.records import Prepared
from assistant.store.schema import UNJUDGED, documents, duplicates, passages, sketches

COMPARED = 8
"""Documents that a text is compared with, word by word: those whose sketches have most in common with its."""


class CanonicalDocuments:
    """Tells it from the ledger's database."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine
        self._caught_up = False

    def of(self, document_id: str) -> str | None:
        """The document that answers in the place of this one; None where it answers itself."""
        query = sql.select(duplicates.c.original_id).where(duplicates.c.document_id == document_id)
        with self._engine.connect() as db:
            found: str | None = db.scalar(query)
            return found

    def settled(self, gone: set[str], new: Sequence[Prepared] = ()) -> dict[str, str | None]:
        """What stands for what when some documents go and `new` ones come: for each new one, and each that
        repeated one of those that go, the document that does so from now on, or None."""
        texts = {item.document.id: item.document.text for item in new}
        bands = {item.document.id: frozenset(item.bands) for item in new}
        for ident in self._repeating(gone):
            texts[ident] = self._text(ident)
            bands[ident] = frozenset(sketch(texts[ident]))
        settled: dict[str, str | None] = {}
        for ident, text in texts.items():
            alike = self._alike(ident, bands, gone, settled)
            near = (other for other in alike if are_near(text, texts.get(other) or self._text(other)))
            settled[ident] = next(near, None)
        return settled

    def catch_up(self) -> int:
        """Sketches the documents that a version added which knew of no near-duplicates, once; gives how many.

        They stay as they are, and stand for what comes after them.
        """
        if self._caught_up:
            return 0
        missing = ~sql.select(sketches).where(sketches.c.document_id == documents.c.id).exists()
        query = sql.select(documents.c.id).where(documents.c.ready, missing)
        with self._engine.connect() as db:
            idents = list(db.scalars(query))
        for ident in idents:
            rows = [{"document_id": ident, "band": band} for band in sketch(self._text(ident)) or (UNJUDGED,)]
            with self._engine.begin() as db:
                db.execute(sketches.insert(), rows)
        self._caught_up = True
        return len(idents)

    def _repeating(self, gone: Iterable[str]) -> list[str]:
        """The documents that repeat one of these and stay, in the order in which they came."""
        first = sql.select(sql.func.min(passages.c.key)).where(
            passages.c.document_id == duplicates.c.document_id
        )
        query = sql.select(duplicates.c.document_id, duplicates.c.original_id).order_by(
            first.scalar_subquery()
        )
        gone = set(gone)
        with self._engine.connect() as db:
            return (
                [i for i, original in db.execute(query) if original in gone and i not in gone] if gone else []
            )

    def _alike(
        self,
        ident: str,
        bands: Mapping[str, frozenset[int]],
        gone: set[str],
        settled: Mapping[str, str | None],
    ) -> list[str]:
        """The documents that would stand for this one if they are near: those most alike first."""
        if not bands[ident]:
            return []
        shared = {
            other: len(bands[ident] & bands[other]) for other, original in settled.items() if original is None
        }
        repeats = sql.select(duplicates).where(duplicates.c.document_id == sketches.c.document_id).exists()
        query = (
            sql.select(sketches.c.document_id, sql.func.count())
            .join(documents)
            .where(sketches.c.band.in_(bands[ident]), documents.c.ready, ~repeats)
            .group_by(sketches.c.document_id)
        )
        with self._engine.connect() as db:
            shared |= {other: count for other, count in db.execute(query) if other not in gone | {ident}}
        ranked = sorted((other for other, count in shared.items() if count), key=lambda o: -shared[o])
        return ranked[:COMPARED]

    def _text(self, document_id: str) -> str:
        with self._engine.connect() as db:
            return str(db.scalar(sql.select(documents.c.text).where(documents.c.id == document_id)))
