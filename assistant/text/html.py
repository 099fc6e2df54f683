"""Text -> safe HTML: the only way for documents, questions, file names and model output to reach a page.

`Html` is a string of markup. Only `text` makes it from text, by escaping, and only `element` adds tags, so a
type checker finds text that would reach a page unescaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NewType

Html = NewType("Html", str)

# Control characters that HTML forbids or drops become their pictures (NUL as ␀). Bidi overrides, which
# reverse other text, and surrogates, which UTF-8 cannot encode, become the replacement character. A bare
# carriage return would be parsed as a line feed.
_SAFE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "&#13;", "\x7f": "␡"}
    | {chr(code): chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"}
    | dict.fromkeys("\u202d\u202e", "\ufffd")
    | {chr(code): "\ufffd" for code in range(0xD800, 0xE000)}
)


def text(plain: str) -> Html:
    """Escape text for use within an element or an attribute."""
    return Html(plain.translate(_SAFE))


def element(name: str, *children: Html, **attributes: str | None) -> Html:
    """Make an element. `class_` and `data_number` become `class` and `data-number`; None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>{joined(children)}</{name}>")


def joined(parts: Iterable[Html]) -> Html:
    """Join pieces of markup."""
    return Html("".join(parts))


def spaced(parts: Iterable[Html]) -> Iterator[Html]:
    """Yield pieces of markup with a space between each two."""
    for number, part in enumerate(parts):
        if number:
            yield Html(" ")
        yield part
