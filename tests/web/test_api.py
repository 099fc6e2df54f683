"""Documents over HTTP: added by bytes and by address, told of on the way, removed, given back."""

from __future__ import annotations

import io
import itertools
import json
import socket
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import loopback
import pytest
from conftest import opened_in

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.core.errors import StoreError
from assistant.core.types import AddResult, ProgressStep, Source, ignore
from assistant.web import api, server
from assistant.web.uploads import LIMITS

EVENTS = {"Accept": "text/event-stream"}
TOASTER = b"# Toaster manual\n\nThe Brisa toaster has seven browning levels.\n"
FAN = b"# Fan manual\n\nThe Vento fan has three speeds.\n"
HOW_MANY = "How many browning levels does the Brisa toaster have?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    """The server on a socket of its own."""
    with loopback.listening(server.app(assistant)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def http(address: str, assistant: Assistant) -> Iterator[httpx.Client]:
    """A client; the corpus is empty before and after each test."""
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client
        assistant.remove_all([entry.id for entry in assistant.list()])


def add(http: httpx.Client, source: str, data: bytes, **more: Any) -> Any:
    return http.post("/api/documents", params={"source": source}, content=data, **more)


def events(reply: httpx.Response) -> list[tuple[str, Any]]:
    return list(serialization.events(reply.text.splitlines()))


# -- adding ------------------------------------------------------------------------------------------


def test_adding_is_told_step_by_step_and_ends_with_an_answerable_document(http: httpx.Client) -> None:
    with http.stream(
        "POST", "/api/documents", params={"source": "toaster.md"}, content=TOASTER, headers=EVENTS
    ) as reply:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        seen = []
        for name, said in serialization.events(reply.iter_lines()):
            seen.append(name)
            if name == "outcome":
                assert (said["status"], said["source"]) == ("added", "toaster.md")
                # At the moment that it is told.
                found = httpx.post(f"{http.base_url}/api/ask", json={"question": HOW_MANY}, timeout=60).json()
                assert "seven" in found["answer"]
    assert seen[-2:] == ["outcome", "done"]
    assert set(seen[:-2]) == {"step"}


def test_steps_name_their_stage_in_order(http: httpx.Client) -> None:
    told = [said for name, said in events(add(http, "fan.md", FAN, headers=EVENTS)) if name == "step"]
    stages = [said["stage"] for said in told]
    assert stages == sorted(stages, key=["reading", "splitting", "embedding"].index)
    assert {said["source"] for said in told} == {"fan.md"}
    assert all(0 <= said["share"] <= 1 for said in told)


def test_a_document_that_cannot_be_read_is_told_with_the_reason(http: httpx.Client) -> None:
    [rejected] = [said for name, said in events(add(http, "e.pdf", b"", headers=EVENTS)) if name == "outcome"]
    assert rejected["status"] == "rejected"
    assert rejected["reason"].endswith(".")


def archive(**documents: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name, data in documents.items():
            file.writestr(f"in/{name}.md", data)
    return written.getvalue()


def test_an_archive_is_one_outcome_with_members_or_one_event_for_each(http: httpx.Client) -> None:
    whole = add(http, "all.zip", archive(fan=FAN, toaster=TOASTER, void=b" ")).json()
    assert (whole["source"], whole["status"]) == ("all.zip", "added")
    assert whole["reason"] == "1 of the 3 documents in it were rejected."
    members = {member["source"]: member for member in whole["members"]}
    assert members.keys() == {"all.zip/in/fan.md", "all.zip/in/toaster.md", "all.zip/in/void.md"}
    assert whole["passages"] == sum(member["passages"] for member in members.values()) == 2
    told = events(add(http, "all.zip", archive(fan=FAN, toaster=TOASTER), headers=EVENTS))
    assert sorted(said["status"] for name, said in told if name == "outcome") == ["unchanged", "unchanged"]


def test_a_name_or_an_address_is_given_and_not_both(http: httpx.Client) -> None:
    for params in ({}, {"source": "a.md", "url": "https://example.org/"}):
        reply = http.post("/api/documents", params=params, content=b"text")
        assert (reply.status_code, reply.json()["error"]) == (422, api.NAMELESS)


@pytest.mark.parametrize(
    "form",
    [
        "http://127.0.0.1:{}/",
        "http://localhost:{}/a",
        "http://[::ffff:127.0.0.1]:{}/",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{}/",
        "nonsense",
    ],
)
def test_an_address_that_points_inside_is_refused_before_any_connection(
    http: httpx.Client, assistant: Assistant, form: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.05)
        params = {"url": form.format(inside.getsockname()[1])}
        plain = http.post("/api/documents", params=params).json()
        streamed = events(http.post("/api/documents", params=params, headers=EVENTS))
        with pytest.raises(TimeoutError):
            inside.accept()
    assert plain["status"] == "rejected"
    assert plain in [said for name, said in streamed if name == "outcome"]
    assert assistant.list() == []


# -- who goes away, and who comes at once ------------------------------------------------------------


class Gated:
    """In place of the facade's `add`: outcomes that wait for a gate."""

    def __init__(self) -> None:
        self.begun, self.gate, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.outcomes: Iterable[int] = range(3)
        self.given = 0
        self.inside = self.most = 0
        self._lock = threading.Lock()

    def __call__(
        self, sources: Iterable[Source], told: Callable[[ProgressStep], None] = ignore
    ) -> Iterator[AddResult]:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            for _ in self.outcomes:
                self.begun.set()
                assert self.gate.wait(60)
                with self._lock:
                    self.given += 1
                yield AddResult("x", "added")
        finally:
            with self._lock:
                self.inside -= 1
            self.ended.set()


