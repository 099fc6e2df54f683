"""The part of `assistant sync` that follows addresses."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from assistant.cli import output, progress
from assistant.cli.store import open_store
from assistant.core.errors import AssistantError

if TYPE_CHECKING:
    from assistant.cli.store import Store
    from assistant.core.types import Source
    from assistant.ingest.files import Choice
    from assistant.sync.remote.items import Listing, RemoteSource
    from assistant.sync.remote.syncing import RemoteState

_NAMED = 5
"""Files that are named of those left out."""


def sync(
    address: str, choice: Choice, *, allow_private: bool = False, dry_run: bool = False, as_json: bool = False
) -> None:
    """Bring the corpus into step with an address, or print the plan."""
    from assistant.core import config
    from assistant.sync.remote.addresses import open_source

    source = open_source(address, config.load(), allow_private=allow_private)
    try:
        if dry_run:
            _print_plan(source, choice, as_json)
        else:
            _keep_step(source, choice, as_json)
    finally:
        source.close()


def names_below(store: Store, address: str) -> list[str]:
    """Return the names in the corpus of what a followed source gave; none of another address."""
    from assistant.sync.remote.noting import notes_of
    from assistant.sync.remote.syncing import state_of

    state = state_of(store, notes_of(store, _name(address)))
    return [name for item in state.taken for name in state.names_of(item)]


def forget(store: Store, address: str) -> None:
    """Forget a source whose documents were taken out."""
    from assistant.sync.remote.noting import notes_of

    notes = notes_of(store, _name(address))
    notes.forget(notes.taken())


def _name(address: str) -> str:
    """Return the address of a source as it is kept, or as it was given."""
    from assistant.core import config
    from assistant.sync.remote.addresses import open_source

    try:
        source = open_source(address, config.load(), allow_private=True)
    except AssistantError:
        return address
    source.close()
    return source.name


def _print_plan(source: RemoteSource, choice: Choice, as_json: bool) -> None:
    from assistant.sync.remote.syncing import plan_remote

    state = _state(source)
    listing = source.list(state.known)
    plan = plan_remote(listing, state, choice)
    for change in plan.changes:
        print(output.as_json(asdict(change)) if as_json else output.change_line(change))
    if not as_json:
        _tell_left_out(listing)
        output.say(f"{len(plan.changes)} to do, {plan.unchanged} unchanged; nothing was done.")


def _keep_step(source: RemoteSource, choice: Choice, as_json: bool) -> None:
    """Bring the corpus into step; note how it went, for the page."""
    from assistant.sync.remote.noting import notes_of

    counts: Counter[str] = Counter()
    try:
        # The store is free while the other side is asked.
        listing = source.list(_state(source).known)
        _apply(source, listing, choice, counts, as_json)
    except AssistantError as fault:
        with open_store("assistant sync") as store:
            notes_of(store, source.name).ended(counts, fault.message)
        raise
    if not as_json:
        _tell_left_out(listing)
    if not counts.total():
        raise AssistantError("There is no document of a known kind at this address; check it.")
    if counts["rejected"]:
        raise typer.Exit(1)


def _apply(
    source: RemoteSource, listing: Listing, choice: Choice, counts: Counter[str], as_json: bool
) -> None:
    from assistant.sync.remote.noting import notes_of
    from assistant.sync.remote.syncing import apply_remote, plan_remote

    with open_store("assistant sync") as store:
        notes = notes_of(store, source.name)
        state = _state_in(store, source)
        plan = plan_remote(listing, state, choice)
        waiting = [_named(change.source) for change in plan.changes if change.kind != "remove"]
        with progress.track_adding(waiting, as_json=as_json) as adding:
            adding.counts = counts
            counts["unchanged"] = plan.unchanged
            for result in apply_remote(store, notes, source, listing, plan, state, adding.on_step):
                line = output.as_json(asdict(result)) if as_json else output.sync_line(result)
                adding.on_result(result, line)
        notes.ended(counts)


def _state(source: RemoteSource) -> RemoteState:
    with open_store("assistant sync") as store:
        return _state_in(store, source)


def _state_in(store: Store, source: RemoteSource) -> RemoteState:
    from assistant.sync.remote.noting import notes_of
    from assistant.sync.remote.syncing import state_of

    return state_of(store, notes_of(store, source.name))


def _named(name: str) -> Source:
    """Return a source for its name alone: progress counts it before it is fetched."""
    from assistant.core.types import Source

    return Source(name, bytes)


def _tell_left_out(listing: Listing) -> None:
    if listing.left_out:
        named = ", ".join(output.plain(name) for name in listing.left_out[:_NAMED])
        more = f", and {len(listing.left_out) - _NAMED} more" if len(listing.left_out) > _NAMED else ""
        output.say(
            f"{output.counted(len(listing.left_out), 'file')} of no known kind left out: {named}{more}"
        )
