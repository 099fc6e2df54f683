"""What a site lets programs fetch: its robots.txt (RFC 9309)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

AGENT = "assistant"
"""The name under which the assistant asks, as in its User-Agent."""
LIMIT = 500_000
"""Bytes that are read of a robots.txt, as the RFC has it."""
_LINE = re.compile(r"\s*([a-z-]+)\s*:\s*([^#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules for us: patterns of paths, each allowed or not, and the seconds between two requests."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float = 0.0

    def allows(self, url: str) -> bool:
        """True if an address may be fetched: by the longest pattern, and what allows if two are as long."""
        split = urlsplit(url)
        path = _normal((split.path or "/") + (f"?{split.query}" if split.query else ""))
        found = [(len(pattern), allowed) for pattern, allowed in self.rules if _matches(pattern, path)]
        return max(found, default=(0, True))[1]


EVERYTHING = Robots()
"""The rules of a site without any."""


def parse(data: bytes) -> Robots:
    """Return the rules of a robots.txt for us: of the groups that name us, or else of those for everyone."""
    lines = list(_lines(data))
    own = list(_groups(lines, AGENT)) or list(_groups(lines, "*"))
    rules = [(_normal(value), key == "allow") for key, value in own if key in ("allow", "disallow") and value]
    delays = [float(value) for key, value in own if key == "crawl-delay" and _is_number(value)]
    return Robots(tuple(rules), max(delays, default=0.0))


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data[:LIMIT].decode("utf-8-sig", "replace").splitlines():
        if match := _LINE.match(line):
            yield match[1].lower(), match[2].strip()


def _groups(lines: list[tuple[str, str]], agent: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of the groups that name an agent."""
    is_ours, was_agent = False, False
    for key, value in lines:
        if key == "user-agent":
            is_ours = (was_agent and is_ours) or value.lower() == agent
        elif is_ours:
            yield key, value
        was_agent = key == "user-agent"


def _normal(path: str) -> str:
    """Return a path with the same characters escaped, however it was written."""
    return quote(unquote(path), safe="/?&=*$;:@+,!'()~-._")


def _matches(pattern: str, path: str) -> bool:
    """True if a path begins as a pattern with `*` for anything, and `$` for the end, says."""
    is_end = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for part in rest:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if not is_end:
        return True
    # The last part may be further on than where it was first found.
    return path.endswith(rest[-1]) if rest else at == len(path)


def _is_number(value: str) -> bool:
    return re.fullmatch(r"\d{1,4}(\.\d{1,3})?", value) is not None
