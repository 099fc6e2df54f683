"""A bad answer, as a person marked it -> a golden question that fails until the answer is better."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from assistant.assistant import HISTORY, Assistant
from assistant.core.errors import NotFound
from assistant.core.types import Answer, Turn
from assistant.evaluation.golden.sets import Place, Question
from assistant.text import html as render

Reason = Literal["wrong", "source", "incomplete", "unanswered", "unanswerable"]
REASONS: Mapping[Reason, str] = {
    "wrong": "The answer is wrong.",
    "source": "The source is the wrong one.",
    "incomplete": "Something is missing.",
    "unanswered": "The documents do answer this.",
    "unanswerable": "The documents do not answer this.",
}


def question(
    assistant: Assistant,
    conversation: str,
    marked: tuple[int, str],
    reason: Reason,
    right: Place | None = None,
) -> Question:
    """The golden question of one turn of a conversation: its number, from 0 on, and what was asked there.

    `right` is where the answer stands, if the person said so: then that is expected. Otherwise the answer
    must rest on something else than this one did or, where the documents do not answer, there must be none.

    Raises:
        NotFound: there is no such turn, or no such document.
    """
    turns = assistant.turns(conversation)
    turn = _found(turns, *marked)
    asked = _asked(turns, turn, reason)
    if reason == "unanswerable":
        return replace(asked, answerable=False)
    if right is None:
        return replace(asked, wrong=_cited(turns[turn].answer) if reason != "incomplete" else ())
    source = assistant.show(right.document).source
    return replace(asked, documents=(source,), passages=(right,))


def _found(turns: Sequence[Turn], number: int, asked: str) -> int:
    """Where the turn is now: those that quoted a removed document are gone from among them."""
    there = [at for at, turn in enumerate(turns) if asked.strip() in _readings(turn.question)]
    if not there:
        raise NotFound("This answer is not kept any more; ask again, then mark the new one.")
    return min(there, key=lambda at: abs(at - number))


def _readings(question: str) -> tuple[str, str]:
    """A question as it was asked, and as the page shows it: with pictures in the place of controls."""
    return question.strip(), html.unescape(render.text(question)).strip()


def _asked(turns: Sequence[Turn], at: int, reason: Reason) -> Question:
    """The question with those before it that it is understood from, and a name that is the same each time."""
    earlier = tuple(turn.question for turn in turns[max(0, at - HISTORY) : at])
    named = hashlib.sha256("\n".join([*earlier, turns[at].question]).encode("utf-8", "replace")).hexdigest()
    return Question(f"feedback-{named[:12]}", turns[at].question, earlier=earlier, tags=("feedback", reason))


def _cited(answer: Answer) -> tuple[Place, ...]:
    return tuple(Place(c.document_id, c.start, c.end) for c in answer.citations)
