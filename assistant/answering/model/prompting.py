"""The prompt of an answer: passages as numbered data, then the question and the rules."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence

from assistant.answering.model import prompts
from assistant.answering.model.checking import context_of
from assistant.core.types import ScoredPassage

ASKED = 6
"""Limit on the sentences that the prompt asks for."""
# Controls, lone surrogates, bidirectional overrides, and invisible tag characters.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def answer_prompt(question: str, passages: Sequence[ScoredPassage]) -> str:
    """Return the prompt that asks for an answer to `question` from `passages`."""
    asked = clean(question)
    texts = [clean(f"{context_of(scored)}\n\n{scored.passage.text}") for scored in passages]
    word = fence(asked, *texts)
    fenced = (f"BEGIN {word} passage {n}\n{text}\nEND {word}" for n, text in enumerate(texts, 1))
    return prompts.load("answer", question=asked, passages="\n\n".join(fenced), fence=word, limit=str(ASKED))


def fence(*texts: str) -> str:
    """Return a word that occurs in none of `texts`, so that none of them can close its own fence."""
    for salt in itertools.count():
        word = hashlib.sha256(f"{salt} {texts}".encode("utf-8", "replace")).hexdigest()[:12]
        if not any(word in text for text in texts):
            return word
    raise AssertionError


def clean(text: str) -> str:
    """Return the text without characters that nobody sees."""
    return _HIDDEN.sub("", text)
