"""What is done on a server that others reach is noted once it is done: by its route, as `roles.toml` says."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from starlette.types import Message, Scope, Send

from assistant.users.audit import Noting
from assistant.web.access import permissions

KEY = "noting"
"""The key of the log in the state of a request."""
ABOUT = "about"
"""The key of what a deed is about."""


def about(request: Any, *names: str) -> None:
    """Say what a request is about, for the log; by itself, it is what the address names."""
    setattr(request.state, ABOUT, ", ".join(names))


def note(request: Any, deed: str) -> None:
    """Note a deed of whoever sent a request, where a login is demanded."""
    noting: Noting | None = getattr(request.state, KEY, None)
    if noting:
        noting(deed)


def noted(scope: Scope, send: Send, threads: CapacityLimiter) -> Send:
    """Return what sends the response of a request, and notes at its end what was done."""
    found = permissions.deed(scope["method"], scope["path"])
    if found is None:
        return send
    deed, named = found
    is_done = False

    async def sending(message: Message) -> None:
        nonlocal is_done
        if message["type"] == "http.response.start":
            is_done = message["status"] < 400
        await send(message)
        if is_done and message["type"] == "http.response.body" and not message.get("more_body", False):
            is_done = False
            said = scope["state"].get(ABOUT) or named or _asked_for(scope)
            await to_thread.run_sync(scope["state"][KEY], deed, said, limiter=threads)

    return sending


def _asked_for(scope: Scope) -> str:
    """Return the document that the query names."""
    query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=100)
    return next((query[name][0] for name in ("source", "url") if name in query), "")
