"""The texts of the page: every language says all that is said, with the same values, and nothing unused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.wording import ENGLISH, LANGUAGES, Wording, wanted, wording

PACKAGE = Path(__file__).parents[2] / "assistant"
STATIC = PACKAGE / "web" / "static"
PLURALS = {
    "en": {"one", "other"},
    "es": {"one", "other"},
    "pt": {"one", "other"},
    "fa": {"one", "other"},
    "ar": {"zero", "one", "two", "few", "many", "other"},
}
"""The plural categories that need a form of their own; where one is missing, the page takes `other`."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_with_the_same_values_and_its_plurals(language: str) -> None:
    told = wording(language)
    assert list(told.texts) == list(ENGLISH.texts)
    for key, text in told.texts.items():
        english = ENGLISH.texts[key]
        assert isinstance(text, str) == isinstance(english, str), key
        if isinstance(text, str):
            assert values(text) == values(english), key
            assert text.strip(), key
        else:
            assert set(text) == PLURALS[language], key
            assert values(text["other"]) == values(english["other"]), key  # type: ignore[index]
            assert all(values(form) <= values(text["other"]) for form in text.values()), key


def values(text: object) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", str(text)))


def test_what_is_said_has_a_text_and_every_text_is_said() -> None:
    views = set(re.findall(r"\{([a-z]+(?:\.[a-z-]+)?)\}", (STATIC / "views.html").read_text("utf-8")))
    code = "".join(path.read_text("utf-8") for path in sorted(STATIC.glob("*.js")))
    python = "".join((PACKAGE / name).read_text("utf-8") for name in SPEAKING)
    direct = set(re.findall(r'\bsay\(\s*"([^"]+)"', code + python))
    assert direct | (views - {"limit", "kinds"}) <= set(ENGLISH.texts)
    chosen = {key for key in re.findall(r'"([a-z]+\.[a-z-]+)"', code) if key in ENGLISH.texts}
    put_together = {key for key in ENGLISH.texts if key.startswith(COMPOSED)}
    assert set(ENGLISH.texts) - views - direct - chosen - put_together == set()


SPEAKING = ("text/turns.py", "text/sources.py", "text/blocks.py", "web/page.py", "web/server.py")
COMPOSED = ("bad.", "fact.", "eval.", "add.", "turn.", "kind.", "widget.", "login.")
"""The beginnings of keys whose end is a value: `fact.author`."""


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de,fr;q=0.9", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.5,pt-BR;q=0.7", "pt"),
        ("fa", "fa"),
        ("AR-eg", "ar"),
        ("es;q=0,ar;q=0.1", "ar"),
        ("*", "en"),
        (";;q=x,,=", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best(accepted: str | None, language: str) -> None:
    assert wanted(accepted).language == language


@given(st.text())
def test_no_header_breaks_the_choice(accepted: str) -> None:
    assert wanted(accepted).language in LANGUAGES


def test_persian_and_arabic_are_read_from_the_right() -> None:
    assert [wording(name).direction for name in LANGUAGES] == ["ltr", "ltr", "ltr", "rtl", "rtl"]


def test_a_value_stays_as_it_is() -> None:
    assert Wording("en", {"a": "<{name}>"})("a", name="{n} {0}") == "<{n} {0}>"
