"""Helpers for the tests of markup: a parser, the allowed elements, and texts that attack it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from assistant.core.types import Answer, Citation, Document, Sentence

SHARED = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[2] / "shared"))
OURS = {
    "a": {"class", "data-number", "href", "title", "aria-label", "rel", "target"},
    "article": {"class", "data-turn"},
    "body": set(),
    "button": {"type", "class", "data-does", "aria-pressed"},
    "code": set(),
    "dd": {"dir"},
    "div": {"class", "dir", "data-fact", "data-long", "tabindex", "role", "aria-label"},
    "dl": set(),
    "dt": set(),
    "em": set(),
    "h1": {"class", "dir"},
    "h2": {"class", "dir"},
    "h3": {"dir"},
    "h4": {"dir"},
    "header": {"data-pages"},
    "html": set(),
    "li": {"class", "dir"},
    "mark": {"class", "role", "data-whole"},
    "ol": set(),
    "p": {"class", "data-depth", "dir", "role"},
    "pre": set(),
    "q": {"class", "dir"},
    "section": {"class"},
    "span": {"class", "dir", "title", "data-numbers", "role", "aria-hidden"},
    "strong": set(),
    "sup": {"class"},
    "table": {"class"},
    "tbody": set(),
    "td": {"class", "dir"},
    "th": {"scope", "dir"},
    "thead": set(),
    "tr": {"class", "data-numbers"},
    "ul": {"class"},
}


def hostile(name: str) -> list[str]:
    path = SHARED / "hostile" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set ASSISTANT_TEST_SHARED to the folder that holds hostile/")
    strings: list[str] = json.loads(path.read_text("utf-8"))
    return strings


def shown(text: str) -> str:
    """Return a text as a page shows it: unchanged but for what HTML cannot hold or reorders text."""
    pictures = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"}
    lost = dict.fromkeys([0x202D, 0x202E, *range(0xD800, 0xE000)], "\ufffd")
    return text.translate(pictures | lost | {0x7F: "␡"})


def tree(markup: str) -> html.HtmlElement:
    return html.fromstring(
        f"<html><body>{markup}</body></html>".encode(), parser=html.HTMLParser(encoding="utf-8")
    )


def assert_only_ours(root: html.HtmlElement) -> None:
    for element in root.iter():
        assert element.tag in OURS, html.tostring(element)
        assert set(element.attrib) <= OURS[element.tag], html.tostring(element)
        href = element.get("href", "/source/")
        assert href.startswith(("/source/", "https://", "http://"))


def citation(number: int = 1, **changes: object) -> Citation:
    plain = Citation(number, "d1", "p1", "Kettles", "kettle.md", None, 120, 260, "It boils in 95 seconds.")
    return replace(plain, **changes)  # type: ignore[arg-type]


def answer(text: str = "It boils in 95 seconds.", **changes: object) -> Answer:
    plain = Answer("How fast?", "How fast?", True, (Sentence(text, (1,)),), (citation(),))
    return replace(plain, **changes)  # type: ignore[arg-type]


def document(text: str, **changes: object) -> Document:
    return replace(Document("d1", "Kettles", "kettle.md", "text/markdown", text), **changes)  # type: ignore[arg-type]
