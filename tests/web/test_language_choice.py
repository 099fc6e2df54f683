"""The language of the page that a reader chose by hand goes before those of the browser, everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Hashing, given
from fastapi.testclient import TestClient
from lxml import html

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.text.wording import LANGUAGES, wording
from assistant.web import browsers, server

HERE = "http://127.0.0.1:7860"
SPANISH = {"Accept-Language": "es"}


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with Assistant.open(settings, embedder=Hashing()) as assistant:
        list(assistant.add(given(kettle="# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n")))
        yield TestClient(server.app(assistant), base_url=HERE)


def sent_in(markup: str) -> tuple[str, str]:
    root = html.document_fromstring(markup)
    return root.get("lang"), root.get("dir")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_sent_in_the_chosen_language(client: TestClient, language: str) -> None:
    reply = client.get("/", headers=SPANISH | {"Cookie": f"a=b; {browsers.LANGUAGE}={language}"})
    say = wording(language)
    assert sent_in(reply.text) == (language, say.direction)
    assert say("bar.new") in reply.text


@pytest.mark.parametrize("cookie", ["", f"{browsers.LANGUAGE}=xx", f"{browsers.LANGUAGE}=fa%22>"])
def test_without_a_choice_the_browser_chooses(client: TestClient, cookie: str) -> None:
    reply = client.get("/", headers=SPANISH | {"Cookie": cookie})
    assert sent_in(reply.text) == ("es", "ltr")


def test_a_source_is_shown_in_the_chosen_language(client: TestClient) -> None:
    [entry] = client.get("/api/documents").json()
    reply = client.get(f"/source/{entry['id']}", headers=SPANISH | {"Cookie": f"{browsers.LANGUAGE}=fa"})
    assert 'lang="fa" dir="rtl"' in reply.text
    assert wording("fa")("fact.from") in reply.text
