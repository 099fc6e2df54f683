"""The server answers whom it should, in JSON and pages, and refuses what could be turned on its owner."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from faults.texts import pdf
from lxml import html

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.errors import ConfigError, ModelError, QuestionError, StoreError
from assistant.core.types import Answer
from assistant.web import server, uploads
from assistant.web.delivery import files

HERE = "http://127.0.0.1:7860"
KETTLE = """# Kettle manual

The Arvo kettle boils one litre in 95 seconds. Descale it every three months with citric acid.
"""
HOSTILE = (
    "# Zebra <script>alert(1)</script>\n\nA zebra costs <img src=x onerror=alert(2)> 40 crowns & more.\n"
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    settings = replace(config.load({}), home=tmp_path_factory.mktemp("home"), corpus=None)
    with Assistant.open(settings) as opened:
        opened.add_bytes(KETTLE.encode(), "kettle.md")
        opened.add_bytes(HOSTILE.encode(), "<b>zebra</b>.md")
        yield opened


@pytest.fixture(scope="module")
def client(assistant: Assistant) -> Iterator[TestClient]:
    with TestClient(server.app(assistant), HERE, raise_server_exceptions=False) as opened:
        yield opened


@contextmanager
def running(assistant: Assistant) -> Iterator[tuple[str, int]]:
    """The server on a socket of its own, in a thread."""
    serving = uvicorn.Server(uvicorn.Config(server.app(assistant), log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serving.run, args=([listener],))
        thread.start()
        yield listener.getsockname()
        serving.should_exit = True
        thread.join(60)


def identifier(client: TestClient, title: str) -> str:
    [found] = [d["id"] for d in client.get("/api/documents").json() if title in d["title"]]
    return str(found)


# -- questions ---------------------------------------------------------------------------------------


def test_a_question_is_answered_with_exact_quotes(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "How fast does the Arvo kettle boil a litre?"}).json()
    assert answer["answered"]
    assert "95 seconds" in answer["answer"]
    for citation in answer["citations"]:
        text = client.get(f"/api/documents/{citation['document_id']}").json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_conversation_is_kept(client: TestClient, assistant: Assistant) -> None:
    question = {"question": "How fast does the Arvo kettle boil a litre?", "conversation": "kept"}
    client.post("/api/ask", json=question)
    assert [turn.question for turn in assistant.turns("kept")] == [question["question"]]


@pytest.mark.parametrize("question", ["", "  \n\t", "\0", "x" * 4_001])
def test_a_question_of_wrong_length_is_refused_in_a_sentence(client: TestClient, question: str) -> None:
    reply = client.post("/api/ask", json={"question": question})
    assert reply.status_code == 422
    assert set(reply.json()) == {"error"}
    assert reply.json()["error"].endswith(".")


def test_a_question_of_the_greatest_length_is_taken(client: TestClient) -> None:
    assert client.post("/api/ask", json={"question": "kettle " * 571}).status_code == 200


def test_a_question_with_half_a_character_is_taken(client: TestClient) -> None:
    reply = client.post(
        "/api/ask",
        content=b'{"question": "kettle \\ud83d boil"}',
        headers={"Content-Type": "application/json"},
    )
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"question": 5}', b'{"question": "a", "conversation": 7}']
)
def test_a_malformed_body_is_refused_in_a_sentence(client: TestClient, body: bytes) -> None:
    reply = client.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert "request is malformed" in reply.json()["error"]


def test_health_says_how_many_documents_there_are(client: TestClient) -> None:
    assert client.get("/api/health").json() == {"status": "ok", "documents": 2, "model": None}


# -- documents ---------------------------------------------------------------------------------------


def test_a_document_is_added_answered_and_removed(client: TestClient) -> None:
    text = b"# Toaster manual\n\nThe Brisa toaster has seven browning levels.\n"
    added = client.post("/api/documents", params={"source": "toaster.md"}, content=text).json()
    assert (added["status"], added["source"]) == ("added", "toaster.md")
    again = client.post("/api/documents", params={"source": "toaster.md"}, content=text).json()
    assert again["status"] == "unchanged"
    question = {"question": "How many browning levels does the Brisa toaster have?"}
    assert "seven" in client.post("/api/ask", json=question).json()["answer"]
    assert client.delete(f"/api/documents/{added['document_id']}").json()["source"] == "toaster.md"
    assert "seven" not in client.post("/api/ask", json=question).json()["answer"]
    for gone in (f"/api/documents/{added['document_id']}", f"/source/{added['document_id']}"):
        assert client.get(gone).status_code == 404


def test_a_broken_document_is_rejected_with_a_reason(client: TestClient) -> None:
    outcome = client.post("/api/documents", params={"source": "empty.pdf"}, content=b"").json()
    assert outcome["status"] == "rejected"
    assert outcome["reason"]


def test_a_document_over_the_limit_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 1_000)
    reply = client.post("/api/documents", params={"source": "big.txt"}, content=b"x" * 1_001)
    assert reply.status_code == 413
    assert "too large" in reply.json()["error"] or "larger" in reply.json()["error"]


def test_a_document_that_breaks_off_is_not_added(assistant: Assistant) -> None:
    head = "POST /api/documents?source=half.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    with running(assistant) as (host, port):
        with socket.create_connection((host, port)) as sock:
            sock.sendall(head.encode() + b"Half of a document.")
        assert httpx.get(f"http://{host}:{port}/api/health", timeout=60).json()["status"] == "ok"
    assert "half.txt" not in {entry.source for entry in assistant.list()}


def test_a_document_without_a_name_is_refused(client: TestClient) -> None:
    assert client.post("/api/documents", content=b"text").status_code == 422


@pytest.mark.parametrize(
    "path", ["/api/documents/nothing", "/api/nothing", "/source/nothing", "/page/server.py"]
)
def test_what_is_not_there_is_404(client: TestClient, path: str) -> None:
    reply = client.get(path, headers={"X-Fragment": "1"})
    assert reply.status_code == 404
    assert reply.json()["error"]


def test_check_and_rebuild_say_what_they_found(client: TestClient) -> None:
    for path in ("/api/check", "/api/rebuild"):
        health = client.post(path).json()
        assert health["passages"] == health["vectors"] == health["words"] > 0
        assert health["problems"] == []


# -- sources -----------------------------------------------------------------------------------------


def test_a_source_is_shown_as_a_page_or_a_fragment(client: TestClient) -> None:
    start = KETTLE.index("The Arvo")
    address = f"/source/{identifier(client, 'Kettle')}?start={start}&end={start + 46}"
    page, fragment = client.get(address), client.get(address, headers={"X-Fragment": "1"})
    for reply in (page, fragment):
        [mark] = html.fromstring(reply.text).iter("mark")
        assert mark.text == "The Arvo kettle boils one litre in 95 seconds."
        assert reply.headers["Cache-Control"] == "no-store"
    assert page.text.startswith("<!doctype html>")
    assert fragment.text.startswith("<header>")


def test_a_hostile_document_is_shown_as_text(client: TestClient) -> None:
    page = html.fromstring(client.get(f"/source/{identifier(client, 'Zebra')}").text)
    assert [script.get("src") for script in page.iter("script")] == ["/page/before.js", "/page/mark.js"]
    assert not list(page.iter("img"))
    assert "A zebra costs <img src=x onerror=alert(2)> 40 crowns & more." in page.text_content()


def test_a_page_of_a_pdf_is_shown_with_its_quote_marked(client: TestClient) -> None:
    data = pdf(
        [["Heater manual"], ["The Cumbre heater draws 1.8 kilowatts.", "It is switched off at night."]]
    )
    added = client.post("/api/documents", params={"source": "heater.pdf"}, content=data).json()
    whole = client.get(f"/api/documents/{added['document_id']}").json()["text"]
    start = whole.index("It is switched")
    address = f"/source/{added['document_id']}/pages"
    shown = html.fromstring(client.get(f"{address}/0?start={start}&end={start + 29}").text)
    assert shown.get("data-page") == "2"
    assert [image.get("src")[:22] for image in shown.iter("img")] == ["data:image/png;base64,"]
    assert [box.get("class") for box in shown.iter("span")] == ["box current"]
    first = html.fromstring(client.get(f"{address}/1?start={start}&end={start + 29}").text)
    assert (first.get("data-page"), list(first.iter("span"))) == ("1", [])
    assert client.get(f"{address}/3").status_code == 422
    assert client.get(f"/source/{identifier(client, 'Zebra')}/pages/1").status_code == 404
    client.delete(f"/api/documents/{added['document_id']}")
    assert "was removed" in client.get(f"{address}/1").json()["error"]


def test_an_unknown_source_is_a_page_that_says_so(client: TestClient) -> None:
    reply = client.get("/source/<b>nothing")
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "<b>" not in reply.text


# -- faults ------------------------------------------------------------------------------------------


def test_our_errors_are_their_sentence(
    client: TestClient, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Answer:
        raise ModelError("The model cannot be reached; check OPENAI_BASE_URL.")

    monkeypatch.setattr(assistant, "ask", failing, raising=False)
    reply = client.post("/api/ask", json={"question": "How fast?"})
    assert reply.status_code == 502
    assert reply.json() == {"error": "The model cannot be reached; check OPENAI_BASE_URL."}


def test_other_faults_give_nothing_away(
    client: TestClient, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> list[object]:
        raise RuntimeError("secret")

    monkeypatch.setattr(assistant, "list", failing, raising=False)
    reply = client.get("/api/documents")
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text
    assert reply.json()["error"]


def test_a_conversation_has_the_same_limits_everywhere(client: TestClient, assistant: Assistant) -> None:
    asked = {"question": "How fast?", "conversation": "x" * 201}
    assert "Shorten it to 200" in client.post("/api/ask", json=asked).json()["error"]
    halved = b'{"question": "How fast?", "conversation": "\\ud83d"}'
    reply = client.post("/api/ask", content=halved, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    with pytest.raises(QuestionError):
        assistant.ask("How fast?", "x" * 201)


# -- the page ----------------------------------------------------------------------------------------


def test_each_script_of_the_page_bears_the_nonce_of_its_reply(client: TestClient) -> None:
    first, second = client.get("/"), client.get("/")
    policy = first.headers["Content-Security-Policy"]
    [nonce] = re.findall(r"'nonce-([^']+)'", policy)
    assert {script.get("nonce") for script in html.fromstring(first.text).iter("script")} == {nonce}
    assert "'unsafe-inline'" not in re.findall(r"script-src[^;]*", policy)[0]
    assert "frame-ancestors 'none'" in policy
    assert nonce not in second.text


def test_the_page_names_no_other_origin(client: TestClient) -> None:
    markup = client.get("/").raise_for_status().text
    assert set(re.findall(r"https?://[^/\"'\s<>\\]+", markup)) <= {HERE}
    assert "/manifest.json" not in markup


@pytest.mark.parametrize("path", ["/", "/api/health", "/page/page.css", "/source/nothing", "/nothing"])
def test_every_reply_has_its_protective_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_files_of_the_page_are_served(client: TestClient) -> None:
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for name, path in files.PLACES.items():
        assert client.get(f"/page/{name}").headers["Content-Type"].startswith(kinds[path.suffix])


def test_what_is_sent_of_the_page_is_compressed_and_may_be_kept_for_ever(client: TestClient) -> None:
    page = html.fromstring(client.get("/").text)
    [style] = page.xpath("//link[@rel='stylesheet' and not(@disabled)]/@href")
    [script] = page.xpath("//script[@type='module']/@src[starts-with(., '/page/')]")
    for address, kind in ((style, "text/css"), (script, "text/javascript")):
        for coding in ("br", "gzip"):
            reply = client.get(address, headers={"Accept-Encoding": coding})
            assert reply.headers["Content-Type"].startswith(kind)
            assert (reply.headers["Content-Encoding"], reply.headers["Vary"]) == (coding, "Accept-Encoding")
            assert reply.headers["Cache-Control"] == "max-age=31536000, immutable"
            assert "#transcript" in reply.text
        assert "Content-Encoding" not in client.get(address, headers={"Accept-Encoding": "identity"}).headers
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert client.get("/page/v/0000000000000000/page.css").headers["Cache-Control"] == "no-store"


def test_answers_of_the_api_are_not_compressed(client: TestClient) -> None:
    assert (
        "Content-Encoding"
        not in client.get("/api/documents", headers={"Accept-Encoding": "br, gzip"}).headers
    )


# -- serving -----------------------------------------------------------------------------------------


def test_it_answers_others_while_a_question_is_worked_on(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    answer = assistant.ask("How fast does the Arvo kettle boil?")

    def waiting(*_: object) -> Answer:
        asked.set()
        assert go_on.wait(60)
        return answer

    monkeypatch.setattr(assistant, "ask", waiting, raising=False)
    with running(assistant) as (host, port), ThreadPoolExecutor() as pool:
        here = f"http://{host}:{port}/api"
        asking = pool.submit(httpx.post, f"{here}/ask", json={"question": "?"}, timeout=60)
        assert asked.wait(60)
        assert httpx.get(f"{here}/health", timeout=60).status_code == 200
        assert not asking.done()
        go_on.set()
        assert asking.result(60).json()["answered"]


def test_a_taken_port_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StoreError, match=f"Port {port} is in use; .*--port"):
            server.require_free("127.0.0.1", port)
    with pytest.raises(StoreError, match="cannot be used"):
        server.require_free("host.invalid", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.7", "box.lan", "127.1"])
def test_others_than_this_machine_are_served_only_on_purpose(host: str) -> None:
    with pytest.raises(ConfigError, match=r"unencrypted.*--allow-network"):
        server.require_allowed(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_is_served_without_asking(host: str) -> None:
    server.require_allowed(host)


@contextmanager
def started(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An `assistant chat` over an empty store, and its address."""
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ASSISTANT_"))
    }
    env |= {"ASSISTANT_HOME": str(home), "ASSISTANT_CORPUS": "none"}
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        try:
            yield process, address
        finally:
            process.terminate()


