"""A whole store moves from its home to servers and back: all of it, though it is interrupted, and nothing of
another store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from conftest import Hashing
from servers import Chroma, Postgres
from stores import add, found, is_wholly_sound, text

from assistant.core.errors import LedgerError, StoreError
from assistant.core.types import Answer, Turn, ignore
from assistant.ingest.library import Library
from assistant.store.addresses import IN_HOME, Stores
from assistant.store.ledger import Ledger
from assistant.store.moving import rows
from assistant.store.moving.move import Moved, Place, move
from assistant.store.schema import tables


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with documents, near-duplicates, a removed one, a conversation, tags and a set of questions."""
    (tmp_path / "home").mkdir()
    with closing(Library(tmp_path / "home", Hashing())) as library:
        long = "# Penguins\n\n" + " ".join(f"Penguin {n} walks to the shore." for n in range(200))
        [one, *_] = add(library, a=text("walrus", 3), b=text("zebra"), c=long, d=f"{long} Late.")
        add(library, gone=text("badger"))
        library.remove(library.ledger.document_named("gone.md") or "")
        library.tag([one.document_id or ""], ["sea"], [])
        answer = Answer("Where is the walrus?", "Here.", False, ())
        library.ledger.conversations.append("one", Turn("Where?", "walrus", answer), [str(one.document_id)])
    (tmp_path / "home" / "golden").mkdir()
    (tmp_path / "home" / "golden" / "mine.jsonl").write_text("{}\n")
    return tmp_path / "home"


@pytest.fixture
def servers(postgres: Postgres, chroma: Chroma) -> Stores:
    return Stores(postgres.empty(), chroma.server)


def moved(at: Place, to: Place, on_rows: Callable[[int, int], None] = lambda *_: None) -> Moved:
    with closing(Library(at.home, Hashing(), stores=at.stores)) as library:
        return move(library.ledger, at, to, ignore, on_rows)


def content(url: sql.URL) -> dict[str, list[dict[str, Any]]]:
    """All rows of a ledger."""
    with closing(Ledger(url)) as ledger, ledger.engine.connect() as db:
        return {
            table.name: [dict(row) for row in db.execute(rows._ordered(table)).mappings()]
            for table in tables.sorted_tables
        }


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_store_moves_to_servers_and_back_with_all_that_it_holds(
    home: Path, servers: Stores, tmp_path: Path
) -> None:
    here, there, back = Place(home, IN_HOME), Place(home, servers), Place(tmp_path / "back", IN_HOME)
    before = content(here.url)
    assert {name for name, some in before.items() if some} >= {"documents", "turns", "tags", "duplicates"}
    done = moved(here, there)
    assert (done.rows["documents"], done.originals) == (4, 4)
    assert content(there.url) == before == content(here.url)
    moved(there, back)
    assert content(back.url) == before
    assert (back.home / "golden" / "mine.jsonl").read_text() == "{}\n"
    for place in (there, back):
        with closing(Library(place.home, Hashing(), stores=place.stores)) as library:
            assert (found(library, "walrus"), found(library, "badger")) == ({"a.md"}, set())
            assert is_wholly_sound(library)


def test_the_source_is_untouched_and_still_answers(home: Path, servers: Stores) -> None:
    with closing(Library(home, Hashing())) as library:
        before = files(home / "originals"), library.ledger.keys()
        move(library.ledger, Place(home, IN_HOME), Place(home, servers), ignore, lambda *_: None)
    told: list[str] = []
    with closing(Library(home, Hashing(), told.append)) as library:
        assert (files(home / "originals"), library.ledger.keys()) == before
        assert found(library, "zebra") == {"b.md"}
    assert told == []


def test_a_number_that_is_gone_is_not_given_again(home: Path, servers: Stores, tmp_path: Path) -> None:
    """The removed document had the last keys."""
    here, there, back = Place(home, IN_HOME), Place(home, servers), Place(tmp_path / "back", IN_HOME)
    moved(here, there)
    moved(there, back)
    new = []
    for place in (there, back):
        with closing(Library(place.home, Hashing(), stores=place.stores)) as library:
            add(library, new=text("ocelot"))
            new.append(max(library.ledger.keys()))
    last = max(row["key"] for row in content(here.url)["passages"])
    assert new == [last + 2, last + 2]


@pytest.mark.parametrize("target", ["servers", "folder"])
def test_what_was_interrupted_goes_on_though_the_source_has_changed(
    target: str, home: Path, servers: Stores, tmp_path: Path
) -> None:
    here = Place(home, IN_HOME)
    to = Place(home, servers) if target == "servers" else Place(tmp_path / "new", IN_HOME)

    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moved(here, to, interrupt)
    with pytest.raises(StoreError, match="not finished; run the same `assistant move` again"):
        Library(to.home, Hashing(), stores=to.stores)
    with closing(Library(home, Hashing())) as library:
        add(library, a=text("ocelot"), e=text("tapir"))
        library.remove(library.ledger.document_named("b.md") or "")
    moved(here, to)
    assert content(to.url) == content(here.url)
    with closing(Library(to.home, Hashing(), stores=to.stores)) as library:
        assert (found(library, "tapir"), found(library, "walrus")) == ({"e.md"}, set())
        assert is_wholly_sound(library)


def test_a_target_that_holds_something_is_not_touched(home: Path, servers: Stores, tmp_path: Path) -> None:
    other = Place(tmp_path / "other", servers)
    other.home.mkdir()
    with closing(Library(other.home, Hashing(), stores=servers)) as library:
        add(library, mine=text("heron"))
    before = content(other.url)
    for to in (Place(home, servers), other):
        with pytest.raises(StoreError, match=r"holds a store already \(1 documents, 0 turns"):
            moved(Place(home, IN_HOME), to)
    assert content(other.url) == before
    with pytest.raises(StoreError, match="there already"):
        moved(Place(home, IN_HOME), Place(home, IN_HOME))


def test_a_store_that_was_opened_but_never_filled_is_empty(home: Path, servers: Stores) -> None:
    (home.parent / "opened").mkdir()
    Library(home.parent / "opened", Hashing(), stores=servers).close()
    moved(Place(home, IN_HOME), Place(home, servers))
    assert content(Place(home, servers).url) == content(Place(home, IN_HOME).url)


def test_a_row_that_is_not_as_it_was_is_told(
    home: Path, servers: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a database had kept something else than it was given."""
    copied = rows.copy

    def falsified(source: sql.Connection, target: sql.Engine, *, is_begun: bool) -> Iterator[int]:
        yield from copied(source, target, is_begun=is_begun)
        with target.begin() as db:
            db.exec_driver_sql("UPDATE vectors SET sentences = passage WHERE key = 2")

    monkeypatch.setattr(rows, "copy", falsified)
    with pytest.raises(StoreError, match="The vectors are not the same"):
        moved(Place(home, IN_HOME), Place(home, servers))


def test_after_a_change_at_the_new_place_the_old_ledger_is_refused(home: Path, servers: Stores) -> None:
    """Both share the originals, which have followed the new one."""
    moved(Place(home, IN_HOME), Place(home, servers))
    with closing(Library(home, Hashing(), stores=servers)) as library:
        add(library, new=text("ocelot"))
    with pytest.raises(LedgerError, match="older than the originals"):
        Library(home, Hashing())
