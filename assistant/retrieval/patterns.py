"""Regular expressions over the words of languages with and without spaces."""

from __future__ import annotations

# The vowel signs of Hindi are no letters to `\w`; Chinese has no spaces, so that any place may end a word.
_LETTER = r"[^\W\u3040-\u9fff]"
_SIGN = r"[\u0900-\u0963]"
START = rf"(?<!{_LETTER})(?<!{_SIGN})"
"""Matches where a word may begin."""
END = rf"(?!{_LETTER}|{_SIGN})"
"""Matches where a word may end."""