@pytest.mark.parametrize("signals", [(signal.SIGTERM,), (signal.SIGINT,)])
def test_a_signal_ends_the_server_in_peace(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    with started(tmp_path) as (process, address):
        assert process.stderr
        assert httpx.get(address + "/api/health", timeout=60).json()["documents"] == 0
        for number in signals:
            process.send_signal(number)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to tell")
def test_a_server_that_is_not_asked_rests(tmp_path: Path) -> None:
    with started(tmp_path) as (process, address):
        httpx.get(address, timeout=60).raise_for_status()
        seen = wakings(process.pid)
        time.sleep(2)
        assert wakings(process.pid) - seen < 400


def wakings(pid: int) -> int:
    """Return how often the main thread has woken up so far."""
    told = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", told, re.MULTILINE)[0])


def test_the_health_is_told_while_questions_hold_all_threads(assistant: Assistant) -> None:
    over = threading.Event()

    async def asked() -> int:
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        app = httpx.ASGITransport(server.app(assistant))
        async with (
            httpx.AsyncClient(transport=app, base_url=HERE) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(anyio.to_thread.run_sync, over.wait)
            await anyio.wait_all_tasks_blocked()
            try:
                with anyio.fail_after(60):
                    return (await client.get("/api/health")).status_code
            finally:
                over.set()

    assert anyio.run(asked) == 200
