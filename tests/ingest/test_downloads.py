"""Downloads: whole, unpacked and not too large, or refused in one sentence."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from internet import PAGE, Web

from assistant.ingest import fetch


def test_a_packed_page_is_unpack(web: Web) -> None:
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
    unpacked = fetch._unpack

    def counting(host: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal counted
        for piece in unpacked(host, chunks):
            counted += len(piece)
            yield piece

    monkeypatch.setattr(fetch, "_unpack", counting)
    assert "larger than 50 MB" in web.refusal("http://docs.example.com/").message
    assert fetch.LIMIT < counted <= fetch.LIMIT + 1_000_000


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "br, gzip", "nonsense"])
def test_a_coding_that_was_not_asked_for_is_not_unpack(web: Web, coding: str) -> None:
    web.page("/", PAGE, Content_Encoding=coding)
    assert "unsupported compression" in web.refusal("http://docs.example.com/").message


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
