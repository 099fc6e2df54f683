"""Regular expressions of golden sets, on an engine whose time grows linearly with the text.

A pattern may come from anybody who can reach the server, and Python's own engine takes exponential time for
some of them, in which no other thread runs. RE2 has no backtracking, so it has no backreferences and no
lookaround either (https://github.com/google/re2/wiki/Syntax). Its `\\w`, `\\d` and `\\b` know ASCII only;
letters of every script are `\\pL`, digits `\\pN`.
"""

from __future__ import annotations

import re2

LENGTH = 1_000
"""Characters of a pattern."""
STEPS = 10_000
"""Instructions of a compiled pattern: in the worst case each is looked at for each character of the text."""
_MEMORY = 1 << 20
"""Bytes that a compiled pattern may take; 128 of them are kept."""


def require_pattern(pattern: str) -> None:
    """Makes sure that a pattern can be searched for.

    Raises:
        ValueError: it cannot; the message is a clause that follows the name of the line.
    """
    if len(pattern) > LENGTH:
        raise ValueError(f"the pattern {pattern[:40]!r}… is longer than {LENGTH:,} characters")
    try:
        steps = _compiled(pattern).programsize
    except re2.error as fault:
        reason = _reason(fault)
        raise ValueError(f"the pattern {pattern!r} is no regular expression of RE2 ({reason})") from None
    if steps > STEPS:
        raise ValueError(f"the pattern {pattern!r} repeats too much; ask for fewer repetitions")


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches anywhere in `text`, without regard to case."""
    return _compiled(pattern).search(text) is not None


def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _MEMORY
    return re2.compile(pattern, options)


def _reason(fault: re2.error) -> str:
    told = fault.args[0] if fault.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
