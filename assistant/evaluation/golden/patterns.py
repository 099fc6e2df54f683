"""Regular expressions of golden sets, matched in time linear in the text.

A pattern may come from anybody who can reach the server, and Python's `re` takes exponential time for some,
during which no other thread runs. RE2 does not backtrack, so it has no backreferences and no lookaround
(https://github.com/google/re2/wiki/Syntax). Its `\\w`, `\\d` and `\\b` are ASCII only; letters of every
script are `\\pL`, digits `\\pN`.
"""

from __future__ import annotations

import re2

MAX_PATTERN = 1_000
"""Characters of a pattern."""
STEPS = 10_000
"""Instructions of a compiled pattern; in the worst case each one runs for each character of the text."""
_MEMORY = 1 << 20
"""Bytes of a compiled pattern; the module caches 128 of them."""


def require_pattern(pattern: str) -> None:
    """Check that a pattern can be used.

    Raises:
        ValueError: it cannot; the message is a clause that follows the name of the line.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"the pattern {pattern[:40]!r}… is longer than {MAX_PATTERN:,} characters")
    try:
        steps = _compiled(pattern).programsize
    except re2.error as fault:
        reason = _reason(fault)
        raise ValueError(f"the pattern {pattern!r} is no regular expression of RE2 ({reason})") from None
    if steps > STEPS:
        raise ValueError(f"the pattern {pattern!r} repeats too much; ask for fewer repetitions")


def matches(pattern: str, text: str) -> bool:
    """True if a pattern matches anywhere in `text`, ignoring case."""
    return _compiled(pattern).search(text) is not None


def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _MEMORY
    return re2.compile(pattern, options)


def _reason(fault: re2.error) -> str:
    reason = fault.args[0] if fault.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
