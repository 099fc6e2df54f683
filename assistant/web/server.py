"""The HTTP server: a JSON API, the pages of sources, and the chat page, all at one address."""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse

from assistant.assistant import Assistant
from assistant.core import deadline
from assistant.core.errors import ConfigError, NotFound, StoreError
from assistant.core.limits import MAX_HEADERS
from assistant.evaluation.report import plots
from assistant.text import html
from assistant.web import api, page
from assistant.web import evaluation_api as routes
from assistant.web.admission import Admission
from assistant.web.connections import Connection
from assistant.web.security import Guard, is_loopback
from assistant.web.uploads import LIMITS, Limits

PAGE_FILES = {
    **{f"{name}.css": page.STATIC / f"{name}.css" for name in page.STYLES},
    **{f"{name}.js": page.STATIC / f"{name}.js" for name in page.SCRIPTS},
    "plots.css": plots.STYLE,
    "icon.svg": page.STATIC / "icon.svg",
}
PAGE_POLICY = (
    # Gradio builds its components with `Function()`, and sets style attributes. Scripts in the page itself
    # run only with this reply's nonce, so markup that slipped in could not bring its own.
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'"
)
OPEN = (
    "Served on {host}, everybody who reaches this machine over the network can ask, read, add and remove "
    "documents, without a password and unencrypted."
)
CLOSING = 3
"""Seconds that running requests are given when the server is stopped."""


# -- the app -----------------------------------------------------------------------------------------


def app(assistant: Assistant, host: str = "127.0.0.1", limits: Limits = LIMITS) -> FastAPI:
    """The server as an ASGI app. `host` is what it is bound to: it answers to that and to localhost."""
    served = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    api.add_to(served, assistant, limits)
    served.include_router(routes.router(assistant))
    served.include_router(api.nothing())
    served.include_router(_pages(assistant))
    admitted = _mount_chat(served, assistant)
    public_url = assistant.settings.public_url
    served.add_middleware(Guard, host=host, admitted=admitted, public_url=public_url)
    return served


def _pages(assistant: Assistant) -> APIRouter:
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/source/{document_id}")
    def source(request: Request, document_id: str, start: int = 0, end: int = 0) -> HTMLResponse:
        try:
            document = assistant.show(document_id)
        except NotFound as fault:
            if "x-fragment" in request.headers:
                raise
            return HTMLResponse(html.error_page(fault.message), 404)
        whole = html.source_html if "x-fragment" in request.headers else html.source_page
        return HTMLResponse(whole(document, start, end))

    @routes.get("/page/{name}")
    def file(name: str) -> FileResponse:
        if name not in PAGE_FILES:
            raise HTTPException(404, "There is nothing at this address.")
        return FileResponse(PAGE_FILES[name])

    return routes


def _mount_chat(served: FastAPI, assistant: Assistant) -> Admission:
    """Gradio's app at `/`, but for the page itself, which is sent with a policy of its own."""

    @served.get("/")
    def chat(request: Request) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        policy = {"Content-Security-Policy": PAGE_POLICY.format(nonce=nonce)}
        return HTMLResponse(mounted.shell(request, nonce), headers=policy)

    mounted = page.mount(served, assistant)
    return mounted.admitted


# -- serving -----------------------------------------------------------------------------------------


def require_allowed(host: str) -> None:
    """Nothing, where only this machine reaches a server on `host`.

    Raises:
        ConfigError: others reach it too; there are no users and no passwords yet.
    """
    if not is_loopback(host):
        raise ConfigError(f"{OPEN.format(host=host)} If that is meant, add --allow-network.")


def require_free(host: str, port: int) -> None:
    """Nothing, where the server could listen there; to be asked before the slow work of opening a store.

    Raises:
        StoreError: it could not.
    """
    _listener(host, port).close()


def serve(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serves until Ctrl-C or SIGTERM; prints the address once it answers. Port 0 takes any that is free.

    Raises:
        StoreError: the address cannot be listened on.
    """
    listener = _listener(host, port)
    address = _address(host, listener.getsockname()[1])

    def answering() -> None:
        assistant.lock.say("assistant chat", address)
        print(f"The assistant answers at {address} (stop it with Ctrl-C).", flush=True)
        if not is_loopback(host):
            print(OPEN.format(host=host), flush=True)

    config = uvicorn.Config(
        app(assistant, host),
        http=Connection,
        # h11 keeps no more of a line or of headers that do not end; httptools has no limit.
        h11_max_incomplete_event_size=MAX_HEADERS,
        ws="none",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSING,
    )
    with listener, _stopping():
        _Server(config, answering).run([listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, answering: Callable[[], None]) -> None:
        super().__init__(config)
        self._answering = answering

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._answering()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # What is cut off by stopping is no fault to be reported.
        logging.getLogger("uvicorn.error").disabled = True
        deadline.withdraw_all()
        await super().shutdown(sockets)


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block in peace.

    Uvicorn raises the signal that stopped it once more when it is done; by default that would end the process
    before the store is closed.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            told = f"Port {port} is taken; stop what uses it, or choose another with --port."
        else:
            told = f"{host}:{port} cannot be served on ({fault.strerror}); choose another --host or --port."
        raise StoreError(told) from fault


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
