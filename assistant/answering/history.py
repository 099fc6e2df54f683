"""The turns before a question, as far as they help to understand it."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering import conversation
from assistant.core.types import Answer, Turn
from assistant.retrieval.query_rewriting import Exchange


def exchanges(history: Sequence[Turn]) -> list[Exchange]:
    """Return the earlier questions with their answers, without small talk."""
    asked = (turn for turn in history if conversation.small_talk(turn.question, 1) is None)
    return [_exchange(turn.question, turn.answer) for turn in asked]


def _exchange(question: str, answer: Answer) -> Exchange:
    text = " ".join(sentence.text for sentence in answer.sentences) if answer.answered else ""
    titles = dict.fromkeys(citation.title for citation in answer.citations)
    return Exchange(question, text, tuple(titles)[:1], answer.answered)
