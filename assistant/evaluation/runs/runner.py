"""Asking of golden questions, one after the other, as a person would ask them.

Questions are not saved as conversations: a run leaves nothing in the store that it measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.answering.model import language_model
from assistant.assistant import Assistant
from assistant.core.types import Turn
from assistant.evaluation.golden.sets import Conversation, GoldenSet, Place, Question
from assistant.evaluation.scoring.scores import ExaminedAnswer, Marks, score_answer, would_be_right

if TYPE_CHECKING:
    from assistant.evaluation.scoring.judge import Judge


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """A golden question as stored in a run, without the expected answer, which may quote documents."""

    id: str
    text: str
    answerable: bool = True
    tags: tuple[str, ...] = ()
    fingerprint: str = ""
    """As `Question.fingerprint`."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one golden question: places cited and retrieved, and marks."""

    question: RunQuestion
    set: str
    answered: bool
    confidence: float
    cited: tuple[Place, ...]
    retrieved: tuple[Place, ...]
    would_be_right: bool
    """True if the answer is right or, if it abstained, would have been."""
    marks: Marks
    search_query: str = field(default="", compare=False)
    answer: str = field(default="", compare=False)
    """Neither query nor answer is stored, as both may hold text of documents."""

    @property
    def failed(self) -> bool:
        """True if facts, citations or abstention are wrong, or a marked fault is repeated."""
        marks = self.marks
        is_wrong = any(marks.get(name, 0) > 0 for name in ("abstained_wrongly", "repeated"))
        return is_wrong or any(marks.get(name, 1) < 1 for name in ("abstained_rightly", "facts", "cited"))


def ask(assistant: Assistant, sets: Iterable[GoldenSet], judge: Judge | None = None) -> Iterator[Result]:
    """Yield the result of each question, as it is answered, with the marks of the judge."""
    # Load the model and the index, for which the first question would wait.
    _examine(assistant, "Is everything in place?", [])
    for golden in sets:
        for conversation in golden.conversations:
            yield from _ask_conversation(assistant, judge, conversation, golden.name)


def appoint_judge(assistant: Assistant) -> tuple[Judge | None, str | None]:
    """Return a judge, and its name or why there is none; nothing of both without a model."""
    model = language_model.model(assistant.settings)
    if model is None:
        return None, None
    # Its import is slow.
    from assistant.evaluation.scoring.judge import appoint

    return appoint(model)


def _ask_conversation(
    assistant: Assistant, judge: Judge | None, conversation: Conversation, name: str
) -> Iterator[Result]:
    history: list[Turn] = []
    for text in conversation.turns[0].earlier:
        seen = assistant.examine(text, history)
        history.append(Turn(text, seen.query.text, seen.answer))
    for question in conversation.turns:
        examined = _examine(assistant, question.text, history)
        history.append(Turn(question.text, examined.query.text, examined.answer))
        judged = judge.marks(question, examined) if judge else {}
        marks = {**score_answer(question, examined, assistant.likeness), **judged}
        yield _to_result(question, name, examined, marks)


def _examine(assistant: Assistant, question: str, history: Sequence[Turn]) -> ExaminedAnswer:
    """Return the answer with its confidence, and the answer it would have given if it abstained."""
    seen = assistant.examine(question, history)
    extracted = assistant.extract(seen.query, seen.passages)
    sentences = seen.answer.sentences if seen.answer.answered else extracted.sentences
    draft = " ".join(sentence.text for sentence in sentences)
    milliseconds = seen.answer.timings_ms["total"]
    return ExaminedAnswer(seen.query, seen.passages, seen.answer, extracted.confidence, milliseconds, draft)


def _to_result(question: Question, name: str, examined: ExaminedAnswer, marks: Marks) -> Result:
    answer, passages = examined.answer, [scored.passage for scored in examined.passages]
    fields = (question.id, question.text, question.answerable, question.tags, question.fingerprint)
    return Result(
        question=RunQuestion(*fields),
        set=name,
        answered=answer.answered,
        confidence=examined.confidence,
        cited=tuple(Place(c.document_id, c.start, c.end) for c in answer.citations),
        retrieved=tuple(Place(p.document_id, p.start, p.end) for p in passages),
        would_be_right=would_be_right(question, examined),
        marks=marks,
        search_query=examined.query.text,
        answer=examined.text if answer.answered else "",
    )
