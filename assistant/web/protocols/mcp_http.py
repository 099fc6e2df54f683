"""The MCP server at `/mcp` of the HTTP server: its streamable form, without sessions.

Every request stands for itself, so no client holds a place, and none goes on with what another began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import anyio
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.core.deadline import Deadline
from assistant.core.errors import ConfigError
from assistant.core.types import AddResult, Answer, Document, DocumentInfo, Source
from assistant.web.access.noting import note
from assistant.web.conversations import meant
from assistant.web.protocols import mcp_server
from assistant.web.protocols.searching import search
from assistant.web.uploads import on_disconnect

PATH = "/mcp"
POSTED = "Send messages of the Model Context Protocol here with POST; there are no sessions and no streams."


class Endpoint:
    """An ASGI app. The SDK is loaded at the first request."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            refusal = JSONResponse({"error": POSTED}, 405, {"Allow": "POST"})
            await refusal(scope, receive, send)
            return
        request = Request(scope, receive)
        body, asked = await request.body(), _Asked(self._assistant, request, self._assistant.deadline())
        try:
            served = await to_thread.run_sync(_app, asked)
        except ConfigError as fault:
            await JSONResponse({"error": fault.message}, 501)(scope, receive, send)
            return
        # The task group of the SDK lives as long as the request.
        async with (
            on_disconnect(request, asked.until.withdraw),
            served.router.lifespan_context(served),
        ):
            await served(scope, _replayed(body), send)


@dataclass(frozen=True)
class _Asked:
    """The store as one request sees it: a conversation of a browser is nobody else's."""

    assistant: Assistant
    request: Request
    until: Deadline

    def ask(self, question: str, conversation: str | None = None) -> Answer:
        if conversation:
            conversation = meant(self.assistant, self.request, conversation)
        note(self.request, "asked")
        return self.assistant.ask(question, conversation, until=self.until)

    def list(self) -> list[DocumentInfo]:
        return self.assistant.list()

    def show(self, document_id: str) -> Document:
        return self.assistant.show(document_id)

    def add(self, sources: Iterable[Source]) -> Iterator[AddResult]:
        return self.assistant.add(sources)


def _app(asked: _Asked) -> Starlette:
    """Return the SDK's app for one request.

    Raises:
        ConfigError: the SDK is not installed.
    """
    made = mcp_server.make_server(asked, lambda question, limit: search(asked.assistant, question, limit))
    from mcp.server.transport_security import TransportSecuritySettings

    return made.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        # `security.Guard` has checked the host and the origin.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )


def _replayed(body: bytes) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        if (message := next(messages, None)) is not None:
            return message
        await anyio.sleep_forever()
        raise AssertionError

    return receive
