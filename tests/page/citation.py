"""A citation opened in long documents: the time from the click until its mark is in view."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from browsing import chromium, serving
from faults.texts import pdf
from playwright.sync_api import Page, expect

from eval.bench_figure import Figure

PAGES = 1_000
LONG = 2_000_000
"""Characters of the long text."""
ROUNDS = 7
MOST = 500
"""Milliseconds until the mark is in view."""
MARKS = {"pages": "#source .box.current", "text": "#source mark.current"}
TIMED = """async ([href, selector]) => {
  const link = document.createElement("a");
  link.href = href;
  document.querySelector("#documents").append(link);
  const began = performance.now();
  link.click();
  for (;;) {
    await new Promise(requestAnimationFrame);
    const box = document.querySelector(selector)?.getBoundingClientRect();
    if (box?.height && box.top >= 0 && box.bottom <= innerHeight) return performance.now() - began;
    if (performance.now() - began > 60_000) return Infinity;
  }
}"""


def figures() -> list[Figure]:
    """Return the median time of citations all over each document."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with serving(home, ASSISTANT_CORPUS="none") as served, chromium() as browser:
            _add(served.address, "book.pdf", pdf([_lines(number) for number in range(1, PAGES + 1)]))
            _add(served.address, "long.md", _long().encode())
            with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
                page = context.new_page()
                page.goto(f"{served.address}/#documents")
                expect(page.locator("#documents tbody tr")).not_to_have_count(0)
                return [*_of_each(page, served.address)]


def _of_each(page: Page, address: str) -> Iterator[Figure]:
    entries = {entry["source"]: entry["id"] for entry in httpx.get(f"{address}/api/documents").json()}
    for form in MARKS:
        page.evaluate("(form) => localStorage.setItem('pdf', form)", form)
        where = f"a PDF of {PAGES:,} pages, as {form}"
        yield Figure(
            f"in {where}, median", _median(page, address, entries["book.pdf"], form), "ms", most=MOST
        )
    found = _median(page, address, entries["long.md"], "text")
    yield Figure("in a text of 2 MB, median", found, "ms", most=MOST)


def _median(page: Page, address: str, ident: str, form: str) -> float:
    text = httpx.get(f"{address}/api/documents/{ident}", timeout=60).json()["text"]
    times = []
    for number in range(ROUNDS + 1):
        at = text.index("The quota", len(text) * number // (ROUNDS + 1))
        href = f"/source/{ident}?start={at}&end={text.index('.', at) + 1}"
        times.append(page.evaluate(TIMED, [href, MARKS[form]]))
        page.click("#source .close")
        expect(page.locator("#source")).to_be_hidden()
    return statistics.median(times[1:])


def _lines(number: int, years: int = 6) -> list[str]:
    told = [f"The quota of ward {number} in year {year} is {number * year} tons." for year in range(years)]
    return [f"Chapter {number}", *told]


def _long() -> str:
    parts, size = ["# Quotas\n"], 0
    while size < LONG:
        n = len(parts)
        parts.append(
            f"\n## Ward {n}\n\n" + " ".join(_lines(n, 30)[1:]) + "\n\n| Year | Tons |\n|---|---|\n| 1 | 2 |\n"
        )
        size += len(parts[-1])
    return "".join(parts)


def _add(address: str, name: str, data: bytes) -> None:
    reply = httpx.post(f"{address}/api/documents", params={"source": name}, content=data, timeout=900)
    reply.raise_for_status()
