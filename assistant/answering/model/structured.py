"""Answers as JSON by a schema: sentences with their passages, for endpoints and models that gain by it.

A grammar makes a weak model write numbers, and can make it write worse sentences. So it is used only for a
model that did better with it in a trial (`assistant models try`).
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any

_SENTENCE = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "passages": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["text", "passages"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": _SENTENCE}},
    "required": ["sentences"],
    "additionalProperties": False,
}
"""No sentences say that the passages do not answer."""
RESPONSE_FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "cited_sentences", "strict": True, "schema": SCHEMA},
}
"""The parameter `response_format` of a request for a chat completion."""
NOT_FOUND = "NOT FOUND"
_DECODER = json.JSONDecoder()


def as_text(pieces: Generator[str, None, None]) -> Generator[str, None, None]:
    """Yield the sentences of a reply by the schema as plain text, each once it is whole.

    A reply of another form, as of an endpoint that ignores the schema, is passed on as it is.
    """
    with closing(pieces):
        reply, at, is_any = "", 0, False
        for piece in pieces:
            reply += piece
            if reply.lstrip()[:1] not in ("", "{"):
                yield reply if not is_any else piece
                is_any = True
                continue
            at = at or _start(reply)
            # Only a piece with the end of an object can make another sentence whole.
            while at and "}" in piece and (found := _sentence(reply, at)):
                text, at = found
                yield text
                is_any = True
        if not is_any and reply.strip():
            yield NOT_FOUND if at else reply


def _start(reply: str) -> int:
    """Return where the list of sentences begins, 0 if it has not yet."""
    return reply.find("[") + 1 if '"sentences"' in reply else 0


def _sentence(reply: str, at: int) -> tuple[str, int] | None:
    """Return the next whole sentence of the list as text, and where it ends; None if there is none yet."""
    start = reply.find("{", at)
    if start < 0 or reply[at:start].strip(" \t\r\n,"):
        return None
    try:
        item, end = _DECODER.raw_decode(reply, start)
    except ValueError:
        return None
    numbers = item.get("passages")
    told = "".join(f"[{number}]" for number in numbers) if isinstance(numbers, list) else ""
    return f"{str(item.get('text', '')).strip()} {told}\n", end
