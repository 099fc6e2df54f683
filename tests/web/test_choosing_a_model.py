"""The language model chosen in the page: kept for its owner, and only where nobody else can reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from stat import S_IMODE

import pytest
from conftest import given as sources
from fastapi.testclient import TestClient
from model_server import ModelServer, refused, serve

from assistant.assistant import Assistant
from assistant.core import config, model_choice
from assistant.core.config import Settings
from assistant.core.errors import ConfigError
from assistant.web.server import app

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
HOW_FAST = "How fast does the Arvo kettle boil a litre?"
KEY = "sk-recognisable-4711"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serve("The Arvo kettle boils one litre in 95 seconds [1].") as running:
        yield running


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with Assistant.open(settings) as assistant:
        list(assistant.add(sources(kettle=KETTLE)))
        yield TestClient(app(assistant), base_url="http://localhost")


def test_a_chosen_model_answers_from_then_on(client: TestClient, server: ModelServer) -> None:
    assert client.post("/api/ask", json={"question": HOW_FAST}).json()["mode"] == "extractive"
    chosen = client.put("/api/model", json={"url": server.url, "name": "small", "key": KEY})
    assert chosen.json() == {"name": "small", "url": server.url, "has_key": True, "changeable": True}
    assert client.post("/api/ask", json={"question": HOW_FAST}).json()["model"] == "small"
    assert server.headers[-1]["Authorization"] == f"Bearer {KEY}"
    client.put("/api/model", json={"url": "", "name": "", "key": ""})
    assert client.post("/api/ask", json={"question": HOW_FAST}).json()["mode"] == "extractive"


def test_the_choice_is_kept_for_its_owner_alone(
    client: TestClient, server: ModelServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put("/api/model", json={"url": server.url, "name": "small", "key": KEY})
    path = settings.home / model_choice.NAME
    assert S_IMODE(path.stat().st_mode) == 0o600
    loaded = config.load({"ASSISTANT_HOME": str(settings.home)})
    assert (loaded.model, loaded.base_url, loaded.api_key) == ("small", server.url, KEY)
    assert KEY not in repr(loaded)
    assert KEY not in client.get("/api/model").text


def test_a_kept_key_goes_to_its_own_address_alone(client: TestClient, server: ModelServer) -> None:
    client.put("/api/model", json={"url": refused(), "name": "small", "key": KEY})
    tested = client.post("/api/model/test", json={"url": server.url, "name": "small"})
    assert tested.json() == {"problem": None, "offered": ["large", "small"]}
    client.put("/api/model", json={"url": server.url, "name": "small"})
    client.post("/api/ask", json={"question": HOW_FAST})
    assert KEY not in str(server.headers)


def test_a_model_can_be_renamed_without_its_key(client: TestClient, server: ModelServer) -> None:
    client.put("/api/model", json={"url": server.url, "name": "small", "key": KEY})
    client.put("/api/model", json={"url": server.url, "name": "large"})
    client.post("/api/ask", json={"question": HOW_FAST})
    assert server.headers[-1]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("url", ["not an address", "file:///etc/passwd", "ftp://example.org"])
def test_what_is_no_address_is_refused(client: TestClient, url: str) -> None:
    for method, path in (("PUT", "/api/model"), ("POST", "/api/model/test")):
        reply = client.request(method, path, json={"url": url, "name": "small"})
        assert reply.is_client_error
        assert "The address is no address" in reply.json()["error"]


def test_what_is_wrong_with_a_model_is_said_before_it_is_used(
    client: TestClient, server: ModelServer
) -> None:
    problem = client.post("/api/model/test", json={"url": server.url, "name": "other"}).json()["problem"]
    assert "has no model other" in problem
    tested = client.post("/api/model/test", json={"url": refused(), "name": "a"}).json()
    assert "cannot be reached" in tested["problem"]


CHANGES = (("PUT", ""), ("POST", "/test"), ("GET", "/servers"))


def test_behind_a_proxy_on_this_machine_the_model_cannot_be_changed(settings: Settings) -> None:
    with Assistant.open(replace(settings, public_url="http://127.0.0.1:8000")) as assistant:
        client = TestClient(app(assistant), base_url="http://localhost")
        assert client.get("/api/model").json()["changeable"] is False
        for method, path in CHANGES:
            assert client.request(method, f"/api/model{path}", json={}).status_code == 403


def test_on_a_server_that_others_reach_no_stranger_changes_the_model(settings: Settings) -> None:
    with Assistant.open(replace(settings, public_url="https://docs.example.org")) as assistant:
        client = TestClient(app(assistant), base_url="http://localhost")
        for method, path in (("GET", ""), *CHANGES):
            assert client.request(method, f"/api/model{path}", json={}).status_code == 401


def test_a_model_of_the_environment_is_not_changed_by_the_page(
    settings: Settings, server: ModelServer
) -> None:
    model_choice.write(settings.home, model_choice.ModelChoice(refused(), "other", KEY))
    environ = {
        "ASSISTANT_HOME": str(settings.home),
        "OPENAI_BASE_URL": server.url,
        "ASSISTANT_CORPUS": "none",
    }
    loaded = config.load(environ)
    assert (loaded.base_url, loaded.model, loaded.api_key) == (server.url, "gpt-4o-mini", None)
    with Assistant.open(loaded) as assistant:
        client = TestClient(app(assistant), base_url="http://localhost")
        reply = client.put("/api/model", json={"url": refused(), "name": "other", "key": ""})
        assert reply.is_client_error
        assert "change it there" in reply.json()["error"]


@pytest.mark.parametrize("text", ["[]", "{", '{"model": 1}', "\xff"])
def test_a_damaged_choice_is_told(settings: Settings, text: str) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / model_choice.NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=model_choice.NAME):
        config.load({"ASSISTANT_HOME": str(settings.home)})
