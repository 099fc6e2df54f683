"""The page while a model writes: the answer grows, what nothing supports is marked, a new chat ends it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browsing import BROWSER, Served, chromium, serving
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [*BROWSER, pytest.mark.slow]

EXPORTS = "How much does Iran export to Venezuela?"


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    size = {"width": 1280, "height": 800}
    with chromium() as browser, browser.new_context(viewport=size, reduced_motion="reduce") as opened:
        yield opened


class Slow(ThreadingHTTPServer):
    """A model that says one sentence and, when told to go on, another that no passage supports."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Speaking)
        self.go_on = threading.Event()


class Speaking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        prompt = self.rfile.read(int(self.headers["Content-Length"])).decode()
        [number] = re.findall(r"BEGIN \S+ passage (\d+)(?:(?!BEGIN).)*amount to 3 billion dollars", prompt)[
            :1
        ]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.say(
            f"Khoshayand writes that Iran's exports to Venezuela amount to 3 billion dollars. [{number}] The"
        )
        assert isinstance(self.server, Slow)
        self.server.go_on.wait(60)
        with suppress(BrokenPipeError):
            self.say(f" moon is made of green cheese. [{number}]", "stop")
            self.wfile.write(b"data: [DONE]\n\n")

    def say(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
        chunk = {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "slow",
            "choices": [choice],
        }
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def modelled(filled_home: Path) -> Iterator[tuple[Served, Slow]]:
    with Slow() as model:
        threading.Thread(target=model.serve_forever).start()
        url = f"http://127.0.0.1:{model.server_port}/v1"
        with serving(filled_home, OPENAI_BASE_URL=url, ASSISTANT_MODEL="slow") as running:
            yield running, model
        model.shutdown()


def ask(context: BrowserContext, running: Served, model: Slow) -> Page:
    """Ask on a new page; the answer stops growing until `model.go_on` is set."""
    model.go_on.clear()
    page = context.new_page()
    page.goto(running.address)
    page.fill("#question", EXPORTS)
    page.click("#send")
    return page


def test_a_written_answer_grows_and_what_nothing_supports_is_marked(
    context: BrowserContext, modelled: tuple[Served, Slow]
) -> None:
    running, model = modelled
    page = ask(context, running, model)
    expect(page.locator(".growing .answer")).to_contain_text("3 billion dollars")
    expect(page.locator(".growing .citation[data-number]")).to_have_count(1)
    expect(page.locator("#send")).to_be_disabled()
    expect(page.locator("#transcript")).to_have_attribute("aria-busy", "true")
    model.go_on.set()
    expect(page.locator(".turn:not(.growing) .unsupported")).to_contain_text("green cheese")
    expect(page.locator("#send")).to_be_enabled()
    expect(page.locator("#transcript")).to_have_attribute("aria-busy", "false")
    page.close()


def test_a_new_chat_ends_the_answer_that_is_growing(
    context: BrowserContext, modelled: tuple[Served, Slow]
) -> None:
    running, model = modelled
    page = ask(context, running, model)
    expect(page.locator(".growing .answer")).to_be_visible()
    page.click("#new-chat")
    expect(page.locator(".welcome")).to_be_visible()
    model.go_on.set()
    page.click(".suggestion >> nth=0")
    expect(page.locator(".turn:not(.growing)")).to_have_count(1)
    expect(page.locator("#question textarea")).to_have_value("")
    page.close()


def test_an_answer_that_grows_is_stopped_and_its_question_is_in_the_box_again(
    context: BrowserContext, modelled: tuple[Served, Slow]
) -> None:
    running, model = modelled
    page = ask(context, running, model)
    expect(page.locator(".growing .answer")).to_be_visible()
    page.click(".growing [data-does=stop]")
    expect(page.locator(".turn.failed")).to_be_visible()
    expect(page.locator("#question textarea")).to_have_value(EXPORTS)
    expect(page.locator("#send")).to_be_enabled()
    expect(page.locator("#transcript [data-does=stop]")).to_have_count(0)
    model.go_on.set()
    page.close()
