"""What a server says of a text's encoding, put into the text itself."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(
    r"""(?:text/|application/(?:[\w.-]+\+)?(?:xml|json)\b)[^;]*;.*?\bcharset\s*=\s*["']?([\w:.-]{2,40})""",
    re.IGNORECASE | re.DOTALL,
)
_SELF_DECLARED = (
    *(codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    *(b"%PDF-", b"PK\x03\x04", b"{\\rtf"),
)
"""How something begins that tells itself how it is written, whatever it is called."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")
_NEVER = frozenset({"utf-7", "punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
"""What no page is written in, or what reads as something else than it looks like."""
_MEANT = {
    **{"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254"},
    **{"iso8859-11": "cp874", "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030"},
    **{"shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"},
}
"""What browsers read where these are named. Source: WHATWG, Encoding, section 4.2."""


def applied(data: bytes, content_type: str) -> bytes:
    """The same text as UTF-8 with a byte order mark, where only the content type tells how it is written.

    What is UTF-8 stays as it is, whatever it is called, and so does what makes no text in the named encoding:
    there a reader looks at the bytes.
    """
    declared = _DECLARED.match(content_type)
    encoding = _encoding(declared[1]) if declared else None
    if encoding is None or data.startswith(_SELF_DECLARED):
        return data
    if _is_utf8(data) and not encoding.startswith(("utf-16", "utf-32")):
        return data
    try:
        text = data.decode(encoding, "replace")
    except UnicodeError:
        return data
    if len(_CONTROL.findall(text)) * 1000 > len(text):
        return data
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def _encoding(name: str) -> str | None:
    """What browsers read where an encoding is named; None for what is no encoding of texts."""
    try:
        known = codecs.lookup(name)
    except LookupError:
        return None
    if known.name in _NEVER or not known._is_text_encoding:
        return None
    return _MEANT.get(known.name, known.name)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Seven bits are UTF-8 in any case; but what switches between alphabets by escapes is not meant so.
    return b"\x1b" not in data