@pytest.fixture
def gated(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    adding = Gated()
    monkeypatch.setattr(assistant, "add", adding, raising=False)
    yield adding
    adding.gate.set()


def test_a_client_that_leaves_ends_the_adding(http: httpx.Client, gated: Gated) -> None:
    gated.outcomes = itertools.count()
    sent = {"params": {"source": "x"}, "content": b"text", "headers": EVENTS, "timeout": 60}
    with httpx.stream("POST", f"{http.base_url}/api/documents", **sent) as reply:  # type: ignore[arg-type]
        assert reply.status_code == 200
        assert gated.begun.wait(60)
    gated.gate.set()
    assert gated.ended.wait(60)
    assert http.get("/api/health").json()["status"] == "ok"


def test_only_so_many_are_taken_in_at_the_same_time_and_the_others_after_them(
    http: httpx.Client, gated: Gated
) -> None:
    with ThreadPoolExecutor(7) as pool:
        address = f"{http.base_url}/api/documents"
        asking = [
            pool.submit(httpx.post, address, params={"source": str(n)}, content=b"text", timeout=60)
            for n in range(7)
        ]
        assert gated.begun.wait(60)
        gated.gate.set()
        assert [reply.result(60).status_code for reply in asking] == [200] * 7
    assert gated.most <= LIMITS.adding
    assert gated.given == 21


def test_a_fault_on_the_way_is_an_event(
    http: httpx.Client, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(sources: Iterable[Source], told: Callable[[ProgressStep], None] = ignore) -> Iterator[AddResult]:
        yield AddResult("x", "added")
        raise StoreError("The disk is full; free some space.")

    monkeypatch.setattr(assistant, "add", full, raising=False)
    told = events(add(http, "x", b"text", headers=EVENTS))
    assert [name for name, _ in told] == ["outcome", "fault"]
    assert told[-1][1] == {"error": "The disk is full; free some space."}


def test_many_at_once_are_all_added(http: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(add, http, f"{n}.md", f"# Box {n}\n\n{n * 7} nails.\n".encode(), headers=EVENTS)
            for n in range(12)
        ]
        outcomes = [said for reply in sent for name, said in events(reply.result(60)) if name == "outcome"]
    assert [outcome["status"] for outcome in outcomes] == ["added"] * 12
    health = http.post("/api/check").json()
    assert (health["documents"], health["problems"]) == (12, [])


# -- removing, naming, giving back -------------------------------------------------------------------


def test_many_are_removed_at_once_or_none(http: httpx.Client) -> None:
    ids = [add(http, name, data).json()["document_id"] for name, data in (("t", TOASTER), ("f", FAN))]
    refused = http.post("/api/documents/remove", json={"ids": [*ids, "nothing"]})
    assert refused.status_code == 404
    assert len(http.get("/api/documents").json()) == 2
    assert {gone["id"] for gone in http.post("/api/documents/remove", json={"ids": ids}).json()} == set(ids)
    assert http.get("/api/documents").json() == []


def test_a_document_goes_with_its_last_name(http: httpx.Client) -> None:
    for name in ("a.md", "b.md"):
        ident = add(http, name, FAN).json()["document_id"]
    assert http.post("/api/sources/unname", json={"sources": ["a.md", "unknown"]}).json() == []
    assert http.get("/api/documents").json()[0]["source"] == "b.md"
    [gone] = http.post("/api/sources/unname", json={"sources": ["b.md"]}).json()
    assert gone["id"] == ident
    assert http.get("/api/documents").json() == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/home/me/fan.html", "fan.html"),
        ("C:\\papers\\fan.html", "fan.html"),
        ("https://example.org/fan.html?a=b/c", "fan.html"),
        ('a"; filename="evil.exe', "a%22%3B%20filename%3D%22evil.exe"),
        ("a\r\nSet-Cookie: b=c", "a%0D%0ASet-Cookie%3A%20b%3Dc"),
        ("naïve 文.html", "na%C3%AFve%20%E6%96%87.html"),
        ("/", "document"),
    ],
)
def test_an_original_comes_back_as_a_file_in_which_nothing_runs(
    http: httpx.Client, source: str, name: str
) -> None:
    data = b"<html><script>alert(1)</script><p>The Vento fan has three speeds and a timer.</p></html>"
    added = add(http, source, data).json()
    reply = http.get(f"/api/documents/{added['document_id']}/original")
    assert reply.content == data
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "Set-Cookie" not in reply.headers


