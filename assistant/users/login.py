"""Who somebody is: by name and password, by the session of a browser, by the token of a program."""

from __future__ import annotations

import time

import sqlalchemy as sql

from assistant.core.errors import LoginError
from assistant.users.accounts import Account, Accounts, folded
from assistant.users.passwords import Passwords
from assistant.users.throttle import Throttle
from assistant.users.tokens import ApiTokens, Clock, Sessions

WRONG = "The name or the password is wrong."
"""For an unknown name too, so that nobody learns which there are."""


class Login:
    """The accounts of a store, with their sessions, tokens and wrong tries. Thread-safe."""

    def __init__(
        self,
        engine: sql.Engine,
        passwords: Passwords | None = None,
        throttle: Throttle | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.engine = engine
        self.accounts = Accounts(engine)
        self.sessions = Sessions(engine, clock)
        self.tokens = ApiTokens(engine, clock)
        self.passwords = passwords or Passwords()
        self.throttle = throttle or Throttle()

    def begin(self, name: str, address: str) -> float:
        """Count a try; return the seconds to wait before it is looked at.

        Raises:
            LoginError: the address has to wait longer, and the try is not looked at.
        """
        waits, pause = self.throttle.begin(folded(name), address)
        if waits > 0:
            raise LoginError.after(waits)
        return pause

    def enter(self, name: str, password: str, address: str) -> str:
        """Begin a session after `begin`; return its token.

        Raises:
            LoginError: the name is unknown, or the password is not that of the name.
        """
        account = self.accounts.find(name)
        known = account.password if account else None
        if not self.passwords.fits(known, password) or account is None:
            raise LoginError(WRONG)
        self.throttle.succeeded(folded(name), address)
        self._renew(account, password)
        return self.sessions.begin(account.id)

    def _renew(self, account: Account, password: str) -> None:
        """Hash a password anew that was hashed with other parameters."""
        if not account.is_fixed and self.passwords.is_outdated(account.password):
            self.accounts.rehash(account, self.passwords.hash(password))
