"""The corpus in step with a source by address, whatever its kind.

    versions taken before -> listing -> plan -> what is new and changed, in batches -> what is gone

The versions of items are in the ledger. What a batch takes is noted once it is durable, so a run that was
interrupted goes on with the next batch. Names are noted before they are taken, so that none is forgotten.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from assistant.core.errors import AssistantError, FetchError, ReadError, SyncError
from assistant.core.types import AddResult, OnStep, Source, ignore
from assistant.ingest.files import ALL, Choice
from assistant.store.lists.remotes import Taken
from assistant.sync.folders import Plan, SyncResult, make_plan
from assistant.sync.remote.items import Body, Listing, RemoteItem, RemoteSource

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote
    from assistant.sync.remote.noting import Notes

BATCH = 32
"""Items fetched and taken at once; an interruption costs at most the fetching of so many."""
BATCH_BYTES = 20_000_000
"""Bytes after which a batch is taken although it has fewer items."""
MISSES = 3
"""Items in a row that a source does not give, after which it is taken to be away."""
_NAMES = 2_000
"""Names removed in one request; a server limits the size of requests."""


@dataclass(frozen=True, slots=True)
class RemoteState:
    """What is known of a source before a run: the items taken, and all names of the corpus, sorted."""

    taken: Mapping[str, Taken]
    names: Sequence[str]

    @classmethod
    def of(cls, taken: Mapping[str, Taken], names: Iterable[str]) -> RemoteState:
        """Return the state of a source by its items and the corpus's names."""
        return cls(taken, sorted(names))

    @property
    def known(self) -> dict[str, str]:
        """The versions of the items that the corpus has, or that it refused, by name."""
        return {
            name: taken.version
            for name, taken in self.taken.items()
            if taken.is_refused or self.names_of(name)
        }

    def names_of(self, item: str) -> list[str]:
        """Return the names in the corpus of an item: its own, and those of the documents inside it."""
        own = [item] if self._starts_at(item) == item else []
        start, end = (bisect_left(self.names, item + mark) for mark in "/0")
        return own + [name for name in self.names[start:end] if name not in self.taken]

    def _starts_at(self, item: str) -> str:
        at = bisect_left(self.names, item)
        return self.names[at] if at < len(self.names) else ""


def state_of(store: Assistant | Remote, notes: Notes) -> RemoteState:
    """Return what a store knows of a source now."""
    return RemoteState.of(notes.taken(), (name for entry in store.list() for name in entry.sources))


def plan_remote(listing: Listing, state: RemoteState, choice: Choice = ALL) -> Plan:
    """Return the plan that brings the corpus into step with a listing.

    Raises:
        SyncError: the source is empty, but the corpus holds documents from it.
    """
    known = state.known
    if listing.is_whole and listing.is_empty and known:
        raise SyncError(
            f"Nothing is there any more, but the corpus holds {len(known)} documents from it; check the "
            "address, or take them out with `assistant remove` and the address."
        )
    chosen = {item.name: item.version for item in listing.items if choice.takes(item.path)}
    # As with a folder, what patterns leave out is neither added nor removed.
    protected = {item.name for item in listing.items} - chosen.keys() | set(listing.left_out)
    if not listing.is_whole:
        protected |= known.keys()
    # Equal versions of two items say nothing: no move is recognised by them.
    return make_plan(
        {name: f"{version} {name}" for name, version in chosen.items()},
        {name: f"{version} {name}" for name, version in known.items()},
        protected,
    )


