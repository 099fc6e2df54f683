"""What users may do: three roles, each of which may do what those before it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.core.errors import AccountError

Role = Literal["reader", "editor", "admin"]
"""Readers ask and read; editors add, replace and remove documents; admins manage users, settings and runs."""
ROLES: tuple[Role, ...] = ("reader", "editor", "admin")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request: a user, with the role that counts for it. `user` is empty for whoever has the home
    folder, whose commands ask the server that has it open."""

    user: str
    name: str
    role: Role


OWNER = Visitor("", "", "admin")
"""Whoever has the home folder, and so everything in it."""


def owner(user: str) -> str:
    """Return the name under which the conversations of a user are kept. No browser has such a name."""
    return f"user:{user}"


def is_user(owner: str) -> bool:
    """Return True if an owner of conversations is a user."""
    return owner.startswith("user:")


def role(text: str) -> Role:
    """Return the role of this name.

    Raises:
        AccountError: there is none.
    """
    for known in ROLES:
        if text == known:
            return known
    raise AccountError(f"There is no role {text!r}; use one of {', '.join(ROLES)}.")


def may(own: Role, least: Role) -> bool:
    """Return True if `own` may do what takes `least`."""
    return ROLES.index(own) >= ROLES.index(least)


def lesser(first: Role, second: Role) -> Role:
    """Return the one of two roles that may do less."""
    return min(first, second, key=ROLES.index)
