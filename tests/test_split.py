"""Passages: exact offsets, nothing lost, small enough for the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.split import MAXIMUM, TARGET, contextual, split
from assistant.tokens import tokens
from assistant.types import Document, Heading, Page


def document(text: str, headings: tuple[Heading, ...] = (), pages: tuple[Page, ...] = ()) -> Document:
    return Document("abc", "Title", "a.md", "text/markdown", text, headings, pages)


def with_headings(text: str) -> Document:
    """The text, with each line that begins with # as a heading."""
    headings, at = [], 0
    for line in text.split("\n"):
        if line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            headings.append(Heading(min(level, 6), line.strip("# "), at, at + len(line)))
        at += len(line) + 1
    return document(text, tuple(headings))


def check(doc: Document, size: int = TARGET) -> None:
    passages = split(doc, size)
    after = 0
    for position, passage in enumerate(passages):
        assert passage.id == f"abc-{position:04d}"
        assert passage.position == position
        assert doc.text[passage.start : passage.end] == passage.text
        assert passage.text.strip() == passage.text != ""
        assert doc.text[after : passage.start].strip() == ""
        inside = passage.start
        for span in passage.sentences:
            assert inside <= span.start < span.end <= passage.end
            inside = span.end
        assert tokens(passage.text) <= size + size // 4
        text, offset = contextual(doc.title, passage)
        assert text[offset:] == passage.text
        assert tokens(text) <= max(MAXIMUM, size + size // 4 + 70)
        after = passage.end
    assert doc.text[after:].strip() == ""


lines = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["", "# One", "## Two", "- item. Two.", "| a | b |", "|---|---|", "```", "~~~", "1. x"]),
    st.text(alphabet="ab. #|-`\"'!?\n。é漢\u0301\u200d👩🇩🇪", max_size=400),
)


@given(st.lists(lines, max_size=30).map("\n".join))
def test_every_character_is_in_exactly_one_passage(text: str) -> None:
    check(document(text))
    check(with_headings(text))


@given(st.lists(lines, max_size=20).map("\n".join), st.integers(60, 300))
def test_other_sizes_hold_too(text: str, size: int) -> None:
    check(with_headings(text), size)


@pytest.mark.parametrize(
    "char", [".", " ", '"', "’", "#", "|", "-", "`", "a", "é", "漢", "👩", "\u0301", "🇩", "\n", "한"]
)
def test_hostile_runs_of_one_character_are_split_exactly(char: str) -> None:
    check(document(char * 100_000))
    check(document(f"{char} " * 20_000))
