"""The prompt of an answer: passages as numbered data first, then the question and the rules.

A server keeps the beginning of the prompt before, so a second question on the same passages is read quickly.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from typing import Literal

from assistant.answering.model import prompts, windows
from assistant.core.types import ScoredPassage

Form = Literal["text", "short", "json"]
ASKED = 6
"""Limit on the sentences that the prompt asks for."""
FEW = 6
"""Limit on the passages of the short prompt, for small models."""
RULES = 1600
"""Characters of the prompt beside passages and question."""
MARKS = 60
"""Characters beside the text of each passage."""
# Controls, lone surrogates, bidirectional overrides, and invisible tag characters.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def answer_prompt(
    question: str,
    passages: Sequence[ScoredPassage],
    *,
    form: Form = "text",
    few: bool = False,
    characters: int | None = None,
) -> str:
    """Return the prompt for an answer to `question` from as many passages as there is room for.

    Args:
        question: the question.
        passages: the passages, best first.
        form: the form of the answer; `short` is that of small models.
        few: whether a small model is to read only the best passages.
        characters: the limit on its length, if there is one.
    """
    asked = clean(question)
    texts = [clean(_text(scored)) for scored in passages[: FEW if few else None]]
    room = None if characters is None else characters - RULES - len(asked)
    texts = texts[: windows.fitting([text + " " * MARKS for text in texts], room)]
    # Not of the question, so that the prompt begins as the one before on the same passages.
    word = fence(*texts, also=asked)
    if form == "short":
        begun = (f"{word} [{n}]\n{text}" for n, text in enumerate(texts, 1))
        return prompts.load("answer_short", question=asked, passages="\n\n".join(begun), fence=word)
    fenced = (f"BEGIN {word} passage {n}\n{text}\nEND {word}" for n, text in enumerate(texts, 1))
    filled = "\n\n".join(fenced)
    if form == "json":
        return prompts.load("answer_json", question=asked, passages=filled, fence=word, limit=str(ASKED))
    return prompts.load("answer", question=asked, passages=filled, fence=word, limit=str(ASKED))


def _text(scored: ScoredPassage) -> str:
    """Return a passage below its title, headings and column names, each of them once."""
    passage = scored.passage
    above = list(dict.fromkeys([scored.title, *passage.headings]))
    lines = passage.text.split("\n")
    while lines and (not lines[0].strip() or _is_in(lines[0], above)):
        lines.pop(0)
    header = [passage.header] if passage.header and passage.header not in passage.text else []
    return "\n".join([" / ".join(above), "", *header, *lines]).rstrip()


def _is_in(line: str, headings: Sequence[str]) -> bool:
    return line.startswith("#") and line.strip("# ") in headings


def fence(*texts: str, also: str = "") -> str:
    """Return a word that occurs in none of `texts` nor in `also`, so that none can close its own fence."""
    for salt in itertools.count():
        word = hashlib.sha256(f"{salt} {texts}".encode("utf-8", "replace")).hexdigest()[:12]
        if not any(word in text for text in (*texts, also)):
            return word
    raise AssertionError


def clean(text: str) -> str:
    """Return the text without characters that nobody sees."""
    return _HIDDEN.sub("", text)
