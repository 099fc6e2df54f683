"""The JSON API: questions, documents and their names, the state of the store."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import PurePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.core.deadline import Deadline
from assistant.core.errors import (
    FAULT,
    AssistantError,
    FetchError,
    ModelError,
    NotFound,
    QuestionError,
    ReadError,
    StoreBusy,
    Withdrawn,
)
from assistant.core.limits import MAX_DOCUMENTS, MAX_SOURCE
from assistant.core.serialization import Json
from assistant.core.types import Outcome, Source, Status, Step
from assistant.web import events
from assistant.web.uploads import LIMITS, Limits, Uploads, while_there

STATUS: dict[type[AssistantError], int] = {
    NotFound: 404,
    ReadError: 422,
    QuestionError: 422,
    FetchError: 502,
    ModelError: 502,
    StoreBusy: 503,
    Withdrawn: 503,
}
"""What each of our errors is in HTTP; 500 where not named."""
NAMELESS = "Name the document by ?source=, or give its address by ?url=, but not both."
MERIT: tuple[Status, ...] = ("added", "updated", "unchanged")
"""What became of an archive: the first of these that became of a document in it."""
GONE = 499
"""The status for a client that has gone, as nginx has it; nobody reads it."""
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}
"""For bytes that others made: whatever a browser takes them for, nothing in them runs."""


class Question(BaseModel):
    """The body of POST /api/ask."""

    question: str
    conversation: str | None = None
    documents: list[str] = Field([], max_length=MAX_DOCUMENTS)
    """Ids of the documents that alone are to be searched; all where there are none."""


class Removal(BaseModel):
    """The body of POST /api/documents/remove."""

    ids: list[str]


class Unnaming(BaseModel):
    """The body of POST /api/sources/unname."""

    sources: list[str]


def add_to(served: FastAPI, assistant: Assistant, limits: Limits = LIMITS) -> None:
    """Puts the API's routes, and how it tells of faults, into an app."""
    for routes in (
        _questions(assistant),
        _store(assistant),
        _documents(assistant),
        _adding(assistant, limits),
    ):
        served.include_router(routes)
    for fault, handler in _HANDLERS.items():
        served.add_exception_handler(fault, handler)


def _questions(assistant: Assistant) -> APIRouter:
    routes = APIRouter(prefix="/api")

    @routes.post("/ask")
    async def ask(request: Request, body: Question) -> Json:
        until = assistant.deadline()
        asked = serialization.asked(body.question)
        async with _withdrawn_when_gone(request, until):
            answer = await run_in_threadpool(assistant.ask, asked, body.conversation, body.documents, until)
        return serialization.answer(answer)

    return routes


