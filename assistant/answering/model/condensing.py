"""A follow-up rewritten by a model, to be understood without the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.model import prompting, prompts, replies, windows
from assistant.answering.model.language_model import Model
from assistant.answering.support.faithfulness import uncovered
from assistant.core.deadline import Deadline
from assistant.text.quantities import allowed, claimed
from assistant.text.words import content, missing, share

QUESTION = 400
"""Limit on the characters of a rewritten question; a longer reply is not a question."""
TURNS = 6
"""The last turns in the prompt that rewrites a follow-up; of those before, only the questions are in it."""
TURN, SHORT = 600, 120
"""Limits on the characters of an earlier answer in that prompt, and of one where there is little room."""
ROOM = 6000
"""Limit on the characters of all earlier turns."""
SHARE = 2
"""Earlier turns may take one part in so many of a small window."""

_LABEL = re.compile(r"\A\W*(?:(?:stand-?alone|rewritten|last|the)\s+)*question\s*:\s*", re.IGNORECASE)


def condense(
    question: str, history: Sequence[tuple[str, str]], model: Model, until: Deadline | None = None
) -> str:
    """Rewrite `question` to be understood without the earlier questions and answers (oldest first).

    It is unchanged if there is no history, or if the model's reply is no question, lacks a word of the
    follow-up, or adds one that the conversation does not have.

    Raises:
        ModelError: the model failed or the deadline passed.
        Withdrawn: `until` was withdrawn.
    """
    if not history:
        return question
    window = windows.of(model).characters
    earlier = _earlier(history, ROOM if window is None else min(ROOM, window // SHARE))
    asked = prompting.clean(question)
    prompt = prompts.load("condense", fence=prompting.fence(earlier, asked), history=earlier, question=asked)
    rewritten = _LABEL.sub("", replies.visible(model.complete(prompt, until))).strip(" \t\n\"'“”*`")
    said = "\n".join(f"{earlier}\n{answer}" for earlier, answer in history)
    return rewritten if _is_question(rewritten) and _is_the_same(rewritten, question, said) else question


def _earlier(history: Sequence[tuple[str, str]], room: int) -> str:
    """Return the conversation in at most so many characters: first the answers of older turns are left out,
    then answers are cut, then the oldest turns go."""
    for full in range(TURNS, -1, -1):
        for limit in (TURN, SHORT):
            turns = _turns(history, full, limit)
            if len(text := "\n\n".join(turns)) <= room:
                return text
    while len(turns) > 1 and len("\n\n".join(turns)) > room:
        turns.pop(0)
    return "\n\n".join(turns)[:room]


def _turns(history: Sequence[tuple[str, str]], full: int, limit: int) -> list[str]:
    """Return the turns as text; all but the last `full` have their question alone."""
    begun = len(history) - full
    return [
        prompting.clean(
            f"Question: {question}" if at < begun else f"Question: {question}\nAnswer: {answer[:limit]}"
        )
        for at, (question, answer) in enumerate(history)
    ]


def _is_question(text: str) -> bool:
    is_line = 0 < len(text) <= QUESTION and "\n" not in text
    return is_line and text.endswith(("?", "？", "؟")) and any(map(str.isalnum, text))


def _is_the_same(rewritten: str, question: str, said: str) -> bool:
    """Return True if the rewriting keeps the words of the question, and takes all others, with their names
    and figures, from what was said."""
    known = f"{question}\n{said}"
    is_kept = not uncovered(question, rewritten) and not missing(question, rewritten)
    is_taken = share(content(rewritten), known) == 1 and not missing(rewritten, known)
    return is_kept and is_taken and claimed(question) <= claimed(rewritten) <= allowed(known)