def apply_remote(
    store: Assistant | Remote,
    notes: Notes,
    source: RemoteSource,
    listing: Listing,
    plan: Plan,
    state: RemoteState,
    on_step: OnStep = ignore,
) -> Iterator[SyncResult]:
    """Bring the store into step. Yield the result for each name once it is durable.

    Raises:
        SyncError: the source went away in the middle. What was taken stays, and nothing was removed.
    """
    items = {item.name: item for item in listing.items}
    wanted = [items[change.source] for change in plan.changes if change.kind != "remove"]
    notes.note({item.name: Taken() for item in wanted if item.name not in state.taken})
    source.expect(wanted)
    done = 0
    for fetched in _fetched(source, wanted):
        yield from _take(store, notes, fetched, state, on_step)
        done += len(fetched.sources)
        if fetched.fault:
            raise SyncError(_broken_off(fetched.fault, done, len(wanted))) from fetched.fault
    gone = [change.source for change in plan.changes if change.kind == "remove"]
    _unname(store, [name for item in gone for name in state.names_of(item)])
    notes.forget(gone)
    yield from (SyncResult(name, "removed") for name in gone)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Fetched items, and the fault that ended fetching."""

    sources: Mapping[str, Source]
    versions: Mapping[str, str]
    """Of those that were fetched whole."""
    fault: AssistantError | None = None


def _fetched(source: RemoteSource, wanted: Sequence[RemoteItem]) -> Iterator[_Fetched]:
    """Yield the items in batches; the last has a fault if the source does not answer any more.

    A source that answers again was not away: what it did not give in between is told of, and asked for again
    on the next run.
    """
    sources: dict[str, Source] = {}
    versions: dict[str, str] = {}
    missed: dict[str, AssistantError] = {}
    size = 0
    for item in wanted:
        try:
            body = source.read(item)
        except (FetchError, ReadError, SyncError) as fault:
            if not fault.retryable:
                sources[item.name] = _refused(item.name, fault)
                continue
            missed[item.name] = fault
            if len(missed) == MISSES:
                break
            continue
        sources |= {name: _refused(name, fault) for name, fault in missed.items()}
        missed.clear()
        sources[item.name] = Source(item.name, partial(_same, body))
        versions[item.name] = body.version
        size += len(body.data)
        if len(sources) >= BATCH or size > BATCH_BYTES:
            yield _Fetched(sources, versions)
            sources, versions, size = {}, {}, 0
    if sources or missed:
        yield _Fetched(sources, versions, next(iter(missed.values()), None))


def _refused(name: str, fault: AssistantError) -> Source:
    return Source(name, partial(_refuse, fault.message))


def _take(
    store: Assistant | Remote, notes: Notes, fetched: _Fetched, state: RemoteState, on_step: OnStep
) -> Iterator[SyncResult]:
    """Add a batch, take away what items do not hold any more, and note their versions."""
    outcomes: dict[str, list[AddResult]] = {name: [] for name in fetched.versions}
    for outcome in store.add(list(fetched.sources.values()), on_step):
        item = next((name for name in _above(outcome.source) if name in outcomes), None)
        if item is not None:
            outcomes[item].append(outcome)
        yield SyncResult(**asdict(outcome))
    _unname(store, [name for item, some in outcomes.items() for name in _stale(item, some, state)])
    notes.note(
        {
            name: Taken(fetched.versions[name], all(each.status == "rejected" for each in some))
            for name, some in outcomes.items()
        }
    )


def _stale(item: str, outcomes: Sequence[AddResult], state: RemoteState) -> Iterator[str]:
    """Yield the names that an item had and does not have any more; none if it cannot be read now."""
    now = {outcome.source for outcome in outcomes}
    if not any(outcome.source == item and outcome.status == "rejected" for outcome in outcomes):
        yield from (name for name in state.names_of(item) if name not in now)


def _above(name: str) -> Iterator[str]:
    """Yield a name and the names of what it may be inside of."""
    yield name
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _unname(store: Assistant | Remote, names: Sequence[str]) -> None:
    for start in range(0, len(names), _NAMES):
        store.unname(names[start : start + _NAMES])


def _broken_off(fault: AssistantError, done: int, total: int) -> str:
    return f"{fault.message} {done} of {total} were taken, and nothing was removed; run it again to go on."


def _same(body: Body) -> bytes:
    return body.data


def _refuse(message: str) -> bytes:
    raise ReadError(message)
