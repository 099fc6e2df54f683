"""The corpus in step with a folder: what is new is added, what changed replaced, what is gone removed.

    folder -> files with their content ids -> plan, held against the corpus's names -> add, then unname

All is added first and taken away last: a document that moved is known by its content when it comes under its
new name, and whatever an interruption leaves, the next run completes. Only names below the folder are ever
taken away, and of these only such whose files are there no more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.core.errors import ReadError, SyncError
from assistant.core.types import Entry, Outcome, Source, Step, ignore
from assistant.ingest import archives, files
from assistant.ingest.files import ALL, Choice
from assistant.ingest.parse import identity

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote

Kind = Literal["add", "replace", "move", "remove"]
_AT_ONCE = 2_000
"""Names that are taken away in one pass; a server takes a request of limited size."""
Stamp = tuple[int, ...]
"""What changes with a file: its inode, its size, when it was written and when it was changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A name that the corpus takes on, changes or gives up; `before` is what a moved document was called."""

    kind: Kind
    source: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What brings the corpus into step, by name; `unchanged` documents are so already."""

    changes: tuple[Change, ...]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one name; the rest as in Outcome."""

    status: Literal["added", "updated", "moved", "removed", "rejected"]
    source: str
    before: str | None = None
    document_id: str | None = None
    title: str | None = None
    passages: int = 0
    reason: str | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What one file holds: the ids of its documents by their names, several where it is an archive."""

    stamp: Stamp
    ids: Mapping[str, str]
    rejected: tuple[Done, ...] = ()
    """What of it cannot be read."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds, as far as it is followed."""

    root: Path
    contents: Mapping[Path, Content]
    closed: tuple[Done, ...] = ()
    """Folders in it that cannot be looked into."""
    is_empty: bool = False
    """Whether there is no file at all in it, of whatever kind."""

    @property
    def stamps(self) -> dict[Path, Stamp]:
        """By which it is told whether anything has changed."""
        return {path: content.stamp for path, content in self.contents.items()}

    @property
    def ids(self) -> dict[str, str]:
        """The content id of each document by its name."""
        return {name: ident for content in self.contents.values() for name, ident in content.ids.items()}

    @property
    def rejected(self) -> tuple[Done, ...]:
        """All that cannot be read; what the corpus holds of it stays."""
        return (*(told for content in self.contents.values() for told in content.rejected), *self.closed)


# -- what there is -------------------------------------------------------------------------------------------


class Look:
    """Looks at a folder, again and again; what has not changed in between is not read again."""

    def __init__(self, root: Path, choice: Choice = ALL) -> None:
        self.root = Path(os.path.abspath(root))
        self._choice = choice
        self._seen: dict[Path, Content] = {}

    def __call__(
        self,
        settled: Callable[[Path, Stamp], bool] = lambda path, stamp: True,
        told: Callable[[int, int], None] = lambda done, of: None,
    ) -> Folder:
        """What the folder holds now. A file that is not `settled` counts as what it was before, if anything.
        `told` hears how many files were looked at, and of how many.

        Raises:
            SyncError: it is no folder.
        """
        if not os.path.isdir(self.root):
            raise SyncError(f"There is no folder {self.root}; check the name, and whether its disk is there.")
        listing = files.below(self.root, self._choice)
        seen = {}
        for number, path in enumerate(listing.files, 1):
            found = self._looked_at(path, settled)
            if found is not None:
                seen[path] = found
            told(number, len(listing.files))
        self._seen = seen
        return Folder(
            self.root,
            dict(self._seen),
            tuple(_rejected(files.name(path), files.told_closed(path)) for path in listing.closed),
            is_empty=not (listing.files or listing.closed or listing.others),
        )

    def reject(self, told: Done) -> None:
        """Remembers that this could not be read, so that it is tried again only when it has changed."""
        for path in _above(Path(told.source), self.root):
            if path in self._seen:
                content = self._seen[path]
                ids = {name: ident for name, ident in content.ids.items() if name != told.source}
                self._seen[path] = Content(content.stamp, ids, (*content.rejected, told))

    def _looked_at(self, path: Path, settled: Callable[[Path, Stamp], bool]) -> Content | None:
        stamp, before = _stamp(path), self._seen.get(path)
        if before is not None and before.stamp == stamp:
            return before
        return _content(path, stamp) if settled(path, stamp) else before


def _stamp(path: Path) -> Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _content(path: Path, stamp: Stamp) -> Content:
    name = files.name(path)
    try:
        data = files.load(path)
        members = archives.members(data, name)
    except ReadError as fault:
        return Content(stamp, {}, (_rejected(name, fault.message),))
    if members is None:
        return Content(stamp, {name: identity(data)})
    ids, rejected = {}, []
    for member in members:
        try:
            ids[member.name] = identity(member.load())
        except ReadError as fault:
            rejected.append(_rejected(member.name, fault.message))
    return Content(stamp, ids, tuple(rejected))


