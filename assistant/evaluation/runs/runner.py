"""Golden questions asked of an assistant, one after the other, as a person would ask them.

What is asked here is not kept as a conversation: a run leaves nothing in the store that it measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.answering import language_model
from assistant.assistant import Assistant
from assistant.core.types import Answer, ScoredPassage, Turn
from assistant.evaluation.golden.sets import Conversation, GoldenSet, Place, Question
from assistant.evaluation.scoring.scores import Examined, Marks, marks, would_be_right

if TYPE_CHECKING:
    from assistant.evaluation.scoring.judge import Judge


@dataclass(frozen=True, slots=True)
class Asked:
    """A golden question as a run keeps it: what was expected may quote documents, and stays in the set."""

    id: str
    text: str
    answerable: bool = True
    tags: tuple[str, ...] = ()
    fingerprint: str = ""
    """Of all that the set told of it: only where it is the same, two results compare."""


@dataclass(frozen=True, slots=True)
class Result:
    """One golden question, where its answer rests, and the marks for it."""

    question: Asked
    set: str
    answered: bool
    confidence: float
    cited: tuple[Place, ...]
    retrieved: tuple[Place, ...]
    would_be_right: bool
    """Whether the answer is right or, where it abstained, would have been."""
    marks: Marks
    search_query: str = field(default="", compare=False)
    answer: str = field(default="", compare=False)
    """What was searched for and what was answered: not kept, as both may hold words of documents."""

    @property
    def failed(self) -> bool:
        """Whether it is wrong where it matters: facts, citations, abstention, or the same fault again."""
        wrongly = self.marks.get("abstained_wrongly", 0) > 0 or self.marks.get("abstained_rightly", 1) < 1
        repeated = self.marks.get("repeated", 0) > 0
        return wrongly or repeated or self.marks.get("facts", 1) < 1 or self.marks.get("cited", 1) < 1


def ask(assistant: Assistant, sets: Iterable[GoldenSet]) -> Iterator[Result]:
    """The result of each question, as it is answered."""
    _warm(assistant)
    judge = _judge(assistant)
    for golden in sets:
        for conversation in golden.conversations:
            yield from _conversation(assistant, judge, conversation, golden.name)


def _warm(assistant: Assistant) -> None:
    """Opens the model and the index, which the first question would wait for."""
    _examined(assistant, "Is everything in place?", [])


def _judge(assistant: Assistant) -> Judge | None:
    """What judges answers, where a model is configured; it is slow to load, and needed only then."""
    model = language_model.model(assistant.settings)
    if model is None:
        return None
    from assistant.evaluation.scoring.judge import Judge

    return Judge(model)


def _conversation(
    assistant: Assistant, judge: Judge | None, conversation: Conversation, name: str
) -> Iterator[Result]:
    history: list[Turn] = []
    for text in conversation.turns[0].earlier:
        seen = assistant.examine(text, history)
        history.append(Turn(text, seen.query.text, seen.answer))
    for question in conversation.turns:
        examined = _examined(assistant, question.text, history)
        history.append(Turn(question.text, examined.query.text, examined.answer))
        judged = judge.marks(question, examined) if judge else {}
        yield _result(question, name, examined, {**marks(question, examined, assistant.likeness), **judged})


def _examined(assistant: Assistant, question: str, history: Sequence[Turn]) -> Examined:
    """The answer, with how sure the passages make it and what it would have said where it abstained."""
    seen = assistant.examine(question, history)
    extracted = assistant.extract(seen.query, seen.passages)
    said = seen.answer.sentences if seen.answer.answered else extracted.sentences
    draft = " ".join(sentence.text for sentence in said)
    milliseconds = seen.answer.timings_ms["total"]
    return Examined(seen.query, seen.passages, seen.answer, extracted.confidence, milliseconds, draft)


def _result(question: Question, name: str, examined: Examined, given: Marks) -> Result:
    answer: Answer = examined.answer
    return Result(
        question=Asked(question.id, question.text, question.answerable, question.tags, question.fingerprint),
        set=name,
        answered=answer.answered,
        confidence=examined.confidence,
        cited=tuple(Place(c.document_id, c.start, c.end) for c in answer.citations),
        retrieved=tuple(_place(scored) for scored in examined.passages),
        would_be_right=would_be_right(question, examined),
        marks=given,
        search_query=examined.query.text,
        answer=examined.text if answer.answered else "",
    )


def _place(scored: ScoredPassage) -> Place:
    passage = scored.passage
    return Place(passage.document_id, passage.start, passage.end)
