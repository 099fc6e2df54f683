"""Topics: what the headings of several documents share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.store.lists.topics import MOST, topics

LINES = [
    ("Trade with Bolivia", "Main areas", "Iran's exports"),
    ("Trade with Cuba", "Main areas", "Iranian oil"),
    ("Notes on Bolivia", "The main areas"),
    ("Kettle manual", "Exports of Iran"),
    ("Salt mines", "Opening hours"),
]


def test_what_several_documents_have_in_their_headings_comes_by_their_number() -> None:
    assert topics(LINES)[0] == "Main areas"
    assert {"Iran", "Bolivia", "Trade"} <= set(topics(LINES))


def test_forms_of_one_name_are_one_topic_and_what_one_document_has_is_none() -> None:
    assert not {"Iranian", "Kettle", "Salt mines", "With"} & set(topics(LINES))


def test_the_headings_of_few_documents_are_topics_themselves() -> None:
    assert topics([("Kettle", "1. Speed", "2. Descaling"), ("Lamp", "Light")]) == [
        "Speed",
        "Light",
        "Descaling",
    ]


def test_a_word_of_nearly_all_documents_says_nothing() -> None:
    assert topics([("Report on trade",), ("Report on oil",), ("Report on trade",), ("Report",)]) == ["Trade"]


@given(st.lists(st.lists(st.text(), max_size=4), max_size=8))
def test_no_headings_break_it(lines: list[list[str]]) -> None:
    found = topics(lines)
    assert len(found) <= MOST
    assert len(set(found)) == len(found)
