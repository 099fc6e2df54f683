"""Mistyped words become words of the documents; words that are only rare do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import given as sources
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Query
from assistant.retrieval.spelling import corrected, distance

HARBOUR = (
    "# Harbour\n\nThe lighthouse of Alba was restored by Bergström. Every skipper pays the harbour fee.\n"
)


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant.open(settings) as opened:
        list(opened.add(sources(harbour=HARBOUR)))
        yield opened


def mended(assistant: Assistant, text: str, focus: str = "") -> str:
    return corrected(Query(text, focus), assistant.library, lambda word: len(word))[0].text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("who restored the lightouse?", "who restored the lighthouse?"),
        ("who restored the lihgthouse?", "who restored the lighthouse?"),
        ("what does a skiper pay?", "what does a skipper pay?"),
        ("the fee of the harbuor", "the fee of the harbour"),
    ],
)
def test_a_mistyped_word_becomes_the_nearest_of_the_documents(
    assistant: Assistant, typed: str, meant: str
) -> None:
    assert mended(assistant, typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["who restored the greenhouse?", "what does a slipper cost in Peru?", "the fees of Alda", "skippers"],
)
def test_a_word_that_is_far_from_all_or_short_stays(assistant: Assistant, typed: str) -> None:
    known = {"greenhouse", "slipper", "cost", "skippers"}
    query, words = corrected(Query(typed), assistant.library, lambda word: 1 if word in known else len(word))
    assert (query.text, words) == (typed, {})


def test_a_word_that_the_embedder_knows_stays(assistant: Assistant) -> None:
    query, words = corrected(Query("a skiper"), assistant.library, lambda word: 1)
    assert (query.text, words) == ("a skiper", {})


def test_a_form_of_a_word_that_the_embedder_knows_stays(assistant: Assistant) -> None:
    list(assistant.add(sources(notes="# Notes\n\nThe chart of the bay was printed in Alba.\n")))
    assert mended(assistant, "who painted it?") == "who printed it?"
    pieces = {"paint": 1}
    query, _ = corrected(Query("who painted it?"), assistant.library, lambda w: pieces.get(w, len(w)))
    assert query.text == "who painted it?"


def test_a_word_of_another_language_stays(assistant: Assistant) -> None:
    assert mended(assistant, "¿Quién es el skiper de la puerta?") == "¿Quién es el skiper de la puerta?"


def test_only_what_was_asked_just_now_is_mended(assistant: Assistant) -> None:
    query, words = corrected(Query("The lightouse? the skiper?", "the skiper?"), assistant.library, len)
    assert (query.text, query.focus) == ("The lightouse? the skipper?", "the skipper?")
    assert words == {"skiper": "skipper"}


@pytest.mark.parametrize(
    ("one", "other", "changes"),
    [("port", "port", 0), ("port", "prot", 1), ("port", "ports", 1), ("port", "pier", 3)],
)
def test_the_distance_counts_changes(one: str, other: str, changes: int) -> None:
    assert distance(one, other, 4) == changes


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_the_distance_is_the_same_both_ways(one: str, other: str) -> None:
    assert distance(one, other, 9) == distance(other, one, 9) >= abs(len(one) - len(other))
