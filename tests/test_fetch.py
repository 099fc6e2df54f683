"""Pages from the web: what is refused, where connections go, what comes in, and how faults are told.

Only two functions are replaced, `resolve` and `connect`. Names stand for made-up public addresses, and
whoever connects to one of those reaches a server of the test on the loopback address. Nothing reaches out.
"""

from __future__ import annotations

import gzip
import ipaddress
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import fetch
from assistant.errors import FetchError
from assistant.library import Library

PUBLIC = "5.6.7.8"
PAGE = b"<html><title>Opening hours</title><body><p>The library opens at nine every day.</p></body></html>"
INSIDE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),
    *("192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1"),
    *("fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::f5ff:fffe"),
]

Reply = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """A web of made-up names behind one server, and the record of what was resolved and connected to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.replies: dict[str, Reply] = {}
        self.names: dict[str, list[list[str]]] = {}
        self.resolved: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.received: list[tuple[str, dict[str, str]]] = []
        self.dead: set[str] = set()

    def resolve(self, host: str, port: int) -> list[str]:
        """The answers for a name one after the other, the last of them again and again."""
        self.resolved.append(host)
        answers = self.names.get(host) or [stands_for(host)]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: str, port: int, seconds: float) -> httpcore.NetworkStream:
        self.connected.append((address, port))
        if address in self.dead:
            raise httpcore.ConnectError("refused")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, seconds)

    def page(self, path: str, body: bytes = PAGE, status: int = 200, **headers: str) -> None:
        self.replies[path] = lambda handler: answer(handler, status, body, headers)

    def moved(self, path: str, to: str, status: int = 302) -> None:
        self.page(path, b"", status, Location=to)

    def fetch(self, path: str) -> bytes:
        return fetch.fetch(f"http://docs.example.com{path}").data

    def refusal(self, url: str) -> FetchError:
        with pytest.raises(FetchError) as caught:
            fetch.fetch(url)
        return caught.value


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def stands_for(host: str) -> list[str]:
    """What a name of the list of hostile addresses means; any other one is on the public internet."""
    try:
        # So the system's resolver reads 0x7f000001 and 127.1.
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        written = re.search(r"(\d+\.\d+\.\d+\.\d+)\.nip\.io$", host)
        local = host.startswith(("localhost", "ip6-", "foo"))
        metadata = "." not in host or host.endswith(".internal")
        inside = "127.0.0.1" if local else "169.254.169.254" if metadata else PUBLIC
        return [written[1] if written else inside]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            made.replies[self.path](self)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """That the client goes away in the middle is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made = Web(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setattr(fetch, "resolve", made.resolve)
        monkeypatch.setattr(fetch, "connect", made.connect)
        yield made
        server.shutdown()


# -- what is refused -----------------------------------------------------------------------------------------

OUTSIDE = {
    *("1.1.1.1", "google.com", "1u.ms", "nicob.net", "www.tcpipguide.com", "example.com", "imgur.com"),
    *("307.r3dir.me", "62epax5fhvj3zzmzigyoe5ipkbn7fysllvges3a.302.r3dir.me", "developer.mozilla.org"),
    *("developers.digitalocean.com", "help.redacted.com", "mizu.re", "rancher.com", "vozec.fr"),
    *("www.googleapis.com", "www.root-me.org", "4d0cf09b9b2d761a7d87be99d17507bce8b86f3b.flaws.cloud"),
    "metadata.packet.net",  # a public address, which nothing tells from others
}
"""Hosts of the list that are on the public internet; some of them redirect inside (tested below)."""


def test_no_hostile_address_is_connected_to_unless_it_is_public(web: Web, shared: Path) -> None:
    urls = json.loads((shared / "hostile" / "ssrf-urls.json").read_text("utf-8"))
    assert len(urls) == 182
    web.dead = {PUBLIC, "1.1.1.1"}
    reached = set()
    for url in urls:
        web.connected.clear()
        web.refusal(url)
        if web.connected:
            assert {address for address, _ in web.connected} <= web.dead, url
            reached.add(urlsplit(url).hostname)
    assert reached == OUTSIDE


@pytest.mark.parametrize(
    "url",
    [
        *("http://127。0。0。1/", "http://１２７.0.0.1/", "http://%31%32%37.0.0.1/", "http://127.0.0.1./"),
        *(
            "http://127.1/",
            "http://127.0x0.1/",
            "http://0x7f.0.0.1/",
            "http://017700000001/",
            "http://010.0.0.1/",
        ),
        *("http://[fe80::1%25eth0]/", "http://[2606:4700::1111%25eth0]/", "http://[::1]/", "http://[::]/"),
        *("http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::10.0.0.1]/"),
        *(
            "http://localhost./",
            "http://LOCALHOST/",
            "http://a.localhost/",
            "http://a.local/",
            "http://a..b/",
        ),
        *("http://docs.example.com@127.0.0.1/", "http://me:secret@docs.example.com/", "http://:@a.example/"),
        *("http:///docs", "http:docs.example.com", "http://a_b", "http:// docs.example.com/"),
        *(
            "http://docs.example.com:0/",
            "http://docs.example.com:99999/",
            "http://docs.example.com\\@10.0.0.1/",
        ),
        *(
            "http://docs.example.com/\udce9",
            "http://docs.example.com/\n",
            "",
            "https://",
            "http://\xad10.0.0.1/",
        ),
        *(
            "HTTP:\\\\10.0.0.1",
            "jar:http://10.0.0.1!/",
            "data:text/html,x",
            "//10.0.0.1/",
        ),
        "http://docs.example.com/" + "x" * 4_000,
    ],
)
def test_odd_spellings_slip_through_nowhere(web: Web, url: str) -> None:
    fault = web.refusal(url)
    assert not web.connected
    assert fault.message.endswith(".")
    assert "secret" not in fault.message
    assert not fault.retryable


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "http://127.0.0.1", "http:/", ""]))
def test_whatever_is_given_is_refused_in_a_sentence(start: str, text: str) -> None:
    try:
        url = fetch._checked(start + text)
    except FetchError:
        return
    host = url.raw_host.decode()
    assert fetch._literal(host) or re.fullmatch(r"([a-z0-9_-]+\.)+[a-z][a-z0-9-]*", host)


