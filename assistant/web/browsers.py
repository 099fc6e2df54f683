"""Tells the browsers of visitors apart by a cookie, so that each has conversations of its own.

There are no users yet. The cookie is a random number that no script can read and no other site can send
along; the ledger has only its hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

COOKIE = "cited-browser"
MAX_AGE = 400 * 86_400
"""Seconds; browsers keep no cookie for longer. It begins anew whenever the page is opened."""
_TOKEN = re.compile(r"[0-9a-f]{32}")


def token(headers: Mapping[str, str]) -> str | None:
    """Return the token of the browser that sent these headers, if it has one."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    value = cookies[COOKIE].value if COOKIE in cookies else ""
    return value if _TOKEN.fullmatch(value) else None


def owner(headers: Mapping[str, str]) -> str:
    """Return the name under which the ledger knows this browser; empty for a client without the cookie."""
    known = token(headers)
    return hashlib.sha256(known.encode()).hexdigest() if known else ""


def passed_on(headers: Mapping[str, str]) -> str | None:
    """Return the `Cookie` header with our cookie alone, None if there is none."""
    known = token(headers)
    return f"{COOKIE}={known}" if known else None


def set_cookie(headers: Mapping[str, str], *, secure: bool) -> str:
    """Return the `Set-Cookie` header that keeps the token of this browser, or gives it one."""
    known = token(headers) or secrets.token_hex(16)
    # Lax and not Strict: a link to the page in a mail would come without the cookie, and get a new one.
    limits = f"Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
    return f"{COOKIE}={known}; {limits}"
