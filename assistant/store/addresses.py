"""The addresses of stores that others operate, in place of the files in the home."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sql
from sqlalchemy.exc import ArgumentError

from assistant.core.config import Settings
from assistant.core.endpoint import is_loopback, require_key, require_url
from assistant.core.errors import ConfigError

DRIVERS = ("postgres", "postgresql", "postgresql+psycopg")
"""Schemes of an address of PostgreSQL; all are opened with the last, the name of SQLAlchemy's driver."""


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """A Chroma server: its address without a trailing slash, and the token that it asks for, if any."""

    url: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one home that are elsewhere; None for what is in the home."""

    database: sql.URL | None = None
    """The PostgreSQL database of the ledger."""
    chroma: ChromaServer | None = None
    """The Chroma server of the vectors."""
    originals: Path | None = None
    """The folder of the originals."""

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


def _originals(place: str | None) -> Path | None:
    if not place:
        return None
    scheme, mark, path = place.strip().partition("://")
    if mark and scheme != "file":
        raise ConfigError(f"ASSISTANT_ORIGINALS is no place for originals ({scheme}://…); name a folder.")
    return Path(path if mark else place).expanduser().absolute()


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