@contextlib.asynccontextmanager
async def _withdrawn_when_gone(request: Request, until: Deadline) -> AsyncIterator[None]:
    """Withdraws the question of a caller who hangs up, so that no model goes on for nobody."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        until.withdraw()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _store(assistant: Assistant) -> APIRouter:
    routes = APIRouter(prefix="/api")

    @routes.get("/health")
    def health() -> Json:
        return {"status": "ok", "documents": len(assistant.list()), "model": assistant.settings.model}

    @routes.post("/check")
    def check(repair: bool = False) -> Json:
        return serialization.health(assistant.check(repair))

    @routes.post("/rebuild")
    def rebuild() -> Json:
        return serialization.health(assistant.rebuild())

    return routes


def nothing() -> APIRouter:
    """To be asked last of the API: otherwise Gradio would say in its own form that there is nothing."""
    routes = APIRouter(prefix="/api")

    @routes.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def nothing(rest: str) -> None:
        raise HTTPException(404, f"There is nothing at /api/{rest} for this method.")

    return routes


# -- documents ---------------------------------------------------------------------------------------


def _documents(assistant: Assistant) -> APIRouter:
    routes = APIRouter(prefix="/api")

    @routes.get("/documents")
    def documents() -> list[Json]:
        return [serialization.entry(entry) for entry in assistant.list()]

    @routes.get("/documents/{document_id}")
    def show(document_id: str) -> Json:
        return serialization.document(assistant.show(document_id))

    @routes.get("/documents/{document_id}/original")
    def original(document_id: str) -> Response:
        name = assistant.show(document_id).source
        headers = INERT | {"Content-Disposition": _attachment(name)}
        data = assistant.original(document_id)
        return Response(data, headers=headers, media_type="application/octet-stream")

    @routes.delete("/documents/{document_id}")
    def remove(document_id: str) -> Json:
        return serialization.entry(assistant.remove(document_id))

    @routes.post("/documents/remove")
    def remove_all(body: Removal) -> list[Json]:
        return [serialization.entry(entry) for entry in assistant.remove_all(body.ids)]

    @routes.post("/sources/unname")
    def unname(body: Unnaming) -> list[Json]:
        return [serialization.entry(entry) for entry in assistant.unname(body.sources)]

    return routes


def _attachment(source: str) -> str:
    """To be saved under the last part of the name, in a form that holds any characters (RFC 6266)."""
    name = PurePath(source.split("?")[0].replace("\\", "/")).name or "document"
    return f"attachment; filename*=UTF-8''{quote(serialization.writable(name), safe='')}"


# -- adding ------------------------------------------------------------------------------------------


def _adding(assistant: Assistant, limits: Limits) -> APIRouter:
    routes = APIRouter(prefix="/api")
    uploads = Uploads(limits)

    @routes.post("/documents", response_model=None)
    async def add(
        request: Request,
        source: Annotated[str | None, Query(min_length=1, max_length=MAX_SOURCE)] = None,
        url: Annotated[str | None, Query(min_length=1)] = None,
    ) -> Response:
        if (source is None) == (url is None):
            raise HTTPException(422, NAMELESS)
        async with AsyncExitStack() as held:
            if source:
                document = await held.enter_async_context(uploads.received(request, source))
            async with while_there(request) as gone:
                if url:
                    document = await held.enter_async_context(uploads.fetched(url))
                await held.enter_async_context(uploads.turn(document))
                if "text/event-stream" not in request.headers.get("accept", ""):
                    outcomes = await run_in_threadpool(_added, assistant, document, gone)
                    return JSONResponse(_summed(document.name, outcomes))
                return events.reply(partial(_tell_adding, assistant, document), held.pop_all())
        return Response(status_code=GONE)

    return routes


def _added(assistant: Assistant, document: Source, gone: threading.Event) -> list[Outcome]:
    """What became of it; what was taken in before the client has gone."""
    outcomes: list[Outcome] = []

    def go_on(step: Step) -> None:
        if gone.is_set():
            raise events.Gone

    with suppress(events.Gone):
        outcomes.extend(assistant.add([document], go_on))
    return outcomes


def _tell_adding(assistant: Assistant, given: Source, tell: events.Tell) -> None:
    def told(step: Step) -> None:
        tell("step", serialization.step(step))

    for outcome in assistant.add([given], told):
        tell("outcome", serialization.outcome(outcome))


def _summed(name: str, outcomes: Sequence[Outcome]) -> Json:
    """The one outcome of a document, or those of the documents in an archive as one."""
    if [outcome.source for outcome in outcomes] == [name]:
        return serialization.outcome(outcomes[0])
    found = [outcome.status for outcome in outcomes]
    status: Status = next((status for status in MERIT if status in found), "rejected")
    lost = found.count("rejected")
    reason = f"{lost} of the {len(found)} documents in it were rejected." if lost else None
    whole = Outcome(name, status, passages=sum(outcome.passages for outcome in outcomes), reason=reason)
    return serialization.outcome(whole) | {
        "members": [serialization.outcome(outcome) for outcome in outcomes]
    }


# -- faults ------------------------------------------------------------------------------------------


def _known(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, AssistantError)
    status = next((STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS), 500)
    return JSONResponse({"error": fault.message}, status)


def _malformed(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    first = fault.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    told = f"The request is not as it should be: {where + ': ' if where else ''}{first['msg']}."
    return JSONResponse({"error": told}, 422)


def _http(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, StarletteHTTPException)
    return JSONResponse({"error": fault.detail}, fault.status_code)


def _unknown(request: Request, fault: Exception) -> JSONResponse:
    return JSONResponse({"error": FAULT}, 500)


_HANDLERS = {
    AssistantError: _known,
    RequestValidationError: _malformed,
    StarletteHTTPException: _http,
    Exception: _unknown,
}
