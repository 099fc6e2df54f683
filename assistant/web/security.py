"""What stands before every request: whom it is for, what it may reach, what a browser may do with the reply.

A page on another site can send requests to this machine through its visitor's browser, and can make a name of
its own point to 127.0.0.1. So the `Host` must be ours, and the `Origin`, where there is one, must be the
`Host`. Of what Gradio serves only what our page asks for is let through: its routes for uploads, files by
address, proxies and monitoring are not.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHS = frozenset(
    {"/", "/theme.css"} | {f"/gradio_api/{name}" for name in ("startup-events", "app_id", "reset")}
)
FOLDERS = ("/api/", "/source/", "/page/", "/assets/", "/static/", "/gradio_api/queue/")
STREAM = "/gradio_api/queue/data"
UPLOAD = "/api/documents"
MAX_BODY = 1_000_000
"""Bytes that the body of a request may have, other than an upload's."""

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
    """ASGI middleware. `host` is what the server is bound to."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answering = _with_headers(send, scope["path"])
            refusal = self._refusal(scope)
            with _page_may_go(scope["path"]):
                await (refusal or self._app)(_without_forwarding(scope), receive, answering)
        else:  # a web socket: nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers, path = Headers(scope=scope), scope["path"]
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_ours(host, self._host):
            return _refused(421, "This server does not answer for that host name; open it as localhost.")
        if origin is not None and _netloc(origin) != host.lower():
            return _refused(403, "Requests from pages of another site are refused.")
        if path not in PATHS and not path.startswith(FOLDERS):
            return _refused(403, "This address is not served.")
        if path != UPLOAD and _is_too_large(headers):
            return _refused(413, "The request is too large; send documents to /api/documents.")
        return None


@contextlib.contextmanager
def _page_may_go(path: str) -> Iterator[None]:
    """Gradio raises a 404 into a stream that has begun where its page was left just then: no fault."""
    try:
        yield
    except RuntimeError as fault:
        if not path.startswith(STREAM) or not isinstance(fault.__cause__, HTTPException):
            raise


def is_ours(host: str, bound: str) -> bool:
    """Whether a `Host` header names this machine as the server knows itself. A port is not looked at.

    Bound to all addresses, it answers for any address in figures and for the machine's own name: neither can
    be made to point here by somebody else's name server.
    """
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return False
    name = found[1].strip("[]")
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


def _is_too_large(headers: Headers) -> bool:
    """A body of unknown length counts as too large: none of our clients sends one."""
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not length.isdigit() or int(length) > MAX_BODY


def _refused(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


def _without_forwarding(scope: Scope) -> Scope:
    """Gradio believes `X-Forwarded-Host` and would send the page to ask that host for everything."""
    kept = [header for header in scope["headers"] if not header[0].lower().startswith(b"x-forwarded-")]
    return {**scope, "headers": kept}


def _with_headers(send: Send, path: str) -> Send:
    async def answering(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", POLICY)
            headers.setdefault("Cache-Control", _caching(path))
            headers.update(HEADERS)
        await send(message)

    return answering


def _caching(path: str) -> str:
    """What is removed must be gone from browsers too; Gradio's files carry their version in their names."""
    if path.startswith("/assets/"):
        return "max-age=86400"
    return "no-cache" if path.startswith(("/static/", "/page/")) else "no-store"
