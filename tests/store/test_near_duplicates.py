"""Near-duplicates: the same article is told from another edition of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.store.duplicates.sketches import BANDS, are_near, sketch

ARTICLE = """The council of Marlow voted on Tuesday to close the old bridge to lorries from 1 March 2025.
Engineers had found cracks in two of the five piers, and the repair will cost 3 million pounds. Until it is
done, lorries take the road by the mill, which adds eleven minutes to the way to the harbour. Shop owners in
the high street welcomed the vote, since the noise had driven guests away. The haulage firms did not: they
asked for a ferry, as there was one before the war, and said that they would go to court. The mayor, Anna
Hill, answered that a ferry had been considered and was too slow. The bridge itself was built in 1871 by
the engineer John Fowler and is listed. Cyclists and people on foot may use it as before, and so may buses,
which weigh less than the limit of twelve tonnes. A report on the piers is to be published in the summer, and
the council will then decide whether the bridge can ever carry heavy loads again."""


def test_the_same_article_in_other_surroundings_is_near() -> None:
    other = f"Home News Sport Weather\n\n{ARTICLE}\n\nRead more: Ten walks by the river\n\nContact us"
    assert are_near(ARTICLE, ARTICLE.replace(" 1 March", " 1 March"))
    assert not are_near(ARTICLE, other), "it states a figure more"
    assert are_near(ARTICLE, other.replace("Ten walks", "Walks"))
    assert set(sketch(ARTICLE)) & set(sketch(other))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("welcomed", "praised"),
        ("which adds", "that adds"),
        ("The bridge itself was", "The bridge was"),
        ("as before, and", "as before and"),
        ("high street", "High Street"),
        ("would go to court.", "would go to court. Advertisement. Read on below."),
    ],
)
def test_small_differences_make_no_other_article(old: str, new: str) -> None:
    assert old in ARTICLE
    assert are_near(ARTICLE, ARTICLE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3 million pounds", "4 million pounds"),
        ("1 March", "1 April"),
        ("two of the five", "three of the five"),
        ("Anna\nHill", "Anna\nHall"),
        ("John Fowler", "Thomas Telford"),
        ("may use it", "may not use it"),
        ("did not: they", "did so: they"),
        ("bridge", "tunnel"),
        ("lorries", "trams"),
    ],
)
def test_another_figure_name_or_negation_makes_another_edition(old: str, new: str) -> None:
    assert old in ARTICLE
    assert not are_near(ARTICLE, ARTICLE.replace(old, new))


def test_half_of_an_article_is_not_the_article() -> None:
    assert not are_near(ARTICLE, ARTICLE[: len(ARTICLE) // 2])


def test_texts_that_share_most_but_not_what_they_are_about_are_two() -> None:
    terms = " ".join(ARTICLE.split()[:100])
    one, other = "Its lessons are in the hall, on Mondays, for all.", "A member may leave by letter."
    assert not are_near(f"{terms} {one}", f"{terms} {other}")
    assert not are_near(terms, f"{terms} {one} {other}")


def test_short_texts_are_not_judged() -> None:
    assert sketch("The kettle boils.") == ()
    assert not are_near("The kettle boils.", "The kettle boils.")


@given(st.text(max_size=2000))
def test_any_text_has_a_sketch_of_its_own(text: str) -> None:
    bands = sketch(text)
    assert bands == sketch(text)
    assert len(bands) in (0, BANDS)
    assert all(0 < band < 2**63 for band in bands)


@given(st.lists(st.integers(0, 130), min_size=1, max_size=3, unique=True))
def test_articles_of_which_few_words_differ_share_a_band(places: list[int]) -> None:
    """So that they are compared at all."""
    words = ARTICLE.split()
    for place in places:
        words[place] = "other"
    assert set(sketch(ARTICLE)) & set(sketch(" ".join(words)))
