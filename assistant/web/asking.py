"""Questions of the page while they are answered: a page that is closed or reloaded meanwhile loses none.

Each is answered in a thread of its own, until its end. Any page of its conversation can follow it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from assistant.assistant import Assistant
from assistant.core.errors import QuestionError, StoreBusy
from assistant.core.types import Answer

AT_ONCE = 8
"""Questions answered concurrently, for all pages together."""
WAITING = 64
"""Questions of all pages that are answered or wait for it."""
ANOTHER = "This conversation is still being answered, here or in another tab. Ask when that is done."
CROWDED = "Too many questions are being answered. Ask again in a minute."


class Asked:
    """One question while it is answered. Thread-safe."""

    def __init__(self, assistant: Assistant, question: str) -> None:
        self.question = question
        self._until = assistant.deadline()
        self._news = threading.Condition()
        self._answer: Answer | None = None
        self._fault: BaseException | None = None
        self._ended = False

    def follow(self) -> Iterator[Answer]:
        """Yield the answer as it grows, the last one complete.

        Raises:
            AssistantError: the question failed, or was withdrawn.
        """
        seen: Answer | None = None
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._answer is not seen)  # noqa: B023
                seen, ended = self._answer, self._ended
            if ended and self._fault:
                raise self._fault
            if seen is not None:
                yield seen
            if ended:
                return

    def withdraw(self) -> None:
        """Stop answering; nothing of it is kept."""
        self._until.withdraw()

    def run(self, assistant: Assistant, conversation: str, documents: Sequence[str]) -> None:
        """Answer the question, and keep it in its conversation."""
        try:
            for answer in assistant.stream(self.question, conversation, documents, self._until):
                with self._news:
                    self._answer = answer
                    self._news.notify_all()
        except BaseException as fault:
            self._fault = fault

    def end(self) -> None:
        """Tell all who follow that nothing more comes."""
        with self._news:
            self._ended = True
            self._news.notify_all()


class Asking:
    """All questions that are being answered, at most one of each conversation. Thread-safe."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._changing = threading.Lock()
        self._running: dict[str, Asked] = {}
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def running(self, conversation: str) -> Asked | None:
        """Return the question of this conversation that is being answered, if any."""
        with self._changing:
            return self._running.get(conversation)

    def begin(self, conversation: str, question: str, documents: Sequence[str] = ()) -> Asked:
        """Begin to answer a question.

        Raises:
            QuestionError: the conversation has one that is not answered yet.
            StoreBusy: too many are being answered.
        """
        with self._changing:
            if conversation in self._running:
                raise QuestionError(ANOTHER)
            if len(self._running) >= WAITING:
                raise StoreBusy(CROWDED)
            asked = self._running[conversation] = Asked(self._assistant, question)
        # A daemon: a server that stops does not wait for a model.
        work = threading.Thread(target=self._run, args=(asked, conversation, documents), daemon=True)
        work.start()
        return asked

    def _run(self, asked: Asked, conversation: str, documents: Sequence[str]) -> None:
        try:
            with self._turns:
                asked.run(self._assistant, conversation, documents)
        finally:
            # In this order: who sees the end may ask the next question.
            with self._changing:
                del self._running[conversation]
            asked.end()
