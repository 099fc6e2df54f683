"""The view of documents in a real browser: added, followed, found, opened, asked about, removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import BROWSER, CONTRAST, Served, chromium, serving, watched
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

pytestmark = [*BROWSER, pytest.mark.slow]

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
BRISA = "# Brisa kettle\n\nThe Brisa kettle boils one litre in 120 seconds.\n"
HOW_FAST = "How fast does the kettle boil a litre?"
LIST = "**/api/documents"
CHAT = "**/assets/Blocks-*.js"  # without which Gradio shows nothing


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests; each adds what it needs under names of its own."""
    with serving(tmp_path_factory.mktemp("home"), ASSISTANT_CORPUS="none") as running:
        running.add("arvo.md", KETTLE)
        running.add("brisa.md", BRISA)
        yield running


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    with chromium() as browser, browser.new_context(viewport={"width": 1280, "height": 800}) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    with watched(context, served.address) as opened:
        opened.goto(f"{served.address}/#documents")
        expect(row(opened, "Arvo kettle")).to_be_visible()
        yield opened


def row(page: Page, title: str) -> Locator:
    return page.locator("#documents tbody tr", has=page.locator(".title", has_text=title))


def upload(page: Page, name: str) -> Locator:
    return page.locator(".uploads li", has=page.locator(".name", has_text=name))


def give(page: Page, **files: str) -> None:
    payload = [{"name": n, "mimeType": "text/plain", "buffer": t.encode()} for n, t in files.items()]
    page.set_input_files("input[name=files]", payload)  # type: ignore[arg-type]


def reopen(page: Page) -> None:
    """Shows the list anew. Not by a reload: Gradio complains where it is still loading itself."""
    page.click("#top a[href='#chat']")
    page.click("#top a[href='#documents']")


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


# -- views -------------------------------------------------------------------------------------------


def test_views_have_addresses_and_the_chat_goes_on_in_another(page: Page) -> None:
    page.click("#top a[href='#chat']")
    expect(page).to_have_url(re.compile("#chat$"))
    ask(page, HOW_FAST)
    page.click("#top a[href='#documents']")
    expect(page.locator("#top [aria-current=page]")).to_have_text("Documents")
    expect(page).to_have_title(re.compile("^Documents"))
    expect(page.locator("gradio-app")).to_be_hidden()
    expect(page.locator(".turn:not(.growing) .answer")).to_contain_text("seconds")
    page.go_back()
    expect(page.locator(".answer")).to_be_visible()
    expect(page.locator("section#documents")).to_be_hidden()


# -- adding ------------------------------------------------------------------------------------------


def test_what_is_chosen_is_followed_until_it_is_done_or_refused(page: Page, served: Served) -> None:
    hostile = "<img src=x onerror=alert(1)>.md"
    zebra = "# Zebra <script>alert(1)</script>\n\nA zebra costs 40 crowns.\n"
    give(page, **{hostile: zebra, "void.pdf": "", "okapi.md": "# Okapi\n\nAn okapi costs 90 crowns.\n"})
    expect(upload(page, "void.pdf").locator(".state")).to_have_text("void.pdf is empty.")
    expect(upload(page, "okapi.md").locator(".state")).to_have_text("Done: 1 passage")
    # Answerable the moment that it is done.
    assert "90 crowns" in str(served.ask("What does an okapi cost?")["answer"])
    expect(upload(page, hostile).locator(".state")).to_have_text("Done: 1 passage")
    expect(page.locator(".uploads .sum")).to_have_text("2 of 3 done, 1 rejected")
    expect(row(page, "Zebra").locator(".place")).to_have_text(hostile)
    expect(page.locator("#documents :is(img, script)")).to_have_count(0)
    give(page, **{"okapi.md": "# Okapi\n\nAn okapi costs 90 crowns.\n"})
    expect(upload(page, "okapi.md").first.locator(".state")).to_have_text("Unchanged: it is here already")


def test_what_is_dropped_in_any_view_is_added(page: Page) -> None:
    page.click("#top a[href='#chat']")
    greeting = page.locator(".welcome p").inner_text()
    page.evaluate("""() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["# Fan\\n\\nThe Vento fan has three speeds."], "fan.md"));
      for (const kind of ["dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }""")
    expect(upload(page, "fan.md").locator(".state")).to_have_text("Done: 1 passage")
    expect(row(page, "Fan")).to_be_visible()
    page.click("#top a[href='#chat']")
    expect(page.locator(".welcome p")).not_to_have_text(greeting)
    expect(page.locator(".welcome p")).to_contain_text("documents here")


