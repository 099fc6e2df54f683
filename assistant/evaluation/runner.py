"""Golden questions asked of an assistant, one after the other, as a person would ask them.

What is asked here is not kept as a conversation: a run leaves nothing in the store that it measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant import llm
from assistant.assistant import Assistant
from assistant.evaluation.golden import Conversation, GoldenSet, Question
from assistant.evaluation.marks import Examined, Marks, marks, would_be_right
from assistant.extract import extract
from assistant.types import Answer, Turn

if TYPE_CHECKING:
    from assistant.evaluation.judge import Judge


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of a document, as the report shows it: cited, or retrieved."""

    source: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """One golden question, what was answered, and the marks for it."""

    question: Question
    set: str
    search_query: str
    answered: bool
    answer: str
    confidence: float
    citations: tuple[Quote, ...]
    retrieved: tuple[Quote, ...]
    would_be_right: bool
    """Whether the answer is right or, where it abstained, would have been."""
    marks: Marks

    @property
    def failed(self) -> bool:
        """Whether it is wrong where it matters: a fact missing, no right citation, or abstention."""
        wrongly = self.marks.get("abstained_wrongly", 0) > 0 or self.marks.get("abstained_rightly", 1) < 1
        return wrongly or self.marks.get("facts", 1) < 1 or self.marks.get("cited", 1) < 1


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
    model = llm.model(assistant.settings)
    if model is None:
        return None
    from assistant.evaluation.judge import Judge

    return Judge(model)


def _conversation(
    assistant: Assistant, judge: Judge | None, conversation: Conversation, name: str
) -> Iterator[Result]:
    history: list[Turn] = []
    for question in conversation.turns:
        examined = _examined(assistant, question.text, history)
        history.append(Turn(question.text, examined.query.text, examined.answer))
        judged = judge.marks(question, examined) if judge else {}
        yield _result(question, name, examined, {**marks(question, examined, assistant.likeness), **judged})


def _examined(assistant: Assistant, question: str, history: Sequence[Turn]) -> Examined:
    """The answer, with how sure the passages make it and what it would have said where it abstained."""
    seen = assistant.examine(question, history)
    extracted = extract(seen.query.text, seen.passages)
    said = seen.answer.sentences if seen.answer.answered else extracted.sentences
    draft = " ".join(sentence.text for sentence in said)
    milliseconds = seen.answer.timings_ms["total"]
    return Examined(seen.query, seen.passages, seen.answer, extracted.confidence, milliseconds, draft)


def _result(question: Question, name: str, examined: Examined, given: Marks) -> Result:
    answer: Answer = examined.answer
    return Result(
        question=question,
        set=name,
        search_query=examined.query.text,
        answered=answer.answered,
        answer=examined.text,
        confidence=examined.confidence,
        citations=tuple(Quote(c.source, c.title, c.quote) for c in answer.citations),
        retrieved=tuple(Quote(p.source, p.title, p.passage.text) for p in examined.passages),
        would_be_right=would_be_right(question, examined),
        marks=given,
    )
