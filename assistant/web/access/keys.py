"""How a server that others reach is entered: cookies of sessions, the key of the home, addresses."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from assistant.core.endpoint import is_loopback
from assistant.users.audit import Audit
from assistant.users.login import Login
from assistant.web import browsers

NO_ORIGIN = "A browser says where such a request comes from; a program sends a token in place of a cookie."
NOTHING = "There is nothing at this address."
PAGES = ("/source/", "/shared/")
"""Beginnings of the addresses of pages, besides the chat, from which a browser is led to the login."""


@dataclass(frozen=True, slots=True)
class Keys:
    """How a server is entered: by login, and by the key that whoever has the home folder finds in it."""

    login: Login
    owner: str
    audit: Audit
    public_url: str | None = None

    @property
    def is_secure(self) -> bool:
        """True if browsers come by https."""
        return (self.public_url or "").startswith("https:")

    @property
    def cookie(self) -> str:
        """The name of the cookie of a session. By https, no page of a neighbouring host can set it."""
        return "__Host-cited-session" if self.is_secure else "cited-session"

    def is_owners(self, token: str | None) -> bool:
        """Return True if a token is the key of whoever has the home folder."""
        # An empty key is nobody's.
        return bool(self.owner and token) and secrets.compare_digest(
            (token or "").encode(), self.owner.encode()
        )

    def session(self, headers: Mapping[str, str]) -> str:
        """Return the token of the session of a browser, empty if it has none."""
        return browsers.cookie(headers, self.cookie)


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the token that a program sent, None if it sent none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def has_origin(headers: Mapping[str, str]) -> bool:
    """Return True if a browser says that a page of ours sent a request; the guard has checked an `Origin`."""
    return "origin" in headers or headers.get("sec-fetch-site") == "same-origin"


def address(scope: Scope, public_url: str | None) -> str:
    """Return the address from which a request comes: that which our proxy added last, where there is one."""
    client = HTTPConnection(scope).client
    peer = client.host if client else ""
    told = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip()
    return told if told and public_url and is_loopback(peer) else peer
