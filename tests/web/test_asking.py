"""Questions of the page are answered to their end, whoever follows, one at a time in a conversation."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from assistant.core.deadline import Deadline
from assistant.core.errors import ModelError, QuestionError, Withdrawn
from assistant.core.types import Answer, Sentence
from assistant.web.asking import Asking


class Growing:
    """An assistant whose answers grow by one sentence whenever they may go on."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.go_on = threading.Semaphore(0)
        self.fault = fault

    def deadline(self) -> Deadline:
        return Deadline(60)

    def stream(
        self, question: str, conversation: str, documents: Sequence[str], until: Deadline
    ) -> Iterator[Answer]:
        for length in (1, 2):
            self.go_on.acquire()
            if until.is_withdrawn:
                raise Withdrawn
            if self.fault:
                raise self.fault
            yield Answer(question, question, True, (Sentence("It boils."),) * length)


def asking(assistant: Growing) -> Asking:
    return Asking(assistant)  # type: ignore[arg-type]


def test_all_who_follow_see_the_answer_grow_to_its_end() -> None:
    assistant = Growing()
    asked = asking(assistant).begin("c", "How fast?")
    first = asked.follow()
    assistant.go_on.release()
    assert len(next(first).sentences) == 1
    assistant.go_on.release()
    assert [len(answer.sentences) for answer in first][-1] == 2
    assert [len(answer.sentences) for answer in asked.follow()] == [2]


def test_nobody_need_follow() -> None:
    assistant = Growing()
    questions = asking(assistant)
    asked = questions.begin("c", "How fast?")
    assert questions.running("c") is asked
    assistant.go_on.release(2)
    list(asked.follow())
    assert questions.running("c") is None


def test_a_conversation_has_one_question_at_a_time() -> None:
    assistant = Growing()
    questions = asking(assistant)
    first = questions.begin("c", "How fast?")
    with pytest.raises(QuestionError, match="still being answered"):
        questions.begin("c", "How dear?")
    questions.begin("d", "How dear?")
    assistant.go_on.release(4)
    list(first.follow())
    questions.begin("c", "How dear?")
    assistant.go_on.release(2)


def test_a_fault_reaches_who_follows() -> None:
    assistant = Growing(ModelError("The model is away."))
    asked = asking(assistant).begin("c", "How fast?")
    assistant.go_on.release()
    with pytest.raises(ModelError):
        list(asked.follow())


def test_a_withdrawn_question_ends() -> None:
    assistant = Growing()
    asked = asking(assistant).begin("c", "How fast?")
    asked.withdraw()
    assistant.go_on.release()
    with pytest.raises(Withdrawn):
        list(asked.follow())
