"""Canonical documents: of several near-duplicates the first is indexed, and the next once that is removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sql

from assistant.store.duplicates.sketches import are_near, sketch
from assistant.store.records import PreparedDocument
from assistant.store.schema import UNSKETCHED, documents, duplicates, passages, sketches

MAX_COMPARED = 8
"""Documents that a text is compared with word by word: those whose sketches share most bands with its own."""


class CanonicalDocuments:
    """The near-duplicates in the database of the ledger."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine
        self._all_sketched = False

    def resolve(self, removed: set[str], new: Sequence[PreparedDocument] = ()) -> dict[str, str | None]:
        """Return the canonical document, or None if it is canonical itself, of each new document and of each
        document whose canonical one is among the removed ones."""
        texts = {item.document.id: item.document.text for item in new}
        bands = {item.document.id: frozenset(item.bands) for item in new}
        for ident in self._duplicates_of(removed):
            texts[ident] = self._text(ident)
            bands[ident] = frozenset(sketch(texts[ident]))
        canonicals: dict[str, str | None] = {}
        for ident, text in texts.items():
            candidates = self._candidates(ident, bands, removed, canonicals)
            near = (other for other in candidates if are_near(text, texts.get(other) or self._text(other)))
            canonicals[ident] = next(near, None)
        return canonicals

    def sketch_missing(self) -> int:
        """Sketch the documents of earlier versions, which had no sketches, and return their number.

        They stay canonical, and later near-duplicates refer to them.
        """
        if self._all_sketched:
            return 0
        missing = ~sql.select(sketches).where(sketches.c.document_id == documents.c.id).exists()
        query = sql.select(documents.c.id).where(documents.c.ready, missing)
        with self._engine.connect() as db:
            idents = list(db.scalars(query))
        for ident in idents:
            bands = sketch(self._text(ident)) or (UNSKETCHED,)
            with self._engine.begin() as db:
                db.execute(sketches.insert(), [{"document_id": ident, "band": band} for band in bands])
        self._all_sketched = True
        return len(idents)

    def _duplicates_of(self, removed: set[str]) -> list[str]:
        """Return the remaining near-duplicates of removed documents, oldest first."""
        if not removed:
            return []
        age = sql.select(sql.func.min(passages.c.key)).where(
            passages.c.document_id == duplicates.c.document_id
        )
        query = sql.select(duplicates.c.document_id, duplicates.c.original_id).order_by(age.scalar_subquery())
        with self._engine.connect() as db:
            rows = db.execute(query)
            return [ident for ident, original in rows if original in removed and ident not in removed]

    def _candidates(
        self,
        ident: str,
        bands: Mapping[str, frozenset[int]],
        removed: set[str],
        canonicals: Mapping[str, str | None],
    ) -> list[str]:
        """Return the canonical documents that share a band with this one, those that share most first."""
        if not bands[ident]:
            return []
        shared = {
            other: len(bands[ident] & bands[other])
            for other, canonical in canonicals.items()
            if canonical is None
        }
        is_duplicate = sql.select(duplicates).where(duplicates.c.document_id == sketches.c.document_id)
        query = (
            sql.select(sketches.c.document_id, sql.func.count())
            .join(documents)
            .where(sketches.c.band.in_(bands[ident]), documents.c.ready, ~is_duplicate.exists())
            .group_by(sketches.c.document_id)
        )
        with self._engine.connect() as db:
            shared |= {other: count for other, count in db.execute(query) if other not in removed | {ident}}
        ranked = sorted((other for other, count in shared.items() if count), key=lambda o: -shared[o])
        return ranked[:MAX_COMPARED]

    def _text(self, document_id: str) -> str:
        with self._engine.connect() as db:
            return str(db.scalar(sql.select(documents.c.text).where(documents.c.id == document_id)))
