"""The page behind a proxy that puts in its own name for the server: it asks the proxy alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from browsing import BROWSER, chromium, serving, watched
from playwright.sync_api import expect

pytestmark = [*BROWSER, pytest.mark.slow]


class Proxy(ThreadingTCPServer):
    """Passes on all bytes, with the address of `server` as the host of each request."""

    daemon_threads = True
    server = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.address = f"127.0.0.1:{self.server_address[1]}"


class Connection(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Proxy)
        host, port = self.server.server.split(":")
        told, meant = f"Host: {self.server.address}".encode(), f"Host: {self.server.server}".encode()
        with socket.create_connection((host, int(port))) as far, suppress(OSError):
            threading.Thread(target=back, args=(far, self.request), daemon=True).start()
            while data := self.request.recv(65_536):
                far.sendall(data.replace(told, meant))


def back(far: socket.socket, near: socket.socket) -> None:
    with suppress(OSError):
        while data := far.recv(65_536):
            near.sendall(data)
        near.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    """The address of a proxy before a server with one document."""
    with Proxy() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        settings = {"ASSISTANT_CORPUS": "none", "ASSISTANT_PUBLIC_URL": f"http://{running.address}"}
        with serving(tmp_path, **settings) as served:
            running.server = served.address.removeprefix("http://")
            served.add("kettle.md", "# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.")
            yield f"http://{running.address}"
        running.shutdown()


def test_a_question_is_asked_of_the_proxy_and_answered(proxy: str) -> None:
    with chromium() as browser, browser.new_context() as context, watched(context, proxy) as page:
        page.goto(proxy)
        expect(page.locator("#send")).to_be_enabled()
        page.fill("#question textarea", "How long does the Arvo kettle take to boil one litre?")
        page.press("#question textarea", "Enter")
        expect(page.locator(".turn:not(.growing) .answer")).to_contain_text("95 seconds")
