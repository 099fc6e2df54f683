"""A key that is set is in no file of the home, no log, page, answer, export or message, whatever fails."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from conftest import Run, opened_in
from fastapi.testclient import TestClient
from model_server import Reply, serve

from assistant.assistant import Assistant
from assistant.core import config
from assistant.web import server

KEY = "sk-recognisable-0f8f4a55"
HERE = "http://127.0.0.1:7860"
QUESTION = "How long does the Arvo kettle take?"
KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
ECHO = f'{{"error": {{"message": "the key Bearer {KEY} is wrong", "code": "{KEY}"}}}}'
REPLIES = {
    "an answer": Reply(["The Arvo kettle boils one litre in 95 seconds [1]."]),
    **{str(status): Reply(status=status, body=ECHO) for status in (307, 400, 401, 404, 413, 429, 500)},
    "no JSON": Reply(status=500, body=KEY),
    "a stream that breaks": Reply(["The "], fault="garbage"),
}


@contextmanager
def configured(home: Path, reply: Reply) -> Iterator[Assistant]:
    """An assistant with one document, and a model that answers so."""
    with opened_in(home, {"kettle.md": KETTLE}):
        pass
    with serve(reply) as model:
        settings = replace(config.load({}), home=home, corpus=None, model="m", api_key=KEY)
        with Assistant.open(replace(settings, base_url=model.url, model_timeout=5)) as assistant:
            yield assistant
        assert {sent["Authorization"] for sent in model.headers} <= {f"Bearer {KEY}"}
        assert model.headers


@pytest.mark.parametrize("reply", REPLIES)
def test_the_key_is_nowhere(
    reply: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with configured(tmp_path / "home", REPLIES[reply]) as assistant:
        shown = [repr(assistant.settings), repr(assistant.ask(QUESTION, "a")), *_served(assistant)]
    found = [*shown, caplog.text, written.getvalue()]
    assert [text for text in found if KEY in text] == []
    assert [path for path in _files(tmp_path) if KEY.encode() in path.read_bytes()] == []


def _served(assistant: Assistant) -> list[str]:
    """Yield every kind of reply of the server: the page, answers, errors, a conversation and its exports."""
    asked = {"question": QUESTION, "conversation": "b"}
    messages = {"model": "assistant", "messages": [{"role": "user", "content": QUESTION}]}
    with TestClient(server.app(assistant), HERE, raise_server_exceptions=False) as client:
        replies: list[Any] = [
            client.post("/api/ask", json=asked),
            client.post("/v1/chat/completions", json=messages),
            client.post("/v1/chat/completions", json={**messages, "stream": True}),
            *map(client.get, ("/", "/api/health", "/api/documents", "/v1/models", "/api/conversations")),
        ]
    return [f"{reply.headers} {reply.text}" for reply in replies]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("words", [["models"], ["check"], ["ask", QUESTION], ["list"], ["export", "all.zip"]])
def test_no_command_prints_or_writes_the_key(
    words: list[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with opened_in(Path(os.environ["ASSISTANT_HOME"]), {"kettle.md": KETTLE}):
        pass
    with serve(Reply(status=401, body=ECHO)) as model:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        done = run("--debug", *words) if words[0] == "models" else run(*words)
    assert KEY not in done.out + done.err
    for path in _files(tmp_path):
        assert KEY.encode() not in path.read_bytes()
        if path.suffix == ".zip":
            with ZipFile(path) as held:
                assert not [name for name in held.namelist() if KEY.encode() in held.read(name)]
