"""A conversation shared by link is read in another browser, until the link is taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from conftest import Hashing, given
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Answer, Citation, Sentence, Turn
from assistant.web import browsers, server

IDENT = "ab" * 16
MINE = {"Cookie": f"{browsers.COOKIE}={'0123456789abcdef' * 2}"}
THEIRS = {"Cookie": f"{browsers.COOKIE}={'fedcba9876543210' * 2}"}
SHARE = f"/api/conversations/{IDENT}/share"
BOILS = "It boils one litre in 95 seconds."
QUESTION = "How fast <script>alert(1)</script>?"


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant.open(settings, embedder=Hashing()) as opened:
        list(opened.add(given(kettle="# Kettle\n\nIt boils one litre in 95 seconds.\n")))
        [entry] = opened.list()
        quote = Citation(
            1, entry.id, "p", "Kettle", "kettle.md", None, 10, 43, "It boils one litre in 95 seconds."
        )
        answer = Answer(QUESTION, QUESTION, True, (Sentence(quote.quote, (1,)),), (quote,))
        kept = opened.library.ledger.conversations
        kept.claim(IDENT, browsers.owner({"cookie": MINE["Cookie"]}))
        kept.append(IDENT, Turn(QUESTION, QUESTION, answer))
        yield opened


@pytest.fixture
def client(assistant: Assistant) -> TestClient:
    return TestClient(server.app(assistant), base_url="http://127.0.0.1:7860")


def shared(client: TestClient) -> str:
    link: str = client.post(SHARE, headers=MINE).json()["shared"]
    assert re.fullmatch(r"[0-9a-f]{32}", link)
    return f"/shared/{link}"


def test_whoever_has_the_link_reads_it_and_can_do_nothing_else(client: TestClient) -> None:
    page = client.get(shared(client), headers=THEIRS)
    assert page.status_code == 200
    assert "It boils one litre in 95 seconds." in page.text
    assert "/source/" in page.text
    assert "<script>alert" not in page.text
    assert not re.search(r"<button|<form|<input", page.text)
    assert IDENT not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get(f"/api/conversations/{IDENT}/export", headers=THEIRS).status_code == 404


def test_the_link_stays_the_same_and_is_listed_to_its_owner(client: TestClient) -> None:
    assert client.get("/api/conversations", headers=MINE).json()[0]["shared"] is None
    link = shared(client)
    assert shared(client) == link
    assert client.get("/api/conversations", headers=MINE).json()[0]["shared"] == link.rpartition("/")[2]


def test_another_browser_neither_shares_nor_takes_back(client: TestClient) -> None:
    link = shared(client)
    assert client.post(SHARE, headers=THEIRS).status_code == 404
    assert client.delete(SHARE, headers=THEIRS).status_code == 404
    assert client.get(link).status_code == 200


def test_a_link_taken_back_opens_nothing_and_a_new_one_is_another(client: TestClient) -> None:
    link = shared(client)
    client.delete(SHARE, headers=MINE)
    assert client.get(link).status_code == 404
    assert shared(client) != link


def test_a_deleted_conversation_takes_its_link_along(client: TestClient) -> None:
    link = shared(client)
    client.delete(f"/api/conversations/{IDENT}", headers=MINE)
    assert client.get(link).status_code == 404


def test_a_removed_document_takes_the_answers_that_quote_it_along(
    client: TestClient, assistant: Assistant
) -> None:
    link = shared(client)
    assistant.remove(assistant.list()[0].id)
    assert client.get(link).status_code == 404


def test_no_link_is_guessed(client: TestClient) -> None:
    shared(client)
    for name in (IDENT, "", "x" * 500, "%00", "0" * 32):
        assert client.get(f"/shared/{name}").status_code == 404
