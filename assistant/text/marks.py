"""Inline Markdown and HTML markup in the text of a document: where it is, and the text without it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.core.types import Span

Style = Literal["sign", "code", "strong", "em", "link"]

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?(?P<name>[a-zA-Z][a-zA-Z0-9-]*)(?:\s[^<>]{0,300})?/?>")
_INLINE = frozenset("b i em strong u s code a sup sub span kbd mark small".split())
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(
    r"\[([^\[\]]+)\]\((?:<[^<>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+[\"'][^\"']*[\"'])?\)"
)
_REFERENCE = re.compile(r"\[([^\[\]^]+)\]\[[^\[\]]*\]")
_NOTE = re.compile(r"\[\^[^\[\]\s]+\]:?")
_STRONG = re.compile(r"(?<!\\)(\*\*\*|\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*\\])(\*|_)(?=[^\s*_])([^*_]+?)(?<=[^\s*_])\1(?![\w*])", re.DOTALL)
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LOOSE = re.compile(r"(?<!\S)(?:\*\*|__)(?=\w)|(?<=[\w.?!])(?:\*\*|__)(?!\S)")
_SIGNS = re.compile(r"[*_\[`<&\\~]")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")


def unmarked(text: str) -> str:
    """Return the text on one line, without comments, tags, emphasis, link targets and footnote numbers."""
    if not _SIGNS.search(text):
        return " ".join(text.split())
    text = _COMMENT.sub(" ", text)
    kept: list[str] = []

    def keep(code: re.Match[str]) -> str:
        kept.append(code[2].strip())
        return f"\0{len(kept) - 1}\0"

    text = _CODE.sub(keep, text)
    text = _TAG.sub(lambda tag: "" if tag["name"].lower() in _INLINE else " ", text)
    text = _NOTE.sub("", _REFERENCE.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))))
    for _ in range(2):
        text = _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", text))
    text = html.unescape(_ESCAPED.sub(r"\1", _LOOSE.sub("", text)))
    text = re.sub("\0(\\d+)\0", lambda place: kept[int(place[1])], text)
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Run:
    """A range of text with the same styles all along; a `sign` is markup, which a reader does not see."""

    span: Span
    styles: frozenset[Style]


_STYLED: tuple[tuple[re.Pattern[str], int, Style], ...] = (
    (_CODE, 2, "code"),
    (_LINK, 1, "link"),
    (_STRONG, 2, "strong"),
    (_EMPHASIS, 2, "em"),
)


def runs(text: str, start: int, end: int) -> Iterator[Run]:
    """Yield the runs of `text[start:end]`, in order and without gaps."""
    yield from _runs(text, start, end, frozenset())


def _runs(text: str, start: int, end: int, styles: frozenset[Style]) -> Iterator[Run]:
    while start < end:
        found = [
            (match, group, style)
            for pattern, group, style in _STYLED
            if style not in styles and (match := pattern.search(text, start, end))
        ]
        if not found or "code" in styles:
            yield Run(Span(start, end), styles)
            return
        match, group, style = min(found, key=lambda each: each[0].start())
        inner = Span(*match.span(group))
        if start < match.start():
            yield Run(Span(start, match.start()), styles)
        yield Run(Span(match.start(), inner.start), styles | {"sign"})
        yield from _runs(text, inner.start, inner.end, styles | {style})
        yield Run(Span(inner.end, match.end()), styles | {"sign"})
        start = match.end()
