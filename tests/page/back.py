"""A server that died while a question was asked, and is back: the time until the page goes on."""

from __future__ import annotations

import signal
import socket
import tempfile
import time
from pathlib import Path

import httpx
from browsing import chromium
from playwright.sync_api import Browser, expect
from web import test_lost_questions as lost

from eval.bench_figure import Figure

MOMENTS = (0, 60, 350, 1_100)
"""Milliseconds after Send at which the server is killed."""
MOST = 5
"""Seconds until the page goes on."""


def figures() -> list[Figure]:
    """Return the longest time of all moments."""
    with chromium() as browser:
        times = [_seconds(browser, after) for after in MOMENTS]
    what = f"until the page goes on after the server's return, slowest of {len(MOMENTS)} kills"
    return [Figure(what, max(times), "s", most=MOST)]


def _seconds(browser: Browser, after: int) -> float:
    with tempfile.TemporaryDirectory() as home, browser.new_context() as context:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        server = lost.start(Path(home), port)
        added = f"{address}/api/documents"
        httpx.post(added, params={"source": "a.md"}, content=lost.KETTLE.encode(), timeout=60)
        page = lost.opened(context, address)
        lost.send(page)
        page.wait_for_timeout(after)
        server.send_signal(signal.SIGKILL)
        server.wait()
        expect(page.locator("#lost")).to_be_visible()
        server = lost.start(Path(home), port)
        back = time.monotonic()
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("#send")).to_be_enabled()
        gone_on = time.monotonic() - back
        lost.assert_kept(page)
        server.terminate()
        server.wait()
        return gone_on
