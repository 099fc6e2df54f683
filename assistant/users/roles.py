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