def test_of_a_folder_what_is_hidden_or_of_another_kind_is_left_out(page: Page, tmp_path: Path) -> None:
    for name in ("papers/lamp.md", "papers/photo.raw", "papers/.git/config.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# Lamp\n\nThe Lumo lamp is green.\n")
    page.set_input_files("input[name=folder]", tmp_path / "papers")
    expect(upload(page, "papers/lamp.md").locator(".state")).to_have_text("Done: 1 passage")
    expect(page.locator(".uploads .sum")).to_have_text("1 of 1 done, 1 of other kinds left out")


def test_an_address_that_points_inside_is_refused_in_a_sentence(page: Page) -> None:
    page.fill("#address", "localhost:1/a")
    page.press("#address", "Enter")
    state = upload(page, "https://localhost:1/a").locator(".state")
    expect(state).to_contain_text("localhost is on this machine")


def test_what_the_network_lost_can_be_sent_again(page: Page) -> None:
    page.route("**/api/documents?*", lambda route: route.abort())
    give(page, **{"sofa.md": "# Sofa\n\nThe sofa is blue.\n"})
    expect(upload(page, "sofa.md").locator(".state")).to_contain_text("does not answer")
    page.unroute("**/api/documents?*")
    upload(page, "sofa.md").get_by_role("button").click()
    expect(upload(page, "sofa.md").locator(".state")).to_have_text("Done: 1 passage")
    expect(page.locator(".uploads .sum")).to_have_text("1 of 1 done")


def test_an_upload_can_be_stopped_and_the_next_goes_on(page: Page) -> None:
    waiting: list[Route] = []
    page.route("**/api/documents?source=slow*", lambda route: waiting.append(route))
    give(page, **{"slow.md": "# Slow\n\nSlow.\n", "desk.md": "# Desk\n\nThe desk is of oak.\n"})
    upload(page, "slow.md").get_by_role("button").click()
    expect(upload(page, "slow.md").locator(".state")).to_have_text("Stopped")
    expect(upload(page, "desk.md").locator(".state")).to_have_text("Done: 1 passage")
    page.locator(".uploads").get_by_role("button", name="Clear").click()
    expect(page.locator(".uploads")).to_be_hidden()


# -- the list ----------------------------------------------------------------------------------------


def entries(titles: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"id-{n}",
            "title": title,
            "source": title,
            "media_type": "text/plain",
            "passages": n,
            "size": n * 1000,
            "added": "2030-01-01T00:00:00Z",
            "sources": [title],
            "duplicate_of": None,
        }
        for n, title in enumerate(titles)
    ]


def test_five_thousand_documents_are_shown_as_one_scrolls_and_found(page: Page) -> None:
    many = json.dumps(entries([f"Report {n}" for n in range(5_000)]))
    page.route(LIST, lambda route: route.fulfill(body=many, content_type="application/json"))
    reopen(page)
    rows = page.locator("#documents tbody tr")
    expect(page.locator("#documents .count")).to_contain_text("5,000 documents")
    assert rows.count() < 500
    shown = rows.count()
    rows.last.scroll_into_view_if_needed()
    expect(rows.nth(shown)).to_be_attached()
    page.click("[data-sort=passages]")
    expect(rows.first.locator(".title")).to_have_text("Report 4999")
    page.fill("#documents input[type=search]", "report 123")
    expect(page.locator("#documents .count")).to_have_text("15 of 5,000 documents")
    expect(rows).to_have_count(15)
    page.fill("#documents input[type=search]", "nowhere")
    expect(page.locator("#documents .nothing")).to_have_text("No document matches.")


@pytest.mark.parametrize("name", ["xss-strings", "naughty-strings"])
def test_hostile_names_and_titles_stay_text(page: Page, shared: Path, name: str) -> None:
    texts = json.loads((shared / "hostile" / f"{name}.json").read_text("utf-8"))
    many = json.dumps(entries([text for text in texts if text]))
    page.route(LIST, lambda route: route.fulfill(body=many, content_type="application/json"))
    reopen(page)
    expect(page.locator("#documents .count")).to_contain_text(f"{sum(map(bool, texts)):,} documents")
    more = page.locator("#documents .more").element_handle()
    page.evaluate("(more) => { while (!more.hidden) more.click(); }", more)
    seen = page.evaluate(SHAPES)
    assert seen["rows"] == sum(map(bool, texts))
    assert set(seen["elements"]) <= {"TR", "TD", "INPUT", "A", "SPAN", "BUTTON", "TIME", "BDI"}
    assert set(seen["schemes"]) <= {"http:", "https:"}
    assert seen["handlers"] == 0


