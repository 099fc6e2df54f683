"""No question of the page is lost, whenever it is reloaded and whenever its server is killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import BROWSER, Served, serving, surroundings
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = [*BROWSER, pytest.mark.slow]

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
FAST = "How fast does the Arvo kettle boil one litre?"
MOMENTS = [-40, 0, 5, 10, 20, 30, 45, 60, 80, 100, 130, 170, 220, 280, 350, 450, 600, 800, 1_100, 1_500]
"""Milliseconds after Send, and one before it."""
SAMPLE = [45, 350]
"""Tried in every run; all others by `make exhaustive`."""


def moments() -> list[Any]:
    marks = {after: [] if after in SAMPLE else [pytest.mark.exhaustive] for after in MOMENTS}
    return [pytest.param(after, marks=marks[after]) for after in MOMENTS]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), ASSISTANT_CORPUS="none") as running:
        running.add("arvo.md", KETTLE)
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own, with a cookie of its own."""
    with browser.new_context(reduced_motion="reduce") as opened:
        yield opened


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#send")).to_be_enabled()
    return page


def send(page: Page) -> None:
    page.fill("#question", FAST)
    page.press("#question textarea", "Enter")


def assert_kept(page: Page) -> None:
    """Check that the question is in the transcript or in the box, once it is quiet."""
    page.wait_for_function(
        """(question) => !document.querySelector(".turn.growing") && (
          document.querySelector("#question textarea")?.value.includes(question)
          || [...document.querySelectorAll(".turn .question")].some((h) => h.textContent === question))""",
        arg=FAST,
    )


@pytest.mark.parametrize("after", moments())
def test_a_question_survives_a_reload_at_any_moment(
    context: BrowserContext, served: Served, after: int
) -> None:
    page = opened(context, served.address)
    if after < 0:
        page.fill("#question", FAST)
    else:
        send(page)
        page.wait_for_timeout(after)
    page.reload()
    expect(page.locator("#send")).to_be_enabled()
    assert_kept(page)


@pytest.mark.parametrize("after", moments())
def test_a_question_survives_the_death_of_the_server_and_the_page_goes_on(
    context: BrowserContext, tmp_path: Path, record_property: Any, after: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(tmp_path, port)
    added = f"http://127.0.0.1:{port}/api/documents"
    httpx.post(added, params={"source": "a.md"}, content=KETTLE.encode(), timeout=60)
    page = opened(context, f"http://127.0.0.1:{port}")
    if after >= 0:
        send(page)
        page.wait_for_timeout(after)
    server.send_signal(signal.SIGKILL)
    server.wait()
    if after < 0:
        send(page)
    expect(page.locator("#lost")).to_be_visible()
    server = start(tmp_path, port)
    back = time.monotonic()
    try:
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("#send")).to_be_enabled()
        record_property("seconds_until_the_page_goes_on", time.monotonic() - back)
        assert_kept(page)
        if page.locator("#question textarea").input_value():
            page.click("#send")
            expect(page.locator(".turn:not(.growing) .answer").last).to_contain_text("95 seconds")
    finally:
        server.terminate()
        server.wait()


def start(home: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", str(port)]
    env = surroundings(home, ASSISTANT_CORPUS="none")
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    assert "answers at" in server.stdout.readline()
    return server
