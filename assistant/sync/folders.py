"""Synchronisation of the corpus with a folder: adds new files, replaces changed ones, removes missing ones.

    folder -> files with their content ids -> plan, by comparing with the corpus's names -> add, then unname

Additions come first and removals last: a moved document is recognised by its content under its new name, and
the next run completes what an interruption left. Only names below the folder are removed, and only if their
files are gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.core.errors import ReadError, SyncError
from assistant.core.types import AddResult, DocumentInfo, OnStep, Source, Status, ignore
from assistant.ingest import archives, files
from assistant.ingest.files import ALL, Choice
from assistant.ingest.parse import identity

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote

Kind = Literal["add", "replace", "move", "remove"]
_STATUS: dict[Kind, Status] = {"add": "added", "replace": "updated", "move": "moved"}
_BATCH = 2_000
"""Names removed in one request; a server limits the size of requests."""
Stamp = tuple[int, ...]
"""Inode, size, modification and change time of a file, in nanoseconds; empty if it cannot be read."""


@dataclass(frozen=True, slots=True)
class Change:
    """A name that the corpus adds, changes or removes; `before` is the old name of a moved document."""

    kind: Kind
    source: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes that bring the corpus into step, by name, and the number of documents already in step."""

    changes: tuple[Change, ...]
    unchanged: int


@dataclass(frozen=True, slots=True)
class SyncResult(AddResult):
    """The result for one name; `before` is the old name of a moved document."""

    before: str | None = None


@dataclass(frozen=True, slots=True)
class FileContent:
    """Content ids of the documents in one file, by name: several in an archive."""

    stamp: Stamp
    ids: Mapping[str, str]
    rejected: tuple[SyncResult, ...] = ()
    """Unreadable documents of the file."""


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The files of a folder that are followed."""

    root: Path
    contents: Mapping[Path, FileContent]
    closed: tuple[SyncResult, ...] = ()
    """Subfolders that cannot be listed."""
    is_empty: bool = False
    """True if it holds no file at all, of any kind."""
    left_out: tuple[Path, ...] = ()
    """Its files of no known kind."""

    @property
    def stamps(self) -> dict[Path, Stamp]:
        """The stamp of each file; equal stamps mean that nothing has changed."""
        return {path: content.stamp for path, content in self.contents.items()}

    @property
    def ids(self) -> dict[str, str]:
        """The content id of each document by its name."""
        return {name: ident for content in self.contents.values() for name, ident in content.ids.items()}

    @property
    def rejected(self) -> tuple[SyncResult, ...]:
        """Everything unreadable; the corpus keeps its documents from there."""
        return (*(item for content in self.contents.values() for item in content.rejected), *self.closed)


# -- scanning ------------------------------------------------------------------------------------------------


class FolderScanner:
    """Lists a folder repeatedly, reading only files that have changed since the last time."""

    def __init__(self, root: Path, choice: Choice = ALL) -> None:
        self.root = Path(os.path.abspath(root))
        self._choice = choice
        self._seen: dict[Path, FileContent] = {}

    def __call__(
        self,
        is_settled: Callable[[Path, Stamp], bool] = lambda path, stamp: True,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> FolderContents:
        """Return the contents of the folder now. A file that is not settled has its last known content.

        Raises:
            SyncError: it is no folder.
        """
        if not os.path.isdir(self.root):
            raise SyncError(f"There is no folder {self.root}; check the name, and whether its disk is there.")
        listing = files.below(self.root, self._choice)
        seen = {}
        for number, path in enumerate(listing.files, 1):
            if content := self._scan(path, is_settled):
                seen[path] = content
            on_progress(number, len(listing.files))
        self._seen = seen
        return FolderContents(
            self.root,
            dict(seen),
            tuple(_rejected(files.name(path), files.told_closed(path)) for path in listing.closed),
            is_empty=not (listing.files or listing.closed or listing.others),
            left_out=listing.left_out,
        )

    def reject(self, result: SyncResult) -> None:
        """Remember that this document could not be read, and retry it only when its file changes."""
        for path in _path_and_parents(Path(result.source), self.root):
            if path in self._seen:
                content = self._seen[path]
                ids = {name: ident for name, ident in content.ids.items() if name != result.source}
                self._seen[path] = FileContent(content.stamp, ids, (*content.rejected, result))

    def _scan(self, path: Path, is_settled: Callable[[Path, Stamp], bool]) -> FileContent | None:
        stamp, before = _stamp(path), self._seen.get(path)
        if before is not None and before.stamp == stamp:
            return before
        return _read_content(path, stamp) if is_settled(path, stamp) else before


def _stamp(path: Path) -> Stamp:
    try:
        stat = os.stat(path)
    except OSError:
        return ()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _read_content(path: Path, stamp: Stamp) -> FileContent:
    name = files.name(path)
    try:
        data = files.load(path)
        members = archives.members(data, name)
    except ReadError as fault:
        return FileContent(stamp, {}, (_rejected(name, fault.message),))
    if members is None:
        return FileContent(stamp, {name: identity(data)})
    ids: dict[str, str] = {}
    rejected: list[SyncResult] = []
    for member in members:
        try:
            ids |= {one.name: identity(one.load()) for one in archives.within(member)}
        except ReadError as fault:
            rejected.append(_rejected(member.name, fault.message))
    return FileContent(stamp, ids, tuple(rejected))


def _rejected(name: str, reason: str) -> SyncResult:
    return SyncResult(name, "rejected", reason=reason)


# -- planning ------------------------------------------------------------------------------------------------


def make_plan(
    ids: Mapping[str, str], named: Mapping[str, str], protected: AbstractSet[str] = frozenset()
) -> Plan:
    """Return the changes that turn `named` into `ids`, both from names to content ids.

    A new name with the content of a missing one is a move. Names in `protected` are never removed.
    """
    missing: dict[str, list[str]] = {}
    for name in sorted(named.keys() - ids.keys() - protected, reverse=True):
        missing.setdefault(named[name], []).append(name)
    changes = []
    for name in sorted(ids):
        if name in named:
            changes += [Change("replace", name)] if named[name] != ids[name] else []
        elif missing.get(ids[name]):
            changes.append(Change("move", name, missing[ids[name]].pop()))
        else:
            changes.append(Change("add", name))
    changes += [Change("remove", name) for names in missing.values() for name in names]
    unchanged = sum(named.get(name) == ident for name, ident in ids.items())
    return Plan(tuple(sorted(changes, key=lambda change: change.source)), unchanged)


def plan_sync(folder: FolderContents, entries: Iterable[DocumentInfo]) -> Plan:
    """Return the plan that brings a corpus of these entries into step with the folder.

    Raises:
        SyncError: the folder is empty, but the corpus holds documents from it.
    """
    prefix = files.name(folder.root).rstrip("/") + "/"
    named = {name: entry.id for entry in entries for name in entry.sources if name.startswith(prefix)}
    if folder.is_empty and named:
        raise SyncError(
            f"{folder.root} is empty, but the corpus holds {len(named)} documents from it; check whether its "
            f"disk is there, or take them out with `assistant remove {folder.root}`."
        )
    ids = folder.ids
    return make_plan(ids, named, set(_unknown(named.keys() - ids.keys(), folder)))


def _unknown(names: Iterable[str], folder: FolderContents) -> Iterator[str]:
    """Yield the names of unknown state: their file exists, but was not read."""
    rejected = {item.source for item in folder.rejected}
    for name in names:
        paths = _path_and_parents(Path(name), folder.root)
        file = next((path for path in paths if str(path) in rejected or os.path.isfile(path)), None)
        if file is not None and (str(file) in rejected or file not in folder.contents):
            yield name


def _path_and_parents(path: Path, root: Path) -> Iterator[Path]:
    """Yield a path and its parents up to the root: a document of an archive is below the archive's path."""
    yield path
    for parent in path.parents:
        if parent == root:
            return
        yield parent


