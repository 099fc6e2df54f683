"""Rich text as Outlook compresses it ([MS-OXRTFCP])."""

from __future__ import annotations

import struct

from assistant.core.errors import ReadError

LIMIT = 50_000_000
"""Limit on the bytes that are unpacked."""
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
_COMMON = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""The dictionary that compression begins with ([MS-OXRTFCP])."""


def unpacked(data: bytes) -> bytes:
    """Return rich text as it was before it was compressed; what a damaged end leaves of it.

    Raises ReadError if it is compressed in another way.
    """
    if len(data) < 16:
        return b""
    _, size, kind, _ = struct.unpack("<LL4sL", data[:16])
    if kind == _PLAIN:
        return data[16 : 16 + size]
    if kind != _COMPRESSED:
        raise ReadError("has a text that is damaged; open it, save it again and add that.")
    return _unpacked(data[16:], min(size, LIMIT))


def _unpacked(data: bytes, size: int) -> bytes:
    """Return `size` bytes: eight at a time, of which bits tell if they are bytes or places in the window."""
    out, at = bytearray(_COMMON), 0
    size += len(_COMMON)
    while at < len(data) and len(out) < size:
        kinds, at = data[at], at + 1
        for bit in range(8):
            if not kinds >> bit & 1:
                out += data[at : at + 1]
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2], "big")
            at += 2
            place, length = pair >> 4, (pair & 15) + 2
            back = (len(out) - place) % _WINDOW
            # The place where the next byte would be marks the end.
            if not back or at > len(data):
                return bytes(out[len(_COMMON) : size])
            for _ in range(length):
                out.append(out[-back] if back <= len(out) else 32)
    return bytes(out[len(_COMMON) : size])
