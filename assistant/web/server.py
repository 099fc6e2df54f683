"""The HTTP server: the JSON API, source pages and the chat page at one address."""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePath
from urllib.parse import urlsplit

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from assistant.assistant import Assistant
from assistant.core import deadline
from assistant.core.endpoint import is_loopback
from assistant.core.errors import ConfigError, NotFound, StoreError
from assistant.core.limits import MAX_HEADERS
from assistant.text import sources
from assistant.text.wording import wanted
from assistant.users import accounts
from assistant.users.audit import Audit
from assistant.users.login import Login
from assistant.web import api, conversations, openapi, page, suggestions
from assistant.web import evaluation_api as routes
from assistant.web.access import users_api
from assistant.web.access.door import Door
from assistant.web.access.keys import Keys
from assistant.web.asking import Asking
from assistant.web.connections import Connection
from assistant.web.delivery import pdf_pages
from assistant.web.delivery.files import MEDIA_TYPES, PLACES, bundle_of
from assistant.web.protocols import mcp_http, openai, searching
from assistant.web.security import Guard
from assistant.web.suggestions import Suggestions
from assistant.web.uploads import LIMITS, Limits
from assistant.web.visitors import overview, sharing
from assistant.web.widget import frame

NOTHING = "There is nothing at this address."
OPEN = (
    "Served on {host}, whoever is logged in asks and reads over the network unencrypted, and passwords pass "
    "unencrypted too. A proxy with TLS is better: ASSISTANT_PUBLIC_URL."
)
NOBODY = "Others can reach this server, and nobody could log in; first: assistant users add NAME --role admin"
CLOSING = 3
"""Seconds for running requests to finish when the server stops."""


def app(
    assistant: Assistant, host: str = "127.0.0.1", limits: Limits = LIMITS, keys: Keys | None = None
) -> FastAPI:
    """Return the server as an ASGI app. It is bound to `host` and answers to it and to localhost.

    Where others than this machine reach it, a login is demanded; `keys` tells how.
    """
    served = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    public_url = assistant.settings.public_url
    is_private = not is_reached(host, public_url)
    keys = keys or keys_of(assistant)
    api.add_to(served, assistant, limits, is_private=not is_private or not public_url)
    served.include_router(routes.router(assistant))
    asking = Asking(assistant)
    served.include_router(conversations.router(assistant, asking))
    served.include_router(frame.router(assistant))
    served.include_router(suggestions.router(assistant, Suggestions(assistant)))
    served.include_router(overview.router(assistant))
    served.include_router(sharing.router(assistant))
    served.include_router(openai.router(assistant))
    served.include_router(searching.router(assistant))
    served.router.routes.append(Route(mcp_http.PATH, mcp_http.Endpoint(assistant)))
    served.include_router(users_api.router(assistant, keys, is_private=is_private))
    served.include_router(openapi.router(served))
    served.include_router(api.nothing())
    served.include_router(_pages(assistant))
    served.include_router(pdf_pages.router(assistant))
    admitted = page.mount(served, assistant, asking)
    door = None if is_private else Door(keys, " ".join(assistant.settings.widget_origins))
    served.add_middleware(Guard, host=host, admitted=admitted, public_url=public_url, door=door)
    return served


def is_reached(host: str, public_url: str | None) -> bool:
    """Return True if others than this machine reach a server on `host`, or the proxy before it."""
    outside = urlsplit(public_url).hostname if public_url else None
    return not is_loopback(host) or not is_loopback(outside or host)


def keys_of(assistant: Assistant, owner: str = "") -> Keys:
    """Return how a server is entered; `owner` is the key that is told in the home folder alone.

    Raises:
        AccountError: ASSISTANT_USERS is malformed.
    """
    login = Login(assistant.library.ledger.engine)
    login.accounts.keep(accounts.entries(assistant.settings.users))
    audit = Audit(assistant.library.ledger.engine, assistant.settings.log_days)
    return Keys(login, owner, audit, assistant.settings.public_url)


def _pages(assistant: Assistant) -> APIRouter:
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/source/{document_id}")
    def source(
        request: Request, document_id: str, start: int = 0, end: int = 0, also: pdf_pages.Also = ""
    ) -> HTMLResponse:
        fragment = request.headers.get("x-fragment")
        say = wanted(request.headers.get("accept-language"))
        try:
            document = assistant.show(document_id)
        except NotFound as fault:
            if fragment:
                raise NotFound(say("source.removed")) from fault
            return HTMLResponse(sources.removed_page(say), 404)
        others = pdf_pages.spans(also)
        if fragment == "card":
            return HTMLResponse(sources.card_html(document, start, end, say))
        if fragment:
            first = fragment == "first"
            return HTMLResponse(sources.source_html(document, start, end, others, say, first=first))
        return HTMLResponse(sources.source_page(document, start, end, others, say))

    @routes.get("/page/{name}")
    def file(name: str) -> FileResponse:
        if name not in PLACES:
            raise HTTPException(404, NOTHING)
        return FileResponse(PLACES[name], media_type=MEDIA_TYPES[PLACES[name].suffix])

    @routes.get("/page/v/{version}/{name}")
    def bundled(version: str, name: str) -> Response:
        found = bundle_of(version)
        if found is None or name not in found.files:
            raise HTTPException(404, NOTHING)
        return Response(found.files[name], media_type=MEDIA_TYPES[PurePath(name).suffix])

    return routes


def require_allowed(host: str) -> None:
    """Check that only this machine can reach a server on `host`.

    Raises:
        ConfigError: others can reach it too, so that passwords would pass the network unencrypted.
    """
    if not is_loopback(host):
        raise ConfigError(f"{OPEN.format(host=host)} To allow this, add --allow-network.")


def require_free(host: str, port: int) -> None:
    """Check that the server can listen there, before the slow opening of a store.

    Raises:
        StoreError: it cannot.
    """
    _listener(host, port).close()


def serve(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve until Ctrl-C or SIGTERM; print the address once it answers. Port 0 is any free port.

    Raises:
        StoreError: the server cannot listen on the address.
        ConfigError: a login is demanded, and there is no user.
    """
    keys = keys_of(assistant, secrets.token_hex(32))
    if is_reached(host, assistant.settings.public_url):
        if not keys.login.accounts.has_any():
            raise ConfigError(NOBODY)
        keys.login.passwords.prepare()
    listener = _listener(host, port)
    address = _address(host, listener.getsockname()[1])

    def on_start() -> None:
        assistant.lock.announce("assistant chat", address, keys.owner)
        print(f"The assistant answers at {address} (stop it with Ctrl-C).", flush=True)
        if not is_loopback(host):
            print(OPEN.format(host=host), flush=True)

    config = uvicorn.Config(
        app(assistant, host, keys=keys),
        http=Connection,
        # h11 limits a request line and headers that do not end; httptools does not.
        h11_max_incomplete_event_size=MAX_HEADERS,
        ws="none",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSING,
    )
    with listener, _stopping():
        _Server(config, on_start).run([listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Requests cut off by stopping are not errors.
        logging.getLogger("uvicorn.error").disabled = True
        deadline.withdraw_all()
        await super().shutdown(sockets)


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """End the block cleanly on Ctrl-C and SIGTERM.

    Uvicorn raises its stopping signal again at the end: the process would end before the store is closed.
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
            message = f"Port {port} is in use; stop its program, or choose another port with --port."
        else:
            message = f"{host}:{port} cannot be used ({fault.strerror}); choose another --host or --port."
        raise StoreError(message) from fault


def _address(host: str, port: int) -> str:
    """Return the address for a browser on this machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
