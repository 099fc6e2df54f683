"""Near-duplicates, and the documents that are used instead of them."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sql

from assistant.store.database import delete_among
from assistant.store.schema import duplicates


def set_canonicals(db: sql.Connection, canonicals: Mapping[str, str | None]) -> None:
    """Record the document that is used instead of each of these; None for one that is used itself."""
    delete_among(db, duplicates, duplicates.c.document_id, canonicals)
    rows = [
        {"document_id": ident, "original_id": canonical}
        for ident, canonical in canonicals.items()
        if canonical
    ]
    if rows:
        db.execute(duplicates.insert(), rows)
