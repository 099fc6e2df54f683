"""Passages: exact offsets, nothing lost, small enough for the model."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.types import Document, Heading, Page
from assistant.embedding.embedders import MAX_TOKENS, Embedder
from assistant.ingest.parse import read
from assistant.ingest.splitting import MAXIMUM, TARGET, contextual, split
from assistant.text.tokens import tokens

CORPUS = pathlib.Path(__file__).parents[2] / "corpus"


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


def quotes(doc: Document) -> list[list[str]]:
    return [[doc.text[s.start : s.end] for s in passage.sentences] for passage in split(doc)]


def test_a_heading_goes_with_what_follows_and_is_never_crossed() -> None:
    doc = with_headings("# One\n\n## Two\n\nText of two.\n\n## Three\n\nText of three. More.\n\n# Four\n")
    assert [p.text for p in split(doc)] == [
        "# One\n\n## Two\n\nText of two.",
        "## Three\n\nText of three. More.",
        "# Four",
    ]
    assert [p.headings for p in split(doc)] == [("One", "Two"), ("One", "Three"), ("Four",)]
    assert quotes(doc) == [["One", "Two", "Text of two."], ["Three", "Text of three.", "More."], []]


def test_a_heading_stays_with_its_text_even_where_that_text_alone_fills_a_passage() -> None:
    sentence = "word " * (TARGET - 2) + "end."
    assert [p.text for p in split(with_headings(f"# One\n\n{sentence}"))] == [f"# One\n\n{sentence}"]


def test_table_rows_are_quotable_and_know_their_column_names() -> None:
    rows = "\n".join(f"| Country {n} | oil, gas and military ties |" for n in range(30))
    doc = document(f"Before.\n\n| Country | Areas |\n|---|---|\n{rows}\n\nAfter.")
    first, *others = split(doc)
    assert first.header is None
    assert {p.header for p in others} == {"Country | Areas"}
    assert quotes(doc)[0][:3] == [
        "Before.",
        "| Country | Areas |",
        "| Country 0 | oil, gas and military ties |",
    ]
    assert not any("---" in quote for passage in quotes(doc) for quote in passage)
    assert all(text.count("|") == 3 for passage in quotes(doc) for text in passage if "Country" in text)
    text, offset = contextual("Partners", others[0])
    assert text[:offset] == "Partners\nCountry | Areas\n"


def test_the_column_names_of_a_table_that_is_too_wide_are_not_held_by_each_passage() -> None:
    wide = document("|name" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + ("|b" * 1_000 + "|\n") * 3)
    assert {p.header for p in split(wide)} == {None}


def test_what_stands_after_a_table_has_no_column_names() -> None:
    doc = document("| A | B |\n|---|---|\n| 1 | 2 |\n\n" + "One sentence of text here. " * 40)
    assert [p.header for p in split(doc)] == [None] * len(split(doc))


def test_list_items_are_quoted_without_their_markers() -> None:
    doc = document("These are:\n\n- First item. It has two.\n- Second item\n  goes on\n1. Third")
    assert quotes(doc) == [["These are:", "First item.", "It has two.", "Second item\n  goes on", "Third"]]


def test_a_line_with_a_colon_goes_with_its_list() -> None:
    filler = "A sentence that only fills the passage. " * 12
    doc = document(f"{filler}\n\nThese are the areas:\n- " + "energy and trade " * 10)
    assert [p.text.startswith("These are the areas:") for p in split(doc)] == [False, True]


def test_code_is_quoted_by_line_and_its_hashes_are_no_headings() -> None:
    doc = document("Run:\n\n```sh\n# comment. Not two.\nmake chat\n```\nAfter.")
    assert quotes(doc) == [["Run:", "# comment. Not two.", "make chat", "After."]]


def test_unwrapped_lines_are_paragraphs_of_their_own() -> None:
    long = "This long line says a lot about a thing. " * 10
    doc = document(f"A Bare Title\n{long}\nAnother Title\n{long}")
    assert [q[0] for q in quotes(doc)] == ["A Bare Title", "Another Title"]


def test_a_passage_belongs_to_one_page() -> None:
    doc = document("One.\n\nTwo.\n\nThree.", pages=(Page(7, 0, 4), Page(8, 6, 18)))
    assert [(p.page, p.text) for p in split(doc)] == [(7, "One."), (8, "Two.\n\nThree.")]


def test_a_long_sentence_is_cut_at_a_mark_and_never_within_a_character() -> None:
    doc = document("; ".join(["so many words are in this part of it"] * 60))
    assert all(p.text.endswith((";", "it")) for p in split(doc))
    family = "👩‍👩‍👧‍👦"
    assert all(p.text.replace(family, "") == "" for p in split(document(family * 300)))
    accented = "e\u0301"
    assert all(p.text.replace(accented, "") == "" for p in split(document(accented * 3000)))


def test_context_is_said_once_and_kept_short() -> None:
    doc = with_headings("# Title\n\n## Trade\n\n" + "Oil is sold for 3.5 billion dollars. " * 30)
    first, second, *_ = split(doc)
    assert contextual("Title", first) == (first.text, 0)
    assert contextual("Title", second) == ("Title\nTrade\n" + second.text, 12)
    text, offset = contextual(
        "long title " * 100, dataclasses.replace(second, headings=("heading " * 90,) * 5)
    )
    assert tokens(text[:offset]) <= 40
    assert text[offset:] == second.text


TEXTS = {
    "article": "Iran has sought closer ties with Venezuela, Bolivia and Nicaragua, Khoshayand writes. " * 20,
    "no spaces": "Iranhassoughtcloserties" * 100,
    "emoji": "👩‍👩‍👧‍👦🇩🇪😀 " * 100,
    "Chinese": "伊朗与拉丁美洲国家的关系近年来不断加强。" * 30,
    "Korean": "이란과 라틴 아메리카 국가들의 관계가 강화되고 있다. " * 30,
    "hashes": "d19189484f1587b0 c9f3b4fda5d7441e " * 50,
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_model_sees_passages_whole(name: str, e5: Embedder) -> None:
    for passage in split(document(TEXTS[name])):
        text, _ = contextual("A title of some length, as articles have", passage)
        assert e5.count(text) <= MAX_TOKENS
        assert 0.6 < tokens(text) / e5.count(text) < 1.6


@pytest.mark.parametrize("path", sorted(CORPUS.rglob("*.md")), ids=lambda path: path.stem)
def test_every_document_of_the_corpus_is_split_exactly(path: pathlib.Path) -> None:
    doc = dataclasses.replace(read(path.read_bytes(), path.name), id="abc")
    check(doc)
    assert all(passage.sentences for passage in split(doc))
