"""The widget for other sites: framed by those that may have it, and by no others; what it shows is text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import browsing
import pytest
from browsing import serving
from conftest import given as sources
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import ConfigError
from assistant.web.server import app

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
HOW_FAST = "How fast does the Arvo kettle boil a litre?"
SITE = "https://shop.example.org"


@contextmanager
def client(settings: Settings, *origins: str) -> Iterator[TestClient]:
    with Assistant.open(replace(settings, widget_origins=origins)) as assistant:
        list(assistant.add(sources(kettle=KETTLE)))
        yield TestClient(app(assistant), base_url="http://localhost")


def test_without_origins_there_is_no_widget(settings: Settings) -> None:
    with client(settings) as asking:
        assert [asking.get(path).status_code for path in ("/widget.js", "/widget")] == [404, 404]


def test_only_the_named_sites_may_frame_it(settings: Settings) -> None:
    with client(settings, SITE, "http://intranet") as asking:
        policy = asking.get("/widget").headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {SITE} http://intranet")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in asking.get("/").headers["content-security-policy"]


def test_other_sites_may_load_its_script_alone(settings: Settings) -> None:
    with client(settings, SITE) as asking:
        kinds = {path: asking.get(path).headers["cross-origin-resource-policy"]
                 for path in ("/widget.js", "/widget", "/widget/frame.js", "/api/documents")}  # fmt: skip
    assert kinds.pop("/widget.js") == "cross-origin"
    assert set(kinds.values()) == {"same-origin"}


@pytest.mark.parametrize("language", ["en", "fa"])
def test_it_speaks_the_language_of_the_browser(settings: Settings, language: str) -> None:
    with client(settings, SITE) as asking:
        page = asking.get("/widget", headers={"Accept-Language": language}).text
    assert f'<html lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}">' in page
    assert "{" not in page.partition("</head>")[2]


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/path", "*", "https://a;script-src *"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigError, match="ASSISTANT_WIDGET_ORIGINS"):
        config.load({"ASSISTANT_WIDGET_ORIGINS": origin})


# -- in a browser ------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.skipif(browsing.CHROMIUM is None, reason="chromium is not installed")
def test_a_site_gets_answers_with_links_to_their_sources(tmp_path: Path, browser: Browser) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as free:
        port = free.server_port
    settings = {"ASSISTANT_CORPUS": "none", "ASSISTANT_WIDGET_ORIGINS": f"http://localhost:{port}"}
    with serving(tmp_path / "home", **settings) as server:
        server.add("kettle.md", KETTLE)
        (folder / "index.html").write_text(f'<h1>Shop</h1><script src="{server.address}/widget.js"></script>')
        handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
        with ThreadingHTTPServer(("127.0.0.1", port), handler) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            page = browser.new_page()
            page.goto(f"http://localhost:{port}")
            page.get_by_role("button", name="Ask the documents").click()
            frame = page.frame_locator("iframe")
            frame.get_by_label("Question").fill(HOW_FAST)
            frame.get_by_role("button", name="Send").click()
            expect(frame.locator(".answer")).to_contain_text("95 seconds")
            with page.expect_popup() as opened:
                frame.locator(".citation").first.click()
            expect(opened.value.locator("mark").first).to_contain_text("95 seconds")
            frame.get_by_label("Close").click()
            expect(page.locator("iframe")).to_be_hidden()
            page.context.close()
            other.shutdown()
