"""A sound Outlook message, and what broken ones are made of."""

from __future__ import annotations

from faults import texts
from outlook import Message

HEAD = {"subject": texts.HEADING, "from": "Ada Arvo", "from_address": "ada@tea.example"}


def msg() -> bytes:
    """A sound message with a file attached to it, and one within it."""
    body = "\r\n\r\n".join(texts.SENTENCES)
    inner = Message(HEAD | {"body": body})
    file = {"file": "kettle.csv", "content": b"part,price\nlid,12.50\n" * 300}
    people = [{"name": f"Leo {n}", "address": f"leo{n}@tea.example", "kind": 1} for n in range(5)]
    return Message(HEAD | {"body": body}, people, [file], [inner]).written()
