"""OpenAI's API: the assistant as a model for any client that speaks it.

The conversation is the client's: nothing of it is kept here. Sources are numbers in the text, a list at its
end, and annotations of the kind `url_citation`.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from starlette.concurrency import iterate_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.core.deadline import Deadline
from assistant.core.errors import FAULT, AssistantError
from assistant.core.serialization import Json
from assistant.core.types import Answer
from assistant.embedding.embedders import Role
from assistant.web.api import status_of
from assistant.web.protocols import forms
from assistant.web.protocols.transcript import Reference, Transcript
from assistant.web.uploads import on_disconnect

MODEL = "assistant"
EMBEDDING = "assistant-embedding"
SSE = "text/event-stream"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def router(assistant: Assistant) -> APIRouter:
    """Return the routes below /v1."""
    routes = APIRouter(prefix="/v1", route_class=_Route)

    @routes.get("/models")
    def models() -> Json:
        return {"object": "list", "data": [_model(MODEL), _model(EMBEDDING)]}

    @routes.get("/models/{name}")
    def model(name: str) -> Json:
        return _model(name)

    @routes.post("/chat/completions", response_model=None)
    async def completions(request: Request, body: forms.Completion) -> Response | Json:
        return await _Chat(assistant, request, body).reply()

    @routes.post("/responses", response_model=None)
    async def responses(request: Request, body: forms.Responding) -> Response | Json:
        return await _Response(assistant, request, body).reply()

    @routes.post("/embeddings")
    def embeddings(body: forms.Embedding) -> Json:
        return _embeddings(assistant, body)

    @routes.api_route("/{rest:path}", methods=METHODS, include_in_schema=False)
    def nothing(rest: str) -> Response:
        return JSONResponse(_error(f"There is nothing at /v1/{rest} for this method."), 404)

    return routes


class _Route(APIRoute):
    """A route whose errors have OpenAI's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                return await handle(request)
            except AssistantError as fault:
                return JSONResponse(_error(fault.message), status_of(fault))
            except StarletteHTTPException as fault:
                # A body that is no UTF-8, to begin with.
                return JSONResponse(_error(f"{fault.detail.rstrip('.')}."), fault.status_code)
            except RequestValidationError as fault:
                first = fault.errors()[0]
                where = ".".join(str(part) for part in first["loc"][1:])
                return JSONResponse(_error(f"The request is malformed: {where}: {first['msg']}."), 400)

        return handling


def _error(message: str) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": "assistant"}


# -- answers ---------------------------------------------------------------------------------------


class _Asking:
    """One request for an answer."""

    def __init__(self, assistant: Assistant, request: Request, messages: Sequence[forms.Message]) -> None:
        self._assistant = assistant
        self._request = request
        self._question, self._history = forms.conversation(messages)
        address = assistant.settings.public_url or str(request.base_url)
        self._transcript = Transcript(address.rstrip("/"))
        self._until: Deadline = assistant.deadline()
        self._last: Answer | None = None
        self._created = int(time.time())
        self._ident = uuid.uuid4().hex

    async def _whole(self) -> tuple[str, list[Reference]]:
        """Return the text of the answer with its references; a client that leaves ends the model's work."""
        async with on_disconnect(self._request, self._until.withdraw):
            answer = await run_in_threadpool(lambda: [*self._answers()][-1])
        text = self._transcript.text(answer)
        return text, self._transcript.references(text, answer)

    def _answers(self) -> Iterator[Answer]:
        for answer in self._assistant.continued(self._question, self._history, self._until):
            self._last = answer
            yield answer

    def _pieces(self) -> Iterator[str]:
        return self._transcript.grown(self._answers())

    def _streamed(self, events: Iterator[str]) -> Response:
        return StreamingResponse(self._watched(events), media_type=SSE)

    async def _watched(self, events: Iterator[str]) -> AsyncIterator[str]:
        """Yield the events; a client that leaves ends the model's work, and a fault is an event too."""
        try:
            async for event in iterate_in_threadpool(events):
                yield event
        except AssistantError as fault:
            yield _event(_error(fault.message))
        except Exception:
            yield _event(_error(FAULT))
            raise
        finally:
            self._until.withdraw()

    def _count(self, text: str) -> int:
        return self._assistant.embedder.count(text)

    def _counts(self, text: str) -> tuple[int, int]:
        """Return the tokens of the conversation and of the answer."""
        asked = [f"{turn.question}\n{turn.answer.text}" for turn in self._history]
        return self._count("\n".join([*asked, self._question])), self._count(text)