SHAPES = """() => {
  const body = document.querySelector("#documents tbody");
  const all = [...body.querySelectorAll("*")];
  return {
    rows: body.querySelectorAll("tr[data-id]").length,
    elements: [...new Set(all.map((e) => e.tagName))],
    schemes: [...new Set([...body.querySelectorAll("a")].map((a) => a.protocol))],
    handlers: all.filter((e) => [...e.attributes].some((a) => a.name.startsWith("on"))).length,
  };
}"""


def test_a_list_that_does_not_come_is_told_and_can_be_asked_for_again(page: Page) -> None:
    page.route(LIST, lambda route: route.abort())
    reopen(page)
    trouble = page.locator("#documents > .trouble")
    expect(trouble).to_contain_text("does not answer")
    page.unroute(LIST)
    trouble.get_by_role("button").click()
    expect(row(page, "Arvo kettle")).to_be_visible()
    expect(trouble).to_be_hidden()


def test_a_title_opens_the_document_and_escape_gives_the_focus_back(page: Page) -> None:
    title = row(page, "Arvo kettle").locator(".title")
    title.press("Enter")
    expect(page.locator("#source")).to_contain_text("The Arvo kettle boils one litre")
    expect(page.locator("#source .close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(title).to_be_focused()


# -- asking about one, removing ----------------------------------------------------------------------


def test_one_document_is_asked_until_that_is_ended(page: Page) -> None:
    row(page, "Brisa kettle").get_by_role("button", name="Ask about").click()
    expect(page.locator("#question textarea")).to_be_focused()
    expect(page.locator("#only .chip .title")).to_have_text("Brisa kettle")
    ask(page, HOW_FAST)
    turn = page.locator(".turn:not(.growing)")
    expect(turn.locator(".answer")).to_contain_text("120 seconds")
    expect(turn.locator(".notice")).to_have_text("Only “Brisa kettle” was searched.")
    expect(turn.locator(".sources .title")).to_have_text(["Brisa kettle"])
    page.click("#only .chip button")
    expect(page.locator("#only .chip")).to_have_count(0)
    ask(page, "How fast does the Arvo kettle boil a litre?")
    expect(page.locator(".turn:not(.growing) .answer").nth(1)).to_contain_text("95 seconds")


def test_a_document_is_chosen_before_the_chat_has_loaded(context: BrowserContext, served: Served) -> None:
    with watched(context, served.address) as page:
        held: list[Route] = []
        page.route(CHAT, lambda route: held.append(route))
        with page.expect_request(CHAT):
            page.goto(f"{served.address}/#documents", wait_until="commit")
        row(page, "Brisa kettle").get_by_role("button", name="Ask about").click()
        expect(page.locator("#question")).to_have_count(0)
        for route in held:
            route.continue_()
        page.unroute(CHAT)
        expect(page.locator("#only .chip .title")).to_have_text("Brisa kettle")
        ask(page, HOW_FAST)
        expect(page.locator(".turn:not(.growing) .notice")).to_have_text("Only “Brisa kettle” was searched.")


def test_removing_asks_first_and_the_focus_goes_on(page: Page, served: Served) -> None:
    for name in ("Moka", "Mokb"):
        served.add(f"{name}.md", f"# {name} pot\n\nThe {name} pot serves nine cups.\n")
    reopen(page)
    remove = row(page, "Moka pot").get_by_role("button", name="Remove")
    dialog = page.locator("dialog.removal")
    remove.click()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(remove).to_be_focused()
    remove.click()
    page.route("**/api/documents/remove", lambda route: route.abort())
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog.locator(".trouble")).to_contain_text("does not answer")
    page.unroute("**/api/documents/remove")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_be_hidden()
    expect(row(page, "Moka pot")).to_have_count(0)
    expect(row(page, "Mokb pot").locator(".title")).to_be_focused()
    assert "Moka" not in str(served.ask("How many cups does the Moka pot serve?")["citations"])


def test_those_that_are_chosen_are_removed_together(page: Page, served: Served) -> None:
    for n in (1, 2, 3):
        served.add(f"grill{n}.md", f"# Grill {n}\n\nGrill {n} weighs {n} kilograms.\n")
    reopen(page)
    page.fill("#documents input[type=search]", "grill")
    page.get_by_label("Choose all that are listed").check()
    page.get_by_label("Choose Grill 2").uncheck()
    page.get_by_role("button", name="Remove 2 chosen").click()
    page.locator("dialog.removal").get_by_role("button", name="Remove").click()
    expect(page.locator("#documents tbody .title")).to_have_text(["Grill 2"])
    expect(page.get_by_role("button", name="chosen")).to_have_count(0)


# -- looks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_and_fits_a_narrow_screen(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    give(page, **{"void.pdf": "", "arvo.md": KETTLE})
    expect(page.locator(".uploads .sum")).to_contain_text("1 rejected")
    seen = page.evaluate(CONTRAST, "#top *, #documents :not(option)")
    assert len(seen) > 30
    assert {what: ratio for what, ratio in seen if ratio < 4.5} == {}
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    remove = row(page, "Arvo kettle").get_by_role("button", name="Remove")
    remove.scroll_into_view_if_needed()
    expect(remove).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 800})


