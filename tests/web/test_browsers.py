"""The cookie by which browsers are told apart, and what it opens: a browser's own conversations alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from conftest import Hashing, given
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Answer, Sentence, Turn
from assistant.web import browsers, server

HERE = "http://127.0.0.1:7860"
TOKEN, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
IDENT = "ab" * 16
MINE = {"Cookie": f"{browsers.COOKIE}={TOKEN}"}
THEIRS = {"Cookie": f"{browsers.COOKIE}={OTHER}"}
CONVERSATION = f"/api/conversations/{IDENT}"


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant.open(settings, embedder=Hashing()) as opened:
        list(opened.add(given(kettle="# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n")))
        kept = opened.library.ledger.conversations
        kept.claim(IDENT, browsers.owner({"cookie": MINE["Cookie"]}))
        kept.append(
            IDENT, Turn("How fast?", "How fast?", Answer("How fast?", "How fast?", False, (Sentence("No."),)))
        )
        yield opened


@pytest.fixture
def client(assistant: Assistant) -> TestClient:
    return TestClient(server.app(assistant), base_url=HERE)


@pytest.mark.parametrize(
    ("cookie", "token"),
    [
        (f"{browsers.COOKIE}={TOKEN}", TOKEN),
        (f"a=b; {browsers.COOKIE}={TOKEN}; c=d", TOKEN),
        (f"{browsers.COOKIE}={TOKEN}x", None),
        (f"{browsers.COOKIE}={TOKEN.upper()}", None),
        ("\x00;;=", None),
        ("", None),
    ],
)
def test_only_a_token_as_we_give_it_is_one(cookie: str, token: str | None) -> None:
    headers = {"cookie": cookie}
    assert browsers.token(headers) == token
    assert browsers.passed_on(headers) == (token and f"{browsers.COOKIE}={token}")
    assert (browsers.owner(headers) == "") is (token is None)


def test_the_ledger_has_no_token() -> None:
    assert TOKEN not in browsers.owner({"cookie": MINE["Cookie"]})


def test_a_new_browser_gets_a_random_token_and_keeps_it(client: TestClient) -> None:
    first, second = (client.get("/", headers={"Cookie": ""}).headers["Set-Cookie"] for _ in range(2))
    pattern = rf"{browsers.COOKIE}=([0-9a-f]{{32}}); Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax"
    assert re.fullmatch(pattern, first)
    assert first != second
    assert TOKEN in client.get("/", headers=MINE).headers["Set-Cookie"]


def test_behind_https_the_cookie_is_sent_by_https_alone() -> None:
    assert browsers.set_cookie({}, secure=True).endswith("; Secure")


def test_conversations_are_listed_to_their_browser_alone(client: TestClient) -> None:
    assert [each["id"] for each in client.get("/api/conversations", headers=MINE).json()] == [IDENT]
    assert client.get("/api/conversations", headers=THEIRS).json() == []
    assert TestClient(client.app, base_url=HERE).get("/api/conversations").json() == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{CONVERSATION}/export", None),
        ("PATCH", CONVERSATION, {"name": "Mine"}),
        ("DELETE", CONVERSATION, None),
        ("POST", f"{CONVERSATION}/stop", {}),
        ("POST", f"{CONVERSATION}/turns/1/verdict", {"verdict": "good"}),
        ("POST", "/api/ask", {"question": "How fast?", "conversation": IDENT}),
        ("GET", f"/api/suggestions?conversation={IDENT}", None),
        (
            "POST",
            "/api/eval/feedback",
            {"conversation": IDENT, "turn": 0, "question": "How fast?", "reason": "wrong"},
        ),
    ],
)
def test_what_is_another_browsers_is_not_there(
    client: TestClient, method: str, path: str, body: object
) -> None:
    reply = client.request(method, path, json=body, headers=THEIRS)
    assert reply.status_code == 404
    assert "no such conversation" in reply.json()["error"]
    assert client.get(f"{CONVERSATION}/export", headers=MINE).status_code == 200


def test_an_export_is_a_file_that_runs_nothing(client: TestClient) -> None:
    reply = client.get(f"{CONVERSATION}/export?form=json", headers=MINE)
    assert reply.json()["turns"][0]["question"] == "How fast?"
    assert reply.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''How-fast.json")
    assert "sandbox" in reply.headers["Content-Security-Policy"]


def test_a_deleted_conversation_is_deleted(client: TestClient, assistant: Assistant) -> None:
    assert client.delete(CONVERSATION, headers=MINE).json() == {"deleted": IDENT}
    assert client.get("/api/conversations", headers=MINE).json() == []
    assert assistant.turns(IDENT) == []


def test_another_site_cannot_delete_a_conversation(client: TestClient) -> None:
    headers = MINE | {"Origin": "https://example.org"}
    assert client.delete(CONVERSATION, headers=headers).status_code == 403
