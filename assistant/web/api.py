"""The JSON API: questions, documents and their names, the state of the store."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict
from functools import partial
from pathlib import PurePath
from typing import Annotated
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.core.errors import (
    FAULT,
    AccountError,
    AssistantError,
    ConfigError,
    FetchError,
    ModelError,
    NotFound,
    QuestionError,
    ReadError,
    StoreBusy,
    StoreUnreachable,
    Withdrawn,
)
from assistant.core.limits import MAX_DOCUMENTS, MAX_SOURCE, MAX_TAGS
from assistant.core.scope import Scope
from assistant.core.serialization import Json
from assistant.core.types import AddResult, ProgressStep, Source, Status
from assistant.store.lists import following
from assistant.store.lists.remotes import Remotes, Taken
from assistant.web import events
from assistant.web.access.door import is_stranger
from assistant.web.access.noting import about
from assistant.web.conversations import meant
from assistant.web.settings import model
from assistant.web.uploads import LIMITS, Limits, Uploads, on_disconnect, while_there

STATUS: dict[type[AssistantError], int] = {
    NotFound: 404,
    ReadError: 422,
    QuestionError: 422,
    ConfigError: 422,
    FetchError: 502,
    ModelError: 502,
    StoreBusy: 503,
    StoreUnreachable: 503,
    Withdrawn: 503,
    AccountError: 422,
}
"""The HTTP status of each error; 500 for others."""
NAMELESS = "Name the document with ?source=, or give its address with ?url=, but not both."
MERIT: tuple[Status, ...] = ("added", "updated", "unchanged")
"""The status of an archive is the first of these that a document in it has."""
GONE = 499
"""The status after a client has left, as in nginx; nobody reads it."""
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}
"""The policy for originals: nothing in them runs, however a browser interprets them."""


class Question(BaseModel):
    """The body of POST /api/ask."""

    question: str
    conversation: str | None = None
    documents: list[str] = Field([], max_length=MAX_DOCUMENTS)
    """Ids of the only documents to search; empty for all."""
    within: list[str] = Field([], alias="in", max_length=MAX_DOCUMENTS)
    """Folders, files or hosts whose documents alone are searched."""
    since: str = ""
    """A year, month or day: only documents of that time on are searched."""
    tags: list[str] = Field([], max_length=MAX_TAGS)
    """Tags: only documents that have one or more of them are searched."""


class Removal(BaseModel):
    """The body of POST /api/documents/remove."""

    ids: list[str]


class Tagging(BaseModel):
    """The body of POST /api/documents/tags: documents, the tags that they are given, and those taken away."""

    ids: list[str]
    add: list[str] = []
    remove: list[str] = []


class Unnaming(BaseModel):
    """The body of POST /api/sources/unname and of /api/rejected/dismiss."""

    sources: list[str]


class Follower(BaseModel):
    """The body of POST /api/following: a folder, and the process that follows it."""

    folder: Annotated[str, Field(max_length=MAX_SOURCE)]
    pid: Annotated[int, Field(ge=1, lt=2**31)]


class RemoteName(BaseModel):
    """The address of a followed source."""

    source: Annotated[str, Field(min_length=1, max_length=MAX_SOURCE)]


class RemoteItemForm(BaseModel):
    """An item that was taken from a source."""

    name: Annotated[str, Field(max_length=MAX_SOURCE)]
    version: Annotated[str, Field(max_length=MAX_SOURCE)]
    is_refused: bool = False


class RemoteItems(RemoteName):
    """The body of POST /api/remotes/items."""

    items: list[RemoteItemForm]


class RemoteItemNames(RemoteName):
    """The body of POST /api/remotes/forget."""

    names: list[str]


class RemoteRun(RemoteName):
    """The body of POST /api/remotes/runs."""

    counts: dict[Status, Annotated[int, Field(ge=0, lt=2**31)]]
    fault: str = Field("", max_length=MAX_SOURCE)


def add_to(
    served: FastAPI, assistant: Assistant, limits: Limits = LIMITS, *, is_private: bool = True
) -> None:
    """Add the routes and error handlers of the API to an app, private if only this machine reaches it, or
    whoever is logged in."""
    for routes in (
        _questions(assistant),
        _store(assistant),
        model.router(assistant, is_private),
        _documents(assistant),
        _remotes(assistant),
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
        question = serialization.asked(body.question)
        documents = body.documents
        if body.within or body.since or body.tags:
            part = Scope(tuple(documents), tuple(body.within), body.since, tuple(body.tags))
            documents = await run_in_threadpool(assistant.within, part)
        conversation = body.conversation
        if conversation:
            conversation = await run_in_threadpool(meant, assistant, request, conversation)
        # If the client leaves, no model continues for nobody.
        async with on_disconnect(request, until.withdraw):
            answer = await run_in_threadpool(assistant.ask, question, conversation, documents, until)
        return serialization.answer(answer)

    return routes


def _store(assistant: Assistant) -> APIRouter:
    routes = APIRouter(prefix="/api")
    # Threads of its own: questions may have taken all others.
    counting = CapacityLimiter(2)

    @routes.get("/health")
    async def health(request: Request) -> Json:
        if is_stranger(request):
            return {"status": "ok"}
        documents, _ = await to_thread.run_sync(assistant.library.ledger.counts, limiter=counting)
        return {"status": "ok", "documents": documents, "model": assistant.settings.model}

    @routes.get("/usage")
    def usage() -> Json:
        days = [asdict(row) for row in assistant.usage()]
        return {"daily_tokens": assistant.settings.daily_tokens, "days": days}

    @routes.post("/check")
    def check(repair: bool = False) -> Json:
        return serialization.health(assistant.check(repair))

    @routes.post("/rebuild")
    def rebuild() -> Json:
        return serialization.health(assistant.rebuild())

    return routes


def nothing() -> APIRouter:
    """Return the last routes of the API: otherwise Gradio would answer for unknown addresses."""
    routes = APIRouter(prefix="/api")

    @routes.api_route(
        "/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    def nothing(rest: str) -> None:
        raise HTTPException(404, f"There is nothing at /api/{rest} for this method.")

    return routes


def _documents(assistant: Assistant) -> APIRouter:
    routes = APIRouter(prefix="/api")

    @routes.get("/documents")
    def documents() -> list[Json]:
        return [serialization.entry(entry) for entry in assistant.list()]

    @routes.get("/documents/{document_id}")
    def show(document_id: str) -> Json:
        return serialization.document(assistant.show(document_id))

    @routes.get("/documents/{document_id}/original")
    def original(request: Request, document_id: str) -> Response:
        name = assistant.show(document_id).source
        about(request, name)
        headers = INERT | {"Content-Disposition": _attachment(name)}
        data = assistant.original(document_id)
        return Response(data, headers=headers, media_type="application/octet-stream")

    @routes.delete("/documents/{document_id}")
    def remove(request: Request, document_id: str) -> Json:
        entry = assistant.remove(document_id)
        about(request, entry.source)
        return serialization.entry(entry)

    @routes.post("/documents/{document_id}/read")
    def read_again(document_id: str) -> Json:
        return serialization.outcome(assistant.library.read_again(document_id))

    @routes.post("/documents/remove")
    def remove_all(request: Request, body: Removal) -> list[Json]:
        entries = assistant.remove_all(body.ids)
        about(request, *(entry.source for entry in entries))
        return [serialization.entry(entry) for entry in entries]

    @routes.post("/documents/tags")
    def tag(request: Request, body: Tagging) -> list[Json]:
        entries = assistant.tag(body.ids, body.add, body.remove)
        about(request, *(entry.source for entry in entries))
        return [serialization.entry(entry) for entry in entries]

    @routes.post("/sources/unname")
    def unname(request: Request, body: Unnaming) -> list[Json]:
        about(request, *body.sources)
        return [serialization.entry(entry) for entry in assistant.unname(body.sources)]

    @routes.get("/rejected")
    def rejected() -> list[Json]:
        return [asdict(rejection) for rejection in assistant.library.rejections.listed()]

    @routes.get("/following")
    def followed() -> list[Json]:
        return [asdict(each) for each in following.followed(assistant.library.ledger)]

    @routes.post("/following")
    def follow(body: Follower) -> Json:
        following.note(assistant.library.ledger, serialization.writable(body.folder), body.pid)
        return {"noted": serialization.writable(body.folder)}

    @routes.post("/rejected/dismiss")
    def dismiss(body: Unnaming) -> Json:
        return {"dismissed": assistant.library.rejections.dismiss(body.sources)}

    return routes


def _remotes(assistant: Assistant) -> APIRouter:
    routes = APIRouter(prefix="/api/remotes")
    remotes = Remotes(assistant.library.ledger.engine)

    @routes.get("")
    def runs() -> list[Json]:
        return [asdict(run) for run in remotes.runs()]

    @routes.get("/items")
    def items(source: Annotated[str, Query(min_length=1, max_length=MAX_SOURCE)]) -> list[Json]:
        kept = remotes.taken(serialization.writable(source))
        return [{"name": name, **asdict(taken)} for name, taken in kept.items()]

    @routes.post("/items")
    def note(body: RemoteItems) -> Json:
        taken = {
            serialization.writable(item.name): Taken(serialization.writable(item.version), item.is_refused)
            for item in body.items
        }
        remotes.note(serialization.writable(body.source), taken)
        return {"noted": len(taken)}

    @routes.post("/forget")
    def forget(body: RemoteItemNames) -> Json:
        names = list(map(serialization.writable, body.names))
        remotes.forget(serialization.writable(body.source), names)
        return {"forgotten": len(names)}

    @routes.post("/runs")
    def ended(body: RemoteRun) -> Json:
        fault = serialization.writable(body.fault)
        remotes.ended(
            serialization.writable(body.source),
            {str(status): number for status, number in body.counts.items()},
            fault,
        )
        return {"noted": serialization.writable(body.source)}

    return routes


def _attachment(source: str) -> str:
    """Return a header that saves the file under the last part of its name, in any characters (RFC 6266)."""
    name = PurePath(source.split("?")[0].replace("\\", "/")).name or "document"
    return f"attachment; filename*=UTF-8''{quote(serialization.writable(name), safe='')}"


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
        async with AsyncExitStack() as stack:
            if source:
                document = await stack.enter_async_context(uploads.received(request, source))
            async with while_there(request) as gone:
                if url:
                    document = await stack.enter_async_context(uploads.fetched(url))
                await stack.enter_async_context(uploads.turn(document))
                if "text/event-stream" not in request.headers.get("accept", ""):
                    outcomes = await run_in_threadpool(_add, assistant, document, gone)
                    return JSONResponse(_summarise(document.name, outcomes))
                return events.reply(partial(_add_with_events, assistant, document), stack.pop_all())
        return Response(status_code=GONE)

    return routes


def _add(assistant: Assistant, document: Source, gone: threading.Event) -> list[AddResult]:
    """Add a document and return the results, up to the moment when the client leaves."""
    outcomes: list[AddResult] = []

    def go_on(step: ProgressStep) -> None:
        if gone.is_set():
            raise events.Gone

    with suppress(events.Gone):
        outcomes.extend(assistant.add([document], go_on))
    return outcomes


def _add_with_events(assistant: Assistant, document: Source, tell: events.Tell) -> None:
    def on_step(step: ProgressStep) -> None:
        tell("step", serialization.step(step))

    for outcome in assistant.add([document], on_step):
        tell("outcome", serialization.outcome(outcome))


def _summarise(name: str, outcomes: Sequence[AddResult]) -> Json:
    """Return the result of a document, or those of the documents in an archive as one."""
    if [outcome.source for outcome in outcomes] == [name]:
        return serialization.outcome(outcomes[0])
    statuses = [outcome.status for outcome in outcomes]
    status: Status = next((status for status in MERIT if status in statuses), "rejected")
    rejected = statuses.count("rejected")
    reason = f"{rejected} of the {len(statuses)} documents in it were rejected." if rejected else None
    whole = AddResult(name, status, passages=sum(outcome.passages for outcome in outcomes), reason=reason)
    return serialization.outcome(whole) | {
        "members": [serialization.outcome(outcome) for outcome in outcomes]
    }


def _known(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, AssistantError)
    return JSONResponse({"error": fault.message}, status_of(fault))


def status_of(fault: AssistantError) -> int:
    """Return the HTTP status of an error."""
    return next((STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS), 500)


def _malformed(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    first = fault.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    message = f"The request is malformed: {where + ': ' if where else ''}{first['msg']}."
    return JSONResponse({"error": message}, 422)


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
