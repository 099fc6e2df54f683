"""The chat page in a real browser: ask, read, open a source, follow up; nothing that documents bring runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from browsing import BROWSER, CONTRAST, Served, serving, watched
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.errors import ModelError
from assistant.core.types import Answer, Citation, Document, Sentence
from assistant.text import sources, turns
from assistant.web import page as web
from assistant.web.asking import Asking

SHARED = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[3] / "shared"))
pytestmark = [*BROWSER, pytest.mark.slow]

EXPORTS = "How much does Iran export to Venezuela?"
CHAPEL = "Who painted the ceiling of the Sistine Chapel?"
HOSTILE = """# Quagga <img src=x onerror="document.title='broken in'"> manual

The quagga weighs <script>alert('in')</script> 300 kilograms &amp; eats ${document.title=1} {{grass}}.
"""


@pytest.fixture(scope="module")
def served(filled_home: Path) -> Iterator[Served]:
    with serving(filled_home) as running:
        running.add("<svg onload=alert(1)>.md", HOSTILE)
        yield running


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One cache for all tests; each page has its own conversation all the same."""
    with browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce") as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """The open page. Whatever a test does, it asks no other origin, and nothing goes wrong in its scripts."""
    with watched(context, served.address) as opened:
        opened.goto(served.address)
        expect(opened.locator(".suggestion").first).to_be_visible()
        yield opened


def ask(page: Page, question: str) -> None:
    turns = page.locator(".turn").count()
    page.fill("#question", question)
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn:not(.growing)")).to_have_count(turns + 1)
    expect(page.locator("#send")).to_be_enabled()


def collapsed(text: str | None) -> str:
    return " ".join((text or "").split())


# -- asking ------------------------------------------------------------------------------------------


def test_an_answer_is_shown_with_its_numbers_and_sources(page: Page, served: Served) -> None:
    ask(page, EXPORTS)
    told = served.ask(EXPORTS)
    citations = told["citations"]
    assert isinstance(citations, list)
    expect(page.locator(".answer")).to_contain_text("3 billion")
    expect(page.locator(".citation[data-number]")).to_have_count(len(citations))
    expect(page.locator(".sources .source-link")).to_have_count(len(citations))
    expect(page.locator("#question textarea")).to_have_value("")


def test_each_number_opens_its_document_at_the_marked_quote(page: Page, served: Served) -> None:
    ask(page, EXPORTS)
    citations = served.ask(EXPORTS)["citations"]
    assert isinstance(citations, list)
    for citation in citations:
        page.click(f".citation[data-number='{citation['number']}']")
        expect(page.locator("#source header h2")).to_have_text(citation["title"])
        expect(page.locator("#source mark.current")).to_have_text(citation["quote"])
        expect(page.locator("#source mark.current")).to_be_in_viewport()
        assert page.locator("#source mark.current").text_content() == citation["quote"]
        assert collapsed(page.locator("#source mark.current").inner_text()) == collapsed(citation["quote"])


def test_a_follow_up_is_understood_and_a_reload_shows_both(page: Page) -> None:
    ask(page, "What are the main areas of collaboration between Iran and Bolivia?")
    ask(page, "and with Nicaragua?")
    expect(page.locator(".answer").last).to_contain_text("Nicaragua")
    page.reload()
    expect(page.locator(".turn .question")).to_have_text(
        ["What are the main areas of collaboration between Iran and Bolivia?", "and with Nicaragua?"]
    )
    expect(page.locator(".welcome")).to_be_hidden()


def test_the_first_page_tells_what_the_documents_are_about(page: Page) -> None:
    overview = page.locator("#suggestions .overview")
    expect(overview.locator(".kind").first).to_contain_text("Markdown")
    expect(overview.locator("li a")).to_have_count(3)
    expect(overview.locator(".badge")).to_have_count(0)
    topic = overview.locator(".topic").first
    word = topic.inner_text()
    topic.click()
    expect(page.locator("#documents input[type=search]")).to_have_value(word)
    expect(page.locator("#documents tbody tr").first).to_be_visible()
    page.go_back()
    ask(page, EXPORTS)
    expect(overview).to_be_hidden()


def test_a_new_chat_is_empty_and_another_conversation(page: Page) -> None:
    ask(page, EXPORTS)
    first = page.evaluate("sessionStorage.conversation")
    page.click("#new-chat")
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator(".suggestion:visible")).to_have_count(3)
    assert page.evaluate("sessionStorage.conversation") != first


def test_what_the_corpus_does_not_hold_is_said_and_cites_nothing(page: Page) -> None:
    ask(page, CHAPEL)
    expect(page.locator(".unanswered")).to_contain_text("do not answer")
    expect(page.locator(".citation[data-number]")).to_have_count(0)
    related = page.locator(".citation.related")
    assert related.count() > 0
    related.first.click()
    expect(page.locator("#source mark.current")).to_be_in_viewport()


def test_a_suggested_question_asks_itself_and_is_answered(page: Page) -> None:
    question = page.locator(".suggestion").first.inner_text()
    page.locator(".suggestion").first.click()
    expect(page.locator(".turn:not(.growing) .question")).to_have_text(question)
    expect(page.locator(".answer .citation").first).to_be_visible()
    expect(page.locator(".welcome")).to_be_hidden()


def test_enter_sends_and_shift_enter_makes_a_line(page: Page) -> None:
    page.fill("#question textarea", "How much does Iran")
    page.press("#question textarea", "Shift+Enter")
    page.type("#question textarea", "export to Venezuela?")
    expect(page.locator("#question textarea")).to_have_value("How much does Iran\nexport to Venezuela?")
    expect(page.locator(".turn")).to_have_count(0)
    page.press("#question textarea", "Enter")
    expect(page.locator(".answer")).to_contain_text("3 billion")


def test_questions_in_haste_are_all_asked_in_turn(page: Page) -> None:
    for question in (EXPORTS, CHAPEL, "What is a citation?"):
        page.fill("#question", question)
        page.press("#question", "Enter")
        expect(page.locator("#question textarea")).to_have_value("")
    expect(page.locator(".turn:not(.growing) .question")).to_have_text(
        [EXPORTS, CHAPEL, "What is a citation?"]
    )


def test_an_empty_question_asks_nothing(page: Page) -> None:
    page.click("#send")
    page.fill("#question", "   ")
    page.click("#send")
    ask(page, EXPORTS)
    expect(page.locator(".turn")).to_have_count(1)


def test_a_question_that_is_too_long_is_counted_and_not_sent(page: Page) -> None:
    long = "kettle " * 1_200
    page.fill("#question", long)
    expect(page.locator("#counter")).to_have_text("8,399 of 4,000 characters: shorten it by 4,399")
    page.click("#send")
    page.press("#question textarea", "Enter")
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#question textarea")).to_have_value(long)
    box = page.locator("#question textarea").bounding_box()
    assert box
    assert box["height"] < 250
    page.fill("#question", long[:3_600])
    expect(page.locator("#counter")).to_have_text("3,600 of 4,000 characters")


def test_a_server_that_is_gone_and_back_loses_no_question(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(served.address)
    expect(page.locator(".suggestion").first).to_be_visible()
    page.route("**/gradio_api/**", lambda route: route.abort())
    page.fill("#question", EXPORTS)
    page.click("#send")
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#question textarea")).to_have_value(EXPORTS)
    page.unroute("**/gradio_api/**")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#question textarea")).to_have_value(EXPORTS)
    expect(page.locator("#send")).to_be_enabled()
    page.click("#send")
    expect(page.locator(".answer")).to_contain_text("3 billion")
    page.close()


def test_what_was_typed_is_there_after_a_reload(page: Page) -> None:
    page.fill("#question", EXPORTS)
    page.reload()
    expect(page.locator("#question textarea")).to_have_value(EXPORTS)
    page.click("#send")
    expect(page.locator(".answer")).to_contain_text("3 billion")


# -- sources -----------------------------------------------------------------------------------------


def test_escape_and_the_button_close_the_source_and_give_the_focus_back(page: Page) -> None:
    ask(page, EXPORTS)
    number = page.locator(".citation[data-number='1']")
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.click("#source .close")):
        number.press("Enter")
        expect(page.locator("#source mark.current")).to_be_focused()
        close()
        expect(page.locator("#source")).to_be_hidden()
        expect(number).to_be_focused()


def test_the_source_stands_beside_the_chat(page: Page) -> None:
    ask(page, EXPORTS)
    page.click(".citation[data-number='1']")
    expect(page.locator("#source")).to_be_visible()
    source, answer = page.locator("#source").bounding_box(), page.locator(".answer").bounding_box()
    assert source
    assert answer
    assert answer["x"] + answer["width"] <= source["x"]


def test_on_a_narrow_screen_the_source_is_a_sheet_over_the_chat(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, EXPORTS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click(".citation[data-number='1']")
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    box = page.locator("#source").bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)
    assert page.locator("gradio-app").evaluate("app => app.inert")
    page.click("#source .close")
    expect(page.locator("#source")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_script_a_number_leads_to_a_page_of_its_own(browser: Browser, served: Served) -> None:
    citations = served.ask(EXPORTS)["citations"]
    assert isinstance(citations, list)
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(served.address + sources.source_url(Citation(**citations[0])))
        assert page.locator("#source mark.current").text_content() == citations[0]["quote"]


def test_a_source_that_was_removed_is_said_in_its_place(page: Page, served: Served) -> None:
    text = b"# Okapi\n\nThe okapi of Epulu eats 27 kilograms of leaves a day.\n"
    added = httpx.post(f"{served.address}/api/documents", params={"source": "okapi.md"}, content=text).json()
    ask(page, "How much does the okapi of Epulu eat?")
    httpx.delete(f"{served.address}/api/documents/{added['document_id']}")
    page.click(".citation[data-number='1']")
    expect(page.locator("#source")).to_contain_text("was removed")
    expect(page.locator("#source")).not_to_contain_text("assistant list")
    expect(page.locator(".turn")).to_have_count(0)


# -- what documents bring ----------------------------------------------------------------------------


def test_a_hostile_document_stays_text_everywhere(page: Page) -> None:
    ask(page, "How much does the quagga weigh?")
    expect(page.locator(".answer")).to_contain_text("alert('in') 300 kilograms &")
    expect(page.locator(".answer")).to_contain_text("${document.title=1} {{grass}}")
    page.locator(".sentence", has_text="300 kilograms").locator(".citation").click()
    expect(page.locator("#source mark.current")).to_contain_text(
        "<script>alert('in')</script> 300 kilograms &amp;"
    )
    expect(page.locator("#source header")).to_contain_text("<svg onload=alert(1)>.md")
    expect(page.locator("#transcript :is(img, script, svg), #source :is(img, script, svg)")).to_have_count(0)
    expect(page).to_have_title(web.TITLE)


def test_a_hostile_question_stays_text(page: Page) -> None:
    question = "<img src=x onerror=alert(1)> ${alert(2)} {{constructor}} </h2><script>alert(3)</script>?"
    ask(page, question)
    expect(page.locator(".turn .question")).to_have_text(question)
    expect(page.locator("#transcript :is(img, script)")).to_have_count(0)


@pytest.mark.parametrize("name", ["xss-strings", "naughty-strings"])
def test_a_browser_reads_no_markup_from_attacks(browser: Browser, name: str) -> None:
    path = SHARED / "hostile" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set ASSISTANT_TEST_SHARED to the folder that holds hostile/")
    texts = [text for text in json.loads(path.read_text("utf-8")) if text]
    safe = "AB"  # the same markup around an innocent text
    with browser.new_context() as context:
        page = context.new_page()
        assert page.evaluate(DIFFERENT, [[everywhere(text) for text in texts], everywhere(safe), texts]) == []


DIFFERENT = r"""([attacks, safe, texts]) => {
  const parsed = (markup) => new DOMParser().parseFromString(markup, "text/html").body;
  const shape = (body) => [...body.querySelectorAll("*:not(code, em, strong, .sign)")].map(
    (e) => e.tagName + [...e.attributes].map((a) => a.name).sort()).join();
  const shown = (text) => text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g,
    (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, "␡").replace(/[\u202d\u202e]/g, "\ufffd");
  const right = shape(parsed(safe));
  return attacks.filter((markup, at) => {
    const body = parsed(markup);
    const text = body.querySelector(".words").textContent;
    const wanted = shown(texts[at]);
    return shape(body) !== right || text !== wanted || body.querySelector("a").title !== wanted;
  });
}"""


def everywhere(text: str) -> str:
    # A quote that says no more than its sentence is not repeated.
    cited = Citation(1, text, text, text, text, None, 0, 2, f"quoted {text}")
    answer = Answer(
        text, text, True, (Sentence(text, (1,)), Sentence(text)), (cited,), (), "model", text, text
    )
    # The text of a document is cut into lines, so there the shape depends on it; test_sources looks at that.
    document = Document("d", text, "s", "text/plain", "AB")
    return turns.turn_html(text, answer) + sources.source_html(document, 0, 2)


# -- reach and looks ---------------------------------------------------------------------------------


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    ask(page, EXPORTS)
    page.focus(".citation[data-number='1']")
    seen = set()
    for _ in range(30):
        seen.add(page.evaluate("(e => e.id || e.className || e.tagName)(document.activeElement)"))
        page.keyboard.press("Tab")
    assert {"citation", "source-link", "deed", "send"} <= seen
    page.focus("#send")
    page.keyboard.press("Tab")
    expect(page.locator("#question textarea")).not_to_be_focused()
    page.focus("#question textarea")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    ask(page, EXPORTS)
    page.click(".citation[data-number='2']")
    expect(page.locator("#source mark.current")).to_be_in_viewport()
    seen = page.evaluate(
        CONTRAST, "#top *, #side *, .question, .sentence, .citation, .sources *, .deed, #send, #source *"
    )
    assert len(seen) > 20
    assert {what: ratio for what, ratio in seen if ratio < 4.5} == {}


# -- the events, without a browser -------------------------------------------------------------------


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    settings = replace(config.load({}), home=tmp_path_factory.mktemp("home"))
    with Assistant.open(settings) as opened:
        opened.fill()
        yield opened


def test_an_answer_begins_with_an_empty_box_and_grows(assistant: Assistant) -> None:
    updates = list(web.Chat(assistant, Asking(assistant)).answer(EXPORTS, "c"))
    assert updates[0][1] == ""
    assert updates[0][2]["interactive"] is False
    assert "Searching" in updates[0][0]
    assert "growing" not in updates[-1][0]
    assert 'data-turn="' in updates[-1][0]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ModelError("The model is away; try again."), "The model is away; try again."),
        (KeyError("secret"), web.FAULT),
    ],
)
def test_a_fault_is_told_in_the_transcript(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def failing(*_: object) -> Iterator[Answer]:
        raise fault

    monkeypatch.setattr(assistant, "stream", failing, raising=False)
    updates = list(web.Chat(assistant, Asking(assistant)).answer(EXPORTS, "d"))
    assert told in updates[-1][0]
    assert EXPORTS in updates[-1][0]
    assert "secret" not in updates[-1][0]
