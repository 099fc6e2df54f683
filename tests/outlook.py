"""Outlook messages ([MS-OXMSG]), written for the tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ole import Tree, container

TEXTS = {
    "subject": 0x0037, "from": 0x0042, "from_address": 0x5D02, "to": 0x0E04, "cc": 0x0E03, "body": 0x1000,
    "class": 0x001A, "name": 0x3001, "address": 0x39FE, "file": 0x3707, "html_text": 0x1013,
}  # fmt: skip
BYTES = {"html": 0x1013, "rtf": 0x1009, "content": 0x3701}
NUMBERS = {"kind": 0x0C15, "method": 0x3705, "page": 0x3FFD, "body_page": 0x3FDE}
SENT = datetime(2024, 3, 5, 13, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """A message: its properties by the names above, receivers, and what is attached."""

    properties: Mapping[str, object]
    receivers: Sequence[Mapping[str, object]] = ()
    attached: Sequence[Mapping[str, object]] = ()
    inner: Sequence[Message] = field(default=())

    def tree(self, codec: str = "", *, header: int = 32) -> dict[str, bytes | Tree]:
        """The streams and folders of the message; with a codec, texts are written in it."""
        found: dict[str, bytes | Tree] = dict(_streams(self.properties, header, codec))
        for n, one in enumerate(self.receivers):
            found[f"__recip_version1.0_#{n:08X}"] = _streams(one, 8, codec)
        for n, one in enumerate(self.attached):
            found[f"__attach_version1.0_#{n:08X}"] = _streams({"method": 1} | dict(one), 8, codec)
        for n, message in enumerate(self.inner, len(self.attached)):
            inside = {"__substg1.0_3701000D": message.tree(codec, header=24)}
            found[f"__attach_version1.0_#{n:08X}"] = _streams({"method": 5}, 8, codec) | inside
        return found

    def written(self, codec: str = "") -> bytes:
        """The bytes of the message as a file."""
        return container(self.tree(codec) | {"__nameid_version1.0": {"__substg1.0_00020102": b""}})


def _streams(properties: Mapping[str, object], header: int, codec: str) -> dict[str, bytes | Tree]:
    found: dict[str, bytes | Tree] = {}
    fixed = b""
    for name, value in properties.items():
        if name in TEXTS:
            assert isinstance(value, str)
            kind = 0x1E if codec else 0x1F
            found[f"__substg1.0_{TEXTS[name]:04X}{kind:04X}"] = value.encode(codec or "utf-16-le")
        elif name in BYTES:
            assert isinstance(value, bytes)
            found[f"__substg1.0_{BYTES[name]:04X}0102"] = value
        elif isinstance(value, datetime):
            ticks = int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
            fixed += struct.pack("<HHLQ", 0x40, 0x39, 6, ticks)
        else:
            fixed += struct.pack("<HHLQ", 3, NUMBERS[name], 6, value)
    return found | {"__properties_version1.0": bytes(header) + fixed}


def packed_rich_text(text: bytes, *, repeated: int = 0) -> bytes:
    """Rich text, compressed; the last bytes are a repetition of those `repeated` before them, eight times."""
    out, at = bytearray(), 207
    for first in range(0, len(text), 8):
        part = text[first : first + 8]
        out += bytes([0]) + part
        at += len(part)
    if repeated:
        pairs = [(at - repeated + n * repeated, repeated) for n in range(7)]
        kinds = 0xFF
        places = b"".join(struct.pack(">H", place % 4096 << 4 | length - 2) for place, length in pairs)
        at += 7 * repeated
        out += bytes([kinds]) + places + struct.pack(">H", at % 4096 << 4)
    size = len(text) + 7 * repeated
    return struct.pack("<LL4sL", len(out) + 12, size, b"LZFu", 0) + bytes(out)
