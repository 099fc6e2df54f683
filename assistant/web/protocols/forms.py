"""The bodies of OpenAI's API, as far as the assistant takes them; all else in them is ignored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from assistant.core import serialization
from assistant.core.errors import QuestionError
from assistant.core.types import Turn
from assistant.web.protocols import transcript

MAX_MESSAGES = 200
MAX_INPUTS = 256
MAX_INPUT = 20_000
"""Limit on the characters of a text to embed."""


class Message(BaseModel):
    """A message of a conversation; `content` is text, or parts of which those with text count."""

    role: str = "user"
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part["text"] for part in self.content or () if isinstance(part.get("text"), str))


class StreamOptions(BaseModel):
    """Options of a streamed completion."""

    include_usage: bool = False


class Completion(BaseModel):
    """The body of POST /v1/chat/completions."""

    model: str = "assistant"
    messages: list[Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: bool = False
    stream_options: StreamOptions | None = None


class Responding(BaseModel):
    """The body of POST /v1/responses."""

    model: str = "assistant"
    input: str | list[Message]
    stream: bool = False

    @property
    def messages(self) -> list[Message]:
        return [Message(content=self.input)] if isinstance(self.input, str) else self.input


class Embedding(BaseModel):
    """The body of POST /v1/embeddings; `input_type` is Cohere's and Voyage's word for the role."""

    model: str = "assistant"
    input: str | list[str]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "document", "passage"] = "document"

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


def conversation(messages: Sequence[Message]) -> tuple[str, list[Turn]]:
    """Return the last question, and the turns before it.

    Raises:
        QuestionError: the last message is not of the user, or it is empty or too long.
    """
    spoken = [message for message in messages if message.role in {"user", "assistant"}]
    if not spoken or spoken[-1].role != "user":
        raise QuestionError("The last message is not the user's. End the messages with a question.")
    turns, question = list[Turn](), ""
    for message in spoken[:-1]:
        if message.role == "user":
            question = message.text
        elif question:
            turns.append(transcript.turn(serialization.writable(question), message.text))
            question = ""
    return serialization.asked(spoken[-1].text), turns


def require_embeddable(body: Embedding, dimensions: int) -> None:
    """Check the texts of a request.

    Raises:
        QuestionError: they are none, too many or too long, or other dimensions are asked for.
    """
    if not body.texts or len(body.texts) > MAX_INPUTS:
        raise QuestionError(f"Send 1 to {MAX_INPUTS} texts at once; these are {len(body.texts)}.")
    if any(not text.strip() or len(text) > MAX_INPUT for text in body.texts):
        raise QuestionError(f"Each text must have 1 to {MAX_INPUT:,} characters.")
    if body.dimensions not in (None, dimensions):
        raise QuestionError(f"The vectors have {dimensions} dimensions; leave out `dimensions`.")
