"""The chat in a real browser: conversations are found again, no question is lost, sources have addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browsing import BROWSER, Served, serving
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = [*BROWSER, pytest.mark.slow]

KETTLE = """# Arvo kettle

The Arvo kettle boils one litre in **95 seconds**. Descale it with `citric acid` once a month.

| Model | Litres | Price |
|---|---|---|
| Arvo | 1.7 | 40 crowns |
| Brisa | 1.2 | 30 crowns |
"""
TEHRAN = "# قوری\n\nقوری آروو یک لیتر آب را در ۹۵ ثانیه می‌جوشاند.\n"
FAST = "How fast does the Arvo kettle boil one litre?"
DESCALE = "What should the Arvo kettle be descaled with?"
TABS = "#top nav a, #new-chat, #fold"
WIDTHS = [1440, 1280, 961, 900, 801, 768, 390, 360]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), ASSISTANT_CORPUS="none") as running:
        running.add("arvo.md", KETTLE)
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own, with a cookie of its own."""
    size = {"width": 1440, "height": 900}
    with browser.new_context(viewport=size, reduced_motion="reduce") as opened:  # type: ignore[arg-type]
        yield opened


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    return opened(context, served.address)


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#send")).to_be_enabled()
    return page


def ask(page: Page, question: str) -> None:
    turns = page.locator(".turn").count()
    page.fill("#question", question)
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn:not(.growing)")).to_have_count(turns + 1)
    expect(page.locator("#send")).to_be_enabled()


def menu(page: Page, choice: str) -> None:
    first = page.locator("#side li").first
    first.locator("summary").click()
    first.locator(".choices").get_by_text(choice, exact=True).click()


# -- conversations -----------------------------------------------------------------------------------


def test_a_conversation_is_listed_by_day_and_opened_again(page: Page) -> None:
    ask(page, FAST)
    address = page.url
    assert re.search(r"#chat/[0-9a-f]{32}$", address)
    page.click("#new-chat")
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, DESCALE)
    expect(page.locator("#side h3")).to_have_text(["Today"])
    expect(page.locator("#side li > a")).to_have_text([DESCALE, FAST])
    page.locator("#side li > a", has_text=FAST).click()
    expect(page.locator(".turn .question")).to_have_text([FAST])
    assert page.url == address
    page.go_back()
    expect(page.locator(".turn .question")).to_have_text([DESCALE])


def test_another_tab_and_a_reload_show_it_as_it_was(page: Page, context: BrowserContext) -> None:
    ask(page, FAST)
    other = opened(context, page.url)
    expect(other.locator(".turn .question")).to_have_text([FAST])
    page.reload()
    expect(page.locator(".turn .question")).to_have_text([FAST])
    expect(page.locator("#side li > a[aria-current]")).to_have_text(FAST)


def test_another_browser_has_conversations_of_its_own(page: Page, browser: Browser) -> None:
    ask(page, FAST)
    with browser.new_context() as other:
        stranger = opened(other, page.url)
        expect(stranger.locator(".foreign")).to_contain_text("no such conversation")
        expect(stranger.locator("#side li")).to_have_count(0)
        stranger.fill("#question", DESCALE)
        stranger.press("#question textarea", "Enter")
        expect(stranger.locator(".failure")).to_contain_text("no such conversation")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(page: Page, context: BrowserContext) -> None:
    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Lax", False)
    assert re.fullmatch("[0-9a-f]{32}", cookie["value"])
    assert page.evaluate("document.cookie") == ""


def test_conversations_are_searched_renamed_and_pinned(page: Page) -> None:
    ask(page, FAST)
    page.click("#new-chat")
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, DESCALE)
    page.fill("#side input[type=search]", "citric")
    expect(page.locator("#side li > a")).to_have_text([DESCALE])
    page.fill("#side input[type=search]", "zebra")
    expect(page.locator("#side .nothing")).to_contain_text("No conversation")
    page.fill("#side input[type=search]", "")
    expect(page.locator("#side li")).to_have_count(2)
    menu(page, "Rename")
    hostile = "<img src=x onerror=alert(1)> tea"
    page.fill("#side .renaming input", hostile)
    page.keyboard.press("Enter")
    expect(page.locator("#side li > a").first).to_have_text(hostile)
    assert page.locator("#side img").count() == 0
    page.locator("#side li", has_text=FAST).locator("summary").click()
    page.locator("#side li", has_text=FAST).get_by_text("Pin", exact=True).click()
    expect(page.locator("#side h3")).to_have_text(["Pinned", "Today"])
    expect(page.locator("#side li > a").first).to_have_text(FAST)