@pytest.mark.parametrize(
    "address",
    [
        *(*INSIDE, "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:808:808::"),
        *("fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "4000::1", "fe80::1%eth0"),
        *("192.88.99.1", "203.0.113.1", "240.0.0.1", "0177.0.0.1", "127.1", "localhost", ""),
        *("2606:4700::1111%eth0", "2001:20::1", "2001:2::1"),
    ],
)
def test_these_addresses_are_not_public(address: str) -> None:
    assert not fetch.is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_these_addresses_are_public(address: str) -> None:
    assert fetch.is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_written_as_ipv6_is_judged_as_what_it_stands_for(address: ipaddress.IPv4Address) -> None:
    public = fetch.is_public(str(address))
    assert public <= address.is_global
    assert fetch.is_public(f"::ffff:{address}") == fetch.is_public(f"64:ff9b::{address}") == public


@pytest.mark.parametrize("inside", INSIDE)
def test_one_inside_among_the_addresses_of_a_name_refuses_it(web: Web, inside: str) -> None:
    web.names["docs.example.com"] = [[PUBLIC, inside]]
    assert "private network" in web.refusal("http://docs.example.com/").message
    web.names["docs.example.com"] = [[inside, PUBLIC]]
    web.refusal("https://docs.example.com/")
    assert not web.connected


# -- redirects and rebinding ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "status"),
    [
        *(("http://127.0.0.1/", 301), ("http://169.254.169.254/latest/", 302), ("//10.0.0.1/", 303)),
        *(("https://192.168.0.1/", 307), ("http://[::1]/", 308), ("http://[::ffff:127.0.0.1]/", 302)),
        *(("http://[64:ff9b::7f00:1]/", 302), ("http://[2002:7f00:1::]/", 302), ("http://0x7f000001/", 302)),
        *(("http://2130706433/", 301), ("http://127.1/", 307), ("http://localhost:8000/", 302)),
        *(
            ("http://localhost./", 302),
            ("http://inside.example.com/", 302),
            ("https://in.example.com/", 308),
        ),
        *(
            ("http://169.254.169.254.nip.io/", 302),
            ("file:///etc/passwd", 302),
            ("gopher://10.0.0.1:6379/_x", 302),
        ),
        *(
            ("http://me:secret@docs.example.com/", 302),
            ("/\\127.0.0.1/", 302),
            ("http://%31%32%37.0.0.1/", 302),
        ),
        *(("http://docs.example.com:0/", 302), ("http://127.0.0.1\t/", 302), ("http://\u2488.0.0.1/", 302)),
    ],
)
def test_a_redirect_leads_nowhere_inside(web: Web, to: str, status: int) -> None:
    web.names |= {"inside.example.com": [["10.1.2.3"]], "in.example.com": [[PUBLIC, "fd00::1"]]}
    web.moved("/", to.encode().decode("latin-1"), status)
    web.moved("/hop", "http://other.example.com/", status)
    assert not web.refusal("http://docs.example.com/").retryable
    assert web.connected == [(PUBLIC, 80)]
    web.refusal("http://docs.example.com/hop")
    assert web.connected == [(PUBLIC, 80)] * 3


