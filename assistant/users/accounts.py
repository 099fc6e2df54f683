"""The accounts in the ledger: names, roles and hashes of passwords."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql

from assistant.core.errors import AccountError, NotFound
from assistant.store.database import insert_missing
from assistant.store.schema import sessions, users
from assistant.users.roles import Role, role

NAME = re.compile(r"[\w.@+-]{1,64}")
FIXED = "The environment or config.toml names {name}; change it there."


@dataclass(frozen=True, slots=True)
class Account:
    """A user. `password` is the hash of theirs; `is_fixed` if the environment names them."""

    id: str
    name: str
    role: Role
    password: str
    added: str
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A user whom the environment names: `NAME:ROLE:HASH`."""

    name: str
    role: Role
    password: str


def folded(name: str) -> str:
    """Return a name in the one form in which it is kept and compared."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


class Accounts:
    """The accounts in one database. Thread-safe."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    def listed(self) -> list[Account]:
        """Return all accounts by name."""
        with self._engine.connect() as db:
            return [_account(row) for row in db.execute(sql.select(users).order_by(users.c.name))]

    def has_any(self) -> bool:
        """Return True if anybody can log in."""
        with self._engine.connect() as db:
            query = sql.select(users.c.id).where(users.c.password != "").limit(1)
            return db.scalar(query) is not None

    def find(self, name: str) -> Account | None:
        """Return the account of this name, if there is one."""
        return self._where(users.c.name == folded(name))

    def by_id(self, ident: str) -> Account | None:
        """Return the account of this id, if there is one."""
        return self._where(users.c.id == ident)

    def named(self, name: str) -> Account:
        """Return the account of this name.

        Raises:
            NotFound: there is none.
        """
        found = self.find(name)
        if found is None:
            raise NotFound(f"There is no user {name}.")
        return found

    def add(self, name: str, own: Role, password: str) -> Account:
        """Add an account with the hash of a password.

        Raises:
            AccountError: the name is taken, or is no name.
        """
        made = Account(secrets.token_hex(8), require_name(name), own, password, _now())
        with self._engine.begin() as db:
            insert_missing(db, users, _row(made))
        if self.find(name) != made:
            raise AccountError(f"There is a user {made.name} already.")
        return made

    def set_password(self, name: str, password: str) -> Account:
        """Give a user another password, by its hash, and end their sessions.

        Raises:
            NotFound: there is no such user.
            AccountError: the environment names them.
        """
        account = self._changeable(name)
        with self._engine.begin() as db:
            _change(db, account.id, password=password)
        return account

    def rehash(self, account: Account, password: str) -> None:
        """Keep another hash of the same password, unless it was changed meanwhile."""
        with self._engine.begin() as db:
            same = (users.c.id == account.id) & (users.c.password == account.password)
            db.execute(users.update().where(same).values(password=password))

    def remove(self, name: str) -> Account:
        """Remove a user with their sessions and tokens.

        Raises:
            NotFound: there is no such user.
            AccountError: the environment names them.
        """
        account = self._changeable(name)
        with self._engine.begin() as db:
            db.execute(users.delete().where(users.c.id == account.id))
        return account

    def keep(self, entries: Sequence[Entry]) -> None:
        """Make the users of the environment those of `entries`. Whom it names no longer cannot log in, but
        what is theirs stays until they are removed."""
        wanted = {entry.name: entry for entry in entries}
        known = {account.name: account for account in self.listed()}
        with self._engine.begin() as db:
            for account in known.values():
                if account.is_fixed and account.name not in wanted:
                    _change(db, account.id, password="", fixed=False)
            for name, entry in wanted.items():
                self._keep(db, entry, known.get(name))

    def _keep(self, db: sql.Connection, entry: Entry, known: Account | None) -> None:
        if known is None:
            account = Account(secrets.token_hex(8), entry.name, entry.role, entry.password, _now(), True)
            insert_missing(db, users, _row(account))
        elif known.password != entry.password:
            _change(db, known.id, role=entry.role, password=entry.password, fixed=True)
        else:
            values = {"role": entry.role, "fixed": True}
            db.execute(users.update().where(users.c.id == known.id).values(**values))

    def _changeable(self, name: str) -> Account:
        account = self.named(name)
        if account.is_fixed:
            raise AccountError(FIXED.format(name=account.name))
        return account

    def _where(self, condition: sql.ColumnElement[bool]) -> Account | None:
        with self._engine.connect() as db:
            row = db.execute(sql.select(users).where(condition)).one_or_none()
        return None if row is None else _account(row)


def require_name(name: str) -> str:
    """Return a name as it is kept.

    Raises:
        AccountError: it is no name.
    """
    kept = folded(name)
    if not NAME.fullmatch(kept):
        raise AccountError("A name has 1 to 64 letters, digits and . _ - + @, and no spaces.")
    return kept


def entries(text: str) -> list[Entry]:
    """Return the users that a setting names: NAME:ROLE:HASH, with spaces or line breaks between them.

    Raises:
        AccountError: an entry is malformed.
    """
    from assistant.users.passwords import require_hash

    found = {}
    for number, part in enumerate(text.split(), 1):
        name, _, rest = part.partition(":")
        own, _, password = rest.partition(":")
        try:
            require_hash(password)
            found[require_name(name)] = Entry(require_name(name), role(own), password)
        except AccountError as fault:
            # Without the entry itself, which may hold a password.
            raise AccountError(f"Entry {number} of ASSISTANT_USERS is not NAME:ROLE:HASH. {fault}") from None
    return [*found.values()]


def import_users(engine: sql.Engine, rows: Iterable[Sequence[Any]]) -> None:
    """Import the accounts of another ledger (id, name, role, password, added, fixed)."""
    with engine.begin() as db:
        for ident, name, own, password, added, fixed in rows:
            if all(isinstance(value, str) for value in (ident, name, own, password, added)):
                account = Account(ident, name, role(own), password, added, bool(fixed))
                insert_missing(db, users, _row(account))


def _change(db: sql.Connection, ident: str, **values: Any) -> None:
    """Change an account, and end its sessions."""
    db.execute(users.update().where(users.c.id == ident).values(**values))
    db.execute(sessions.delete().where(sessions.c.user == ident))


def _account(row: Any) -> Account:
    return Account(row.id, row.name, role(row.role), row.password, row.added, row.fixed)


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "password": account.password,
        "added": account.added,
        "fixed": account.is_fixed,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
