"""The names under which documents were added, and the tags that they were given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sql

from assistant.store.database import delete_among, insert_missing, select_among
from assistant.store.schema import sources, tags


def names_of(db: sql.Connection, document_ids: Iterable[str] | None) -> Mapping[str, list[str]]:
    """Return the names of these documents, or of all, in order."""
    query = sql.select(sources.c.document_id, sources.c.source).order_by(sources.c.source)
    return _grouped(select_among(db, query, sources.c.document_id, document_ids))


def with_first(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return names with this one, which is among them, first."""
    return (name, *(other for other in names if other != name))


def tags_of(db: sql.Connection, document_ids: Iterable[str] | None) -> Mapping[str, list[str]]:
    """Return the tags of these documents, or of all, in order."""
    query = sql.select(tags.c.document_id, tags.c.tag).order_by(tags.c.tag)
    return _grouped(select_among(db, query, tags.c.document_id, document_ids))


def give(db: sql.Connection, given: Mapping[str, Iterable[str]]) -> None:
    """Give tags to documents, beside those that they have."""
    for ident, some in given.items():
        for tag in some:
            insert_missing(db, tags, {"document_id": ident, "tag": tag})


def take(db: sql.Connection, document_ids: Sequence[str], taken: Iterable[str]) -> None:
    """Take tags from documents."""
    for tag in taken:
        delete_among(db, tags, sql.case((tags.c.tag == tag, tags.c.document_id)), document_ids)


def pass_on(db: sql.Connection, ready: Mapping[str, str]) -> None:
    """Give the documents that names are to have, by name, the tags of those that they have."""
    query = sql.select(sources.c.source, tags.c.tag).join(tags, tags.c.document_id == sources.c.document_id)
    for source, tag in select_among(db, query, sources.c.source, ready):
        give(db, {ready[source]: [tag]})


def _grouped(rows: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for ident, text in rows:
        found[ident].append(text)
    return found
