"""The ledger in PostgreSQL: the same as in a file, one owner, and plain words while it is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sql
from conftest import Hashing, given
from loopback import free_port
from servers import Chroma, Postgres, running_postgres, wait_until
from stores import add, found, is_wholly_sound, statuses, text

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import ConfigError, LedgerError, StoreBusy, StoreError, StoreUnreachable
from assistant.core.types import Answer, Turn
from assistant.ingest import restore
from assistant.ingest.library import Library
from assistant.store import addresses
from assistant.store.addresses import Stores
from assistant.store.ledger import Ledger
from assistant.store.schema import tables


@pytest.fixture
def url(postgres: Postgres) -> sql.URL:
    """The address of what looks like an empty database."""
    return postgres.empty()


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL server of one test, which may end it."""
    with running_postgres() as running:
        yield running


def opened(home: Path, url: sql.URL) -> Library:
    home.mkdir(exist_ok=True)
    return Library(home, Hashing(), stores=Stores(url))


def at(settings: Settings, url: sql.URL) -> Settings:
    return replace(settings, database=url.render_as_string(hide_password=False))


# -- the same as in a file -----------------------------------------------------------------------------


def test_documents_come_and_go_as_with_a_ledger_in_the_home(url: sql.URL, tmp_path: Path) -> None:
    with closing(opened(tmp_path, url)) as library:
        add(library, a=text("walrus", 3), b=text("zebra"))
        assert statuses(add(library, a=text("badger", 2), c=text("zebra"))) == ["updated", "unchanged"]
        library.remove(library.ledger.document_named("b.md") or "")
        assert (found(library, "walrus"), found(library, "zebra")) == (set(), set())
    with closing(opened(tmp_path, url)) as library:
        assert found(library, "badger") == {"a.md"}
        assert is_wholly_sound(library)
    assert not (tmp_path / "ledger.db").exists()


def test_names_are_in_the_same_order_as_in_a_file(url: sql.URL, tmp_path: Path) -> None:
    """The database of these tests would sort them as German does."""
    names = ["Zoo.md", "apple.md", "zoo.md", "Äpfel.md"]
    with closing(opened(tmp_path, url)) as library:
        list(library.add(given(**{name.removesuffix(".md"): text(f"w{n}") for n, name in enumerate(names)})))
        assert [entry.source for entry in library.ledger.entries()] == names


def test_an_assistant_with_everything_on_servers(url: sql.URL, chroma: Chroma, settings: Settings) -> None:
    settings = replace(at(settings, url), chroma=chroma.server.url)
    with Assistant.open(settings) as assistant:
        added = assistant.add_bytes(
            b"# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n", "kettle.md"
        )
        assert "95 seconds" in assistant.ask("How long does the Arvo kettle take?", "one").text
        assert assistant.check().problems == ()
    with Assistant.open(settings) as assistant:
        assert len(assistant.turns("one")) == 1
        assistant.remove(added.document_id or "")
        assert assistant.turns("one") == []
        assert assistant.check().problems == ()


# -- removing ------------------------------------------------------------------------------------------


def test_no_table_has_a_word_of_what_was_removed_and_its_space_is_freed(url: sql.URL, tmp_path: Path) -> None:
    def held(engine: sql.Engine) -> list[str]:
        with engine.connect() as db:
            query = "SELECT t::text FROM {} t"
            rows = {name: db.scalars(sql.text(query.format(name))).all() for name in tables.tables}
        return [name for name, texts in rows.items() if "xylophone" in str(texts)]

    def vacuumed(engine: sql.Engine) -> bool:
        query = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relid = 'passages'::regclass"
        with engine.connect() as db:
            return bool(db.scalar(sql.text(query)))

    with closing(opened(tmp_path, url)) as library:
        [secret, _] = add(library, secret=text("xylophone"), kept=text("walrus"))
        answer = Answer("Where is the xylophone?", "xylophone", False, ())
        library.ledger.conversations.append(
            "one", Turn("Where?", "xylophone", answer), [str(secret.document_id)]
        )
        assert {"documents", "passages", "turns"} <= set(held(library.ledger.engine))
        library.remove(secret.document_id or "")
        assert held(library.ledger.engine) == []
        wait_until(lambda: vacuumed(library.ledger.engine), "The count of VACUUM", 30)


# -- one owner -----------------------------------------------------------------------------------------


def test_one_process_has_a_database_whatever_its_home(
    url: sql.URL, settings: Settings, tmp_path: Path
) -> None:
    other = replace(settings, home=tmp_path / "other")
    with Assistant.open(at(settings, url)), pytest.raises(StoreBusy, match="has the database open"):
        Assistant.open(at(other, url))
    with Assistant.open(at(settings, url)) as assistant:
        assert assistant.list() == []