# -- folders, contents, what was rejected --------------------------------------------------------------


def test_documents_stand_below_their_folders_which_fold(page: Page, served: Served) -> None:
    served.add("tales/one.md", "# The fox\n\nThe fox ran.\n")
    served.add("tales/two.md", "# The crow\n\nThe crow sang.\n")
    reopen(page)
    expect(row(page, "The fox")).to_be_visible()
    folder = page.locator("#documents tr.folder", has_text="tales").get_by_role("button")
    folder.click()
    expect(folder).to_have_attribute("aria-expanded", "false")
    expect(row(page, "The fox")).to_have_count(0)
    expect(row(page, "Arvo kettle")).to_be_visible()
    page.fill("#documents input[type=search]", "crow")
    expect(row(page, "The crow")).to_be_visible()
    page.fill("#documents input[type=search]", "")
    page.locator("#documents tr.folder", has_text="tales").get_by_role("button").click()
    expect(row(page, "The fox")).to_be_visible()
    page.locator("[data-sort=size]").click()
    expect(page.locator("#documents tr.folder")).to_have_count(0)


def test_contents_are_searched_and_a_hit_opens_its_place(page: Page) -> None:
    page.fill("#documents input[type=search]", "120 seconds")
    hit = page.locator("#documents .contents li")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark").first).to_have_text("120")
    hit.locator("a").click()
    expect(page.locator("#source mark.current").last).to_contain_text("120 seconds")
    page.keyboard.press("Escape")
    page.fill("#documents input[type=search]", "")
    expect(page.locator("#documents .contents")).to_be_hidden()


def test_what_was_rejected_stays_listed_until_it_is_dismissed(page: Page) -> None:
    give(page, **{"hollow.md": "  "})
    refused = page.locator("#documents .refusals li", has_text="hollow.md")
    expect(refused).to_have_count(1)
    page.reload()
    page.locator("#documents .refusals summary").click()
    expect(refused).to_contain_text("is empty")
    page.get_by_role("button", name="Dismiss hollow.md", exact=True).click()
    expect(refused).to_have_count(0)


def test_followed_addresses_are_listed_with_their_last_run(page: Page, served: Served) -> None:
    address, name = "s3://handbooks/2026", "s3://handbooks/2026/cora.md"
    served.add(name, "# Cora lamp\n\nThe lamp of Cora is green.\n")
    for what, body in (
        ("items", {"items": [{"name": name, "version": "1"}]}),
        ("runs", {"counts": {"added": 1, "removed": 2, "unchanged": 3}, "fault": "<b>It</b> broke off."}),
    ):
        sent = httpx.post(
            f"{served.address}/api/remotes/{what}", json={"source": address, **body}, trust_env=False
        )
        assert sent.status_code == 200
    reopen(page)
    told = page.locator("#documents .following li", has_text="handbooks")
    expect(told).to_contain_text("s3://handbooks/2026")
    expect(told).to_contain_text("Changed: 3, unchanged: 3, not taken: 0 <b>It</b> broke off.")


def test_a_document_is_read_again(page: Page) -> None:
    row(page, "Arvo kettle").get_by_role("button", name="Read again: Arvo kettle").click()
    expect(page.locator("#documents .count")).to_have_text("“Arvo kettle” reads as before")
