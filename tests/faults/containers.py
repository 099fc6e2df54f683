"""Outlook messages, old Office files and pictures that go in circles, lie of their size or are bombs."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import partial

from faults import texts
from faults.damaged import Case
from faults.messages import HEAD, msg
from ole import container
from outlook import Message

MB = 1_000_000
OLD = {"doc": "WordDocument", "xls": "Workbook", "ppt": "PowerPoint Document"}


def cases() -> Iterator[Case]:
    """Return all cases of this module."""
    body = " ".join(texts.SENTENCES)
    yield Case("rich-text-bomb.msg", lambda: _with({"body": "", "rtf": _packed_bomb()}))
    yield Case("rich-text-of-another-kind.msg", lambda: _with({"body": "", "rtf": b"\0" * 8 + b"ZZZZ" * 9}))
    yield Case("html-bomb.msg", lambda: _with({"body": "", "html": b"<div>" * 200_000}))
    yield Case("2000-receivers.msg", lambda: _many_receivers(2_000))
    yield Case("messages-in-messages.msg", partial(_nested, 60))
    yield Case("a-long-text.msg", lambda: _with({"body": body * 5_000}))
    yield Case("a-code-page-of-nowhere.msg", lambda: _with({"body": body, "page": 4_000_000_000}))
    yield Case("times-beyond-time.msg", _timeless)
    yield Case("without-properties.msg", lambda: container({"__nameid_version1.0": {}, "x": b"y"}))
    for name, at in {"directory": 48, "table": 76, "small-table": 60}.items():
        for number in (0, 1, 0xFFFFFFFE, 0x7FFFFFFF):
            yield Case(f"{name}-at-{number:x}.msg", partial(_pointing, at, number))
    for place, kind in ((68, "left"), (72, "right"), (76, "child")):
        for n in range(4):
            yield Case(f"entries-in-a-circle-{kind}-{n}.msg", partial(_circle, place, n))
    for suffix, stream in OLD.items():
        yield Case(f"nothing-in-it.{suffix}", partial(_pretended, stream, 0))
        yield Case(f"noise.{suffix}", partial(_pretended, stream, 300_000))
        yield Case(f"a-message.{suffix}", msg)
    yield Case("billion-pixels.png", partial(_png, 32_000, 32_000))
    yield Case("a-line-of-pixels.png", partial(_png, 60_000, 1))
    yield Case("cut.png", lambda: _png(800, 800)[:200])
    yield Case("nothing-after-its-head.jpg", lambda: b"\xff\xd8\xff\xe0" + bytes(400))
    yield Case("directories-in-a-circle.tif", _tiff)


def _with(properties: dict[str, object]) -> bytes:
    return Message(HEAD | properties).written()


def _packed_bomb() -> bytes:
    """Compressed rich text that says that it is of 4 GB, and repeats itself for as long as it lasts."""
    pairs = b"".join(struct.pack(">H", (207 + 17 * n) % 4096 << 4 | 15) for n in range(8 * 400_000))
    groups = b"".join(b"\xff" + pairs[at : at + 16] for at in range(0, len(pairs), 16))
    return struct.pack("<LL4sL", len(groups) + 12, 0xFFFFFFFF, b"LZFu", 0) + groups


def _many_receivers(count: int) -> bytes:
    people = [{"name": f"Leo {n}", "kind": 1} for n in range(count)]
    return Message(HEAD | {"body": "See below."}, people).written()


def _nested(depth: int) -> bytes:
    message = Message(HEAD | {"body": "The last."})
    for _ in range(depth):
        message = Message(HEAD | {"body": "See below."}, inner=[message])
    return message.written()


def _timeless() -> bytes:
    listed = bytes(32) + struct.pack("<HHLQ", 0x40, 0x39, 6, 2**64 - 1)
    return container({"__properties_version1.0": listed, "__substg1.0_1000001F": "Late.".encode("utf-16-le")})


def _pointing(at: int, number: int) -> bytes:
    data = bytearray(msg())
    struct.pack_into("<L", data, at, number)
    return bytes(data)


def _circle(place: int, number: int) -> bytes:
    """An entry of the directory that has itself, or one above it, beside or below it."""
    data = bytearray(msg())
    start = (struct.unpack_from("<L", data, 48)[0] + 1) * 512
    struct.pack_into("<L", data, start + (number + 1) * 128 + place, number)
    return bytes(data)


def _pretended(stream: str, size: int) -> bytes:
    return container({stream: random.Random(size).randbytes(size), "1Table": b"x" * 5_000})


def _png(width: int, height: int) -> bytes:
    """A picture of these measures, all of it black."""
    rows = zlib.compressobj()
    packed = b"".join(rows.compress(bytes(width // 8 + 1)) for _ in range(height)) + rows.flush()
    head = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(8)
    for kind, data in ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")):
        out.write(struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data)))
    return out.getvalue()


def _tiff() -> bytes:
    """A picture whose list of pages leads back to its first."""
    entries = [(256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 8), (278, 8), (279, 64)]
    listed = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<LH", 8, len(entries)) + listed + struct.pack("<L", 8) + bytes(64)
