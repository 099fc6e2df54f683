"""The login page, and what its form and the button to log out send."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from assistant.core.errors import LoginError
from assistant.text.html import text
from assistant.text.wording import Wording, wanted
from assistant.users.passwords import AT_ONCE, MOST
from assistant.users.roles import Visitor
from assistant.users.tokens import LONGEST
from assistant.web.access.keys import NO_ORIGIN, NOTHING, PAGES, Keys, address, has_origin

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
MOST_BYTES = 16_000
"""Bytes of what the form sends."""
WAITING = 64
"""Tries that are looked at, or wait for it, at once."""
_PLACE = re.compile(r"\{([a-z]+(?:\.[a-z-]+)?)\}")


@dataclass(frozen=True, slots=True)
class _Sent:
    name: str = ""
    password: str = ""


class Pages:
    """An ASGI app of /login and /logout."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._hashing = CapacityLimiter(AT_ONCE)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        reply = await self._reply(request)
        await reply(scope, receive, send)

    async def _reply(self, request: Request) -> Response:
        if request.method == "GET" and request.url.path == "/login":
            return self._page(request)
        if request.method != "POST":
            return JSONResponse({"error": NOTHING}, 404)
        if not has_origin(request.headers):
            return JSONResponse({"error": NO_ORIGIN}, 403)
        return await (self._enter(request) if request.url.path == "/login" else self._leave(request))

    async def _enter(self, request: Request) -> Response:
        sent = await _sent(request)
        if self._waiting >= WAITING:
            return self._page(request, "login.later", 503)
        self._waiting += 1
        try:
            token = await self._token(sent, address(request.scope, self._keys.public_url))
        except LoginError as fault:
            if fault.wait:
                return self._page(request, "login.slow", 429, seconds=math.ceil(fault.wait))
            await to_thread.run_sync(self._note, sent.name, "was refused")
            return self._page(request, "login.wrong", 401)
        finally:
            self._waiting -= 1
        await to_thread.run_sync(self._note, sent.name, "logged in")
        # Whatever the browser sent is no session any more: nobody can have chosen it for them.
        await to_thread.run_sync(self._keys.login.sessions.end, self._keys.session(request.headers))
        return self._with_cookie(RedirectResponse(_wish(request), 303), token, LONGEST)

    async def _token(self, sent: _Sent, place: str) -> str:
        login = self._keys.login
        await anyio.sleep(login.begin(sent.name, place))
        enter = partial(login.enter, sent.name, sent.password, place)
        return await to_thread.run_sync(enter, limiter=self._hashing)

    def _note(self, name: str, deed: str) -> None:
        """Note a login of a user. Other names are not noted: they may be passwords in the wrong field."""
        account = self._keys.login.accounts.find(name)
        if account:
            self._keys.audit.note(Visitor(account.id, account.name, account.role), deed)

    async def _leave(self, request: Request) -> Response:
        token, login = self._keys.session(request.headers), self._keys.login
        visitor = await to_thread.run_sync(login.sessions.visitor, token)
        await to_thread.run_sync(login.sessions.end, token)
        if visitor:
            await to_thread.run_sync(self._keys.audit.note, visitor, "logged out")
        return self._with_cookie(JSONResponse({"left": True}), "", 0)

    def _with_cookie(self, reply: Response, token: str, seconds: int) -> Response:
        # Lax and not Strict: a link to the page in a mail would ask to log in again.
        reply.set_cookie(
            self._keys.cookie,
            token,
            max_age=seconds,
            path="/",
            secure=self._keys.is_secure,
            httponly=True,
            samesite="lax",
        )
        return reply

    def _page(self, request: Request, fault: str = "", status: int = 200, **values: object) -> Response:
        say = wanted(request.headers.get("accept-language"))
        trouble = say(fault, **values) if fault else ""
        headers = {"Content-Security-Policy": POLICY}
        if "seconds" in values:
            headers["Retry-After"] = str(values["seconds"])
        return HTMLResponse(page(say, _wish(request), trouble), status, headers)


def page(say: Wording, wish: str = "/", trouble: str = "") -> str:
    """Return the login page in a language: where it leads to, and what went wrong before."""
    values = {
        "language": say.language,
        "direction": say.direction,
        "action": "/login" if wish == "/" else f"/login?next={quote(wish, safe='')}",
        "trouble": trouble,
        "hidden": "" if trouble else "hidden",
        "longest": str(MOST),
    }

    def filled(place: re.Match[str]) -> str:
        return text(values[place[1]] if place[1] in values else say(place[1]))

    return _PLACE.sub(filled, (Path(__file__).parent / "login.html").read_text("utf-8"))


def _wish(request: Request) -> str:
    """Return the address within this server to go to after the login."""
    wish = request.query_params.get("next", "/")
    try:
        parts = urlsplit(wish)
    except ValueError:
        return "/"
    is_within = parts.scheme == parts.netloc == "" and parts.path.startswith(PAGES)
    # Browsers take a backslash for a slash, and leave line breaks out.
    return wish if is_within and wish.isprintable() and "\\" not in wish else "/"


async def _sent(request: Request) -> _Sent:
    if int(Headers(scope=request.scope).get("content-length", "0")) > MOST_BYTES:
        return _Sent()
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return _Sent()
    return _Sent(fields.get("name", [""])[0], fields.get("password", [""])[0][: MOST + 1])
