"""The HTTP API of a browser's own conversations: listed, found, named, judged, exported, deleted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from assistant.assistant import Assistant
from assistant.core import limits, serialization
from assistant.core.errors import NotFound
from assistant.core.limits import MAX_QUESTION
from assistant.core.serialization import Json
from assistant.core.types import Citation, KeptTurn
from assistant.text.marks import unmarked
from assistant.users.roles import is_user
from assistant.web.access.door import owner_of
from assistant.web.asking import Asking

MAX_NAME = 200
"""Characters of a name that a person gives a conversation."""
UNKNOWN = "There is no such conversation in this browser. It may have been deleted, or begun in another one."
GONE = "This answer was removed with a document that it quoted. Ask again."
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}
Form = Literal["markdown", "json"]
MEDIA = {"markdown": ("text/markdown", "md"), "json": ("application/json", "json")}


class Change(BaseModel):
    """Body of PATCH /api/conversations/{id}: what stays None is left as it is."""

    name: Annotated[str | None, Field(max_length=MAX_NAME)] = None
    pinned: bool | None = None


class Verdict(BaseModel):
    """Body of POST /api/conversations/{id}/turns/{number}/verdict; None takes it back."""

    verdict: Literal["good", "bad"] | None


def router(assistant: Assistant, asking: Asking) -> APIRouter:
    """Return the routes below /api/conversations."""
    routes = APIRouter(prefix="/api/conversations")
    kept = assistant.library.ledger.conversations

    @routes.get("")
    def listed(request: Request, query: Annotated[str, Query(max_length=MAX_QUESTION)] = "") -> list[Json]:
        owner = owner_of(request)
        return [asdict(info) for info in kept.listed(owner, query)] if owner else []

    @routes.patch("/{ident}")
    def change(request: Request, ident: str, body: Change) -> Json:
        require_own(assistant, request, ident)
        name = None if body.name is None else serialization.writable(" ".join(body.name.split()))
        kept.change(ident, name, body.pinned)
        return {"changed": ident}

    @routes.delete("/{ident}")
    def delete(request: Request, ident: str) -> Json:
        require_own(assistant, request, ident)
        if running := asking.running(ident):
            running.withdraw()
        assistant.library.delete_conversations(ident)
        return {"deleted": ident}

    @routes.post("/{ident}/stop")
    def stop(request: Request, ident: str) -> Json:
        require_own(assistant, request, ident)
        running = asking.running(ident)
        if running:
            running.withdraw()
        return {"stopped": running is not None}

    @routes.post("/{ident}/turns/{number}/verdict")
    def judge(request: Request, ident: str, number: int, body: Verdict) -> Json:
        require_own(assistant, request, ident)
        if number not in {turn.number for turn in kept.kept(ident)}:
            raise NotFound(GONE)
        kept.judge(number, body.verdict)
        return {"verdict": body.verdict}

    @routes.get("/{ident}/export")
    def export(request: Request, ident: str, form: Form = "markdown") -> Response:
        require_own(assistant, request, ident)
        turns, name = kept.kept(ident), kept.name(ident)
        media_type, suffix = MEDIA[form]
        text = to_markdown(name, turns) if form == "markdown" else to_json(name, turns)
        headers = INERT | {"Content-Disposition": f"attachment; filename*=UTF-8''{_file_name(name)}.{suffix}"}
        return Response(text, headers=headers, media_type=media_type)

    return routes


def require_own(assistant: Assistant, request: Request, ident: str) -> None:
    """Check that a conversation belongs to the browser that sent a request.

    Raises:
        NotFound: it is not one of this browser.
    """
    owner = owner_of(request)
    if not owner or assistant.library.ledger.conversations.owner(ident) != owner:
        raise NotFound(UNKNOWN)


def meant(assistant: Assistant, request: Request, ident: str) -> str:
    """Return the conversation that a visitor means by a name.

    It is nobody's, as those of programs are, or of the browser that sent the request. A user has names of
    their own: what another user calls alike is another conversation, and nobody learns that there is one.

    Raises:
        NotFound: it is of another browser.
    """
    kept, asking = assistant.library.ledger.conversations, owner_of(request)
    owner = kept.owner(limits.conversation(ident))
    if is_user(asking) and owner != asking:
        own = hashlib.sha256(f"{asking} {ident}".encode()).hexdigest()[:32]
        kept.claim(own, asking)
        return own
    if owner not in (None, asking):
        raise NotFound(UNKNOWN)
    return ident


def to_json(name: str, turns: Sequence[KeptTurn]) -> str:
    """Return a conversation in the form of the API."""
    rows = [{"at": kept.at, **serialization.turn(kept.turn), "verdict": kept.verdict} for kept in turns]
    return json.dumps({"name": name, "turns": rows}, ensure_ascii=False, indent=2)


def to_markdown(name: str, turns: Sequence[KeptTurn]) -> str:
    """Return a conversation as Markdown, each answer with its references."""
    return "\n".join([f"# {_line(name)}", *(line for kept in turns for line in _turn_lines(kept))]) + "\n"


def _turn_lines(kept: KeptTurn) -> Iterator[str]:
    answer = kept.turn.answer
    yield from ("", f"## {_line(kept.turn.question)}", "", answer.text)
    if answer.citations:
        yield ""
        yield from map(_reference, answer.citations)


def _reference(citation: Citation) -> str:
    page = "" if citation.page is None else f", page {citation.page}"
    return (
        f"{citation.number}. {_line(citation.title)}{page}: “{unmarked(citation.quote)}” ({citation.source})"
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _file_name(name: str) -> str:
    """Return the first words of a name, in any characters (RFC 6266)."""
    words = "".join(character if character.isalnum() else " " for character in name).split()
    return quote("-".join(words)[:60] or "conversation", safe="")