def test_a_conversation_is_exported_with_its_references(page: Page) -> None:
    ask(page, FAST)
    with page.expect_download() as download:
        menu(page, "Export as Markdown")
    text = Path(download.value.path()).read_text("utf-8")
    assert text.startswith(f"# {FAST}\n")
    assert "[1]" in text
    assert "1. Arvo kettle: “The Arvo kettle boils one litre in 95 seconds.” (arvo.md)" in text
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        menu(page, "Export as JSON")
    told = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert [turn["question"] for turn in told["turns"]] == [FAST]
    assert download.value.suggested_filename.endswith(".json")


def test_a_shared_conversation_is_read_in_another_browser(page: Page, browser: Browser) -> None:
    ask(page, FAST)
    menu(page, "Share by link")
    field = page.locator("dialog.sharing input")
    expect(field).to_have_value(re.compile(r"/shared/[0-9a-f]{32}$"))
    with browser.new_context() as other:
        stranger = other.new_page()
        stranger.goto(field.input_value())
        expect(stranger.locator(".question")).to_have_text(FAST)
        expect(stranger.locator(".answer")).to_contain_text("95 seconds")
        expect(stranger.locator("button, input, textarea")).to_have_count(0)
        stranger.locator("a.citation").first.click()
        expect(stranger.locator("mark.current")).to_be_in_viewport()
        stranger.go_back()
        page.click("dialog.sharing [data-does=unshare]")
        expect(page.locator("#side li.shared")).to_have_count(0)
        stranger.reload()
        expect(stranger.locator("h1")).to_have_text("No conversation")


def test_a_deleted_conversation_is_gone(page: Page, context: BrowserContext) -> None:
    ask(page, FAST)
    address = page.url
    menu(page, "Delete")
    page.click("dialog.forgetting [data-does=remove]")
    expect(page.locator("#side li")).to_have_count(0)
    expect(page.locator(".welcome")).to_be_visible()
    expect(opened(context, address).locator(".turn")).to_have_count(0)


# -- questions on their way --------------------------------------------------------------------------


def test_a_question_typed_before_the_new_chat_is_there_goes_to_it(page: Page) -> None:
    ask(page, FAST)
    page.evaluate("document.querySelector('#new-chat').click()")
    page.fill("#question", DESCALE)
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn:not(.growing) .question")).to_have_text([DESCALE])
    expect(page.locator("#side li > a")).to_have_text([DESCALE, FAST])


# -- sources -----------------------------------------------------------------------------------------


def test_back_closes_the_source_and_its_address_opens_it(page: Page, context: BrowserContext) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, FAST)
    page.locator(".citation[data-number='1']").click()
    expect(page.locator("#source mark.current")).to_be_focused()
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    address = page.url
    page.go_back()
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator(".turn .question")).to_have_text([FAST])
    shared = opened(context, address)
    expect(shared.locator("#source mark.current")).to_contain_text("95 seconds")
    expect(shared.locator(".turn .question")).to_have_text([FAST])
    shared.keyboard.press("Escape")
    expect(shared.locator("#source")).to_be_hidden()


def test_a_document_that_goes_takes_its_answers_from_every_page(page: Page, served: Served) -> None:
    added = served.add("okapi.md", "# Okapi\n\nThe okapi of Epulu eats 27 kilograms of leaves a day.\n")
    ask(page, "How much does the okapi of Epulu eat?")
    httpx.delete(f"{served.address}/api/documents/{added['document_id']}")
    page.locator(".citation[data-number='1']").click()
    expect(page.locator("#source .missing")).to_contain_text("was removed")
    expect(page.locator("#source")).not_to_contain_text("assistant list")
    expect(page.locator(".turn")).to_have_count(0)
    page.goto(f"{served.address}/source/{added['document_id']}")
    expect(page.locator("main#source")).to_contain_text("was removed")
    assert page.evaluate("getComputedStyle(document.querySelector('#source')).maxWidth") != "none"


