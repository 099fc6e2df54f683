"""The first load of the page, in browsers that have nothing of it yet."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from browsing import Served, chromium, serving
from playwright.sync_api import Browser, expect
from web import test_first_load

from eval.bench_figure import Figure

ROUNDS = 7
"""Loads of each tree, in turn, after one that does not count."""


def figures() -> list[Figure]:
    """Return the requests, bytes and seconds of this tree, and of the one before if it is named."""
    before = os.environ.get("ASSISTANT_TEST_BEFORE")
    with ExitStack() as stack:
        served = {"": _served(stack, None)}
        if before:
            served["before: "] = _served(stack, Path(before))
        browser = stack.enter_context(chromium())
        return [figure for name, each in served.items() for figure in _weighed(browser, each, name)] + [
            Figure(f"{name}time until a question can be asked, median", seconds, "s")
            for name, seconds in _timed(browser, served)
        ]


def _served(stack: ExitStack, tree: Path | None) -> Served:
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    more = {"PYTHONPATH": str(tree)} if tree else {}
    return stack.enter_context(serving(home, ASSISTANT_CORPUS="none", **more))


def _weighed(browser: Browser, served: Served, name: str) -> Iterator[Figure]:
    found = test_first_load.load(browser, served.address)
    limits = (None, None) if name else (test_first_load.MOST_REQUESTS, test_first_load.MOST_BYTES / 1000)
    yield Figure(f"{name}requests", len(found.bytes), most=limits[0])
    yield Figure(f"{name}bytes", found.total / 1000, "kB", most=limits[1])


def _timed(browser: Browser, served: dict[str, Served]) -> Iterator[tuple[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in served}
    for _ in range(ROUNDS + 1):
        for name, each in served.items():
            times[name].append(_seconds(browser, each.address))
    for name, found in times.items():
        yield name, statistics.median(found[1:])


def _seconds(browser: Browser, address: str) -> float:
    with browser.new_context() as context:
        page = context.new_page()
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        expect(page.locator("#send")).to_be_enabled()
        return time.perf_counter() - began
