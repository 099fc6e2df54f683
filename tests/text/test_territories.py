"""Countries are found in any form, and in what people write small; nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.territories import codes, territories


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How much does Norway sell to Peru?", {"NO", "PE"}),
        ("and with bolivia?", {"BO"}),
        ("Iranians, Cuban rum, the Peruvian coast, Peru's coast", {"IR", "CU", "PE"}),
        ("the U.S. and the United States of America", {"US"}),
        ("¿Cuánto exporta Irán a Alemania?", {"IR", "DE"}),
        ("伊朗向玻利维亚出口多少", {"IR", "BO"}),
        ("बोलीविया में क्या है", {"BO"}),
        ("Сколько Иран продаёт в Боливия", {"IR", "BO"}),
        ("ماذا تبيع بوليفيا", {"BO"}),
    ],
)
def test_a_country_is_found_whatever_it_is_called(text: str, expected: set[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    "text",
    ["tell us more", "polish the turkey", "a family reunion", "these", "Latin America", "the Indian Ocean"],
)
def test_what_only_looks_like_a_country_is_none(text: str) -> None:
    assert codes(text) == frozenset()


@given(st.text(max_size=200))
def test_places_lie_in_the_text_in_order(text: str) -> None:
    found = territories(text)
    assert all(0 <= place.start < place.end <= len(text) for place in found)
    assert list(found) == sorted(found, key=lambda place: place.start)
