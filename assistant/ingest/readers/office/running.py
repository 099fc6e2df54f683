"""Headers and footers: each text is read once, without page numbers and what the body repeats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from assistant.ingest.readers.content import one_line

PAGE_NUMBER = "\ue000"
"""Stands for a page number in the texts that `unsaid` is given."""

_TEXTS = 300
"""Texts from which on a document has more of them than anybody would read."""
_LABEL = 4
"""Words from which on a text beside a page number is more than its label, as in "Page 3 of 5"."""


def is_page_number(code: str) -> bool:
    """True if a field with this code shows the number of a page, or of pages."""
    return re.match(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", code) is not None


def unsaid(running: Iterable[str], body: str) -> Iterator[str]:
    """Yield each of these texts once that has words, is no page number, and is not in the body.

    What is beside each other is parted by tabs or line ends.
    """
    said, seen = _letters(body), set[str]()
    for text in islice(dict.fromkeys(running), _TEXTS):
        words = one_line(" ".join(filter(_is_more, re.split(r"[\t\n]+", text))).replace(PAGE_NUMBER, " "))
        letters = _letters(words)
        if re.search(r"[^\W\d_]{2}", words) and letters not in seen and letters not in said:
            seen.add(letters)
            yield words


def _is_more(piece: str) -> bool:
    """False for a page number with its label."""
    return PAGE_NUMBER not in piece or len(piece.replace(PAGE_NUMBER, " ").split()) >= _LABEL


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w", text)).casefold()
