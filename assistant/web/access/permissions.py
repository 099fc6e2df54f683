"""Which role an operation of the server takes: the table `roles.toml`, asked in one place."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Literal

from starlette.routing import compile_path

from assistant.users.roles import ROLES, Role

Least = Role | Literal["open"]
LEVELS: tuple[Least, ...] = ("open", *ROLES)


@functools.cache
def operations() -> dict[str, Least]:
    """Return the role that each operation takes, as `GET /api/documents` -> `reader`."""
    text = resources.files("assistant.web").joinpath("roles.toml").read_text("utf-8")
    told = tomllib.loads(text)
    return {operation: level for level in LEVELS for operation in told[level]}


def least(method: str, path: str) -> Least | None:
    """Return the role that a request takes, `open` where it takes none, None where there is nothing.

    Where several operations fit, the one that takes most counts.
    """
    levels = [level for known, pattern, level in _patterns() if known == method and pattern.match(path)]
    return max(levels, key=LEVELS.index, default=None)


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str], Least]]:
    split = ((operation.split(" "), level) for operation, level in operations().items())
    # The same patterns as those by which requests find their routes.
    return [(method, compile_path(path)[0], level) for (method, path), level in split]
