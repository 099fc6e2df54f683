"""Which role an operation of the server takes: the table `roles.toml`, asked in one place."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Literal, TypeVar

from starlette.routing import compile_path

from assistant.users.roles import ROLES, Role

T = TypeVar("T")
Least = Role | Literal["open"]
LEVELS: tuple[Least, ...] = ("open", *ROLES)


@functools.cache
def operations() -> dict[str, Least]:
    """Return the role that each operation takes, as `GET /api/documents` -> `reader`."""
    return {operation: level for level in LEVELS for operation in _table()[level]}


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("assistant.web").joinpath("roles.toml").read_text("utf-8"))


def least(method: str, path: str) -> Least | None:
    """Return the role that a request takes, `open` where it takes none, None where there is nothing.

    Where several operations fit, the one that takes most counts.
    """
    levels = [level for known, pattern, level in _patterns() if known == method and pattern.match(path)]
    return max(levels, key=LEVELS.index, default=None)


def deed(method: str, path: str) -> tuple[str, str] | None:
    """Return in which words a request is noted, and what its address names; None if it is not noted."""
    for known, pattern, words in _noted():
        match = pattern.match(path)
        if known == method and match:
            return words, " ".join(match.groupdict().values())
    return None


@functools.cache
def _noted() -> list[tuple[str, re.Pattern[str], str]]:
    return [(method, _pattern(path), words) for (method, path), words in _split(_table()["noted"])]


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str], Least]]:
    return [(method, _pattern(path), level) for (method, path), level in _split(operations())]


def _split(told: Mapping[str, T]) -> Iterator[tuple[tuple[str, str], T]]:
    for operation, value in told.items():
        method, _, path = operation.partition(" ")
        yield (method, path), value


def _pattern(path: str) -> re.Pattern[str]:
    """Return the same pattern as that by which a request finds its route."""
    return compile_path(path)[0]
