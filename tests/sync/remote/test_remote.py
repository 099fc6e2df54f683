"""A corpus in step with what lives at an address: the same six cases for every kind of server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from place import PASSWORD, WRONG, Place

from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.ingest.library import Library
from assistant.sync.remote import git, polite
from assistant.sync.remote.addresses import open_source
from assistant.sync.remote.noting import notes_of
from assistant.sync.remote.syncing import apply_remote, plan_remote, state_of

LAMP = "# Cora lamp\n\nThe lamp of Cora is green and hangs in the hall.\n"
KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
TOASTER = "# Brisa toaster\n\nThe Brisa toaster has seven browning levels.\n"
PLACES = {
    **{"git": "place_git", "sitemap": "place_web", "feed": "place_web", "mail": "place_mail"},
    **{"webdav": "place_webdav", "s3": "place_s3", "sftp": "place_sftp"},
}
"""Kind of place -> the module with its server, which may need a package that is not here."""


class Store:
    """The methods of an assistant that a sync calls, over a library with the quick embedder."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.add, self.unname, self.list = library.add, library.unname, library.ledger.entries

    @property
    def names(self) -> set[str]:
        return {name for entry in self.list() for name in entry.sources}


@pytest.fixture
def store(library: Library) -> Any:
    return Store(library)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    # Otherwise all files of a repository come at once, and nothing can break in between.
    monkeypatch.setattr(git, "TOGETHER", 1)
    monkeypatch.setattr(polite, "PAUSE", 0.0)
    served = getattr(pytest.importorskip(PLACES[request.param]), f"{request.param}_place")
    with served(tmp_path) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        made.put("lamp.md", LAMP)
        made.put("kettle.md", KETTLE)
        yield made


def sync(store: Any, place: Place) -> list[tuple[str, str]]:
    """Sync with a place; return (status, name) of each result."""
    source = open_source(place.address, config.load(), allow_private=True)
    try:
        notes = notes_of(store, source.name)
        state = state_of(store, notes)
        listing = source.list(state.known)
        plan = plan_remote(listing, state)
        done = apply_remote(store, notes, source, listing, plan, state)
        return sorted((each.status, each.source) for each in done)
    finally:
        source.close()


def test_the_first_run_takes_everything_under_plain_names(store: Any, place: Place) -> None:
    names = {place.name("kettle.md"), place.name("lamp.md")}
    assert sync(store, place) == [("added", name) for name in sorted(names)]
    assert store.names == names
    assert place.bodies == 2
    assert not any(secret in str(store.list()) for secret in place.environment.values() if secret == PASSWORD)


def test_where_nothing_changed_no_document_is_sent_again(store: Any, place: Place) -> None:
    sync(store, place)
    before = place.bodies
    assert sync(store, place) == []
    assert place.bodies == before


def test_what_changed_alone_is_sent_again(store: Any, place: Place) -> None:
    sync(store, place)
    before, old = place.bodies, place.name("kettle.md")
    place.put("kettle.md", KETTLE.replace("95", "80"))
    place.put("toaster.md", TOASTER)
    changed = {("added", place.name("kettle.md")), ("removed", old)} if place.renames else {("updated", old)}
    assert set(sync(store, place)) == {("added", place.name("toaster.md"))} | changed
    assert place.bodies == before + 2
    assert len(store.names) == 3


def test_what_is_gone_is_taken_out(store: Any, place: Place) -> None:
    sync(store, place)
    before = place.bodies
    place.delete("lamp.md")
    gone = [("removed", place.name("lamp.md"))]
    assert sync(store, place) == (gone if place.forgets else [])
    assert store.names >= {place.name("kettle.md")}
    assert len(store.names) == (1 if place.forgets else 2)
    assert place.bodies == before


def test_a_server_that_goes_away_takes_nothing_along(store: Any, place: Place) -> None:
    sync(store, place)
    place.delete("lamp.md")
    for number in range(3):
        place.put(f"toaster{number}.md", TOASTER.replace("seven", f"{number}"))
    place.break_after(1)
    with pytest.raises(AssistantError) as caught:
        sync(store, place)
    assert caught.value.retryable
    assert "1 of 3 were taken, and nothing was removed; run it again to go on." in caught.value.message
    assert {place.name("lamp.md"), place.name("kettle.md")} < store.names
    assert len(store.names) == 3
    place.heal()
    before = place.bodies
    assert [status for status, _ in sync(store, place)].count("added") == 2
    assert place.bodies == before + 2
    assert (place.name("lamp.md") in store.names) != place.forgets


def test_wrong_credentials_are_told_without_them(
    store: Any, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.wrong == place.environment:
        pytest.skip("nobody is asked for a password there")
    sync(store, place)
    for name, value in place.wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AssistantError) as caught:
        sync(store, place)
    told = [caught.value.message, str(caught.value.__cause__), *map(str, caught.value.args)]
    assert not any(secret in text for text in told for secret in (WRONG, PASSWORD))
    assert "127.0.0.1 does not let this user in" in caught.value.message
    assert len(store.names) == 2
