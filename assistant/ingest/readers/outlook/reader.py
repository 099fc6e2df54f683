"""Outlook messages (.msg): subject, sender, receivers, date, text, messages attached to them, and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line
from assistant.ingest.readers.office.rtf import read_rtf
from assistant.ingest.readers.outlook.container import Folder, opened
from assistant.ingest.readers.outlook.properties import EMBEDDED, MESSAGE, PART, STREAM, Properties, Tag
from assistant.ingest.readers.outlook.rich_text import unpacked
from assistant.ingest.readers.web.html import write_page

MARK = STREAM.encode("utf-16-le")
"""The stream of a message's properties, which every message has."""
MEDIA_TYPE = "application/vnd.ms-outlook"
_DEEPEST = 6
"""Messages within messages that are read."""
_TO, _CC = 1, 2
_BY_VALUE = 1


def read_msg(data: bytes) -> Content:
    """Parse a message and those attached to it, preferring plain text to HTML, and that to rich text.

    Files attached to it are listed, not read. Raises ReadError if it is encrypted.
    """
    with opened(data) as folder:
        message = _Message.of(folder, MESSAGE)
        draft = ContentBuilder()
        _write(draft, message, 1)
        sent = message.sent
        to = ", ".join(message.receivers(_TO))
        pairs = [("author", message.sender), ("to", to), ("date", sent and sent.date())]
        return draft.content(MEDIA_TYPE, message.subject or None, clean_metadata(pairs))


def attached_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of the files attached to a message, and to messages attached to it."""
    with opened(data) as folder:
        yield from _files(_Message.of(folder, MESSAGE), 1)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message, at the top of a file or within another."""

    properties: Properties

    @classmethod
    def of(cls, folder: Folder, header: int) -> _Message:
        """Return the message in a folder. Raises ReadError if it is encrypted."""
        message = cls(Properties(folder, header))
        kind = message.properties.text(Tag.MESSAGE_CLASS).lower()
        if kind.endswith(".smime") or kind.startswith("ipm.note.rpmsg"):
            raise ReadError("is encrypted; add a copy that is not encrypted.")
        return message

    @property
    def subject(self) -> str:
        return one_line(self.properties.text(Tag.SUBJECT))

    @property
    def sent(self) -> datetime | None:
        return self.properties.time(Tag.SUBMITTED, Tag.DELIVERED, Tag.CREATED)

    @property
    def sender(self) -> str:
        """The one whom it is from; not who sent it for them."""
        mine = self.properties
        name = mine.text(Tag.REPRESENTED_NAME, Tag.SENDER_NAME)
        tags = (Tag.REPRESENTED_SMTP, Tag.SENDER_SMTP, Tag.REPRESENTED_ADDRESS, Tag.SENDER_ADDRESS)
        return _person(name, *(mine.text(tag) for tag in tags))

    def receivers(self, kind: int) -> list[str]:
        """Return those to whom it was sent, or copied."""
        parts = [
            Properties(part, PART, self.properties.codec)
            for part in self.properties.folder.folders("__recip_version1.0_")
        ]
        found = [
            _person(part.text(Tag.NAME), part.text(Tag.SMTP_ADDRESS), part.text(Tag.ADDRESS))
            for part in parts
            if part.number(Tag.RECEIVER_KIND) == kind
        ]
        shown = self.properties.text(Tag.DISPLAYED_TO if kind == _TO else Tag.DISPLAYED_CC)
        return list(filter(None, found)) or [one_line(shown)] * bool(shown)

    def attachments(self) -> Iterator[Properties]:
        """Yield what is attached: files and messages."""
        for part in self.properties.folder.folders("__attach_version1.0_"):
            yield Properties(part, PART, self.properties.codec)


def _person(name: str, *addresses: str) -> str:
    """Return a name with the first address that is one of the internet."""
    name = one_line(name).strip("'\"")
    address = next((one_line(address) for address in addresses if "@" in address), "")
    if not name or name.lower() == address.lower():
        return address
    return f"{name} <{address}>" if address else name


def _write(draft: ContentBuilder, message: _Message, level: int) -> None:
    """Write a message with its subject as heading, and messages attached to it one level below."""
    draft.heading(level, message.subject)
    sent = message.sent
    lines = [
        ("From", message.sender),
        ("To", ", ".join(message.receivers(_TO))),
        ("Cc", ", ".join(message.receivers(_CC))),
        ("Date", f"{sent:%Y-%m-%d %H:%M} UTC" if sent else ""),
    ]
    for name, text in lines:
        draft.item(f"{name}: {text}" if text else "")
    _write_text(draft, message.properties)
    names = []
    for part in message.attachments():
        inner = part.inner(Tag.CONTENT)
        if inner and inner.stream(STREAM) is not None and level < _DEEPEST:
            _write(draft, _Message.of(inner, EMBEDDED), level + 1)
        else:
            names.append(_name(part))
    if listed := ", ".join(filter(None, names)):
        draft.paragraph(f"Attachments: {listed}")


def _write_text(draft: ContentBuilder, properties: Properties) -> None:
    text = re.sub(r"\r\n?", "\n", properties.text(Tag.BODY))
    if not _has_words(text):
        html = properties.html()
        if _has_words(html):
            return write_page(draft, html)
        packed = properties.binary(Tag.RICH_TEXT)
        text = read_rtf(unpacked(packed)).text if packed else ""
    for paragraph in re.split(r"\n\s*\n", text):
        draft.paragraph(paragraph)
    return None


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _files(message: _Message, level: int) -> Iterator[tuple[str, bytes]]:
    for part in message.attachments():
        inner = part.inner(Tag.CONTENT)
        if inner and inner.stream(STREAM) is not None and level < _DEEPEST:
            yield from _files(_Message.of(inner, EMBEDDED), level + 1)
        elif part.number(Tag.METHOD) in (0, _BY_VALUE) and (name := _name(part)):
            yield name, part.binary(Tag.CONTENT)


def _name(part: Properties) -> str:
    """Return the file name of an attachment."""
    return one_line(part.text(Tag.FILE_NAME, Tag.SHORT_FILE_NAME, Tag.NAME))
