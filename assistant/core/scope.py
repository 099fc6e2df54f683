"""A part of the corpus: chosen documents, those in a folder, those with a tag, or those since a date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.core.errors import QuestionError
from assistant.core.limits import MAX_DOCUMENTS, MAX_SOURCE
from assistant.core.types import DocumentInfo

_SINCE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
MALFORMED = "Say since when as a year, a month or a day: 2024, 2024-05 or 2024-05-17."
EMPTY = "No document is in that part: {part}."
ALL = 20
"""Limit on the places that a message names."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Documents by id or place, restricted to those with a tag and those since a date; empty for the whole
    corpus."""

    documents: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    """Folders, files or hosts: one or more whole parts of a name."""
    since: str = ""
    """A year, a month or a day, as in ISO 8601."""
    tags: tuple[str, ...] = ()
    """Tags, of which a document has one or more."""

    def __post_init__(self) -> None:
        if self.since and not _SINCE.fullmatch(self.since):
            raise QuestionError(MALFORMED)

    def __bool__(self) -> bool:
        return bool(self.documents or self.within or self.since or self.tags)

    def chosen(self, entries: Iterable[DocumentInfo]) -> list[str]:
        """Return the ids of the documents in this part.

        Raises:
            QuestionError: there are none.
        """
        found = [
            entry.id
            for entry in entries
            if self._has_place(entry) and self._has_date(entry) and self._has_tag(entry)
        ]
        if not found:
            raise QuestionError(EMPTY.format(part=self))
        return found

    def _has_place(self, entry: DocumentInfo) -> bool:
        if entry.id in self.documents or not (self.documents or self.within):
            return True
        names = {entry.source, *entry.sources}
        return any(_is_within(name, place) for name in names for place in self.within)

    def _has_tag(self, entry: DocumentInfo) -> bool:
        wanted = {tag.casefold() for tag in self.tags}
        return not wanted or any(tag.casefold() in wanted for tag in entry.tags)

    def _has_date(self, entry: DocumentInfo) -> bool:
        return not self.since or _date(entry)[: len(self.since)] >= self.since

    def __str__(self) -> str:
        tags = [f"tagged {tag}" for tag in self.tags[:ALL]]
        parts = [*self.within[:ALL], *tags, f"since {self.since}" if self.since else ""]
        return ", ".join(filter(None, parts)) or f"{len(self.documents)} documents"


WHOLE = Scope()
"""The whole corpus."""


def parse(data: Mapping[str, Any]) -> Scope:
    """Return the scope of an object of the page or the API: `documents`, `in`, `since` and `tags`.

    Raises:
        QuestionError: it is of another form.
    """
    documents, within, tags = (data.get(name, []) for name in ("documents", "in", "tags"))
    since = data.get("since", "")
    if not (all(map(_are_names, (documents, within, tags))) and isinstance(since, str)):
        raise QuestionError(
            "A scope has lists of `documents`, of places `in` and of `tags`, and a date `since`."
        )
    return Scope(tuple(documents), tuple(within), since, tuple(tags))


def form(scope: Scope) -> dict[str, Any]:
    """Return the object that `parse` takes."""
    data = asdict(scope)
    return {
        "documents": [*data["documents"]],
        "in": [*data["within"]],
        "since": data["since"],
        "tags": [*data["tags"]],
    }


def _are_names(given: object) -> bool:
    return (
        isinstance(given, list)
        and len(given) <= MAX_DOCUMENTS
        and all(isinstance(name, str) and 0 < len(name) <= MAX_SOURCE for name in given)
    )


def _is_within(name: str, place: str) -> bool:
    """True if a place is one or more whole parts of a name: `notes/` of `/home/a/notes/b.md`."""
    parts, wanted = _parts(name), _parts(place)
    return bool(wanted) and any(
        parts[at : at + len(wanted)] == wanted for at in range(len(parts) - len(wanted) + 1)
    )


def _parts(name: str) -> Sequence[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def _date(entry: DocumentInfo) -> str:
    """Return the date that a document gives itself, or that of its adding."""
    if entry.date and _SINCE.match(entry.date):
        return entry.date
    year = _YEAR.search(entry.date or "")
    return year[0] if year else entry.added


def searched(titles: Sequence[str]) -> str:
    """Return a sentence on the documents that were searched; empty if all were."""
    if not titles:
        return ""
    if len(titles) == 1:
        return f"Only “{titles[0]}” was searched."
    return f"Only {len(titles)} of the documents were searched."