def test_no_original_of_what_is_not_there(http: httpx.Client) -> None:
    assert http.get("/api/documents/nothing/original").status_code == 404


def test_a_check_can_repair(http: httpx.Client) -> None:
    add(http, "fan.md", FAN)
    repaired = http.post("/api/check", params={"repair": "true"}).json()
    assert repaired["documents"] == 1
    assert repaired["problems"] == []


@pytest.mark.parametrize("path", ["/api/documents/remove", "/api/sources/unname"])
@pytest.mark.parametrize("body", [{}, {"ids": 1, "sources": 1}, {"ids": [None], "sources": [1]}, []])
def test_a_malformed_wish_is_refused_in_a_sentence(http: httpx.Client, path: str, body: object) -> None:
    reply = http.post(path, json=body)
    assert reply.status_code == 422
    assert "request is malformed" in reply.json()["error"]


# -- asking within a document ------------------------------------------------------------------------


def test_a_question_can_be_asked_of_one_document_alone(http: httpx.Client) -> None:
    toaster, fan = [add(http, f"{n}.md", data).json()["document_id"] for n, data in ((1, TOASTER), (2, FAN))]
    within = http.post("/api/ask", json={"question": HOW_MANY, "documents": [toaster]}).json()
    assert {citation["document_id"] for citation in within["citations"]} == {toaster}
    assert within["notice"] == "Only “Toaster manual” was searched."
    beside = http.post("/api/ask", json={"question": HOW_MANY, "documents": [fan]}).json()
    assert {citation["document_id"] for citation in beside["citations"] + beside["related"]} == {fan}
    assert http.post("/api/ask", json={"question": HOW_MANY, "documents": ["gone"]}).status_code == 404


# -- hostile names -----------------------------------------------------------------------------------


def test_hostile_names_and_texts_come_back_as_they_are(http: httpx.Client, shared: Path) -> None:
    strings = json.loads((shared / "hostile" / "naughty-strings.json").read_text("utf-8"))
    names = [name for name in strings if name.strip() and "\0" not in name][::40]
    for name in names:
        outcome = add(http, name, f"# {name}\n\nA line about {name}.\n".encode("utf-8", "replace")).json()
        assert (outcome["source"], outcome["status"]) == (name, "added"), outcome
    listed = http.get("/api/documents")
    assert listed.headers["Content-Type"] == "application/json"
    assert {entry["source"] for entry in listed.json()} == set(names)


# -- a part of the corpus ----------------------------------------------------------------------------


def test_a_question_is_asked_of_a_folder_and_of_a_time(http: httpx.Client) -> None:
    for name, year, speeds in (("old/fan.md", 2019, "three"), ("new/fan.md", 2025, "five")):
        text = f"---\ntitle: Fan of {year}\ndate: {year}-02-01\n---\nThe Vento fan has {speeds} speeds.\n"
        add(http, name, text.encode())
    question = "How many speeds does the Vento fan have?"

    def asked(**part: Any) -> Any:
        return http.post("/api/ask", json={"question": question, **part})

    assert "three" in asked(**{"in": ["old/"]}).json()["answer"]
    newer = asked(since="2024").json()
    assert "five" in newer["answer"]
    assert newer["notice"] == "Only “Fan of 2025” was searched."
    nothing = asked(**{"in": ["old"], "since": "2024"})
    assert (nothing.status_code, nothing.json()["error"]) == (
        422,
        "No document is in that part: old, since 2024.",
    )
    assert asked(since="soon").status_code == 422
    [older] = [entry for entry in http.get("/api/documents").json() if entry["title"] == "Fan of 2019"]
    tagging = {"ids": [older["id"]], "add": ["attic", "loan"], "remove": []}
    [entry] = http.post("/api/documents/tags", json=tagging).json()
    assert entry["tags"] == ["attic", "loan"]
    assert "three" in asked(tags=["attic"]).json()["answer"]
    assert http.post("/api/documents/tags", json=tagging | {"add": ["a\nb"]}).status_code == 422
    [entry] = http.post("/api/documents/tags", json={"ids": [older["id"]], "remove": ["loan"]}).json()
    assert entry["tags"] == ["attic"]
