"""Helpers for the tests of the page: a running server, a watched browser, contrast of text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

expect.set_options(timeout=60_000)  # milliseconds: patience with a busy machine, not a measure

CHROMIUM = shutil.which("chromium")
BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"),
]
"""The marks of a file whose tests drive the browser."""


@dataclass(frozen=True)
class Served:
    """A running `assistant chat`."""

    address: str

    def ask(self, question: str) -> dict[str, object]:
        reply: dict[str, object] = httpx.post(
            f"{self.address}/api/ask", json={"question": question}, timeout=60
        ).json()
        return reply

    def add(self, source: str, text: str) -> dict[str, object]:
        reply: dict[str, object] = httpx.post(
            f"{self.address}/api/documents", params={"source": source}, content=text.encode(), timeout=60
        ).json()
        return reply


def surroundings(home: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a server over `home`, without settings of the machine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ASSISTANT_"))}
    return kept | {"ASSISTANT_HOME": str(home), **settings}


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[Served]:
    env = surroundings(home, **settings)
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        try:
            yield Served(address)
        finally:
            process.terminate()


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", *more]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@contextmanager
def watched(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page that asks no other origin, and in whose scripts nothing goes wrong."""
    opened = context.new_page()
    origins, faults = set(), []
    opened.on("request", lambda request: origins.add("{0.scheme}://{0.netloc}".format(urlsplit(request.url))))
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
    opened.on("dialog", lambda dialog: faults.append(dialog.message))
    yield opened
    opened.close()
    assert origins == {address}, origins
    assert faults == [], faults


def _is_fault(said: ConsoleMessage) -> bool:
    return said.type == "error" and "404 (Not Found)" not in said.text and "ERR_FAILED" not in said.text


CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] > 200) return color;
    }
    return [255, 255, 255];
  };
  const light = (color) => color.slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const all = [...document.querySelectorAll(selector)];
  return all.filter((e) => e.innerText && e.checkVisibility()).map((e) => {
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
    return [e.className || e.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""