def _rejected(name: str, reason: str) -> Done:
    return Done("rejected", name, reason=reason)


# -- what is to be done --------------------------------------------------------------------------------------


def plan(ids: Mapping[str, str], named: Mapping[str, str], kept: AbstractSet[str] = frozenset()) -> Plan:
    """What makes `named` into `ids`, both from names to content ids. The names of `kept` are not taken away.

    A name that is new, with the content of one that is gone, is a move.
    """
    gone: dict[str, list[str]] = {}
    for name in sorted(named.keys() - ids.keys() - kept, reverse=True):
        gone.setdefault(named[name], []).append(name)
    changes = []
    for name in sorted(ids):
        if name in named:
            changes += [Change("replace", name)] if named[name] != ids[name] else []
        elif gone.get(ids[name]):
            changes.append(Change("move", name, gone[ids[name]].pop()))
        else:
            changes.append(Change("add", name))
    changes += [Change("remove", name) for names in gone.values() for name in names]
    unchanged = sum(named.get(name) == ident for name, ident in ids.items())
    return Plan(tuple(sorted(changes, key=lambda change: change.source)), unchanged)


def planned(folder: Folder, entries: Iterable[Entry]) -> Plan:
    """The plan that brings a corpus of these entries into step with the folder.

    Raises:
        SyncError: the folder is empty, but the corpus holds documents from it.
    """
    below = files.name(folder.root).rstrip("/") + "/"
    named = {name: entry.id for entry in entries for name in entry.sources if name.startswith(below)}
    if folder.is_empty and named:
        raise SyncError(
            f"{folder.root} is empty, but the corpus holds {len(named)} documents from it; check whether its "
            f"disk is there, or take them out with `assistant remove {folder.root}`."
        )
    ids = folder.ids
    return plan(ids, named, set(_staying(named.keys() - ids.keys(), folder)))


def _staying(names: Iterable[str], folder: Folder) -> Iterator[str]:
    """Those of the names of which nothing certain is known: the file is there, but was not looked into."""
    rejected = {told.source for told in folder.rejected}
    for name in names:
        places = _above(Path(name), folder.root)
        found = next((path for path in places if str(path) in rejected or os.path.isfile(path)), None)
        if found is not None and (str(found) in rejected or found not in folder.contents):
            yield name


def _above(path: Path, root: Path) -> Iterator[Path]:
    """A path and what it lies in, up to the root: a document in an archive lies in a file."""
    yield path
    for above in path.parents:
        if above == root:
            return
        yield above


# -- doing it ------------------------------------------------------------------------------------------------


def sources(folder: Folder, plan: Plan) -> list[Source]:
    """What is to be added: new names first, so that content which only moves is never without a name."""
    files_of = {name: path for path, content in folder.contents.items() for name in content.ids}
    wanted = [change for change in plan.changes if change.kind != "remove"]
    wanted.sort(key=lambda change: change.kind == "replace")
    return [files.source(path) for path in dict.fromkeys(files_of[change.source] for change in wanted)]


def carried_out(
    store: Assistant | Remote, folder: Folder, plan: Plan, told: Callable[[Step], None] = ignore
) -> Iterator[Done]:
    """Brings the store into step. Each name is given when what became of it is kept for good."""
    changes = {change.source: change for change in plan.changes}
    missed = {change.source for change in plan.changes if change.kind == "move"}
    for outcome in store.add(sources(folder, plan), told):
        change = changes.get(outcome.source)
        if outcome.status == "rejected":
            yield _done("rejected", outcome)
        elif change is not None:
            missed.discard(outcome.source)
            yield replace(_done(_STATUS[change.kind], outcome), before=change.before)
    # A document that did not arrive under its new name keeps the old one.
    ended = (change for change in plan.changes if change.kind in ("move", "remove"))
    gone = [change.before or change.source for change in ended if change.source not in missed]
    for start in range(0, len(gone), _AT_ONCE):
        store.unname(gone[start : start + _AT_ONCE])
    for change in plan.changes:
        if change.kind == "remove":
            yield Done("removed", change.source)


_STATUS: dict[Kind, Literal["added", "updated", "moved"]] = {
    "add": "added",
    "replace": "updated",
    "move": "moved",
}


def _done(status: Literal["added", "updated", "moved", "rejected"], outcome: Outcome) -> Done:
    told = (outcome.document_id, outcome.title, outcome.passages, outcome.reason, outcome.duplicate_of)
    return Done(status, outcome.source, None, *told)
