"""Conversations shared by link: whoever has the link reads one, in another browser of the same server."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from assistant.assistant import Assistant
from assistant.core.serialization import Json
from assistant.text import turns
from assistant.text.wording import wanted
from assistant.web.conversations import require_own

PAGE = "/shared/{link}"


def router(assistant: Assistant) -> APIRouter:
    """Return the routes that make a link, take it back, and show what it opens."""
    routes = APIRouter()
    kept = assistant.library.ledger.conversations

    @routes.post("/api/conversations/{ident}/share")
    def share(request: Request, ident: str) -> Json:
        require_own(assistant, request, ident)
        return {"shared": kept.share(ident)}

    @routes.delete("/api/conversations/{ident}/share")
    def unshare(request: Request, ident: str) -> Json:
        require_own(assistant, request, ident)
        kept.unshare(ident)
        return {"shared": None}

    @routes.get(PAGE, response_class=HTMLResponse)
    def show(request: Request, link: str) -> HTMLResponse:
        say = wanted(request.headers.get("accept-language"))
        conversation = kept.shared(link)
        told = kept.kept(conversation) if conversation else []
        if conversation is None or not told:
            return HTMLResponse(turns.unshared_page(say), 404)
        return HTMLResponse(turns.shared_page(kept.name(conversation), told, say))

    return routes
