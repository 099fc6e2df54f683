"""Claims that go beyond their quote are detected, kind by kind; paraphrases pass."""

from __future__ import annotations

import pytest
from hostile import claims
from hostile.statements import FALSE, TRUE

from assistant.answering.support.faithfulness import uncovered
from assistant.answering.support.support_check import supported

FOUND = (
    "attribute",
    "clause",
    "predicate",
    "hedge",
    "quantifier",
    "negation",
    "opposite",
    "cause",
    "row",
    "name changed",
)


@pytest.mark.parametrize(
    "one", [one for one in FALSE if any(kind in one.kind for kind in FOUND)], ids=lambda one: one.sentence
)
def test_what_goes_beyond_the_quote_is_refused(one: claims.Statement) -> None:
    assert not supported(one.sentence, one.quote, 0.99, one.context)


def test_most_of_what_is_true_in_other_words_is_kept() -> None:
    made, reader = claims.parts()
    kept = [claims.is_supported(one, made, reader) for one in TRUE]
    assert sum(kept) >= claims.KEPT * len(kept)


def test_a_word_is_met_by_its_forms_its_synonyms_and_what_is_a_kind_of_it() -> None:
    quote = "The firm bought two ferries and constructed a harbour."
    assert not uncovered("A company purchased ferries, and built a harbour.", quote)
    assert uncovered("A company sank ferries.", quote) == {"sank"}
