"""Several processes with one store: what one adds the others find at once; who dies takes nothing along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Hashing, together
from servers import Chroma, Postgres, wait_until
from stores import add, found, statuses, text

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.errors import ConfigError, NotFound, StoreBusy, StoreUnreachable
from assistant.ingest.library import Library
from assistant.ingest.sharing import SharedLibrary, open_library
from assistant.store.addresses import Stores
from assistant.store.changes import writing
from assistant.store.database import Ownership
from assistant.store.index import terms
from assistant.store.ledger import Ledger

Opens = Callable[[str], SharedLibrary]


@pytest.fixture
def place(postgres: Postgres, chroma: Chroma, tmp_path: Path) -> Stores:
    return Stores(postgres.empty(), chroma.server, tmp_path / "originals")


@pytest.fixture
def opens(place: Stores, tmp_path: Path) -> Iterator[Opens]:
    """Opens the store with a home of its own, as another process would."""
    opened: list[Library] = []

    def opens(name: str) -> SharedLibrary:
        (tmp_path / name).mkdir(exist_ok=True)
        library = open_library(tmp_path / name, Hashing(), stores=place)
        assert isinstance(library, SharedLibrary)
        opened.append(library)
        return library

    yield opens
    for library in opened:
        library.close()


def is_sound(library: Library, originals: Path) -> bool:
    """True if all counts agree, nothing is there twice, and each original has its document."""
    health, entries = library.check(), library.ledger.entries()
    held = {path.name for path in originals.glob("*") if path.suffix != ".json"}
    return (
        health.problems == ()
        and health.passages == health.vectors == health.words
        and len({entry.source for entry in entries}) == len(entries)
        and held == library.ledger.sha256s()
    )


def words(library: Library, word: str) -> set[int]:
    """The keys that the words of this process have for a word."""
    return set(library._generations._index.match(dict.fromkeys(terms(word), 1.0), 50))


def test_what_one_adds_changes_and_removes_the_other_finds_at_once(opens: Opens, tmp_path: Path) -> None:
    one, two = opens("one"), opens("two")
    assert statuses(add(one, a=text("walrus", 3), b=text("zebra"))) == ["added", "added"]
    assert (found(two, "walrus"), found(two, "zebra")) == ({"a.md"}, {"b.md"})
    assert statuses(add(two, a=text("badger"), b=text("zebra"))) == ["updated", "unchanged"]
    assert (found(one, "walrus"), found(one, "badger")) == (set(), {"a.md"})
    one.remove(one.ledger.document_named("b.md") or "")
    assert found(two, "zebra") == set()
    with pytest.raises(NotFound):
        two.remove("none")
    for library in (one, two):
        assert is_sound(library, tmp_path / "originals")


def test_a_removed_word_leaves_the_files_of_the_others_too(opens: Opens) -> None:
    one, two = opens("one"), opens("two")
    add(one, a=text("walrus"), b=text("zebra"))
    assert found(two, "walrus") == {"a.md"}
    one.remove(one.ledger.document_named("a.md") or "")
    assert found(two, "walrus") == set()
    wait_until(
        lambda: not two.search(lambda index: index.has_term(terms("walrus")[0])), "An end of the word", 30
    )


def test_who_was_away_follows_from_where_it_was(opens: Opens) -> None:
    one, two = opens("one"), opens("two")
    add(one, a=text("walrus"), b=text("zebra"))
    assert found(two, "walrus") == {"a.md"}
    two.close()
    add(one, a=text("badger"), c=text("ocelot"))
    back = opens("two")
    assert (found(back, "walrus"), found(back, "badger"), found(back, "ocelot")) == (
        set(),
        {"a.md"},
        {"c.md"},
    )


def test_words_follow_though_the_changes_are_not_known_any_more(opens: Opens) -> None:
    one, two = opens("one"), opens("two")
    for word in ("walrus", "zebra", "ocelot"):
        add(one, a=text(word))
    with one.ledger.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM touched")
    assert (found(two, "walrus"), found(two, "ocelot")) == (set(), {"a.md"})


def test_all_add_at_once_and_nothing_is_lost_or_doubled(opens: Opens, tmp_path: Path) -> None:
    libraries = [opens(name) for name in ("one", "two", "three")]

    def work(number: int) -> None:
        mine = {f"d{number}x{n}": text(f"word{number}x{n}") for n in range(4)}
        add(libraries[number], **mine, same=text("common"))
        libraries[number].remove(libraries[number].ledger.document_named(f"d{number}x0.md") or "")

    together(3, work)
    expected = {f"d{n}x{m}.md" for n in range(3) for m in range(1, 4)} | {"same.md"}
    for library in libraries:
        assert {entry.source for entry in library.ledger.entries()} == expected
        assert found(library, "common") == {"same.md"}
        assert all(
            found(library, name.removeprefix("d").removesuffix(".md").join(("word", ""))) == {name}
            for name in expected - {"same.md"}
        )
        assert is_sound(library, tmp_path / "originals")


def test_a_rebuild_by_one_is_followed_by_the_others(opens: Opens, chroma: Chroma) -> None:
    one, two = opens("one"), opens("two")
    add(one, a=text("walrus"))
    assert found(two, "walrus") == {"a.md"}
    one.rebuild()
    start = f"assistant-{one.ledger.note('store', '')}-"
    assert [name for name in chroma.collections() if name.startswith(start)] == [f"{start}2"]
    add(one, b=text("zebra"))
    assert (found(two, "walrus"), found(two, "zebra")) == ({"a.md"}, {"b.md"})


def test_two_assistants_answer_from_one_store(place: Stores, settings: Settings, tmp_path: Path) -> None:
    assert place.database is not None
    assert place.chroma is not None
    shared = replace(
        settings, database=str(place.database), chroma=place.chroma.url, originals=str(place.originals)
    )
    with Assistant.open(shared) as one, Assistant.open(replace(shared, home=tmp_path / "two")) as two:
        kettle = one.add_bytes(b"# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n", "kettle.md")
        assert "95 seconds" in two.ask("How long does the Arvo kettle take?", "talk").text
        assert len(one.turns("talk")) == 1
        assert two.original(kettle.document_id or "").startswith(b"# Kettle")
        one.remove(kettle.document_id or "")
        assert two.turns("talk") == []
        assert not two.ask("How long does the Arvo kettle take?").citations
        with pytest.raises(StoreBusy, match="has the database open"):
            one.require_alone()


def test_originals_elsewhere_need_a_database(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ASSISTANT_ORIGINALS needs ASSISTANT_DATABASE"):
        Assistant.open(replace(settings, originals=str(tmp_path)))
    assert list(tmp_path.glob("*.json")) == []


# -- interrupted -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "name"), [(Ledger, "acknowledge"), (SharedLibrary, "_finish"), (SharedLibrary, "_change")]
)
def test_what_one_left_unfinished_another_makes_up_for(
    holder: Any, name: str, opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had died there: nothing more comes of it."""
    one, two = opens("one"), opens("two")
    add(one, a=text("walrus"))
    add(two, b=text("zebra"))

    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        for what in ((holder, name), (SharedLibrary, "_delete_unready"), (SharedLibrary, "_finish")):
            dying.setattr(*what, die)
        with pytest.raises(SystemExit):
            add(one, a=text("badger"), c=text("ocelot"))
    is_told = name == "_finish"
    add(two, d=text("tapir"))
    assert found(two, "ocelot") == ({"c.md"} if is_told else set())
    assert found(two, "walrus") == (set() if is_told else {"a.md"})
    assert is_sound(two, tmp_path / "originals")


