"""Every view and state of the page is looked at by axe-core, light and dark, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import BROWSER, Served, serving, watched
from faults.texts import pdf
from playwright.sync_api import Browser, Page, expect

from assistant.evaluation.drafting.home_sets import HomeSets
from assistant.evaluation.golden.sets import Question

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    *BROWSER,
    pytest.mark.slow,
    pytest.mark.skipif(
        not AXE.is_file(), reason="axe-core is not there: `make ready` takes it where npm is installed"
    ),
]

KETTLE = """# Arvo kettle

The Arvo kettle boils one litre in **95 seconds**. Descale it with `citric acid` once a month.

| Model | Litres | Price |
|---|---|---|
| Arvo | 1.7 | 40 crowns |
| Brisa | 1.2 | 30 crowns |
"""
FAST = "How fast does the Arvo kettle boil one litre?"
PRICE = "What is the price of the Brisa?"
HEATER = ["Heater manual", "The Cumbre heater is switched off by itself after nine hours."]
OFF = "After how many hours is the Cumbre heater switched off?"
CHAPEL = "Who painted the ceiling of the Sistine Chapel?"
SHARED = """fetch("/api/conversations").then((reply) => reply.json())
  .then((all) => `/shared/${all.find((each) => each.shared).shared}`)"""
THEMES = ["light", "dark"]
SAMPLE = {("light", 1440), ("dark", 768), ("light", 390)}
"""Looked at in every run; all others by `make exhaustive`."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    HomeSets(home).save_question("feedback", Question("q1", PRICE, facts=(("30",), ("gold",))))
    with serving(home, ASSISTANT_CORPUS="none") as running:
        running.add("arvo.md", KETTLE)
        running.add("again.md", KETTLE.replace("once", "twice"))
        running.add("salt.md", "# The salt mine\n\nThe salt mine of Wieliczka opened in 1280.\n")
        added = {"params": {"source": "heater.pdf"}, "content": pdf([HEATER]), "timeout": 60}
        httpx.post(f"{running.address}/api/documents", **added).raise_for_status()  # type: ignore[arg-type]
        httpx.post(f"{running.address}/api/eval/drafts", json={"number": 3}, timeout=60).raise_for_status()
        httpx.post(f"{running.address}/api/eval", json={"names": ["feedback"]}).raise_for_status()
        yield running


def cases() -> list[Any]:
    some = []
    for width in (1440, 1280, 768, 390, 360):
        for theme in THEMES:
            marks = [] if (theme, width) in SAMPLE else [pytest.mark.exhaustive]
            some.append(pytest.param(theme, width, marks=marks, id=f"{theme}-{width}"))
    return some


@pytest.mark.parametrize(("theme", "width"), cases())
def test_nobody_is_kept_out_of_any_state(browser: Browser, served: Served, theme: Any, width: int) -> None:
    size = {"width": width, "height": 900}
    found: dict[str, list[str]] = {}
    with (
        browser.new_context(viewport=size, reduced_motion="reduce", color_scheme=theme) as context,  # type: ignore[arg-type]
        watched(context, served.address) as page,
    ):
        for state in states(page, served.address):
            found[state] = violations(page)
    assert {state: told for state, told in found.items() if told} == {}


def states(page: Page, address: str) -> Iterator[str]:
    """Go through the states of the page, and give the name of each once it is there."""
    page.goto(address)
    expect(page.locator(".suggestion").first).to_be_visible()
    yield "an empty chat"
    yield from conversation(page)
    yield from side(page)
    yield from documents(page)
    yield from accuracy(page)
    page.goto(address + page.evaluate(SHARED))
    yield "a shared conversation"
    page.goto(f"{address}/source/{httpx.get(f'{address}/api/documents').json()[0]['id']}?start=0&end=12")
    yield "a source by itself"


def conversation(page: Page) -> Iterator[str]:
    for question in (FAST, PRICE, OFF, CHAPEL):
        ask(page, question)
    yield "answers"
    page.click("#looks")
    yield "the themes"
    page.keyboard.press("Escape")
    page.click("#only .narrow")
    page.fill("#narrowing input", "2020")
    yield "a part of the documents"
    page.click("#narrowing button")
    expect(page.locator("#only .chip")).to_be_visible()
    page.locator(".citation[data-number]").last.focus()
    page.locator(".citation[data-number]").last.hover()
    expect(page.locator("#card")).to_be_visible()
    yield "a card and a chip"
    page.click("#only .chip button")
    page.locator("[data-does=bad]").last.click()
    page.locator("dialog.bad summary").click()
    expect(page.locator("dialog.bad .passages label").first).to_be_visible()
    yield "a bad answer"
    page.keyboard.press("Escape")
    page.locator(".citation[data-number]").first.click()
    expect(page.locator("#source mark.current")).to_be_visible()
    yield "a source"
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    page.locator(".turn", has_text=OFF).locator(".citation[data-number]").first.click()
    expect(page.locator(".sheet .box.current").first).to_be_visible()
    yield "a page of a PDF"
    page.keyboard.press("Escape")
    page.locator("[data-does=copy]").first.focus()
    page.keyboard.press("?")
    yield "the keys"
    page.keyboard.press("Escape")


def side(page: Page) -> Iterator[str]:
    if not page.locator("#side").is_visible():
        page.click("#fold")
    page.locator("#side summary").first.click()
    yield "the conversations"
    page.locator("#side .choices").first.get_by_text("Share by link").click()
    expect(page.locator("dialog.sharing input")).to_have_value(re.compile("/shared/"))
    yield "a conversation that is shared"
    page.keyboard.press("Escape")
    page.locator("#side summary").first.click()
    page.locator("#side .danger").first.click()
    yield "the end of a conversation"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


def documents(page: Page) -> Iterator[str]:
    page.click("#top a[href='#documents']")
    page.set_input_files("input[name=files]", [{"name": "void.pdf", "mimeType": "", "buffer": b""}])
    expect(page.locator(".uploads .rejected")).to_be_visible()
    page.locator("#documents tbody input").first.check()
    yield "the documents"
    page.click("[data-does=remove-chosen]")
    yield "the end of a document"
    page.keyboard.press("Escape")
    page.click(".uploads [data-does=clear]")
    page.locator("#documents .refusals summary").click()
    page.fill("#documents input[type=search]", "litre")
    expect(page.locator("#documents .contents li").first).to_be_visible()
    yield "documents that are searched"
    page.fill("#documents input[type=search]", "")


def accuracy(page: Page) -> Iterator[str]:
    page.click("#top a[href='#accuracy']")
    expect(page.locator("#accuracy .run")).to_be_visible()
    expect(page.locator("#accuracy .drafts li").first).to_be_visible()
    for summary in page.locator("#accuracy summary").all():
        summary.click()
    yield "the accuracy"


def ask(page: Page, question: str) -> None:
    turns = page.locator(".turn").count()
    page.fill("#question", question)
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn:not(.growing)")).to_have_count(turns + 1)
    expect(page.locator("#send")).to_be_enabled()


def violations(page: Page) -> list[str]:
    """Return what axe finds, each with the elements that it is found in."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate("""async () => {
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      const why = (node) => [...node.any, ...node.all].map((check) => check.message).join("; ");
      const told = (node) => `${node.target.join(" ")} ${why(node)}`;
      return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(told).join(" | ")}`);
    }""")
    return found
