"""Properties of Outlook messages, their receivers and attachments ([MS-OXMSG] 2.4, [MS-OXPROPS])."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from assistant.core.errors import ReadError
from assistant.ingest.readers.encoding import decode
from assistant.ingest.readers.outlook.container import Folder

STREAM = "__properties_version1.0"
MESSAGE, EMBEDDED, PART = 32, 24, 8
"""Bytes before the properties: of a message, of one within another, of a receiver or an attachment."""


class Tag(IntEnum):
    """The properties that are read."""

    MESSAGE_CLASS = 0x001A
    SUBJECT = 0x0037
    SUBMITTED = 0x0039
    REPRESENTED_NAME = 0x0042
    REPRESENTED_ADDRESS = 0x0065
    SENDER_NAME = 0x0C1A
    SENDER_ADDRESS = 0x0C1F
    RECEIVER_KIND = 0x0C15
    DISPLAYED_CC = 0x0E03
    DISPLAYED_TO = 0x0E04
    DELIVERED = 0x0E06
    BODY = 0x1000
    RICH_TEXT = 0x1009
    HTML = 0x1013
    NAME = 0x3001
    ADDRESS = 0x3003
    CREATED = 0x3007
    SHORT_FILE_NAME = 0x3704
    CONTENT = 0x3701
    METHOD = 0x3705
    FILE_NAME = 0x3707
    SMTP_ADDRESS = 0x39FE
    BODY_CODE_PAGE = 0x3FDE
    CODE_PAGE = 0x3FFD
    SENDER_SMTP = 0x5D01
    REPRESENTED_SMTP = 0x5D02


_INTEGER, _TIME, _NARROW, _WIDE, _BINARY, _OBJECT = 0x0003, 0x0040, 0x001E, 0x001F, 0x0102, 0x000D
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_DEFAULT = "cp1252"


class Properties:
    """The properties in a folder: texts and bytes in streams of their own, numbers and times in a list."""

    def __init__(self, folder: Folder, header: int, codec: str = "") -> None:
        """`header` is the size of what is before the list, `codec` that of the message around this part.

        Raises:
            ReadError: there is no such list.
        """
        self.folder = folder
        listed = folder.stream(STREAM)
        if listed is None:
            raise ReadError("is damaged: a part has no properties; open it, save it again and add that.")
        self._fixed = dict(_listed(listed[header:]))
        page = self.number(Tag.CODE_PAGE) or self.number(Tag.BODY_CODE_PAGE)
        self.codec = _codec(page) if page else codec or _DEFAULT

    def text(self, *tags: Tag) -> str:
        """Return the first of these texts that is not empty."""
        for tag in tags:
            if (wide := self._stream(tag, _WIDE)) is not None:
                text = wide.decode("utf-16-le", "replace")
            else:
                text = (self._stream(tag, _NARROW) or b"").decode(self.codec, "replace")
            if text := text.rstrip("\0"):
                return text
        return ""

    def html(self) -> str:
        """Return the text as HTML, which is bytes in an encoding of its own."""
        data = self._stream(Tag.HTML, _BINARY)
        if data is None:
            return self.text(Tag.HTML)
        page = self.number(Tag.BODY_CODE_PAGE)
        try:
            return data.decode(_codec(page) if page else "utf-8")
        except UnicodeDecodeError:
            return decode(data, declared=True) or ""

    def binary(self, tag: Tag) -> bytes:
        """Return bytes; empty if there are none."""
        return self._stream(tag, _BINARY) or b""

    def inner(self, tag: Tag) -> Folder | None:
        """Return the folder of an object, such as a message that is attached to another."""
        return self.folder.folder(f"__substg1.0_{tag:04X}{_OBJECT:04X}")

    def number(self, tag: Tag) -> int:
        """Return a number; 0 if there is none."""
        return int.from_bytes(self._fixed.get((tag, _INTEGER), b"")[:4], "little")

    def time(self, *tags: Tag) -> datetime | None:
        """Return the first of these times that is given and possible."""
        for tag in tags:
            ticks = int.from_bytes(self._fixed.get((tag, _TIME), b""), "little")
            try:
                if ticks:
                    return _EPOCH + timedelta(microseconds=ticks // 10)
            except OverflowError:
                continue
        return None

    def _stream(self, tag: Tag, kind: int) -> bytes | None:
        return self.folder.stream(f"__substg1.0_{tag:04X}{kind:04X}")


def _listed(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield the properties of a list: their number and type, and the eight bytes of their value."""
    whole = len(data) - len(data) % 16
    for kind, tag, _flags, value in struct.iter_unpack("<HHL8s", data[:whole]):
        yield (tag, kind), value


def _codec(page: int) -> str:
    """Return the codec of a Windows code page, that of Western Europe if it is unknown."""
    names = {65001: "utf-8", 1200: "utf-16-le", 20127: "ascii", 20866: "koi8_r", 21866: "koi8_u"}
    names |= {28590 + part: f"iso8859_{part}" for part in range(1, 17)}
    names |= {50220: "iso2022_jp", 51932: "euc_jp", 51949: "euc_kr", 54936: "gb18030"}
    try:
        return codecs.lookup(names.get(page, f"cp{page}")).name
    except LookupError:
        return _DEFAULT