class _Chat(_Asking):
    """POST /v1/chat/completions."""

    def __init__(self, assistant: Assistant, request: Request, body: forms.Completion) -> None:
        super().__init__(assistant, request, body.messages)
        self._body = body

    async def reply(self) -> Response | Json:
        if self._body.stream:
            return self._streamed(self._events())
        text, references = await self._whole()
        annotations = [_chat_annotation(reference) for reference in references]
        message = {"role": "assistant", "content": text, "refusal": None, "annotations": annotations}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return self._form("chat.completion", [choice]) | {"usage": self._usage(text)}

    def _events(self) -> Iterator[str]:
        yield self._chunk({"role": "assistant", "content": ""})
        said = ""
        for piece in self._pieces():
            said += piece
            yield self._chunk({"content": piece})
        if self._last is not None and self._last.citations:
            references = self._transcript.references(said, self._last)
            yield self._chunk({"annotations": [_chat_annotation(reference) for reference in references]})
        yield self._chunk({}, "stop")
        if self._body.stream_options and self._body.stream_options.include_usage:
            yield _event(self._form("chat.completion.chunk", []) | {"usage": self._usage(said)})
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: Json, reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _event(self._form("chat.completion.chunk", [choice]))

    def _form(self, kind: str, choices: list[Json]) -> Json:
        return {
            "id": f"chatcmpl-{self._ident}",
            "object": kind,
            "created": self._created,
            "model": self._body.model,
            "choices": choices,
        }

    def _usage(self, text: str) -> Json:
        asked, told = self._counts(text)
        return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}


def _chat_annotation(reference: Reference) -> Json:
    place = {"start_index": reference.start, "end_index": reference.end}
    return {
        "type": "url_citation",
        "url_citation": place | {"url": reference.url, "title": reference.title},
    }


class _Response(_Asking):
    """POST /v1/responses, in its plain form: no tools, and nothing kept of earlier ones."""

    def __init__(self, assistant: Assistant, request: Request, body: forms.Responding) -> None:
        super().__init__(assistant, request, body.messages)
        self._body = body
        self._number = 0

    async def reply(self) -> Response | Json:
        if self._body.stream:
            return self._streamed(self._events())
        return self._form(*await self._whole())

    def _events(self) -> Iterator[str]:
        yield self._typed("response.created", response=self._form(None))
        place = {"output_index": 0, "item_id": self._item_id}
        yield self._typed("response.output_item.added", output_index=0, item=self._item(None))
        yield self._typed("response.content_part.added", content_index=0, part=_part("", []), **place)
        said = ""
        for piece in self._pieces():
            said += piece
            yield self._typed(
                "response.output_text.delta", content_index=0, delta=piece, logprobs=[], **place
            )
        references = self._transcript.references(said, self._last) if self._last else []
        part = _part(said, references)
        yield self._typed("response.output_text.done", content_index=0, text=said, logprobs=[], **place)
        yield self._typed("response.content_part.done", content_index=0, part=part, **place)
        yield self._typed("response.output_item.done", output_index=0, item=self._item(part))
        yield self._typed("response.completed", response=self._form(said, references))

    def _typed(self, kind: str, **data: Any) -> str:
        event = _event({"type": kind, "sequence_number": self._number, **data})
        self._number += 1
        return f"event: {kind}\n{event}"

    @property
    def _item_id(self) -> str:
        return f"msg_{self._ident}"

    def _item(self, part: Json | None) -> Json:
        status = "in_progress" if part is None else "completed"
        content = [] if part is None else [part]
        return {
            "type": "message",
            "id": self._item_id,
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _form(self, text: str | None, references: Sequence[Reference] = ()) -> Json:
        output = [] if text is None else [self._item(_part(text, references))]
        return {
            "id": f"resp_{self._ident}",
            "object": "response",
            "created_at": self._created,
            "status": "in_progress" if text is None else "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "model": self._body.model,
            "output": output,
            "parallel_tool_calls": False,
            "tool_choice": "none",
            "tools": [],
            "metadata": {},
            "temperature": None,
            "top_p": None,
            "usage": None if text is None else self._usage(text),
        }

    def _usage(self, text: str) -> Json:
        asked, told = self._counts(text)
        details = {
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        return details | {"input_tokens": asked, "output_tokens": told, "total_tokens": asked + told}


def _part(text: str, references: Sequence[Reference]) -> Json:
    annotations = [
        {
            "type": "url_citation",
            "start_index": reference.start,
            "end_index": reference.end,
            "url": reference.url,
            "title": reference.title,
        }
        for reference in references
    ]
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


def _event(data: Json) -> str:
    return f"data: {json.dumps(data)}\n\n"


# -- vectors ---------------------------------------------------------------------------------------


def _embeddings(assistant: Assistant, body: forms.Embedding) -> Json:
    forms.require_embeddable(body, assistant.embedder.dimensions)
    role: Role = "query" if body.input_type == "query" else "passage"
    vectors = assistant.embedder.embed([*map(serialization.writable, body.texts)], role)
    is_packed = body.encoding_format == "base64"
    rows = enumerate(_in_base64(vector) if is_packed else vector.tolist() for vector in vectors)
    data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in rows]
    tokens = sum(map(assistant.embedder.count, body.texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": body.model, "data": data, "usage": usage}


def _in_base64(vector: Any) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
