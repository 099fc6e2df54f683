"""Addresses of sources: what kind each is, and that it has no password in it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from assistant.core.config import Settings
from assistant.core.errors import SyncError
from assistant.sync.remote.items import RemoteSource

KINDS = {
    "git+https": "git",
    "git+http": "git",
    "https": "feeds",
    "http": "feeds",
    "imaps": "mail",
    "imap": "mail",
    "webdav+https": "webdav",
    "webdav+http": "webdav",
    "s3": "s3",
    "sftp": "sftp",
}
"""Scheme -> the module that follows it."""
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_WHERE = {
    "feeds": "pages are fetched without one",
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead",
}
"""What to do with it, where that is not the settings."""
LENGTH = 2_000
"""Limit on the characters of an address."""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address without a password."""

    scheme: str
    host: str
    """In lower case, without the brackets of an IPv6 address."""
    port: int | None
    path: str
    query: str
    user: str
    settings: Settings
    private: str
    """The host that may be on this machine or in a private network; empty for none."""

    @property
    def place(self) -> str:
        """Host and port as they are written in an address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def open_source(given: str, settings: Settings, *, allow_private: bool = False) -> RemoteSource:
    """Return the source at an address; nothing is connected to yet.

    With `allow_private`, its own host may be on this machine or in a private network.

    Raises:
        SyncError: the address is malformed, has a password in it, or is of a kind that is not followed.
        FetchError: its host is refused.
    """
    address = parse(given, settings, allow_private=allow_private)
    module = importlib.import_module(f"assistant.sync.remote.{KINDS[address.scheme]}")
    opened: Callable[[Address], RemoteSource] = module.open_source
    return opened(address)


def parse(given: str, settings: Settings, *, allow_private: bool = False) -> Address:
    """Return a parsed address.

    Raises:
        SyncError: it is malformed, has a password in it, or is of a kind that is not followed.
    """
    split, port = _split(given)
    if split.scheme not in KINDS:
        raise SyncError(
            f"Addresses that begin with {split.scheme}:// are not followed; these are: {_kinds()}.",
            retryable=False,
        )
    user, mark, host = split.netloc.rpartition("@")
    if ":" in user or (mark and KINDS[split.scheme] not in ("mail", "webdav", "sftp")):
        where = _WHERE.get(KINDS[split.scheme], "set ASSISTANT_SYNC_USER and ASSISTANT_SYNC_PASSWORD instead")
        raise SyncError(
            f"The address has a password or a token in it, where others could see it; {where}.",
            retryable=False,
        )
    host = _ascii(split.hostname or "").removesuffix(".")
    private = host if allow_private else ""
    return Address(split.scheme, host, port, split.path, split.query, unquote(user), settings, private)


def _split(given: str) -> tuple[SplitResult, int | None]:
    if len(given) > LENGTH or _ODD.search(given):
        raise SyncError(
            "The address is too long, or has a space or a backslash in it; copy it again.", retryable=False
        )
    try:
        split = urlsplit(given)
        return split, split.port
    except ValueError as fault:
        # What it says may quote the address, and a password in it.
        raise SyncError("This is not an address; copy it again.", retryable=False) from fault


def _ascii(host: str) -> str:
    """Return a host name as the network has it, with letters of other scripts encoded."""
    if host.isascii():
        return host
    try:
        return httpx.URL(f"https://{host}").raw_host.decode("ascii")
    except httpx.InvalidURL as fault:
        raise SyncError("This is not an address; copy it again.", retryable=False) from fault


def _kinds() -> str:
    return ", ".join(f"{scheme}://" for scheme in KINDS)
