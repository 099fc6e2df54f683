"""The login page in a browser, and what the chat page offers each role."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn
import visiting
from browsing import BROWSER, CONTRAST, chromium
from playwright.sync_api import Browser, BrowserContext, Page, expect
from servers import free_port

from assistant.assistant import Assistant
from assistant.core import config
from assistant.text.wording import LANGUAGES, wording
from assistant.users.audit import Audit
from assistant.users.login import Login
from assistant.users.passwords import Passwords
from assistant.users.people import People
from assistant.users.roles import ROLES
from assistant.web import server
from assistant.web.access.keys import Keys

pytestmark = BROWSER
NAME = "docs.example.org"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on loopback under a public name, as behind a proxy."""
    port = free_port()
    url = f"http://{NAME}:{port}"
    home = tmp_path_factory.mktemp("home")
    with Assistant.open(replace(config.load({}), home=home, corpus=None, public_url=url)) as assistant:
        assistant.add_bytes(visiting.KETTLE.encode(), "kettle.md")
        login = Login(assistant.library.ledger.engine, Passwords(visiting.QUICK))
        people = People(login, 90, assistant.library.delete_conversations)
        for role in ROLES:
            people.add(role, role, visiting.password(role))
        served = server.app(assistant, keys=Keys(login, visiting.OWNER, Audit(login.engine, 90), url))
        running = uvicorn.Server(uvicorn.Config(served, port=port, log_level="error"))
        thread = threading.Thread(target=running.run)
        thread.start()
        yield url
        running.should_exit = True
        thread.join(60)


@pytest.fixture(scope="module")
def outside() -> Iterator[Browser]:
    """A browser for which the public name is this machine."""
    with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as opened:
        yield opened


def enter(context: BrowserContext, address: str, name: str, secret: str) -> Page:
    page = context.new_page()
    page.goto(address)
    assert page.url == f"{address}/login"
    page.fill("[name=name]", name)
    page.fill("[name=password]", secret)
    page.click("button")
    return page


def test_the_login_needs_no_script(outside: Browser, address: str) -> None:
    with outside.new_context(java_script_enabled=False) as context:
        page = enter(context, address, "reader", visiting.password("reader"))
        page.wait_for_url(f"{address}/")
        assert {cookie["name"] for cookie in context.cookies() if cookie["httpOnly"]} >= {"cited-session"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_login_is_readable_in_each_language_theme_and_width(
    outside: Browser, address: str, language: str
) -> None:
    for scheme, width in (("light", 360), ("dark", 1200)):
        looks = {"locale": language, "color_scheme": scheme, "viewport": {"width": width, "height": 700}}
        with outside.new_context(**looks) as context:
            page = enter(context, address, f"{scheme}-{language}", "not the password")
            expect(page.get_by_role("alert")).to_have_text(wording(language)("login.wrong"))
            assert all(contrast >= 4.5 for _, contrast in page.evaluate(CONTRAST, "#login *"))
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("role", "adds", "measures"), [("reader", 0, 0), ("editor", 1, 0), ("admin", 1, 1)])
def test_the_page_offers_what_the_role_may_do(
    outside: Browser, address: str, role: str, adds: int, measures: int
) -> None:
    with outside.new_context(locale="en") as context:
        page = enter(context, address, role, visiting.password(role))
        refused: list[str] = []
        page.on("response", lambda reply: refused.append(reply.url) if reply.status in (401, 403) else None)
        expect(page.locator("#send")).to_be_enabled()
        page.goto(f"{address}/#documents")
        row = page.locator("#documents tbody tr").first
        expect(row.get_by_role("button", name="Ask")).to_be_visible()
        assert row.get_by_role("button", name="Remove").count() == adds
        assert page.get_by_role("button", name="Choose files").count() == adds
        assert page.get_by_role("link", name="Accuracy").count() == measures
        page.click("#looks")
        expect(page.locator("#theme")).to_contain_text(role)
        page.click("#leave")
        page.wait_for_url(f"{address}/login")
        page.goto(address)
        assert page.url == f"{address}/login"
        assert refused == []
