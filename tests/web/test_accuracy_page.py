"""The view of accuracy in a real browser: measured, decided on, marked; no question is markup."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import BROWSER, Served, serving, watched
from playwright.sync_api import Browser, Page, expect

from assistant.evaluation.drafting.home_sets import HomeSets
from assistant.evaluation.golden.sets import Question

pytestmark = [*BROWSER, pytest.mark.slow]

SHARED = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[3] / "shared"))
MARKUP = "<img src=x onerror=alert(1)>"
DOCUMENTS = {
    "salt.md": "# The salt mine\n\nThe salt mine of Wieliczka opened in 1280.\n",
    f"{MARKUP}.md": f"# Bees {MARKUP}\n\nBees dance to tell where <script>alert(2)</script> flowers are.\n",
}


def hostile() -> list[Question]:
    """Questions made of strings that break into careless pages; of more where the shared ones are there."""
    strings = [
        MARKUP,
        '"><svg onload=alert(3)>',
        "</textarea><script>alert(4)</script>",
        "{{7*7}} ${alert(5)}",
    ]
    for path in sorted(SHARED.glob("hostile/*-strings.json")):
        strings += [text for text in json.loads(path.read_text("utf-8")) if text.strip()][::60]
    some = [text.encode("utf-8", "replace").decode() for text in strings]
    parts = [" ".join(some[at : at + 6])[:3_000] for at in range(0, len(some), 6)]
    return [
        Question(f"q{n}", part, documents=(part,), facts=((part,),), tags=(part,))
        for n, part in enumerate(parts)
    ]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    for question in hostile():
        HomeSets(home).save_question("feedback", question)
    with serving(home, ASSISTANT_CORPUS="none") as running:
        for name, text in DOCUMENTS.items():
            running.add(name, text)
        yield running


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with (
        browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce") as context,
        watched(context, served.address) as opened,
    ):
        opened.goto(f"{served.address}/#accuracy")
        expect(opened.locator("#accuracy .sets label")).to_have_count(3)
        yield opened


def test_hostile_questions_are_measured_and_shown_as_text(page: Page) -> None:
    page.click("#accuracy .measure .primary")
    failures = page.locator("#accuracy .failures details")
    expect(failures.first).to_be_visible()
    failures.first.locator("summary").click()
    expect(failures.first.locator("dd").first).to_be_visible()
    page.locator("#accuracy .kept summary").first.click()
    page.locator("#accuracy .all summary").click()
    expect(page.locator("#accuracy .plots svg")).not_to_have_count(0)
    assert (
        page.evaluate("document.querySelectorAll('#accuracy :is(script, iframe, img, object, embed)').length")
        == 0
    )
    expect(page.locator("#accuracy .history tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.click("#accuracy .run header a")
    assert re.fullmatch(r"accuracy-[\d-]+\.html", download.value.suggested_filename)


def test_a_draft_is_reworded_and_accepted_and_another_rejected(page: Page) -> None:
    page.click("[data-does=draft]")
    drafts = page.locator("#accuracy .drafts li")
    expect(drafts).to_have_count(1)
    drafts.get_by_label("Question").fill("When was the mine opened?")
    drafts.get_by_role("button", name="Accept").click()
    expect(drafts).to_have_count(0)
    expect(page.locator("#accuracy .kept")).to_contain_text("When was the mine opened?")
    expect(page.locator("#accuracy .sets")).to_contain_text("Accepted suggestions 1 question")
    remove = page.get_by_role("button", name="Remove When was the mine opened?")
    page.get_by_text("When was the mine opened?").click()
    remove.click()
    expect(page.locator("#accuracy .kept")).not_to_contain_text("When was the mine opened?")


def test_a_bad_answer_becomes_a_golden_question_with_the_right_passage(page: Page) -> None:
    page.click("#top nav a[href='#chat']")
    expect(page.locator("#send")).to_be_enabled()
    page.fill("#question", "When did the salt mine of Wieliczka open?")
    page.press("#question textarea", "Enter")
    page.click(".turn .thumb")
    dialog = page.locator("dialog.bad")
    dialog.locator("summary").click()
    dialog.locator(".passages label").first.click()
    dialog.get_by_label("The source is the wrong one").check()
    dialog.get_by_role("button", name="Keep as a golden question").click()
    expect(dialog).to_contain_text("Kept as a golden question")
    dialog.get_by_role("button", name="Close").click()
    page.click("#top nav a[href='#accuracy']")
    kept = page.locator("#accuracy .kept details", has_text="When did the salt mine of Wieliczka open?")
    kept.locator("summary").click()
    expect(kept).to_contain_text("“")