# -- looks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_at_every_width_each_tab_is_free_of_others(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    ask(page, FAST)
    assert covered(page) == []
    if width > 800:
        page.locator(".citation[data-number='1']").click()
        expect(page.locator("#source mark.current")).to_be_visible()
        assert covered(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def covered(page: Page) -> list[str]:
    """The tabs and buttons of the bar in whose middle something else lies."""
    found: list[str] = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].filter((e) => {
          const { x, y, width, height } = e.getBoundingClientRect();
          const there = document.elementFromPoint(x + width / 2, y + height / 2);
          return !e.contains(there);
        }).map((e) => e.id || e.textContent)""",
        TABS,
    )
    return found


def test_what_is_hidden_is_not_shown_in_any_view(page: Page, served: Served) -> None:
    for view in ("chat", "documents", "accuracy"):
        page.goto(f"{served.address}/#{view}")
        page.wait_for_timeout(300)
        shown = "[...document.querySelectorAll('[hidden]')].filter((e) => e.checkVisibility())"
        assert page.evaluate(f"{shown}.map((e) => e.className)") == []


def test_what_is_read_from_the_right_stands_on_the_right(page: Page, served: Served) -> None:
    served.add("ghoori.md", TEHRAN)
    page.fill("#question", "قوری آروو یک لیتر آب را در چند ثانیه می‌جوشاند؟")
    assert page.evaluate("getComputedStyle(document.querySelector('#question textarea')).direction") == "rtl"
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn:not(.growing) .answer")).to_contain_text("ثانیه")
    sides = page.evaluate("""() => {
      const words = document.querySelector(".answer .words").getBoundingClientRect();
      const chip = document.querySelector(".answer .citation").getBoundingClientRect();
      return [words.left, chip.left, words.right];
    }""")
    assert sides[1] <= sides[0] + 1


def test_markup_of_a_document_is_seen_nowhere(page: Page) -> None:
    ask(page, DESCALE)
    expect(page.locator(".answer code")).to_have_text("citric acid")
    page.locator(".citation[data-number='1']").click()
    expect(page.locator("#source mark.current")).to_be_visible()
    for place in (".turn", "#source"):
        assert not re.search(r"`|\*\*", page.locator(place).inner_text())


def test_a_hit_in_a_table_is_a_table(page: Page) -> None:
    ask(page, "What is the price of the Brisa?")
    expect(page.locator(".answer table.hit")).to_contain_text("30 crowns")
    assert "Price:" not in page.locator(".answer").inner_text()


# -- what a reader does ------------------------------------------------------------------------------


def test_a_verdict_is_there_after_a_reload(page: Page) -> None:
    ask(page, FAST)
    page.click("[data-does=good]")
    expect(page.locator("[data-does=good]")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("[data-does=good]")).to_have_attribute("aria-pressed", "true")
    page.click("[data-does=bad]")
    page.click("dialog.bad .primary")
    expect(page.locator("dialog.bad h2")).to_contain_text("Kept")
    page.reload()
    expect(page.locator("[data-does=bad]")).to_have_text("Kept as a golden question")


def test_keys_lead_to_the_box_the_last_question_and_the_list(page: Page) -> None:
    ask(page, FAST)
    page.locator("[data-does=copy]").focus()
    page.keyboard.press("/")
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#question textarea")).to_have_value(FAST)
    page.locator("[data-does=copy]").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_visible()


def test_on_a_slow_link_the_source_says_that_it_is_loading(page: Page) -> None:
    ask(page, FAST)
    page.route("**/source/*", lambda route: page.wait_for_timeout(1_000) or route.continue_())
    page.locator(".citation[data-number='1']").click(no_wait_after=True)
    expect(page.locator("#source .loading")).to_be_visible()
    expect(page.locator("#source mark.current")).to_be_visible()


def test_only_what_is_answered_is_suggested(page: Page, served: Served) -> None:
    suggested = page.locator(".suggestion")
    expect(suggested.first).to_be_visible()
    for question in suggested.all_inner_texts():
        assert served.ask(question)["answered"], question
