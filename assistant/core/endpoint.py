"""OpenAI-compatible endpoints: the same rules for addresses, keys, TLS and proxies wherever one is called."""

from __future__ import annotations

import ipaddress
import ssl
import time
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from assistant.core.errors import ConfigError

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent if no key is set: local servers need none, but the client insists on one."""


def require_url(url: str, setting: str, example: str = "http://127.0.0.1:11434/v1") -> str:
    """Return the address of an endpoint without trailing slashes.

    Raises:
        ConfigError: it is not an HTTP address; `setting` is named as the culprit.
    """
    url = url.strip().rstrip("/")
    if not _is_http(url):
        raise ConfigError(f"{setting} is no address; give one such as {example}.")
    return url


def require_key(key: str | None, setting: str = "OPENAI_API_KEY") -> str | None:
    """Return a key without surrounding white space; None if there is none.

    Raises:
        ConfigError: it has characters that a header cannot have. The message names the setting alone.
    """
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{setting} holds characters that no key has; set it again.")
    return key or None


def is_loopback(host: str) -> bool:
    """True for the names and addresses by which this machine alone reaches itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def client_options() -> dict[str, Any]:
    """Return the options of an httpx client that connects to its address only: no proxy, no redirect."""
    return {"verify": _tls_context(), "trust_env": False, "follow_redirects": False}


def retry_after(header: str | None) -> float | None:
    """Parse a `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); return seconds, None if malformed."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@cache
def _tls_context() -> ssl.SSLContext:
    """Return the trusted authorities: certifi's list, or that of SSL_CERT_FILE."""
    import httpx

    return httpx.create_ssl_context(trust_env=True)
