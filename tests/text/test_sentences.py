"""The ends of sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.sentences import sentences

# "‖" marks the end of one sentence and the beginning of the next.
CASES = [
    "One. ‖Two! ‖Three?",
    "Mr. Smith met Dr. Jones, i.e. his doctor, at 3.5 p.m. on Monday. ‖They talked.",
    "J. R. R. Tolkien wrote it. ‖He was English.",
    "It belongs to the U.S. Senate. ‖Nobody doubts that.",
    "It belongs to the U.S. ‖The Senate agreed.",
    "See No. 5 and Fig. 2 of Vol. 3. ‖No. ‖That is all.",
    "Smith et al. found it. ‖Others, e.g. Jones, did not.",
    "He waited… ‖Nothing came. ‖Then ... it did... ‖At last.",
    "“Is it so?” he asked. ‖“It is.” ‖(He was wrong.) ‖They left.",
    "partnerships of many dimensions.‖This growing tie is new.‖A second one follows.",
    "It ended in 2020.‖The next began.",
    "Open README.Md or www.example.Com/Path.Html, version v2.Beta of U.S.A law, or Node.JS today.",
    "Prices rose by 3.5 per cent to $4.20. ‖Then they fell.",
    "It works with .NET and Yahoo! and similar things. ‖Good.",
    "1. First things come first. ‖Then the second.",
    "It happened then.[1] ‖It was known.[23] ‖So be it.",
    "伊朗加强了关系。‖这很重要！‖是吗？",
    "A sentence over\ntwo lines. ‖Another\none.",
    "**Bold.** ‖Then plain. ‖_Leaning._ ‖End",
    "Apple Inc. and Foo Ltd. Partners agreed. ‖Apple Inc. ‖They left.",
    "He came at 5 p.m. ‖The rest were late.",
    "This costs 5 dollars, etc. ‖Iran did not pay.",
    "Why . . . not",
]


@pytest.mark.parametrize("case", CASES)
def test_sentences_end_where_a_reader_ends_them(case: str) -> None:
    text = case.replace("‖", "")
    assert [text[s.start : s.end] for s in sentences(text)] == [part.strip() for part in case.split("‖")]


@given(st.text(alphabet="aB .!?…\"')\n漢。1|", max_size=200))
def test_sentences_leave_out_nothing_but_white_space(text: str) -> None:
    found = "".join(text[s.start : s.end] for s in sentences(text))
    assert "".join(found.split()) == "".join(text.split())
