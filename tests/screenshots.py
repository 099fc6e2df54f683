"""Takes the pictures of the page that the documentation shows: `make screenshots`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from browsing import Served, chromium, serving
from playwright.sync_api import Browser, Page, expect

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
MEASURED = Path(__file__).parents[1] / "eval" / "golden" / "iran.jsonl"
QUESTIONS = 20
QUESTION = "How much does Iran export to Venezuela?"
PERSIAN = "حجم صادرات ایران به ونزوئلا چقدر است؟"


def main(folder: Path, filled: Path | None = None) -> None:
    """Write all pictures into a folder, of a copy of a home that is filled already, if there is one."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        if filled:
            shutil.copytree(filled, home)
        with serving(home) as served, chromium() as browser:
            measure(served)
            take(browser, served, folder)


def take(browser: Browser, served: Served, folder: Path) -> None:
    """Write the pictures of each view, in each theme and size, and those of a page in Persian."""
    for theme in THEMES:
        for size in SIZES:
            for name, show in {"chat": chat, "documents": documents, "accuracy": accuracy}.items():
                with opened(browser, served, theme, size, "en-GB") as page:
                    show(page)
                    page.screenshot(path=folder / f"{name}-{theme}-{size}.png")
    for size in SIZES:
        with opened(browser, served, "light", size, "fa") as page:
            chat(page, PERSIAN)
            page.screenshot(path=folder / f"persian-light-{size}.png")


@contextmanager
def opened(browser: Browser, served: Served, theme: str, size: str, locale: str) -> Iterator[Page]:
    width, height = SIZES[size]
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        page.goto(served.address)
        expect(page.locator("#send")).to_be_enabled()
        yield page


def measure(served: Served) -> None:
    """Ask some golden questions, so that there is something to show under Accuracy."""
    lines = MEASURED.read_text("utf-8").splitlines(keepends=True)[:QUESTIONS]
    body = {"sets": [{"name": MEASURED.name, "text": "".join(lines)}]}
    httpx.post(f"{served.address}/api/eval", json=body, timeout=60).raise_for_status()
    while httpx.get(f"{served.address}/api/eval", timeout=60).json()["standing"]["running"]:
        time.sleep(1)


def chat(page: Page, question: str = QUESTION) -> None:
    page.fill("#question", question)
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn:not(.growing)")).to_have_count(1)
    expect(page.locator(".suggestion").first).to_be_visible()
    page.locator(".citation[data-number]").first.click()
    expect(page.locator("#source mark.current")).to_be_visible()


def documents(page: Page) -> None:
    page.click("#top a[href='#documents']")
    expect(page.locator("#documents tbody tr").first).to_be_visible()


def accuracy(page: Page) -> None:
    page.click("#top a[href='#accuracy']")
    expect(page.locator("#accuracy .run")).to_be_visible()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