def test_who_lost_its_right_to_write_changes_nothing(opens: Opens, tmp_path: Path) -> None:
    """Its connection broke in the midst of a change, and another has made up for that already."""
    one, two = opens("one"), opens("two")
    gone, done = threading.Event(), threading.Event()
    put = one.ledger.put

    def slow(*args: Any) -> Any:
        result = put(*args)
        with two.ledger.engine.connect() as db:
            held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {}"
            db.exec_driver_sql(held.format(writing.WRITER))
        gone.set()
        assert done.wait(60)
        return result

    def other(_: int) -> None:
        assert gone.wait(60)
        add(two, b=text("zebra"))
        done.set()

    def first(_: int) -> None:
        one.ledger.put = slow  # type: ignore[method-assign]
        with pytest.raises((StoreBusy, StoreUnreachable)):
            add(one, a=text("walrus"))
        one.ledger.put = put  # type: ignore[method-assign]

    together(2, lambda number: (first, other)[number](number))
    assert found(two, "zebra") == {"b.md"}
    assert {entry.source for entry in two.ledger.entries()} == {"b.md"}
    assert statuses(add(one, a=text("walrus"))) == ["added"]
    for library in (one, two):
        assert (found(library, "walrus"), found(library, "zebra")) == ({"a.md"}, {"b.md"})
        assert is_sound(library, tmp_path / "originals")


def test_a_store_is_shared_by_all_or_owned_by_one(place: Stores) -> None:
    assert place.database is not None
    shared, again = Ownership(place.database, shared=True), Ownership(place.database, shared=True)
    with pytest.raises(StoreBusy):
        shared.require_alone()
    again.release()
    shared.require_alone()
    with pytest.raises(StoreBusy):
        Ownership(place.database)
    shared.release()
    Ownership(place.database).release()


def test_words_of_another_store_in_the_home_are_not_taken(
    opens: Opens, postgres: Postgres, chroma: Chroma, tmp_path: Path
) -> None:
    add(opens("one"), a=text("walrus"))
    other = Stores(postgres.empty(), chroma.server, tmp_path / "others")
    (tmp_path / "two").mkdir()
    library = open_library(tmp_path / "two", Hashing(), stores=other)
    add(library, b=text("zebra"))
    library.close()
    two = opens("two")
    assert (found(two, "walrus"), found(two, "zebra")) == ({"a.md"}, set())
