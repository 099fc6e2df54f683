"""Strings that run where markup is made of them: in every place where text from outside reaches the page.

Each stands as a question, a title, a text, a quote, the name of a file, an address and the name of a
conversation; some as a rejected file and as feedback. All views are opened in a browser, which tells what
ran, which elements came of them, and whom it asked.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from browsing import chromium, serving
from playwright.sync_api import Browser, Page, expect

from assistant.assistant import Assistant
from assistant.core import config, limits
from assistant.core.serialization import writable
from assistant.core.types import Answer, Cell, Citation, Sentence, Source, Turn
from assistant.web import browsers
from eval.bench_figure import Figure

TURNS = 80
"""Questions of a conversation."""
DOCUMENTS, FEEDBACK = 6, 20
"""Of so many strings, one is also a document, and a golden question kept from a bad answer."""
TOKEN = "0123456789abcdef" * 2
PLACES = "#transcript, #side, #suggestions, #scope, #source, #documents, #accuracy, #card, main, title"
NEVER = (
    "script, iframe, object, embed, base, meta, link, style, video, audio, img:not([src^='data:image/png']), "
    "form:not(#documents form, #accuracy form, #side form)"
)
"""What no text may become within these places."""
FOREIGN = """([places, never]) => {
  const words = (name) => ["title", "value", "datetime"].includes(name) || name.startsWith("aria-");
  const runs = ({ name, value }) => name.startsWith("on") || !words(name) && /^\\s*javascript:/i.test(value);
  return [...document.querySelectorAll(places)].flatMap((place) => [...place.querySelectorAll("*")])
    .filter((e) => e.matches(never) || [...e.attributes].some(runs)).map((e) => e.outerHTML.slice(0, 200));
}"""


@dataclass
class Seen:
    """What a browser told while views were opened."""

    ran: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    views: int = 0


def figures() -> list[Figure]:
    """Return how many ran, and how many other origins were asked."""
    strings = _strings()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        conversations = _fill(home, strings)
        with serving(home, ASSISTANT_CORPUS="none") as served, chromium() as browser:
            seen = _look(browser, served.address, conversations)
    what = f"{len(strings):,} strings in {seen.views:,} views"
    for fault in [*seen.ran, *seen.elements]:
        print(f"  {fault}")
    return [
        Figure(f"{what}: run", len(seen.ran), most=0),
        Figure("elements and attributes made of them", len(seen.elements), most=0),
        Figure("requests to another origin", len(seen.asked), most=0),
    ]


def _strings() -> list[str]:
    folder = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[3] / "shared")) / "hostile"
    names = ("xss-strings", "naughty-strings")
    strings = [text for name in names for text in json.loads((folder / f"{name}.json").read_text("utf-8"))]
    return [writable(text)[: limits.MAX_QUESTION] for text in strings if text.strip()]


def _fill(home: Path, strings: Sequence[str]) -> list[str]:
    """Fill a store with the strings; return the conversations, which are of the browser with `TOKEN`."""
    with Assistant.open(replace(config.load({}), home=home, corpus=None)) as assistant:
        list(assistant.add(_documents(strings[::DOCUMENTS])))
        kept = assistant.library.ledger.conversations
        owner, idents = browsers.owner({"cookie": f"{browsers.COOKIE}={TOKEN}"}), []
        for at in range(0, len(strings), TURNS):
            ident = f"{at:032x}"
            kept.claim(ident, owner)
            for text in strings[at : at + TURNS]:
                kept.append(ident, _turn(text))
            kept.change(ident, name=strings[at][:200])
            kept.share(ident)
            idents.append(ident)
    return idents


def _documents(strings: Sequence[str]) -> Iterator[Source]:
    for number, text in enumerate(strings):
        line = " ".join(text.split())
        markup = "".join(
            [
                f"---\ntitle: {json.dumps(line)}\n---\n\n# {line}\n\n{text}\n\n- {line}\n\n",
                f"| {line} | b |\n|---|---|\n| 1 | {line} |\n",
            ]
        )
        name = f"https://127.0.0.1/{line}" if number % 2 else f"{line[:100]}/{number} {line}"
        yield Source(name[: limits.MAX_SOURCE], markup.encode)
        if number % FEEDBACK == 0:
            yield Source(f"{line[:1000]} rejected", lambda: b" ")


def _turn(text: str) -> Turn:
    cells = (Cell(text, text), Cell("b", text))
    cited = Citation(1, text, text, text, text, 3, 0, len(text), text)
    row = replace(cited, number=2, quote=text, cells=cells)
    sentences = (Sentence(text, (1,)), Sentence(text, (2,)), Sentence(text))
    answer = Answer(
        text, f"{text}?", True, sentences, (cited, row), (cited,), "model", text, text, understood=text
    )
    return Turn(text, f"{text}?", answer)


def _look(browser: Browser, address: str, conversations: Sequence[str]) -> Seen:
    seen = Seen()
    with _watched(browser, address, seen) as page:
        page.goto(f"{address}/#chat/{conversations[0]}")
        for ident in conversations:
            page.evaluate("(ident) => { location.hash = `chat/${ident}`; }", ident)
            expect(page.locator("#transcript .turn").first).to_be_visible()
            page.locator("#transcript a.citation").first.hover()
            _check(page, seen)
        for ident in httpx.get(
            f"{address}/api/conversations", headers={"Cookie": f"{browsers.COOKIE}={TOKEN}"}
        ).json():
            page.goto(f"{address}/shared/{ident['shared']}")
            _check(page, seen)
        _feed_back(address, conversations)
        page.goto(f"{address}/#accuracy")
        expect(page.locator("#accuracy .kept")).to_be_visible()
        _check(page, seen)
        _documents_view(page, address, seen)
    return seen


def _documents_view(page: Page, address: str, seen: Seen) -> None:
    page.goto(f"{address}/#documents")
    expect(page.locator("#documents tbody tr").first).to_be_visible()
    while page.locator("#documents .more").is_visible():
        page.locator("#documents .more").click()
    page.locator("#documents .refusals summary").click()
    page.fill("#documents input[type=search]", "script")
    page.wait_for_timeout(1_000)
    _check(page, seen)
    for entry in httpx.get(f"{address}/api/documents", timeout=60).json():
        page.evaluate(
            "(ident) => { location.hash = `documents?source=${ident}&start=0&end=5`; }", entry["id"]
        )
        expect(page.locator("#source .text")).to_be_visible()
        _check(page, seen)


def _feed_back(address: str, conversations: Sequence[str]) -> None:
    with httpx.Client(headers={"Cookie": f"{browsers.COOKIE}={TOKEN}"}, timeout=60) as client:
        for ident in conversations:
            told = client.get(f"{address}/api/conversations/{ident}/export?form=json").json()
            body = {
                "conversation": ident,
                "turn": 0,
                "question": told["turns"][0]["question"],
                "reason": "unanswerable",
            }
            client.post(f"{address}/api/eval/feedback", json=body)


@contextmanager
def _watched(browser: Browser, address: str, seen: Seen) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce") as context:
        context.add_cookies([{"name": browsers.COOKIE, "value": TOKEN, "url": address}])
        page = context.new_page()
        # What the policy of the page refuses would have run without it.
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('refused: ' + e.blockedURI));"
        )
        page.on("dialog", lambda dialog: (seen.ran.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda said: seen.ran.append(said.text) if "refused: " in said.text else None)
        page.on("pageerror", lambda fault: seen.ran.append(str(fault)))
        page.on("request", lambda request: _ask(seen, request.url, address))
        yield page


def _ask(seen: Seen, url: str, address: str) -> None:
    if url.startswith("data:"):
        return
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" != address:
        seen.asked.add(url)


def _check(page: Page, seen: Seen) -> None:
    seen.views += 1
    seen.elements += page.evaluate(FOREIGN, [PLACES, NEVER])
