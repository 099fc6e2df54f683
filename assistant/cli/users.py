"""Commands that manage the users who log in where others reach the server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from urllib.parse import quote

import typer

from assistant.cli import output
from assistant.cli.store import Json, open_store
from assistant.core.errors import AssistantError

if TYPE_CHECKING:
    from assistant.client import Remote

app = typer.Typer(help="Manage the users who log in where others reach the server.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name of the user.", metavar="NAME")]
Role = Annotated[str, typer.Option(help="reader, editor or admin: what they may do.", metavar="ROLE")]


class Managed(Protocol):
    """The users of an open store, or of the server that has it open."""

    def listed(self) -> list[dict[str, Any]]: ...

    def add(self, name: str, role: str, password: str) -> dict[str, Any]: ...

    def set_password(self, name: str, password: str) -> dict[str, Any]: ...

    def remove(self, name: str) -> dict[str, Any]: ...

    def export(self, name: str) -> dict[str, Any]: ...

    def log(self, name: str = "") -> list[dict[str, Any]]: ...

    def tokens(self, name: str) -> list[dict[str, Any]]: ...

    def make_token(self, name: str, role: str, days: int) -> dict[str, Any]: ...

    def revoke(self, ident: str) -> dict[str, Any]: ...


class _Served:
    """The users of a running server, over its API."""

    def __init__(self, store: Remote) -> None:
        self._call = store.call

    def listed(self) -> Any:
        return self._call("GET", "/api/users")

    def add(self, name: str, role: str, password: str) -> Any:
        return self._call("POST", "/api/users", json={"name": name, "role": role, "password": password})

    def set_password(self, name: str, password: str) -> Any:
        return self._call("PUT", f"{_path(name)}/password", json={"password": password})

    def remove(self, name: str) -> Any:
        return self._call("DELETE", _path(name))

    def export(self, name: str) -> Any:
        return self._call("GET", f"{_path(name)}/export")

    def log(self, name: str = "") -> Any:
        return self._call("GET", "/api/log", params={"name": name})

    def tokens(self, name: str) -> Any:
        return self._call("GET", f"{_path(name)}/tokens")

    def make_token(self, name: str, role: str, days: int) -> Any:
        return self._call("POST", f"{_path(name)}/tokens", json={"role": role, "days": days})

    def revoke(self, ident: str) -> Any:
        return self._call("DELETE", f"/api/tokens/{quote(ident, safe='')}")


def _path(name: str) -> str:
    return f"/api/users/{quote(name, safe='')}"


@contextmanager
def _users() -> Iterator[Managed]:
    from assistant.client import Remote

    with open_store("assistant users") as store:
        if isinstance(store, Remote):
            yield _Served(store)
        else:
            from assistant.users.login import Login
            from assistant.users.people import People

            library = store.library
            login = Login(library.ledger.engine)
            yield People(login, store.settings.log_days, library.delete_conversations)


@app.command("add", epilog="Example: assistant users add kim --role editor")
def add(name: Name, role: Role = "reader") -> None:
    """Add a user; the password is asked for, or read from the standard input."""
    from assistant.users import accounts, passwords, roles

    # What would be refused is refused before somebody types a password.
    known, own = accounts.require_name(name), roles.role(role)
    password = _password(known)
    passwords.require_good(password, known)
    with _users() as users:
        made = users.add(known, own, password)
    print(f"{made['name']} can log in, with the role {made['role']}.")


@app.command("list")
def listed(as_json: Json = False) -> None:
    """List the users with their roles."""
    with _users() as users:
        found = users.listed()
    if as_json:
        output.print_json(found)
        return
    for user in found:
        notes = " (named by ASSISTANT_USERS)" if user["is_fixed"] else ""
        notes += "" if user["can_enter"] else " (cannot log in)"
        print(f"{user['name']}  {user['role']}  since {user['added'][:10]}{notes}")
    if not found:
        output.say("There are no users. Add one with: assistant users add NAME --role admin")


@app.command("password", epilog="Example: assistant users password kim")
def password(name: Name) -> None:
    """Give a user another password, and end their sessions; tokens stay."""
    from assistant.users import accounts

    known = accounts.require_name(name)
    chosen = _password(known)
    with _users() as users:
        users.set_password(known, chosen)
    print(f"{known} has another password; their sessions have ended.")


@app.command("remove", epilog="Example: assistant users remove kim")
def remove(name: Name) -> None:
    """Remove a user with all that is theirs: sessions, tokens, conversations, their name in the log."""
    with _users() as users:
        gone = users.remove(name)
    print(f"{gone['name']} is removed.")


@app.command("export", epilog="Example: assistant users export kim > kim.json")
def export(name: Name) -> None:
    """Print all that is known of a user, as JSON."""
    with _users() as users:
        output.print_json(users.export(name))


@app.command("log", epilog="Example: assistant users log kim")
def log(
    name: Annotated[str, typer.Argument(help="The user; all, if there is none.", metavar="[NAME]")] = "",
    as_json: Json = False,
) -> None:
    """List who did what, the latest first; texts of questions are not in it."""
    with _users() as users:
        found = users.log(name)
    if as_json:
        output.print_json(found)
        return
    for each in found:
        told = (each["at"], each["name"] or "assistant", each["deed"], output.plain(each["about"]))
        print("  ".join(filter(None, told)))


@app.command("token", epilog="Example: assistant users token kim --role reader --days 30")
def token(
    name: Name,
    role: Role = "reader",
    days: Annotated[int, typer.Option(help="The days that it lasts.", min=1)] = 90,
) -> None:
    """Make a token for programs of a user; it is printed once, and cannot be shown again."""
    with _users() as users:
        made = users.make_token(name, role, days)
    output.say(f"Token {made['id']} of {name}: role {made['role']}, until {made['expires'][:10]}.")
    print(made["token"])


@app.command("tokens")
def tokens(name: Name, as_json: Json = False) -> None:
    """List the tokens of a user, without the tokens themselves."""
    with _users() as users:
        found = users.tokens(name)
    if as_json:
        output.print_json(found)
        return
    for each in found:
        print(f"{each['id']}  {each['role']}  {each['made'][:10]} to {each['expires'][:10]}")
    if not found:
        output.say(f"{name} has no tokens.")


@app.command("revoke", epilog="Example: assistant users revoke 3f2a91c0")
def revoke(
    ident: Annotated[str, typer.Argument(help="The id of the token, as `tokens` tells it.", metavar="ID")],
) -> None:
    """Revoke a token."""
    with _users() as users:
        users.revoke(ident)
    print(f"The token {ident} is revoked.")


@app.command("hash", epilog="Example: assistant users hash kim --role editor")
def make_hash(name: Name, role: Role = "reader") -> None:
    """Print an entry for ASSISTANT_USERS, with the hash of a password; nothing is kept."""
    from assistant.users import accounts, passwords, roles

    known, own = accounts.require_name(name), roles.role(role)
    chosen = _password(known)
    passwords.require_good(chosen, known)
    print(f"{known}:{own}:{passwords.Passwords().hash(chosen)}")


def _password(name: str) -> str:
    """Return a password that is typed twice and not shown, or the first line of the standard input.

    Never an argument: those are seen by other processes, and kept by shells.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    import getpass

    first = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass("Again: ") != first:
        raise AssistantError("These are two different passwords; try again.")
    return first
