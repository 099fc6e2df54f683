"""Decoding: bytes -> text, by a byte order mark, a declared encoding, or a guess."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BROKEN = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")
_WESTERN = frozenset("äöüßÄÖÜéèêëàâáîïíôóñçãõåæøÅÆØÉÈÀÁÍÓÚÑÇÃÕúùû¿¡€£§°ºª«»–—‘’“”„…·•©®™\xa0\xad")
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_CONTENT_TYPE = re.compile(
    r"""(?:text/|application/(?:[\w.-]+\+)?(?:xml|json)\b)[^;]*;.*?\bcharset\s*=\s*["']?([\w:.-]{2,40})""",
    re.IGNORECASE | re.DOTALL,
)
_SELF_DESCRIBING = (
    *(codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    *(b"%PDF-", b"PK\x03\x04", b"{\\rtf"),
)
"""Signatures of files that define their own encoding."""
_UNSAFE = frozenset({"utf-7", "punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
"""Codecs of Python that are no encodings of the web, or can disguise text."""
_WEB_CODECS = {
    **{"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254"},
    **{"iso8859-11": "cp874", "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030"},
    **{"shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"},
}
"""The codecs that browsers use for labels of other ones. Source: WHATWG Encoding Standard, section 4.2.

The package webencodings has the same table, but is no dependency of ours and lacks our unsafe codecs.
"""


def web_codec(label: str) -> str | None:
    """Return the codec that browsers use for an encoding label; None if it is not a text encoding."""
    try:
        codec = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    if codec.name in _UNSAFE or not codec._is_text_encoding:
        return None
    return _WEB_CODECS.get(codec.name, codec.name)


def apply_charset(data: bytes, content_type: str) -> bytes:
    """Convert text to UTF-8 with a byte order mark if only the content type has its encoding.

    Valid UTF-8 stays unchanged, as does data that is not text in the declared encoding: `decode` guesses
    the encoding of these.
    """
    declared = _CONTENT_TYPE.match(content_type)
    codec = web_codec(declared[1]) if declared else None
    if codec is None or data.startswith(_SELF_DESCRIBING):
        return data
    # Pure ASCII is valid UTF-8, but not if escapes switch between alphabets.
    if b"\x1b" not in data and _as_utf8(data) is not None and not codec.startswith(("utf-16", "utf-32")):
        return data
    try:
        text = data.decode(codec, "replace")
    except UnicodeError:
        return data
    if len(_BROKEN.findall(text)) * 1000 > len(text):
        return data
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def decode(data: bytes, *, declared: bool = False) -> str | None:
    """Decode bytes to text; None if they are not text (an image, a program).

    Tries a byte order mark, then the encoding that an HTML page declares if `declared`, then UTF-8 with at
    most a few broken bytes, then the guess of charset-normalizer.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    text = _as_utf8(data)
    if b"\0" in data and not (text and _is_readable(text)):
        return _decode_utf16(data)
    label = _DECLARED.search(data[:2048]) if declared else None
    if text is None and label and (declared_codec := web_codec(label[1].decode("ascii"))):
        text = _decode_with(data, declared_codec)
    if text is None:
        text = _nearly_utf8(data) or _guess(data)
    return text if text and _is_readable(text) else None


def _as_utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _decode_with(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec, "replace")
    except UnicodeError:
        return None


def _is_readable(text: str) -> bool:
    """True if hardly any characters are control characters; some text files have a few."""
    sample = text[:100_000]
    return len(_CONTROL.findall(sample)) * 20 <= len(sample)


def _decode_utf16(data: bytes) -> str | None:
    """Decode UTF-16 without a byte order mark: in mostly Latin text every second byte is zero."""
    even, odd = data[0::2].count(0) * 2 / len(data), data[1::2].count(0) * 2 / len(data)
    if max(even, odd) < 0.4 or min(even, odd) > 0.05:
        return None
    return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")


def _nearly_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = sum(1 for char in text if char > "\x7f") - broken
    return text if broken <= max(2, len(text) // 1000) and foreign >= 4 * broken else None


def _western(data: bytes) -> str | None:
    """Decode as Windows-1252 if few characters are not ASCII and all of these are usual in the West."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    foreign = [char for char in text[:200_000] if char > "\x7f"]
    is_usual = len(foreign) * 7 < len(text[:200_000]) and _WESTERN.issuperset(foreign)
    return text if is_usual else None


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    if (text := _western(data)) is not None:
        return text
    matches = from_bytes(data[:200_000])
    best = matches.best()
    if best is None:
        return None
    # Among equals the most common, which covers most of Western Europe.
    western = any(
        m.encoding == "cp1252" and m.chaos <= best.chaos and m.coherence >= best.coherence for m in matches
    )
    return data.decode("cp1252" if western else best.encoding, "replace")
