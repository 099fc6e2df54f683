"""Mailboxes (.mbox): the mails in one, as the bytes of .eml files."""

from __future__ import annotations

import re

_START = re.compile(rb"(?:\A|\n\r?\n)From [^\n]{0,200}\d\d:\d\d[^\n]{0,60}\r?\n(?=[!-9;-~]{1,60}:)")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def ranges(data: bytes) -> list[tuple[int, int]]:
    """Return the ranges of the mails of a mailbox (RFC 4155); none if it is not a mailbox of several."""
    if not data.startswith(b"From "):
        return []
    starts = [match.end() for match in _START.finditer(data)]
    ends = [match.start() for match in _START.finditer(data)][1:]
    return list(zip(starts, [*ends, len(data)], strict=True)) if len(starts) > 1 else []


def mail(data: bytes, start: int, end: int) -> bytes:
    """Return the bytes of a mail, without the marks that hide lines beginning with From."""
    return _QUOTED.sub(rb"\1", data[start:end])
