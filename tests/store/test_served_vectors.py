"""Vectors on a Chroma server: the same answers, no mixing of stores, and plain words while it is away."""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Hashing, opened_in
from loopback import free_port, listening
from servers import Chroma
from stores import add, found, is_sound, is_wholly_sound, statuses, text

from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import ConfigError, StoreUnreachable
from assistant.evaluation import evaluate
from assistant.ingest.library import Library
from assistant.store import addresses
from assistant.store.addresses import ChromaServer, Stores
from assistant.store.index import served
from assistant.store.index.served import ServedVectors
from assistant.store.records import IndexRecord


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    """A Chroma server of one test, which may end it."""
    running = Chroma(tmp_path_factory.mktemp("own"))
    yield running
    running.kill()


def opened(home: Path, server: ChromaServer, told: list[str] | None = None) -> Library:
    home.mkdir(exist_ok=True)
    return Library(home, Hashing(), (told if told is not None else []).append, Stores(chroma=server))


def names(chroma: Chroma, library: Library) -> list[str]:
    """The last part of the names of the collections of a library."""
    start = f"assistant-{library.ledger.note('store', '')}-"
    return [name.removeprefix(start) for name in chroma.collections() if name.startswith(start)]


# -- the same as in the home ---------------------------------------------------------------------------


def test_documents_come_and_go_as_with_vectors_in_the_home(chroma: Chroma, tmp_path: Path) -> None:
    with closing(opened(tmp_path, chroma.server)) as library:
        add(library, a=text("walrus", 3), b=text("zebra"))
        add(library, a=text("badger", 2))
        assert (found(library, "walrus"), found(library, "badger")) == (set(), {"a.md"})
        library.remove(library.ledger.document_named("b.md") or "")
        assert found(library, "zebra") == set()
        assert is_wholly_sound(library)
    told: list[str] = []
    with closing(opened(tmp_path, chroma.server, told)) as library:
        assert found(library, "badger") == {"a.md"}
        assert is_wholly_sound(library)
        assert names(chroma, library) == ["1"]
    assert told == []
    assert not list(tmp_path.glob("index/*/chroma"))


def test_an_assistant_takes_the_address_from_its_settings(chroma: Chroma, settings: Settings) -> None:
    from assistant.assistant import Assistant

    settings = replace(settings, chroma=chroma.server.url)
    with Assistant.open(settings) as assistant:
        assistant.add_bytes(b"# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n", "kettle.md")
        assert "95 seconds" in assistant.ask("How long does the Arvo kettle take?").text
        assert names(chroma, assistant.library) == ["1"]


def test_two_stores_on_one_server_never_meet(chroma: Chroma, tmp_path: Path) -> None:
    with (
        closing(opened(tmp_path / "one", chroma.server)) as one,
        closing(opened(tmp_path / "two", chroma.server)) as two,
    ):
        add(one, a=text("walrus"))
        add(two, a=text("zebra"), b=text("badger"))
        assert (found(one, "walrus"), found(one, "zebra")) == ({"a.md"}, set())
        two.rebuild()
        assert found(one, "walrus") == {"a.md"}
        assert is_sound(one)
        assert is_sound(two)


def test_each_generation_has_one_collection_and_a_former_one_goes(chroma: Chroma, tmp_path: Path) -> None:
    with closing(opened(tmp_path, chroma.server)) as library:
        add(library, a=text("walrus"))
        for number in ("2", "3"):
            library.rebuild()
            assert names(chroma, library) == [number]
            assert found(library, "walrus") == {"a.md"}


def test_the_server_gets_neither_text_nor_names(chroma: Chroma, tmp_path: Path) -> None:
    with closing(opened(tmp_path, chroma.server)) as library:
        add(library, a=text("xylophone"))
        [key] = library.ledger.keys()
        ident = chroma.collections()[f"assistant-{library.ledger.note('store', '')}-1"]
        asked = {"include": ["documents", "metadatas", "uris"]}
        kept = httpx.post(f"{chroma.url}/{ident}/get", json=asked).json()
        assert kept["documents"] == kept["metadatas"] == kept["uris"] == [None]
        assert kept["ids"] == [str(key)]
    assert not any(b"xylophone" in file.read_bytes() for file in chroma.folder.rglob("*") if file.is_file())


