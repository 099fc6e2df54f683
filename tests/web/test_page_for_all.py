"""The page in the reader's language and theme, and the card that shows what a citation rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from browsing import BROWSER, Served, serving, watched
from faults.texts import pdf
from playwright.sync_api import Browser, Page, expect

from assistant.text.wording import LANGUAGES, wording

pytestmark = [*BROWSER, pytest.mark.slow]

KETTLE = """# Arvo kettle

## Speed

It is red. The Arvo kettle boils one litre in 95 seconds. Descale it once a month. Keep it dry.
"""
FAST = "How fast does the Arvo kettle boil one litre?"
SHOWN = {"documents": "#documents tbody .title", "accuracy": "#accuracy h1", "chat": ".answer"}
"""What is there when a view is whole."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), ASSISTANT_CORPUS="none") as running:
        running.add("arvo.md", KETTLE)
        yield running


def test_a_chosen_theme_is_there_before_anything_is_drawn(browser: Browser, served: Served) -> None:
    with (
        browser.new_context(color_scheme="light") as context,
        watched(context, served.address) as page,
    ):
        page.goto(served.address)
        settle(page)
        light = background(page)
        page.click("#looks")
        page.locator("#theme input[value=dark]").check()
        dark = background(page)
        assert dark != light
        page.keyboard.press("Escape")
        expect(page.locator("#theme")).to_be_hidden()
        page.route("**/page/v/*/page.js", lambda route: route.abort())
        page.reload()
        assert background(page) == dark
        page.unroute("**/page/v/*/page.js")
        page.reload()
        settle(page)
        page.click("#looks")
        expect(page.locator("#theme input[value=dark]")).to_be_checked()
        page.locator("#theme [name=theme][value=system]").check()
        assert background(page) == light
        page.emulate_media(color_scheme="dark")
        assert background(page) == dark


def test_a_language_chosen_by_hand_is_remembered_and_taken_back(browser: Browser, served: Served) -> None:
    with browser.new_context(locale="es") as context, watched(context, served.address) as page:
        page.goto(served.address)
        for chosen, shown in (("fa", "fa"), ("system", "es")):
            settle(page)
            page.click("#looks")
            page.locator(f"#theme [name=language][value={chosen}]").check()
            expect(page.locator(f"html[lang={shown}][dir={wording(shown).direction}]")).to_have_count(1)
            expect(page.locator(".welcome h1")).to_have_text(wording(shown)("turn.welcome"))
            settle(page)
            page.reload()
            expect(page.locator("#send")).to_have_text(wording(shown)("ask.send"))
            assert page.locator(f"#theme [name=language][value={chosen}]").is_checked()
        settle(page)


def settle(page: Page) -> None:
    """Wait until the chat is loaded: Gradio calls it an error if its page goes before."""
    expect(page.locator("#send")).to_be_enabled()


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language_of_the_browser(browser: Browser, served: Served, language: str) -> None:
    say = wording(language)
    size: Any = {"width": 390, "height": 844}
    with (
        browser.new_context(locale=language, viewport=size, reduced_motion="reduce") as context,
        watched(context, served.address) as page,
    ):
        page.goto(served.address)
        expect(page.locator("#send")).to_be_enabled()
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
            language,
            say.direction,
        ]
        expect(page.locator("#top nav a")).to_have_text(
            [say("bar.chat"), say("bar.documents"), say("bar.accuracy")]
        )
        expect(page.locator(".welcome h1")).to_have_text(say("turn.welcome"))
        expect(page.locator("#send")).to_have_text(say("ask.send"))
        page.fill("#question", FAST)
        page.press("#question textarea", "Enter")
        expect(page.locator(".sources h3")).to_have_text(say("turn.evidence"))
        expect(page.locator("#send")).to_have_text(say("ask.send"))
        for view in ("documents", "accuracy", "chat"):
            page.click(f"#top a[href^='#{view}']")
            expect(page.locator(SHOWN[view])).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
        page.locator(".citation[data-number]").first.click()
        expect(page.locator("#source mark.current")).to_contain_text("95 seconds")
        expect(page.locator("#source [data-fact=from] dt")).to_have_text(say("fact.from"))


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with (
        browser.new_context(reduced_motion="reduce") as context,
        watched(context, served.address) as opened,
    ):
        opened.goto(served.address)
        expect(opened.locator("#send")).to_be_enabled()
        opened.fill("#question", FAST)
        opened.press("#question textarea", "Enter")
        expect(opened.locator(".turn:not(.growing) .citation").first).to_be_visible()
        yield opened


def test_a_card_shows_the_quote_between_its_neighbours_and_where_it_stands(page: Page) -> None:
    page.locator(".citation[data-number]").first.hover()
    card = page.locator("#card")
    expect(card).to_be_visible()
    expect(card.locator(".where")).to_have_text("Arvo kettle › Speed")
    expect(card.locator("mark")).to_have_text("The Arvo kettle boils one litre in 95 seconds.")
    expect(card.locator(".quoted")).to_have_text(
        "It is red. The Arvo kettle boils one litre in 95 seconds. Descale it once a month."
    )
    card.hover()
    page.wait_for_timeout(500)
    expect(card).to_be_visible()
    page.mouse.move(0, 0)
    expect(card).to_be_hidden()
    page.locator("[data-does=copy]").focus()
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_a_pdf_is_shown_as_the_pages_it_is_and_its_text_is_a_click_away(page: Page, served: Served) -> None:
    lines = ["The Cumbre heater is switched off by itself after nine hours.", "Clean it twice a year."]
    httpx.post(
        f"{served.address}/api/documents",
        params={"source": "heater.pdf"},
        content=pdf([["Heater manual"], lines]),
        timeout=60,
    )
    page.fill("#question", "After how many hours is the Cumbre heater switched off by itself?")
    page.press("#question textarea", "Enter")
    page.locator(".turn:not(.growing)").nth(1).locator(".citation[data-number]").first.click()
    expect(page.locator(".sheet .box.current")).to_be_in_viewport()
    expect(page.locator(".sheet .box.current")).to_be_focused()
    expect(page.locator("#source mark.current")).to_be_hidden()
    expect(page.locator(".along [role=status]")).to_have_text("Page 2 of 2")
    page.get_by_role("button", name="The page before").click()
    expect(page.locator(".sheet")).to_have_attribute("data-page", "1")
    expect(page.locator(".sheet .box")).to_have_count(0)
    page.click("[data-form=text]")
    expect(page.locator("#source mark.current")).to_have_text(lines[0])
    expect(page.locator(".sheets")).to_be_hidden()


def test_a_sentence_lights_its_source_and_a_source_its_sentence(page: Page) -> None:
    page.locator(".sentence[data-numbers]").first.hover()
    expect(page.locator(".source-link.near").first).to_be_visible()
    page.locator(".source-link").first.hover()
    expect(page.locator(".sentence.near").first).to_be_visible()
    page.mouse.move(0, 0)
    expect(page.locator(".near")).to_have_count(0)


def test_how_sure_an_answer_is_stands_below_it_with_its_figure(page: Page) -> None:
    sure = page.locator(".sure")
    expect(sure).to_have_text("Very likely the answer")
    assert (sure.get_attribute("title") or "").endswith("%")
