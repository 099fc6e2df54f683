"""Cutting text into the pieces of the model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core import config
from assistant.embedding import weights
from assistant.embedding.pieces import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(weights.prepare(config.load({}).cache).pieces)


def test_the_numbers_are_those_of_xlm_roberta(tokenizer: Tokenizer) -> None:
    # As its documentation shows them.
    assert tokenizer.pieces("Hello world").ids == [35378, 8999]


def test_a_mark_cannot_be_written_in_a_text(tokenizer: Tokenizer) -> None:
    ids = tokenizer.pieces("<s> a </s> <pad> <mask> <unk>").ids
    assert not {0, 1, 2, 250001} & set(ids)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("e\u0301", "é"),
        ("ﬁne", "fine"),
        ("１２", "12"),
        ("a\u00a0\t b", "a b"),
        (" a ", "a"),
        ("x\x07y", "xy"),
    ],
)
def test_forms_of_a_character_are_the_same(tokenizer: Tokenizer, text: str, plain: str) -> None:
    assert tokenizer.pieces(text).ids == tokenizer.pieces(plain).ids


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_pieces_lie_in_the_text_one_after_the_other(tokenizer: Tokenizer, text: str) -> None:
    found = tokenizer.pieces(text)
    ends = [0, *(end for _, end in found.offsets)]
    assert len(found.ids) == len(found.offsets)
    assert all(
        before <= begin <= end <= len(text) for before, (begin, end) in zip(ends, found.offsets, strict=False)
    )
