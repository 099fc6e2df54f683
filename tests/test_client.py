"""A store from wherever it is owned: opened here, or asked of the server that has it open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import loopback
import pytest
from conftest import given as sources

from assistant import client
from assistant.assistant import Assistant
from assistant.client import Remote, connect
from assistant.core import serialization
from assistant.core.config import Settings
from assistant.core.errors import AssistantError, NotFound, QuestionError, StoreBusy
from assistant.core.types import AddResult, ProgressStep, Source
from assistant.ingest import files
from assistant.store import lock

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
HOW_FAST = "How fast does the Arvo kettle boil a litre?"
DEAD = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with loopback.owning(tmp_path_factory.mktemp("served")) as assistant:
        yield assistant


@pytest.fixture
def remote(served: Assistant) -> Iterator[Remote]:
    with connect(served.settings, "a test", pytest.fail) as store:
        assert isinstance(store, Remote)
        yield store


def silent(_: str) -> None:
    pass


# -- through a server --------------------------------------------------------------------------------


def test_the_server_s_store_has_the_same_methods_and_answers(remote: Remote, served: Assistant) -> None:
    [added] = remote.add(sources(kettle=KETTLE))
    assert (added.status, added.source) == ("added", "kettle.md")
    assert [outcome.status for outcome in remote.add(sources(kettle=KETTLE))] == ["unchanged"]
    here, there = served.ask(HOW_FAST), remote.ask(HOW_FAST)
    assert replace(there, timings_ms={}) == replace(here, timings_ms={})
    assert "95 seconds" in there.text
    assert remote.list() == served.list()
    ident = added.document_id or ""
    assert remote.show(ident) == served.show(ident)
    assert remote.check() == served.check()
    assert remote.rebuild() == served.check()
    assert remote.fill() == 0
    assert remote.remove(ident).title == "Arvo kettle"
    assert remote.list() == []


def test_the_steps_of_adding_are_heard(remote: Remote) -> None:
    heard: list[ProgressStep] = []
    [added] = remote.add(sources(kettle=KETTLE), heard.append)
    assert {step.source for step in heard} == {"kettle.md"}
    assert heard[0].stage == "reading"
    remote.remove(added.document_id or "")


def test_many_are_removed_and_names_taken_away(remote: Remote, served: Assistant) -> None:
    first, second = remote.add(sources(kettle=KETTLE, lamp="# Lamp\n\nThe lamp is green.\n"))
    assert remote.original(first.document_id or "") == KETTLE.encode()
    assert remote.unname(["lamp.md", "\udcff"])[0].id == second.document_id
    assert remote.check(repair=True) == served.check()
    with pytest.raises(NotFound):
        remote.remove_all([first.document_id or "", "nothing"])
    assert [entry.id for entry in remote.remove_all([first.document_id or ""])] == [first.document_id]
    assert remote.remove_all([]) == remote.unname([]) == served.list() == []


def test_one_document_alone_is_asked(remote: Remote) -> None:
    outcomes = list(remote.add(sources(kettle=KETTLE, lamp="# Lamp\n\nThe lamp is green.\n")))
    ids = [outcome.document_id or "" for outcome in outcomes]
    answer = remote.ask(HOW_FAST, documents=ids[1:])
    assert {citation.document_id for citation in (*answer.citations, *answer.related)} == set(ids[1:])
    remote.remove_all(ids)


def test_a_conversation_is_kept_by_the_server(remote: Remote, served: Assistant) -> None:
    remote.ask(HOW_FAST, "talk")
    assert [turn.question for turn in served.turns("talk")] == [HOW_FAST]
    for name in ("talk \udcff", "x" * 201):
        with pytest.raises(QuestionError):
            remote.ask(HOW_FAST, name)


def test_what_cannot_be_read_is_rejected_and_the_others_are_sent(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "lamp.md").write_text("# Lamp\n\nThe lamp is green.\n")
    paths = [tmp_path / "absent.md", tmp_path / "empty.pdf", tmp_path / "lamp.md"]
    outcomes = list(remote.add(files.sources(paths)))
    assert [outcome.status for outcome in outcomes] == ["rejected", "rejected", "added"]
    assert all(outcome.reason for outcome in outcomes[:2])
    remote.remove(outcomes[2].document_id or "")


@pytest.mark.parametrize("ident", ["nothing", "a/b", "../health", "?x=1", "#", "%2e%2e", " ", "a\\b"])
def test_what_is_not_there_is_told(remote: Remote, ident: str) -> None:
    for call in (remote.show, remote.remove):
        with pytest.raises(NotFound) as told:
            call(ident)
        assert told.value.message.endswith(".")


def test_the_server_s_refusals_come_as_sentences(remote: Remote) -> None:
    with pytest.raises(AssistantError, match="empty"):
        remote.ask("  ")
    with pytest.raises(AssistantError, match="characters"):
        remote.ask("a" * 5000)
    [outcome] = remote.add([Source("x" * 5000, lambda: b"text")])
    assert outcome.status == "rejected"
    assert "request is malformed" in (outcome.reason or "")


def test_no_proxy_of_the_environment_stands_between(
    served: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, DEAD)
    with connect(served.settings, "a test", silent) as store:
        assert store.list() == served.list()


# -- servers that are not what they should be --------------------------------------------------------


def test_a_server_that_just_ended_leaves_the_store_to_this_process(settings: Settings) -> None:
    """It has the lock still, or left its name in the file."""
    held = lock.acquire(settings.home, "assistant chat", DEAD)
    assert isinstance(held, lock.Lock)
    threading.Timer(0.3, held.release).start()
    with connect(settings, "a test", silent) as store:
        assert isinstance(store, Assistant)
        assert store.list() == []


def test_a_server_that_never_answers_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSE", 0.01)
    held = lock.acquire(settings.home, "assistant chat", DEAD)
    assert isinstance(held, lock.Lock)
    with pytest.raises(StoreBusy, match=f"{DEAD} .process \\d+. does not answer; end it"):
        connect(settings, "a test", silent)
    held.release()


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 500 Oops\r\n\r\n<html>", b'HTTP/1.1 404 No\r\n\r\n{"detail": "no"}', b"\0\1\2"]
)
def test_what_is_no_assistant_gets_a_sentence(reply: bytes) -> None:
    class Odd(BaseHTTPRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(reply)

    strange = HTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=strange.serve_forever, args=(0.01,))
    thread.start()
    with Remote(lock.Owner(1, "something", f"http://127.0.0.1:{strange.server_port}")) as store:
        with pytest.raises(AssistantError) as told:
            store.show("x")
        assert told.value.message.endswith("try again.")
    strange.shutdown()
    strange.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (serialization.event("fault", {"error": "The disk is full."}), "The disk is full"),
        (serialization.event("step", {"source": "a", "stage": "reading", "share": 0.5}), "broke off"),
        ("", "broke off"),
    ],
)
def test_adding_that_breaks_off_is_told_and_no_outcome_made_up(said: str, told: str) -> None:
    outcome = serialization.event("outcome", serialization.outcome(AddResult("a", "added")))
    body = (outcome + said).encode()

    class Breaking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    strange = HTTPServer(("127.0.0.1", 0), Breaking)
    thread = threading.Thread(target=strange.serve_forever, args=(0.01,))
    thread.start()
    with Remote(lock.Owner(1, "something", f"http://127.0.0.1:{strange.server_port}")) as store:
        outcomes = store.add([Source("a", lambda: b"text")])
        assert next(outcomes).status == "added"
        with pytest.raises(AssistantError, match=told):
            next(outcomes)
    strange.shutdown()
    strange.server_close()
    thread.join()


# -- without a server --------------------------------------------------------------------------------


def test_without_an_owner_the_store_is_opened_here(settings: Settings) -> None:
    with connect(settings, "a test", pytest.fail) as store:
        assert isinstance(store, Assistant)
        told = lock.acquire(settings.home, "another")
        assert isinstance(told, lock.Owner)
        assert told.doing == "a test"
    again = lock.acquire(settings.home, "another")
    assert isinstance(again, lock.Lock)
    again.release()


def test_another_command_is_waited_for(settings: Settings) -> None:
    held = lock.acquire(settings.home, "assistant add")
    assert isinstance(held, lock.Lock)
    said: list[str] = []

    def say(text: str) -> None:
        if "Waiting for process" in text:
            said.append(text)
            held.release()

    with connect(settings, "a test", say) as store:
        assert store.list() == []
    [sentence] = said
    assert "(assistant add)" in sentence