def test_a_stored_embedding_function_is_never_loaded(
    chroma: Chroma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2026-45829: whoever reaches the server can put one there, and loading it can run code."""
    from chromadb.utils import embedding_functions

    loaded: list[object] = []

    class Poison:
        @staticmethod
        def build_from_config(given: dict[str, Any]) -> None:
            loaded.append(given)

        def __getattr__(self, name: str) -> Any:
            loaded.append(name)

    monkeypatch.setitem(embedding_functions.known_embedding_functions, "default", Poison)
    path = chroma.url
    function = {"type": "known", "name": "default", "config": {"model": "evil"}}
    name, vector = f"poisoned-{secrets.token_hex(8)}", Hashing().embed(["walrus"])[0]
    with closing(ServedVectors(chroma.server, name, tmp_path)) as vectors:
        vectors.seal()
    httpx.delete(f"{path}/{name}").raise_for_status()
    metadata = {served.MARK: (tmp_path / served.MARK).read_text()}
    body = {"name": name, "metadata": metadata, "configuration": {"embedding_function": function}}
    httpx.post(path, json=body).raise_for_status()
    with closing(ServedVectors(chroma.server, name, tmp_path)) as vectors:
        stored = httpx.get(f"{path}/{name}").json()
        assert stored["id"] == vectors._id
        assert stored["configuration_json"]["embedding_function"]["config"] == {"model": "evil"}
        vectors.add([IndexRecord(1, "walrus", vector)])
        assert list(vectors.nearest(vector, 1)) == [1]
        vectors.remove([1])
        assert vectors.keys() == set()
    assert loaded == []


# -- not as it was left --------------------------------------------------------------------------------


def test_what_the_server_has_lost_is_built_anew(own: Chroma, tmp_path: Path) -> None:
    with closing(opened(tmp_path, own.server)) as library:
        add(library, a=text("walrus"), b=text("zebra"))
        own.kill()
        shutil.rmtree(own.folder)
        own.start()
        assert found(library, "walrus") == {"a.md"}
        assert is_wholly_sound(library)


def test_another_server_is_filled_from_the_ledger(chroma: Chroma, own: Chroma, tmp_path: Path) -> None:
    for server in (None, chroma.server, own.server, None, chroma.server):
        with closing(Library(tmp_path, Hashing(), stores=Stores(chroma=server))) as library:
            add(library, a=text("walrus"), **{f"b{library.ledger.note('generation', '1')}": text("zebra")})
            assert found(library, "walrus") == {"a.md"}
            assert is_wholly_sound(library)


def test_a_home_that_was_put_back_does_not_trust_what_came_later(chroma: Chroma, tmp_path: Path) -> None:
    """The collection has as many vectors as the home expects, but others."""
    home, backup = tmp_path / "home", tmp_path / "backup"
    with closing(opened(home, chroma.server)) as library:
        add(library, a=text("walrus"))
    shutil.copytree(home, backup)
    with closing(opened(home, chroma.server)) as library:
        add(library, a=text("zebra"))
    told: list[str] = []
    with closing(opened(backup, chroma.server, told)) as library:
        assert found(library, "walrus") == {"a.md"}
        assert is_wholly_sound(library)
    assert told == ["Building the index anew from the ledger."]


# -- away ----------------------------------------------------------------------------------------------


def test_while_the_server_is_away_it_is_said_and_then_all_goes_on(own: Chroma, tmp_path: Path) -> None:
    with closing(opened(tmp_path, own.server)) as library:
        [kept] = add(library, a=text("walrus"))
        own.kill()
        for fails in (
            lambda: found(library, "walrus"),
            lambda: add(library, b=text("zebra")),
            lambda: library.remove(kept.document_id or ""),
            library.rebuild,
        ):
            with pytest.raises(StoreUnreachable, match=f"{own.port} does not answer; start it") as told:
                fails()
            assert told.value.retryable
        assert [entry.source for entry in library.ledger.entries()] == ["a.md"]
        assert any("does not answer" in problem for problem in library.check().problems)
        own.start()
        assert found(library, "walrus") == {"a.md"}
        assert statuses(add(library, b=text("zebra"))) == ["added"]
        assert found(library, "zebra") == {"b.md"}
        assert is_wholly_sound(library)
        assert len(names(own, library)) == 1


def test_a_home_whose_server_is_away_is_not_opened_and_stays_as_it_is(own: Chroma, tmp_path: Path) -> None:
    with closing(opened(tmp_path, own.server)) as library:
        add(library, a=text("walrus"))
    own.kill()
    with pytest.raises(StoreUnreachable, match="does not answer"):
        opened(tmp_path, own.server)
    own.start()
    told: list[str] = []
    with closing(opened(tmp_path, own.server, told)) as library:
        assert found(library, "walrus") == {"a.md"}
    assert told == []


def test_a_server_that_ends_before_the_home_is_closed_is_no_fault(own: Chroma, tmp_path: Path) -> None:
    library = opened(tmp_path, own.server)
    add(library, a=text("walrus"))
    own.kill()
    library.close()
    own.start()
    with closing(opened(tmp_path, own.server)) as library:
        assert found(library, "walrus") == {"a.md"}


def test_a_server_that_hangs_is_not_waited_for(
    own: Chroma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.Collections.ask, "__defaults__", (None, 1.0))
    with closing(opened(tmp_path, own.server)) as library:
        add(library, a=text("walrus"))
        own.send(signal.SIGSTOP)
        with pytest.raises(StoreUnreachable, match="does not answer"):
            found(library, "walrus")
        own.send(signal.SIGCONT)
        assert found(library, "walrus") == {"a.md"}


async def _speaks_otherwise(scope: Any, receive: Any, send: Any) -> None:
    """A web server; `/refusing` wants a token, `/starting` is a proxy before one that is down."""
    status = 401 if "/refusing" in scope["path"] else 503 if "/starting" in scope["path"] else 404
    heard.append(dict(scope["headers"]))
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"<html>nothing</html>"})


heard: list[dict[bytes, bytes]] = []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "makes no collections; check ASSISTANT_CHROMA"),
        ("/refusing", "refuses the token; set ASSISTANT_CHROMA_TOKEN"),
        ("/starting", "is not ready; wait for it"),
    ],
)
def test_what_is_no_chroma_server_or_refuses_is_told(tmp_path: Path, path: str, message: str) -> None:
    with listening(_speaks_otherwise, lifespan="off") as port:
        server = ChromaServer(f"http://127.0.0.1:{port}{path}", "secret-token")
        with pytest.raises(StoreUnreachable, match=message) as told:
            opened(tmp_path, server)
    assert "secret-token" not in f"{told.value.message} {server!r}"
    assert heard[-1][b"authorization"] == b"Bearer secret-token"
    assert heard[-1][b"x-chroma-token"] == b"secret-token"


def test_the_command_line_says_it_in_one_sentence(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CHROMA", f"http://127.0.0.1:{free_port()}")
    done = run("list")
    assert done.code != 0
    assert "does not answer" in done.err
    assert "Traceback" not in done.err


# -- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ASSISTANT_CHROMA": "chroma.example"}, "ASSISTANT_CHROMA is no address"),
        ({"ASSISTANT_CHROMA": "http://me:secret@h:8000"}, "ASSISTANT_CHROMA holds a password"),
        ({"ASSISTANT_CHROMA": "http://h:8000", "ASSISTANT_CHROMA_TOKEN": "t"}, "unencrypted"),
        ({"ASSISTANT_CHROMA": "https://h", "ASSISTANT_CHROMA_TOKEN": "é"}, "no key has"),
    ],
)
def test_a_wrong_setting_is_told(given: dict[str, str], message: str, tmp_path: Path) -> None:
    settings = config.load(given | {"ASSISTANT_HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match=message) as told:
        addresses.stores(settings)
    assert "secret" not in told.value.message


def test_a_store_made_for_an_evaluation_is_on_no_server(chroma: Chroma, settings: Settings) -> None:
    settings = replace(settings, chroma=chroma.server.url)
    before = chroma.collections()
    with evaluate.open_shipped_store(settings, lambda _: None):
        assert chroma.collections() == before


def test_without_an_address_everything_is_in_the_home(tmp_path: Path) -> None:
    with opened_in(tmp_path) as assistant:
        assert addresses.stores(assistant.settings) == addresses.IN_HOME
