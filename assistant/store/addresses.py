"""The addresses of stores that others operate, in place of the files in the home."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sql
from sqlalchemy.exc import ArgumentError

from assistant.core import signing
from assistant.core.config import Settings
from assistant.core.endpoint import is_loopback, require_key, require_url
from assistant.core.errors import ConfigError
from assistant.core.signing import Key

DRIVERS = ("postgres", "postgresql", "postgresql+psycopg")
"""Schemes of an address of PostgreSQL; all are opened with the last, the name of SQLAlchemy's driver."""


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """A Chroma server: its address without a trailing slash, and the token that it asks for, if any."""

    url: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of S3, or of what speaks its language: its address, and what its keys begin with."""

    name: str
    prefix: str
    """Empty, or with a slash at its end."""
    endpoint: str
    region: str
    key: Key | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one home that are elsewhere; None for what is in the home."""

    database: sql.URL | None = None
    """The PostgreSQL database of the ledger."""
    chroma: ChromaServer | None = None
    """The Chroma server of the vectors."""
    originals: Path | Bucket | None = None
    """The folder, or the bucket, of the originals."""

    @property
    def shared(self) -> ChromaServer | None:
        """The Chroma server of a store that several processes may have open, each with a home of its own:
        nothing of the store is in a home. None else."""
        return self.chroma if self.database is not None and self.originals is not None else None


IN_HOME = Stores()
"""Everything is in the home."""


def stores(settings: Settings) -> Stores:
    """Return the stores in `settings`.

    Raises:
        ConfigError: an address or a token is malformed, or the token would be sent unencrypted.
    """
    if settings.originals and not settings.database:
        raise ConfigError("ASSISTANT_ORIGINALS needs ASSISTANT_DATABASE: originals go where the ledger goes.")
    chroma = _chroma(settings.chroma, settings.chroma_token)
    return Stores(_database(settings.database), chroma, _originals(settings.originals))


def _database(url: str | None) -> sql.URL | None:
    if not url:
        return None
    try:
        parsed = sql.make_url(url.strip())
    except (ArgumentError, ValueError):
        parsed = sql.URL.create("none")
    if parsed.drivername not in DRIVERS:
        raise ConfigError(
            "ASSISTANT_DATABASE is no address of PostgreSQL; give one such as "
            "postgresql+psycopg://user:password@host/database."
        )
    if find_spec("psycopg") is None:
        raise ConfigError("PostgreSQL needs the package psycopg: pip install 'cited-assistant[postgres]'.")
    return parsed.set(drivername=DRIVERS[-1])


def _originals(place: str | None) -> Path | Bucket | None:
    if not place:
        return None
    scheme, mark, path = place.strip().partition("://")
    if scheme == "s3" and mark:
        return _bucket(path)
    if mark and scheme != "file":
        raise ConfigError(
            f"ASSISTANT_ORIGINALS is no place for originals ({scheme}://…); name a folder, or a bucket "
            "such as s3://bucket/folder."
        )
    return Path(path if mark else place).expanduser().absolute()


def _bucket(path: str) -> Bucket:
    name, _, prefix = path.strip("/").partition("/")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]+", name):
        raise ConfigError("ASSISTANT_ORIGINALS names no bucket; give one such as s3://bucket/folder.")
    try:
        endpoint = signing.endpoint(name)
    except ValueError as fault:
        raise ConfigError(str(fault)) from fault
    return Bucket(name, f"{prefix}/" if prefix else "", endpoint, signing.region(), Key.configured())


def _chroma(url: str | None, token: str | None) -> ChromaServer | None:
    token = require_key(token, "ASSISTANT_CHROMA_TOKEN")
    if not url:
        return None
    url = require_url(url, "ASSISTANT_CHROMA", "http://127.0.0.1:8000")
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigError("ASSISTANT_CHROMA holds a password; set ASSISTANT_CHROMA_TOKEN instead.")
    if token and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigError("ASSISTANT_CHROMA_TOKEN would be sent unencrypted; use an address with https.")
    return ChromaServer(url, token)
