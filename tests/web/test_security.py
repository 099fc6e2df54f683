"""The server answers this machine and its own page, and nobody who would turn it on its owner."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hostile.door import MARKER, shapes
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.core import config
from assistant.web import security, server
from assistant.web.admission import JOIN, Admission

HERE = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = replace(config.load({}), home=tmp_path_factory.mktemp("home"), corpus=None)
    with (
        Assistant.open(settings) as assistant,
        TestClient(server.app(assistant), HERE, raise_server_exceptions=False) as opened,
    ):
        yield opened


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "evil.example@localhost",
        "",
        "[::1",
        "10.0.0.1",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/documents", "/gradio_api/queue/join"])
def test_a_forged_host_is_refused(client: TestClient, host: str, path: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:7860", "[::1]:7860"])
def test_the_names_of_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


def test_bound_to_all_addresses_it_answers_addresses_but_no_foreign_name() -> None:
    for bound in ("0.0.0.0", "::"):
        assert all(
            security.is_ours(host, bound)
            for host in ("192.168.1.7:7860", "[fe80::1]:80", socket.gethostname())
        )
        assert not security.is_ours("evil.example", bound)
    assert security.is_ours("box.lan:7860", "box.lan")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:7860", "http://["]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/ask"),
        ("DELETE", "/api/documents/x"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/api/documents"),
    ],
)
def test_a_request_from_another_origin_is_refused(
    client: TestClient, origin: str, method: str, path: str
) -> None:
    assert client.request(method, path, headers={"Origin": origin}).status_code == 403


def test_a_request_from_its_own_origin_is_answered(client: TestClient) -> None:
    reply = client.post("/api/ask", json={"question": "How fast?"}, headers={"Origin": HERE})
    assert reply.status_code == 200
    assert "access-control-allow-origin" not in reply.headers


def test_a_forwarded_host_is_not_believed(client: TestClient) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert "evil.example" not in client.get("/", headers=headers).text


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.org/",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=https://example.hf.space/",
        "/gradio_api/upload",
        "/gradio_api/upload_progress",
        "/gradio_api/run/answered",
        "/gradio_api/call/answered",
        "/gradio_api/info",
        "/gradio_api/deep_link",
        "/gradio_api/process_recording",
        "/gradio_api/vibe-edit",
        "//gradio_api/upload",
        "/gradio_api/../gradio_api/upload",
        "/monitoring",
        "/monitoring/summary",
        "/config",
        "/login",
        "/docs",
        "/openapi.json",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_page_does_not_need_of_gradio_is_refused(client: TestClient, method: str, path: str) -> None:
    assert client.build_request(method, HERE + path).url
    assert client.request(method, HERE + path).status_code in (403, 404, 405)


def test_a_large_body_is_taken_only_where_documents_go(client: TestClient) -> None:
    for path in ("/api/ask", "/gradio_api/queue/join"):
        assert client.post(path, content=b"x" * 1_000_001).status_code == 413
        assert client.post(path, content=iter([b"x"])).status_code == 413


@pytest.mark.parametrize(("path", "is_fault"), [("/gradio_api/queue/data", False), ("/api/health", True)])
def test_a_page_that_was_left_is_no_fault(path: str, is_fault: bool) -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the response has already started") from HTTPException(404)

    query = b"" if is_fault else b"session_hash=a"
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": headers}
    guard = security.Guard(left, "127.0.0.1", Admission({}, {}))
    with pytest.raises(RuntimeError) if is_fault else nullcontext():
        asyncio.run(guard(scope, None, None))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", shapes(""))
def test_a_file_that_is_named_to_gradio_is_not_copied(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(MARKER)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "copies"))
    body = shapes(str(secret))[shape]
    reply = client.post(JOIN, content=body, headers={"Content-Type": "application/json"})
    assert (reply.status_code, set(reply.json())) == (422, {"error"})
    assert not (tmp_path / "copies").exists()


def test_what_the_page_sends_is_answered(client: TestClient) -> None:
    # Gradio counts the components of all pages of a process.
    [config] = re.findall(r"window\.gradio_config = (\{.*?\});</script>", client.get("/").text, re.DOTALL)
    [(event, trigger)] = [
        (found["id"], component)
        for found in json.loads(config)["dependencies"]
        for component, kind in found["targets"]
        if kind == "load"
    ]
    data = ["0123456789abcdef" * 2]
    sent = {"data": data, "fn_index": event, "trigger_id": trigger, "session_hash": "a1b2c3"}
    assert client.post(JOIN, json=sent).json().keys() == {"event_id"}
    told = client.get("/gradio_api/queue/data", params={"session_hash": "a1b2c3"}).text
    assert "process_completed" in told


@pytest.mark.parametrize("headers", [{"X": "a" * 70_000}, {f"X-{n}": "a" for n in range(101)}])
def test_too_much_before_the_body_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/api/health", headers=headers).status_code == 431


def test_the_address_and_the_headers_are_counted_together(client: TestClient) -> None:
    params, headers = {"a": "a" * 40_000}, {"X": "a" * 30_000}
    assert client.get("/api/health", headers=headers).status_code == 200
    assert client.get("/api/health", params=params).status_code == 200
    assert client.get("/api/health", params=params, headers=headers).status_code == 431


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT"])
@pytest.mark.parametrize("path", ["/", "/theme.css", JOIN, "/gradio_api/app_id"])
def test_other_methods_do_not_reach_gradio(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 404


# -- behind a proxy ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("public")
    settings = replace(config.load({}), home=home, corpus=None, public_url="https://docs.example.org")
    with Assistant.open(settings) as assistant, TestClient(server.app(assistant), HERE) as opened:
        yield opened


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("docs.example.org", None, 200),
        ("docs.example.org", "https://docs.example.org", 200),
        ("127.0.0.1:7860", "https://docs.example.org", 200),  # a proxy that puts in its own name for us
        ("127.0.0.1:7860", HERE, 200),
        ("docs.example.org", "https://evil.example", 403),
        ("127.0.0.1:7860", "http://docs.example.org", 403),
        ("docs.example.org.evil.example", None, 421),
        ("evil.example", "https://docs.example.org", 421),
    ],
)
def test_behind_a_proxy_its_name_is_answered(
    public: TestClient, host: str, origin: str | None, status: int
) -> None:
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    assert public.get("/api/health", headers=headers).status_code == status


def test_without_a_proxy_its_name_is_refused(client: TestClient) -> None:
    assert client.get("/api/health", headers={"Host": "docs.example.org"}).status_code == 421
