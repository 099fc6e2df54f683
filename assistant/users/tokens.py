"""Random tokens, of which the ledger has hashes: sessions of browsers, and tokens of programs."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql

from assistant.core.errors import AccountError, NotFound
from assistant.store.schema import api_tokens, sessions, users
from assistant.users.accounts import Account
from assistant.users.roles import Role, Visitor, lesser, role

DAY = 86_400
LONGEST, IDLE = 7 * DAY, DAY
"""Seconds that a session lasts at most, and without being used."""
NOTED = 600
"""Seconds between notes that a session is used."""
MOST_SESSIONS = 20
"""Sessions of one user; the oldest end."""
MOST_DAYS = 3_660
"""Days that a token of a program may last."""
PREFIX = "cited-"
"""What the tokens of programs begin with, so that one is known where it should not be."""
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known of a program's token. Times are in seconds since 1970."""

    id: str
    user: str
    role: Role
    made: int
    expires: int


def hashed(token: str) -> str:
    """Return the hash by which a token is known. It has no salt, as a token is random itself."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Sessions:
    """The sessions of browsers. Thread-safe."""

    def __init__(self, engine: sql.Engine, clock: Clock = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, user: str) -> str:
        """Begin a session of a user; return its token, which is kept nowhere else."""
        now, token = int(self._clock()), secrets.token_hex(32)
        mine = sessions.c.user == user
        with self._engine.begin() as db:
            db.execute(sessions.delete().where(_is_over(now)))
            db.execute(sessions.insert().values(hash=hashed(token), user=user, began=now, used=now))
            kept = sql.select(sessions.c.hash).where(mine).order_by(sessions.c.used.desc())
            newest = kept.limit(MOST_SESSIONS)
            db.execute(sessions.delete().where(mine & sessions.c.hash.not_in(newest)))
        return token

    def visitor(self, token: str) -> Visitor | None:
        """Return whose session a token is, if it is one that goes on."""
        now, is_it = int(self._clock()), sessions.c.hash == hashed(token)
        query = sql.select(users.c.id, users.c.name, users.c.role, sessions.c.used)
        query = query.join_from(sessions, users).where(is_it & ~_is_over(now))
        with self._engine.connect() as db:
            row = db.execute(query).one_or_none()
        if row is None:
            return None
        if row.used < now - NOTED:
            with self._engine.begin() as db:
                db.execute(sessions.update().where(is_it).values(used=now))
        return Visitor(row.id, row.name, role(row.role))

    def end(self, token: str) -> None:
        """End a session."""
        with self._engine.begin() as db:
            db.execute(sessions.delete().where(sessions.c.hash == hashed(token)))

    def of(self, user: str) -> list[dict[str, int]]:
        """Return when the sessions of a user began, and when they were last used."""
        query = sql.select(sessions.c.began, sessions.c.used).where(sessions.c.user == user)
        with self._engine.connect() as db:
            return [dict(row._mapping) for row in db.execute(query.order_by(sessions.c.began))]


class ApiTokens:
    """The tokens of programs. Thread-safe."""

    def __init__(self, engine: sql.Engine, clock: Clock = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def make(self, account: Account, own: Role, days: int) -> tuple[ApiToken, str]:
        """Make a token of a user; return what is known of it, and the token, which is kept nowhere else.

        Raises:
            AccountError: it would last too long, or not at all.
        """
        if not 1 <= days <= MOST_DAYS:
            raise AccountError(f"A token lasts 1 to {MOST_DAYS:,} days.")
        now, token = int(self._clock()), PREFIX + secrets.token_urlsafe(32)
        made = ApiToken(secrets.token_hex(4), account.id, lesser(own, account.role), now, now + days * DAY)
        with self._engine.begin() as db:
            db.execute(api_tokens.delete().where(api_tokens.c.expires <= now))
            db.execute(api_tokens.insert().values(**_row(made), hash=hashed(token)))
        return made, token

    def visitor(self, token: str) -> Visitor | None:
        """Return whose token this is, with the role that it has at most, if it is still taken."""
        is_it = (api_tokens.c.hash == hashed(token)) & (api_tokens.c.expires > int(self._clock()))
        query = sql.select(users.c.id, users.c.name, users.c.role, api_tokens.c.role.label("most"))
        # Whom the environment names no longer has no password.
        query = query.join_from(api_tokens, users).where(is_it & (users.c.password != ""))
        with self._engine.connect() as db:
            row = db.execute(query).one_or_none()
        return row and Visitor(row.id, row.name, lesser(role(row.role), role(row.most)))

    def of(self, user: str) -> list[ApiToken]:
        """Return the tokens of a user, oldest first."""
        query = sql.select(api_tokens).where(api_tokens.c.user == user).order_by(api_tokens.c.made)
        with self._engine.connect() as db:
            return [_token(row) for row in db.execute(query)]

    def revoke(self, ident: str) -> None:
        """Revoke a token by its id.

        Raises:
            NotFound: there is none.
        """
        with self._engine.begin() as db:
            if not db.execute(api_tokens.delete().where(api_tokens.c.id == ident)).rowcount:
                raise NotFound(f"There is no token {ident}.")


def _is_over(now: int) -> sql.ColumnElement[bool]:
    return (sessions.c.began <= now - LONGEST) | (sessions.c.used <= now - IDLE)


def _row(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "user": token.user,
        "role": token.role,
        "made": token.made,
        "expires": token.expires,
    }


def _token(row: Any) -> ApiToken:
    return ApiToken(row.id, row.user, role(row.role), row.made, row.expires)