def test_a_database_of_another_store_is_refused(url: sql.URL, postgres: Postgres, tmp_path: Path) -> None:
    with closing(opened(tmp_path / "one", url)) as library:
        add(library, a=text("walrus"))
    other = postgres.empty()
    with closing(opened(tmp_path / "two", other)) as library:
        add(library, b=text("zebra"))
    with pytest.raises(LedgerError, match="another store"):
        opened(tmp_path / "one", other)
    with pytest.raises(StoreError, match="name an empty one"):
        restore.repair(tmp_path / "one", Hashing(), lambda _: None, Stores(other))
    with closing(opened(tmp_path / "two", other)) as library:
        assert is_wholly_sound(library)


def test_an_older_copy_of_the_database_is_refused(url: sql.URL, postgres: Postgres, tmp_path: Path) -> None:
    with closing(opened(tmp_path, url)) as library:
        add(library, a=text("walrus"))
    copy = postgres.copy(url)
    with closing(opened(tmp_path, url)) as library:
        add(library, b=text("zebra"))
    with pytest.raises(LedgerError, match="older than the originals"):
        opened(tmp_path, copy)


def test_an_empty_database_is_filled_from_the_originals_by_a_repair(url: sql.URL, tmp_path: Path) -> None:
    """So a store of the home moves to a server."""
    with closing(Library(tmp_path, Hashing())) as library:
        add(library, a=text("walrus"), b=text("zebra"))
    with pytest.raises(LedgerError, match="holds nothing"):
        opened(tmp_path, url)
    assert len(restore.repair(tmp_path, Hashing(), lambda _: None, Stores(url))) == 1
    with closing(opened(tmp_path, url)) as library:
        assert library.check(repair=True).problems == ()
        assert (found(library, "walrus"), found(library, "zebra")) == ({"a.md"}, {"b.md"})
        assert is_wholly_sound(library)
    assert restore.repair(tmp_path, Hashing(), lambda _: None, Stores(url)) == ()


# -- away ----------------------------------------------------------------------------------------------


def test_while_the_server_is_away_it_is_said_and_then_all_goes_on(own: Postgres, tmp_path: Path) -> None:
    url = own.empty()
    with closing(opened(tmp_path, url)) as library:
        [kept] = add(library, a=text("walrus"))
        own.stop()
        for fails in (
            lambda: found(library, "walrus"),
            lambda: add(library, b=text("zebra")),
            lambda: library.remove(kept.document_id or ""),
            library.check,
        ):
            with pytest.raises(StoreUnreachable, match="The database does not answer"):
                fails()
        own.start()
        assert found(library, "walrus") == {"a.md"}
        assert statuses(add(library, b=text("zebra"))) == ["added"]
        assert is_wholly_sound(library)
    own.stop()
    with pytest.raises(StoreUnreachable, match="start it, or check ASSISTANT_DATABASE"):
        opened(tmp_path, url)
    own.start()


def test_a_password_is_in_no_message(postgres: Postgres, settings: Settings) -> None:
    for port in (postgres.port, free_port()):
        url = f"postgresql+psycopg://nobody:secret-word@127.0.0.1:{port}/nothing"
        with pytest.raises(StoreUnreachable) as told:
            Assistant.open(replace(settings, database=url))
        assert "secret-word" not in f"{told.value.message} {settings!r} {addresses.stores(settings)!r}"


# -- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["mysql://u:secret@h/db", "sqlite:///ledger.db", "not an address", "postgresql+asyncpg://h/db"]
)
def test_a_wrong_address_is_told(given: str, tmp_path: Path) -> None:
    settings = config.load({"ASSISTANT_DATABASE": given, "ASSISTANT_HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="ASSISTANT_DATABASE is no address of PostgreSQL") as told:
        addresses.stores(settings)
    assert "secret" not in told.value.message


@pytest.mark.parametrize("given", ["postgres://h/db", "postgresql://h/db", "postgresql+psycopg://h/db"])
def test_the_usual_forms_of_an_address_are_taken(given: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    settings = config.load({"ASSISTANT_DATABASE": given, "ASSISTANT_HOME": str(tmp_path)})
    assert addresses.stores(settings).database == sql.make_url("postgresql+psycopg://h/db")


def test_a_text_that_the_database_cannot_hold_is_told_without_it(url: sql.URL) -> None:
    with closing(Ledger(url)) as ledger, pytest.raises(StoreError, match="The database refuses this") as told:
        ledger.set_note("key", "walrus \0")
    assert "walrus" not in told.value.message
