"""Golden questions from answers that a person marked as bad: they fail until the answer is better."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from assistant.answering.answerer import HISTORY
from assistant.assistant import Assistant
from assistant.core.errors import NotFound
from assistant.core.types import Turn
from assistant.evaluation.golden.sets import Place, Question
from assistant.text import html as render

Reason = Literal["wrong", "source", "incomplete", "unanswered", "unanswerable"]


def make_question(
    assistant: Assistant,
    conversation: str,
    marked: tuple[int, str],
    reason: Reason,
    right: Place | None = None,
) -> Question:
    """Make a golden question of one turn: `marked` is its number, from 0 on, and its question.

    `right` is the place of the answer, if the person named it. Otherwise the answer must cite something else
    than before or, if the documents do not answer, there must be none.

    Raises:
        NotFound: there is no such turn, or no such document.
    """
    turns = assistant.turns(conversation)
    number = _find_turn(turns, *marked)
    question = _to_question(turns, number, reason)
    if reason == "unanswerable":
        return replace(question, answerable=False)
    if right is not None:
        return replace(question, documents=(assistant.show(right.document).source,), passages=(right,))
    if reason == "incomplete":
        return question
    citations = turns[number].answer.citations
    return replace(question, wrong=tuple(Place(c.document_id, c.start, c.end) for c in citations))


def _find_turn(turns: Sequence[Turn], number: int, question: str) -> int:
    """Return the turn's number now: turns that quoted a removed document are gone."""

    def is_same(asked: str) -> bool:
        # The page shows control characters as their pictures.
        return question.strip() in (asked.strip(), html.unescape(render.text(asked)).strip())

    numbers = [at for at, turn in enumerate(turns) if is_same(turn.question)]
    if not numbers:
        raise NotFound("This answer was removed with its documents. Ask again, then mark the new answer.")
    return min(numbers, key=lambda at: abs(at - number))


def _to_question(turns: Sequence[Turn], number: int, reason: Reason) -> Question:
    """Return the question with those before it, under an id that depends on these texts only."""
    text = turns[number].question
    earlier = tuple(turn.question for turn in turns[max(0, number - HISTORY) : number])
    digest = hashlib.sha256("\n".join([*earlier, text]).encode("utf-8", "replace")).hexdigest()
    return Question(f"feedback-{digest[:12]}", text, earlier=earlier, tags=("feedback", reason))
