"""Pages from the web: where connections go, how long they may take, how faults are told, what is added."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import pytest
from internet import PAGE, PUBLIC, Web

from assistant.ingest import fetch
from assistant.ingest.library import Library

# -- the connection ------------------------------------------------------------------------------------------


def test_the_server_hears_the_name_and_nothing_of_us(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.page("/a?b=c", b"", 302, Location="/d", Set_Cookie="session=1")
    web.page("/d")
    found = fetch.fetch("http://Docs.Example.COM.:8080/a?b=c#part")
    assert found.data == PAGE
    assert web.connected == [(PUBLIC, 8080)] * 2
    ours = {
        "host": "docs.example.com:8080",
        "user-agent": "assistant",
        "accept": "*/*",
        "accept-encoding": "gzip",
        "connection": "close",
    }
    assert web.received == [("/a?b=c", ours), ("/d", ours)]


def test_an_address_that_does_not_answer_is_followed_by_the_next(web: Web) -> None:
    web.page("/")
    web.dead = {"2606:4700::1"}
    web.names["docs.example.com"] = [["2606:4700::1", PUBLIC]]
    assert web.fetch("/") == PAGE
    assert web.connected == [("2606:4700::1", 80), (PUBLIC, 80)]


def test_a_public_address_without_a_name_is_fetched(web: Web) -> None:
    web.page("/")
    assert fetch.fetch("http://[2606:4700::1]:81/").data == fetch.fetch("http://8.8.8.8").data == PAGE
    assert web.connected == [("2606:4700::1", 81), ("8.8.8.8", 80)]
    assert not web.resolved


@pytest.fixture
def secure(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Port 443 of every name speaks TLS as docs.example.com: gives the names that it is asked for."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x"
    names = ["-addext", "subjectAltName=DNS:docs.example.com", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*command.split(), *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed; it makes the certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[str] = []
    context.sni_callback = lambda connection, name, _: asked.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.replies[self.path](self)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that does not trust us goes away."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        plain = web.connect

        def connect(address: str, port: int, seconds: float) -> httpcore.NetworkStream:
            if port != 443:
                return plain(address, port, seconds)
            web.connected.append((address, port))
            return httpcore.SyncBackend().connect_tcp("127.0.0.1", server.server_port, seconds)

        monkeypatch.setattr(fetch, "connect", connect)
        yield asked
        server.shutdown()


def test_the_certificate_is_that_of_the_name(web: Web, secure: list[str]) -> None:
    web.page("/")
    assert fetch.fetch("https://docs.example.com/").data == PAGE
    fault = web.refusal("https://other.example.com/")
    assert "does not prove" in fault.message
    assert not fault.retryable
    assert secure == ["docs.example.com", "other.example.com"]
    assert web.connected == [(PUBLIC, 443)] * 2


def test_a_redirect_from_https_is_checked_as_well(web: Web, secure: list[str]) -> None:
    web.page("/page")
    web.moved("/out", "http://other.example.com/page")
    web.moved("/in", "http://localhost:6379/page")
    assert fetch.fetch("https://docs.example.com/out").url == "http://other.example.com/page"
    assert web.connected == [(PUBLIC, 443), (PUBLIC, 80)]
    web.refusal("https://docs.example.com/in")
    assert web.connected == [(PUBLIC, 443), (PUBLIC, 80), (PUBLIC, 443)]


# -- time and faults -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_trickles_is_left(web: Web, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    left = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n"
        handler.wfile.write(start + (b"\r\n" if where == "body" else b"X: "))
        for _ in range(100):
            left.wait(0.02)
            handler.wfile.write(b"x")
        # Nobody who waits for each byte anew would leave before this.
        handler.wfile.write(b"\r\n\r\n" + b"x" * 100)

    web.replies["/"] = trickle
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    fault = web.refusal("http://docs.example.com/")
    left.set()
    assert "takes too long" in fault.message
    assert fault.retryable


def test_a_resolver_that_does_not_answer_is_left(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(fetch, "resolve", lambda host, port: answered.wait(10) and [PUBLIC])
    monkeypatch.setattr(fetch, "CONNECT_SECONDS", 0.1)
    fault = web.refusal("http://docs.example.com/")
    answered.set()
    assert "cannot be looked up" in fault.message
    assert fault.retryable
    assert not web.connected


@pytest.mark.parametrize(
    ("raised", "retryable"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), False),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (UnicodeError("label too long"), False),
        (None, False),
    ],
)
def test_a_name_without_an_address_says_so(
    web: Web, monkeypatch: pytest.MonkeyPatch, raised: Exception | None, retryable: bool
) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if raised:
            raise raised
        return []

    monkeypatch.setattr(fetch, "resolve", resolve)
    fault = web.refusal("http://docs.example.com/")
    assert "docs.example.com" in fault.message
    assert fault.retryable == retryable


def test_a_server_that_is_down_may_come_back(web: Web) -> None:
    web.dead = {PUBLIC}
    fault = web.refusal("http://docs.example.com/?token=secret")
    assert fault.retryable
    assert fault.message == "docs.example.com cannot be reached; try again later."


def test_the_two_functions_that_are_replaced_here_do_work() -> None:
    assert set(fetch.resolve("localhost", 80)) & {"127.0.0.1", "::1"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = fetch.connect("127.0.0.1", server.getsockname()[1], 10)
        stream.write(b"hello", 10)
        taken, _ = server.accept()
        with taken:
            assert taken.recv(5) == b"hello"
        stream.close()


# -- as a source ---------------------------------------------------------------------------------------------


def test_a_web_page_becomes_a_document_with_its_title(web: Web, library: Library) -> None:
    url = "http://docs.example.com/hours?day=1"
    web.page("/hours?day=1")
    [outcome] = library.add([fetch.source(url)])
    assert (outcome.status, outcome.source, outcome.title) == ("added", url, "Opening hours")
    assert "opens at nine" in library.ledger.document(str(outcome.document_id)).text


def test_a_page_is_read_in_the_encoding_that_the_server_names(web: Web) -> None:
    page = "<html><meta charset=latin-1><p>Библиотека открыта</p></html>"
    web.page("/", page.encode("koi8-r"), Content_Type="text/html; charset=KOI8-R")
    assert fetch.source("http://docs.example.com/").load().decode("utf-8-sig") == page


def test_a_refused_address_is_one_rejected_document(web: Web, library: Library) -> None:
    web.page("/")
    urls = ["http://127.0.0.1/", "http://docs.example.com/"]
    outcomes = list(library.add(map(fetch.source, urls)))
    assert [outcome.status for outcome in outcomes] == ["rejected", "added"]
    assert outcomes[0].reason is not None


def test_what_is_an_address_of_the_web() -> None:
    assert all(map(fetch.is_url, ["https://a.example", "HTTP://a", "ftp://a", "file:///a", "http://"]))
    assert not any(
        map(fetch.is_url, ["notes.md", "a/b", "C:\\a", "C:/a", "http:notes", "/http://a", "ä://b", ""])
    )


def test_the_command_takes_addresses_among_files(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n\nThe museum closes at noon.")
    command = [sys.executable, "-m", "assistant.cli", "add", "--json", "http://127.0.0.1:9/", "notes.md"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["status"], first["source"]) == ("rejected", "http://127.0.0.1:9/")
    assert "private network" in first["reason"]
    assert second["status"] == "added"
    assert done.returncode == 1
