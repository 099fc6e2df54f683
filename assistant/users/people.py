"""Management of users, for the command line and the API; each method returns what is printed or sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from assistant.core import serialization
from assistant.core.serialization import Json
from assistant.store.conversations import Conversations
from assistant.users import passwords, roles
from assistant.users.accounts import Account
from assistant.users.audit import Audit
from assistant.users.login import Login
from assistant.users.tokens import ApiToken

MOST_EXPORTED = 1_000_000
"""Deeds of one user that are exported."""


class People:
    """The users of a store, of whose log `days` are kept; `delete` deletes conversations by their ids."""

    def __init__(self, login: Login, days: int, delete: Callable[..., None]) -> None:
        self._login = login
        self._audit = Audit(login.engine, days)
        self._conversations = Conversations(login.engine)
        self._delete = delete

    def listed(self) -> list[Json]:
        """Return all users by name."""
        return [_about(account) for account in self._login.accounts.listed()]

    def add(self, name: str, role: str, password: str) -> Json:
        """Add a user.

        Raises:
            AccountError: the name is taken, or name, role or password are refused.
        """
        own = roles.role(role)
        passwords.require_good(password, name)
        return _about(self._login.accounts.add(name, own, self._login.passwords.hash(password)))

    def set_password(self, name: str, password: str) -> Json:
        """Change the password of a user, and end their sessions.

        Raises:
            NotFound: there is no such user.
            AccountError: the password is refused, or the environment names the user.
        """
        passwords.require_good(password, name)
        return _about(self._login.accounts.set_password(name, self._login.passwords.hash(password)))

    def remove(self, name: str) -> Json:
        """Remove a user with their sessions, tokens and conversations, and their name from the log.

        Raises:
            NotFound: there is no such user.
            AccountError: the environment names them.
        """
        account = self._login.accounts.remove(name)
        # Last what takes longest: from here on, nobody can log in and begin another.
        self._audit.forget(account.id)
        self._delete(*self._conversations.owned(roles.owner(account.id)))
        return _about(account)

    def export(self, name: str) -> Json:
        """Return all that is known of a user, but for hashes of passwords and tokens.

        Raises:
            NotFound: there is no such user.
        """
        account = self._login.accounts.named(name)
        theirs = self._conversations.owned(roles.owner(account.id))
        return {
            "user": _about(account),
            "sessions": [
                {key: _day(seconds) for key, seconds in session.items()}
                for session in self._login.sessions.of(account.id)
            ],
            "tokens": [_token(token) for token in self._login.tokens.of(account.id)],
            "conversations": [self._conversation(ident) for ident in theirs],
            "log": self._audit.listed(account.id, MOST_EXPORTED),
        }

    def log(self, name: str = "") -> list[Json]:
        """Return what was done, by all or by one user, the latest first.

        Raises:
            NotFound: there is no such user.
        """
        return self._audit.listed(self._login.accounts.named(name).id if name else None)

    def _conversation(self, ident: str) -> Json:
        turns = [
            {"at": kept.at, **serialization.turn(kept.turn), "verdict": kept.verdict}
            for kept in self._conversations.kept(ident)
        ]
        return {"id": ident, "name": self._conversations.name(ident), "turns": turns}

    def tokens(self, name: str) -> list[Json]:
        """Return what is known of a user's tokens.

        Raises:
            NotFound: there is no such user.
        """
        return [_token(token) for token in self._login.tokens.of(self._login.accounts.named(name).id)]

    def make_token(self, name: str, role: str, days: int) -> Json:
        """Make a token of a user; it is in the result, and nowhere else.

        Raises:
            NotFound: there is no such user.
            AccountError: the role or the days are refused.
        """
        account = self._login.accounts.named(name)
        made, token = self._login.tokens.make(account, roles.role(role), days)
        return _token(made) | {"token": token}

    def revoke(self, ident: str) -> Json:
        """Revoke a token by its id.

        Raises:
            NotFound: there is none.
        """
        self._login.tokens.revoke(ident)
        return {"revoked": ident}


def _about(account: Account) -> Json:
    known = asdict(account)
    can_enter = bool(known.pop("password"))
    return {key: known[key] for key in ("name", "role", "added", "is_fixed")} | {"can_enter": can_enter}


def _token(token: ApiToken) -> Json:
    return {"id": token.id, "role": token.role, "made": _day(token.made), "expires": _day(token.expires)}


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