@pytest.mark.parametrize("inside", INSIDE)
def test_a_second_answer_of_the_resolver_changes_nothing(web: Web, inside: str) -> None:
    web.page("/page")
    web.names["docs.example.com"] = [[PUBLIC], [inside]]
    assert web.fetch("/page") == PAGE
    assert (web.resolved, web.connected) == (["docs.example.com"], [(PUBLIC, 80)])

    web.moved("/again", "/page")
    web.names["docs.example.com"] = [[PUBLIC], [inside]]
    assert "private network" in web.refusal("http://docs.example.com/again").message
    assert web.connected == [(PUBLIC, 80)] * 2


def test_five_redirects_are_followed_and_six_are_not(web: Web) -> None:
    for number in range(6):
        web.moved(f"/{number}", f"./{number + 1}")
    web.page("/6")
    found = fetch.fetch("http://docs.example.com/1")
    assert (found.data, found.url) == (PAGE, "http://docs.example.com/6")
    assert "more than 5 times" in web.refusal("http://docs.example.com/0").message


def test_a_redirect_may_be_written_carelessly(web: Web) -> None:
    web.moved("/", "//other.example.com:81/caf\xe9 au lait%20?a=[b]&c#part")
    web.page("/caf%E9%20au%20lait%20?a=[b]&c")
    assert web.fetch("/") == PAGE
    assert web.connected == [(PUBLIC, 80), (PUBLIC, 81)]


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


# -- what comes in -------------------------------------------------------------------------------------------


def test_a_packed_page_is_unpacked(web: Web) -> None:
    web.page("/one", gzip.compress(PAGE), Content_Encoding="gzip", Content_Type="text/html")
    web.page("/two", gzip.compress(PAGE[:50]) + gzip.compress(PAGE[50:]), Content_Encoding="X-GZIP")
    assert fetch.fetch("http://docs.example.com/one") == fetch.Fetched(
        PAGE, "http://docs.example.com/one", "text/html"
    )
    assert web.fetch("/two") == PAGE


def test_a_large_packed_page_comes_whole(web: Web) -> None:
    page = bytes(range(256)) * 10_000
    web.page("/", gzip.compress(page), Content_Encoding="gzip")
    assert web.fetch("/") == page


def test_a_bomb_is_left_in_time(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(10_000_000)) for _ in range(20)) + packer.flush()
    web.page("/", bomb, Content_Encoding="gzip")
    counted = 0
    unpacked = fetch._unpacked

    def counting(host: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal counted
        for piece in unpacked(host, chunks):
            counted += len(piece)
            yield piece

    monkeypatch.setattr(fetch, "_unpacked", counting)
    assert "larger than 50 MB" in web.refusal("http://docs.example.com/").message
    assert fetch.LIMIT < counted <= fetch.LIMIT + 1_000_000


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "br, gzip", "nonsense"])
def test_a_coding_that_was_not_asked_for_is_not_unpacked(web: Web, coding: str) -> None:
    web.page("/", PAGE, Content_Encoding=coding)
    assert "not asked for" in web.refusal("http://docs.example.com/").message


def test_what_is_too_large_is_left_in_time(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LIMIT", len(PAGE))
    web.page("/fits")
    web.page("/declared", PAGE + b"x")

    def undeclared(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + PAGE + b"x")

    web.replies["/undeclared"] = undeclared
    assert web.fetch("/fits") == PAGE
    for path in ("/declared", "/undeclared"):
        assert "larger than" in web.refusal(f"http://docs.example.com{path}").message


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE)[:-9],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_half_a_page_is_none(web: Web, sent: bytes) -> None:
    web.replies["/"] = lambda handler: handler.wfile.write(sent) and None
    assert web.refusal("http://docs.example.com/").retryable


def test_a_damaged_page_is_none(web: Web) -> None:
    web.page("/", b"no gzip at all", Content_Encoding="gzip")
    assert "damaged" in web.refusal("http://docs.example.com/").message


@pytest.mark.parametrize(
    "status", [200, 203, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 503]
)
def test_a_status_says_what_to_do(web: Web, status: int) -> None:
    web.page("/", PAGE if status not in (204, 304) else b"", status)
    if status in (200, 203):
        assert web.fetch("/") == PAGE
    else:
        fault = web.refusal("http://docs.example.com/")
        assert f"({status})" in fault.message
        assert fault.retryable == (status in (429, 500, 503))


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
    assert "Nobody says" in fault.message
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
