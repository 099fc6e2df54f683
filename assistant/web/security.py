"""Checks every request before it is handled, and sets the security headers of every response.

Other web pages can send requests to this machine through the browser of a visitor, and can point their own
name to 127.0.0.1 (DNS rebinding). So the `Host` must be ours, and an `Origin` must equal the `Host`. Of
Gradio's addresses only those of our page are reachable, by `admission`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.core.errors import QuestionError
from assistant.core.limits import MAX_BODY, MAX_FIELDS, MAX_HEADERS
from assistant.ingest.files import MAX_BYTES
from assistant.web import admission, browsers
from assistant.web.access import door as access
from assistant.web.access.door import Door
from assistant.web.access.keys import NOTHING
from assistant.web.admission import JOIN, STREAM, Admission
from assistant.web.delivery.packing import FOR_EVER

WIDGET = "/widget.js"
"""The one address of ours whose content pages of other sites may load."""
OWN = ("/api/", "/v1/", "/source/", "/shared/", "/page/", "/widget/")
"""Prefixes of our own addresses."""
ALONE = frozenset({"/mcp", "/widget", WIDGET})
"""Our own addresses that have nothing below them; all others are Gradio's."""
UPLOAD = ("POST", "/api/documents")
PATIENTLY = 2 * MAX_BYTES
"""Bytes of a refused body that are read before the response; a longer body is cut off."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?", re.ASCII)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware. The server is bound to `host`; a proxy serves it at `public_url`. Where others reach
    it, `door` lets in who is logged in."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        admitted: Admission,
        public_url: str | None = None,
        door: Door | None = None,
    ) -> None:
        self._app = app
        self._host = host
        self._admitted = admitted
        self._public_url = public_url
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(send, scope))
        else:  # web sockets are not supported
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        scope = _in_chosen_language(scope, headers)
        login = self._door.pages if self._door and scope["path"] in access.PATHS else None
        refusal = (
            _overlong(scope)
            or self._foreign(headers)
            or (None if login else _misplaced(scope))
            or _oversized(scope, headers)
        )
        answered = refusal or login
        if answered:
            await answered(scope, receive, send)
            return
        admitted = await self._door.admit(scope) if self._door else scope
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
        else:
            await self._pass_on(admitted, receive, self._door.noted(admitted, send) if self._door else send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == JOIN:
            await self._join(scope, receive, send)
        elif scope["path"] == STREAM and self._is_anothers(scope, admission.session(scope["query_string"])):
            await _refused(404, NOTHING)(scope, receive, send)
        else:
            with _ignore_closed_page(scope["path"]):
                await self._app(_for_gradio(scope), receive, send)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        try:
            body = self._admitted.rewritten(body)
        except QuestionError as fault:
            await _refused(422, fault.message)(scope, receive, send)
            return
        if self._is_anothers(scope, json.loads(body)["session_hash"]):
            await _refused(404, NOTHING)(scope, receive, send)
            return
        await self._app(_for_gradio(scope, len(body)), _replay(body, receive), send)

    def _is_anothers(self, scope: Scope, session: str) -> bool:
        return self._door is not None and not self._door.holds(scope, session)

    def _foreign(self, headers: Headers) -> JSONResponse | None:
        host, origin = headers.get("host", "").lower(), headers.get("origin")
        if not is_ours(host, self._host) and host != self._public_host:
            return _refused(421, "This server does not answer for that host name; open it as localhost.")
        if origin is not None and _netloc(origin) != host and origin.lower() != self._public_url:
            return _refused(403, "Requests from pages of another site are refused.")
        return None

    @property
    def _public_host(self) -> str | None:
        return _netloc(self._public_url) if self._public_url else None


def _in_chosen_language(scope: Scope, headers: Headers) -> Scope:
    """Return the request with the language that was chosen by hand in place of those of the browser."""
    chosen = browsers.language(headers)
    if chosen is None:
        return scope
    others = [header for header in scope["headers"] if header[0].lower() != b"accept-language"]
    return {**scope, "headers": [*others, (b"accept-language", chosen.encode())]}


def _overlong(scope: Scope) -> JSONResponse | None:
    """Refuse long headers; the parser limits only the part received at once."""
    lines = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if lines + target > MAX_HEADERS or len(scope["headers"]) > MAX_FIELDS:
        return _refused(431, "The address and the headers of the request are too long.")
    return None


def _misplaced(scope: Scope) -> JSONResponse | None:
    method, path = scope["method"], scope["path"]
    if _is_own(path) or admission.is_read(method, path, scope["query_string"]):
        return None
    if (method, path, scope["query_string"]) == ("POST", JOIN, b""):
        return None
    return _refused(404, NOTHING)


def _is_own(path: str) -> bool:
    return path.startswith(OWN) or path in ALONE


def _oversized(scope: Scope, headers: Headers) -> JSONResponse | None:
    """Refuse large bodies; one of unknown length counts as large, as only uploads may have it."""
    if (scope["method"], scope["path"]) != UPLOAD and _length(headers) > MAX_BODY:
        return _refused(413, "The request is too large; send documents to /api/documents.")
    return None


def _length(headers: Headers) -> float:
    """Return the declared bytes of the body; infinity if unknown."""
    length = headers.get("content-length", "0")
    return float("inf") if "transfer-encoding" in headers or not length.isdecimal() else int(length)


def _refused(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


@contextlib.contextmanager
def _ignore_closed_page(path: str) -> Iterator[None]:
    """Ignore the 404 that Gradio raises in a response that has begun when its page was just closed."""
    try:
        yield
    except RuntimeError as fault:
        if path != STREAM or not isinstance(fault.__cause__, HTTPException):
            raise


def is_ours(host: str, bound: str) -> bool:
    """True if a `Host` header names this server, on any port.

    If bound to all addresses, it accepts numeric addresses and the name of the machine: no foreign name
    server can point these here.
    """
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return False
    name = match[1].strip("[]")
    if name in ("localhost", "127.0.0.1", "::1", bound.lower()):
        return True
    return bound in ("0.0.0.0", "::") and (_is_address(name) or name == socket.gethostname().lower())  # noqa: S104


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


async def _body(receive: Receive) -> bytes | None:
    """Return the body, limited by `_oversized`; None if the client left."""
    data = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        data += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(data)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replaying() -> Message:
        return next(messages, None) or await receive()

    return replaying


def _for_gradio(scope: Scope, length: int | None = None) -> Scope:
    """Return the request as passed to Gradio, with the headers that it should trust, and our cookie alone."""
    if _is_own(scope["path"]):
        return scope
    headers = [header for header in scope["headers"] if header[0].lower() in admission.HEADERS]
    if cookie := browsers.passed_on(Headers(scope=scope)):
        headers.append((b"cookie", cookie.encode()))
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    query = b"" if scope["path"] == "/" else scope["query_string"]
    return {**scope, "headers": headers, "query_string": query}


def _with_headers(send: Send, scope: Scope) -> Send:
    is_endless = _length(Headers(scope=scope)) > PATIENTLY

    async def answering(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", POLICY)
            is_there = message["status"] < 400
            headers.setdefault("Cache-Control", _caching(scope["path"]) if is_there else "no-store")
            headers.update(HEADERS)
            if scope["path"] in access.PATHS:
                # Without a referrer, browsers would not say from where the form was sent.
                headers["Referrer-Policy"] = "same-origin"
            if scope["path"] == WIDGET:
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if is_endless and message["status"] >= 400:
                headers["Connection"] = "close"
        await send(message)

    return answering


def _caching(path: str) -> str:
    """Removed documents must not remain in browser caches; files whose names have a hash may for ever."""
    if path.startswith(FOR_EVER):
        return "max-age=31536000, immutable"
    return "no-cache" if path.startswith(("/static/", "/page/")) else "no-store"
