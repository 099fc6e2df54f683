"""What is sent of the page is compressed; what broke off is never sent again."""

from __future__ import annotations

import gzip

import anyio
import brotli
import pytest
from starlette.types import Message, Receive, Scope, Send

from assistant.web.delivery.packing import Packing

TEXT = b"let it be; " * 200


class Source:
    """An app that sends text, the first time only a part of it if it is told so."""

    def __init__(self, breaks: bool = False) -> None:
        self.asked = 0
        self._breaks = breaks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        headers = [(b"content-type", b"text/javascript"), (b"content-length", str(len(TEXT)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if self._breaks and self.asked == 1:
            await send({"type": "http.response.body", "body": TEXT[:500], "more_body": True})
            return
        await send({"type": "http.response.body", "body": TEXT[:500], "more_body": True})
        await send({"type": "http.response.body", "body": TEXT[500:]})


def fetch(app: Packing, path: str, accepted: bytes = b"gzip, br") -> tuple[dict[bytes, bytes], bytes]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [(b"accept-encoding", accepted)]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    anyio.run(app, scope, receive, send)
    return dict(messages[0]["headers"]), b"".join(message.get("body", b"") for message in messages)


@pytest.mark.parametrize(
    ("accepted", "unpack"), [(b"gzip, br", brotli.decompress), (b"gzip", gzip.decompress), (b"", bytes)]
)
def test_a_file_is_sent_as_the_browser_takes_it(accepted: bytes, unpack: type[bytes]) -> None:
    headers, body = fetch(Packing(Source()), "/assets/a.js", accepted)
    assert unpack(body) == TEXT
    assert headers[b"content-length"] == str(len(body)).encode()


def test_what_is_for_ever_is_compressed_once_and_the_page_each_time() -> None:
    source = Source()
    app = Packing(source)
    for path in ("/assets/a.js", "/assets/a.js", "/", "/"):
        fetch(app, path)
    assert source.asked == 3


def test_what_broke_off_is_not_kept() -> None:
    app = Packing(Source(breaks=True))
    fetch(app, "/assets/a.js")
    assert brotli.decompress(fetch(app, "/assets/a.js")[1]) == TEXT


def test_what_the_api_says_is_left_alone() -> None:
    headers, body = fetch(Packing(Source()), "/api/documents")
    assert (body, b"content-encoding" in headers) == (TEXT, False)
