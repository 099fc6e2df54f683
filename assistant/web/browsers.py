"""Tells the browsers of visitors apart by a cookie, so that each has conversations of its own.

There are no users yet. The cookie is a random number that no script can read and no other site can send
along; the ledger has only its hash. A second cookie is set by the page itself: the language that its reader
chose by hand.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from assistant.text.wording import LANGUAGES

COOKIE = "cited-browser"
MAX_AGE = 400 * 86_400
"""Seconds; browsers keep no cookie for longer. It begins anew whenever the page is opened."""
LANGUAGE = "cited-language"
"""The cookie of the chosen language; `static/language.js` sets it."""
_TOKEN = re.compile(r"[0-9a-f]{32}")


def token(headers: Mapping[str, str]) -> str | None:
    """Return the token of the browser that sent these headers, if it has one."""
    value = cookie(headers, COOKIE)
    return value if _TOKEN.fullmatch(value) else None


def language(headers: Mapping[str, str]) -> str | None:
    """Return the language that was chosen by hand in this browser, if one was."""
    value = cookie(headers, LANGUAGE)
    return value if value in LANGUAGES else None


def cookie(headers: Mapping[str, str], name: str) -> str:
    """Return the value of a cookie, empty if it was not sent."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[name].value if name in cookies else ""


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
