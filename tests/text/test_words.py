"""The words of a text, as they are written."""

from __future__ import annotations

from assistant.text.words import word_spans


def test_words_have_their_places_and_a_number_is_one() -> None:
    text = "¡La casa, 1,840 m²!"
    assert [text[word.start : word.end] for word in word_spans(text)] == ["La", "casa", "1,840", "m²"]
