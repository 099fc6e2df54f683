"""The door of a server that others reach: who is not logged in gets no further than the login page.

`security.Guard` sends each request through here, once it has checked its host and its origin.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope, Send

from assistant.core.errors import AssistantError
from assistant.text.wording import wanted
from assistant.users.audit import Noting
from assistant.users.roles import OWNER, Visitor, may, owner
from assistant.web import browsers
from assistant.web.access import noting, permissions
from assistant.web.access.keys import NO_ORIGIN, NOTHING, PAGES, Keys, bearer, has_origin
from assistant.web.access.pages import Pages
from assistant.web.widget import frame

PATHS = ("/login", "/logout")
NO_LOGIN = (
    "Log in first: in a browser at /login, from a program with a token, as in “Authorization: Bearer …”."
)
NO_RIGHT = "This takes the role {least}; you have the role {role}. Ask whoever manages the users."
MOST_PAGES = 10_000
"""Pages of which it is remembered whose they are."""
READING = ("GET", "HEAD")


class Door:
    """The check of every request of a server that others reach."""

    def __init__(self, keys: Keys, widget_origins: str = "") -> None:
        self.pages = Pages(keys)
        self._keys = keys
        self._widget_origins = widget_origins
        # Threads of its own: questions may have taken all others.
        self._threads = CapacityLimiter(4)
        self._gradio: OrderedDict[str, str] = OrderedDict()

    def holds(self, scope: Scope, session: str) -> bool:
        """Return True if a session of Gradio is of the visitor of this request, as one is that nobody has:
        its name is chosen by a browser, and who guesses it would read what another is answered."""
        user: str = scope["state"]["visitor"].user
        holder = self._gradio.setdefault(session, user)
        self._gradio.move_to_end(session)
        if len(self._gradio) > MOST_PAGES:
            self._gradio.popitem(last=False)
        return holder == user

    async def admit(self, scope: Scope) -> Scope | Response:
        """Return a request with its visitor, or the response that refuses it."""
        method, path = scope["method"], scope["path"]
        try:
            visitor, by_cookie = await to_thread.run_sync(
                self._visitor, Headers(scope=scope), limiter=self._threads
            )
        except AssistantError as fault:
            return _refused(path, 503, fault.message)
        least = permissions.least(method, path)
        if least != "open":
            if visitor is None:
                return self._unknown(scope)
            if least is None:
                return _refused(path, 404, NOTHING)
            if not may(visitor.role, least):
                return _refused(path, 403, NO_RIGHT.format(least=least, role=visitor.role))
        if by_cookie and method not in READING and not has_origin(Headers(scope=scope)):
            return _refused(path, 403, NO_ORIGIN)
        known = {"visitor": visitor, noting.KEY: Noting(self._keys.audit, visitor)}
        return {**scope, "state": {**scope.get("state", {}), **known}}

    def noted(self, scope: Scope, send: Send) -> Send:
        """Return what sends the response of an admitted request, and notes what was done."""
        return noting.noted(scope, send, self._threads)

    def _visitor(self, headers: Headers) -> tuple[Visitor | None, bool]:
        """Return who sent these headers, and whether a cookie says so. A token that is sent counts alone."""
        if (token := bearer(headers)) is not None:
            return (OWNER if self._keys.is_owners(token) else self._keys.login.tokens.visitor(token)), False
        token = self._keys.session(headers)
        return (self._keys.login.sessions.visitor(token) if token else None), True

    def _unknown(self, scope: Scope) -> Response:
        path, headers = scope["path"], Headers(scope=scope)
        if path == frame.FRAME:
            say = wanted(headers.get("accept-language"))
            return frame.closed(say, self._widget_origins)
        is_page = path == "/" or path.startswith(PAGES)
        if is_page and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            query = scope["query_string"].decode("latin-1")
            wish = path if not query else f"{path}?{query}"
            return RedirectResponse("/login" if wish == "/" else f"/login?next={quote(wish, safe='')}", 303)
        return _refused(path, 401, NO_LOGIN)


def visitor_of(request: Any) -> Visitor | None:
    """Return who sent a request, a browser's or an event's of Gradio; None where no login is demanded."""
    found: Visitor | None = getattr(request.state, "visitor", None)
    return found


def owner_of(request: Any) -> str:
    """Return the name under which the ledger knows whose conversations a request means: those of the user
    where a login is demanded, elsewhere those of the browser; empty for programs without either."""
    if not hasattr(request.state, "visitor"):
        return browsers.owner(dict(request.headers))
    visitor: Visitor | None = request.state.visitor
    return owner(visitor.user) if visitor and visitor.user else ""


def is_stranger(request: Any) -> bool:
    """Return True if a login is demanded, and a request came without one."""
    return hasattr(request.state, "visitor") and request.state.visitor is None


def _refused(path: str, status: int, message: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if path.startswith("/v1/"):
        told = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        return JSONResponse({"error": told}, status, headers)
    return JSONResponse({"error": message}, status, headers)