# -- applying ------------------------------------------------------------------------------------------------


def sources_to_add(folder: FolderContents, plan: Plan) -> list[Source]:
    """Return the sources to add, new names first: content that only moves is never without a name."""
    paths = {name: path for path, content in folder.contents.items() for name in content.ids}
    additions = [change for change in plan.changes if change.kind != "remove"]
    additions.sort(key=lambda change: change.kind == "replace")
    return [files.source(path) for path in dict.fromkeys(paths[change.source] for change in additions)]


def apply_plan(
    store: Assistant | Remote,
    folder: FolderContents,
    plan: Plan,
    on_step: OnStep = ignore,
) -> Iterator[SyncResult]:
    """Bring the store into step. Yield the result for each name once it is durable."""
    changes = {change.source: change for change in plan.changes}
    missed = {change.source for change in plan.changes if change.kind == "move"}
    for outcome in store.add(sources_to_add(folder, plan), on_step):
        change = changes.get(outcome.source)
        if outcome.status == "rejected":
            yield SyncResult(**asdict(outcome))
        elif change is not None:
            missed.discard(outcome.source)
            yield SyncResult(**asdict(replace(outcome, status=_STATUS[change.kind])), before=change.before)
    # A document that was not added under its new name keeps the old one.
    ended = (change for change in plan.changes if change.kind in ("move", "remove"))
    names = [change.before or change.source for change in ended if change.source not in missed]
    for start in range(0, len(names), _BATCH):
        store.unname(names[start : start + _BATCH])
    for change in plan.changes:
        if change.kind == "remove":
            yield SyncResult(change.source, "removed")
