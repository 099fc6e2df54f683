"""Conversations with the assistant as a LlamaIndex chat engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.chat_engine.types import AgentChatResponse, BaseChatEngine, StreamingAgentChatResponse
from llama_index.core.schema import NodeWithScore

from assistant.core.types import Answer, Sentence, Turn
from assistant.integrations.llama_index import quoted

Continue = Callable[[str, Sequence[Turn]], Iterator[Answer]]
"""Question and the turns before it -> drafts of the answer, the last of them whole."""


class CitedChatEngine(BaseChatEngine):
    """A conversation in memory; nothing of it is kept in the store.

    A response has the text of the answer, with the numbers of its citations, and a source node for each
    citation, as those of a query engine. A stream has the same text, once it is whole: while a model writes,
    a sentence may still be taken back.
    """

    def __init__(self, continued: Continue) -> None:
        self._continued = continued
        self._turns = list[Turn]()

    @property
    def chat_history(self) -> list[ChatMessage]:
        """The questions and answers so far."""
        return [message for turn in self._turns for message in _messages(turn)]

    def reset(self) -> None:
        """Forget the conversation."""
        self._turns = []

    def chat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        """Answer `message` as the next turn, or after `chat_history` if that is given."""
        answer = self._answer(message, chat_history)
        return AgentChatResponse(answer.text, source_nodes=_sources(answer), metadata=_told(answer))

    def stream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Answer as `chat` does, with the text as a stream."""
        nodes = list[NodeWithScore]()

        def stream() -> Iterator[ChatResponse]:
            answer = self._answer(message, chat_history)
            nodes.extend(_sources(answer))
            yield _response(answer)

        return StreamingAgentChatResponse(
            chat_stream=stream(),  # type: ignore[arg-type]
            source_nodes=nodes,
            is_writing_to_memory=False,
        )

    async def achat(self, message: str, chat_history: list[ChatMessage] | None = None) -> AgentChatResponse:
        """Answer as `chat` does, on a thread."""
        return await asyncio.to_thread(self.chat, message, chat_history)

    async def astream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Answer as `stream_chat` does, on a thread."""
        nodes = list[NodeWithScore]()

        async def stream() -> AsyncIterator[ChatResponse]:
            answer = await asyncio.to_thread(self._answer, message, chat_history)
            nodes.extend(_sources(answer))
            yield _response(answer)

        return StreamingAgentChatResponse(
            achat_stream=stream(),  # type: ignore[arg-type]
            source_nodes=nodes,
            is_writing_to_memory=False,
        )

    def _answer(self, message: str, history: Sequence[ChatMessage] | None) -> Answer:
        before = self._turns if history is None else list(_turns(history))
        *_, answer = self._continued(message, before)
        self._turns = [*before, Turn(message, answer.search_query, answer)]
        return answer


def _sources(answer: Answer) -> list[NodeWithScore]:
    return [NodeWithScore(node=quoted(citation)) for citation in answer.citations]


def _told(answer: Answer) -> dict[str, object]:
    return {"answered": answer.answered}


def _response(answer: Answer) -> ChatResponse:
    said = ChatMessage(answer.text, role=MessageRole.ASSISTANT)
    return ChatResponse(message=said, delta=answer.text)


def _messages(turn: Turn) -> list[ChatMessage]:
    return [ChatMessage(turn.question), ChatMessage(turn.answer.text, role=MessageRole.ASSISTANT)]


def _turns(messages: Sequence[ChatMessage]) -> Iterator[Turn]:
    """Yield each question of a history with the reply after it."""
    question = ""
    for message in messages:
        said = message.content or ""
        if message.role == MessageRole.USER:
            question = said
        elif message.role == MessageRole.ASSISTANT and question:
            yield Turn(question, question, Answer(question, question, bool(said), (Sentence(said),)))
            question = ""
