"""The first load of the page: its requests and bytes. As a program, it lists those of the page at a URL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from browsing import BROWSER, Served, chromium, serving
from playwright.sync_api import Browser, expect

pytestmark = BROWSER

MOST_REQUESTS = 45
MOST_BYTES = 250_000


@dataclass
class Load:
    """The requests of a first load: the bytes of each address, headers included."""

    bytes: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.bytes.values())


def load(browser: Browser, address: str) -> Load:
    """Open the page in a browser that has nothing of it yet, until a question can be asked."""
    fetched = Load()
    with browser.new_context() as context:
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        names: dict[str, str] = {}
        network.on(
            "Network.requestWillBeSent",
            lambda sent: names.update({sent["requestId"]: sent["request"]["url"]}),
        )
        network.on(
            "Network.loadingFinished",
            lambda done: fetched.bytes.update({names[done["requestId"]]: done["encodedDataLength"]}),
        )
        page.goto(address)
        expect(page.locator("#send")).to_be_enabled()
        page.wait_for_load_state("load")
        fetched.bytes = {url: fetched.bytes.get(url, 0) for url in names.values()} | fetched.bytes
    return fetched


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), ASSISTANT_CORPUS="none") as running:
        yield running


def test_the_page_is_light(browser: Browser, served: Served) -> None:
    found = load(browser, served.address)
    assert len(found.bytes) <= MOST_REQUESTS, [*found.bytes]
    assert found.total <= MOST_BYTES, found.bytes


if __name__ == "__main__":
    with chromium() as opened:
        shown = load(opened, sys.argv[1])
    for url, size in sorted(shown.bytes.items(), key=lambda each: -each[1]):
        print(f"{size:>8,}  {url}")
    print(f"{shown.total:>8,}  bytes in {len(shown.bytes)} requests")
