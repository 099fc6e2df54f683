"""Markdown: the text as written, headings by a real parser, front matter as metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from assistant.core.types import Heading
from assistant.ingest.readers.content import Content, described, one_line, plain

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.{0,16384}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)

# The line under the column names: what a rule follows at once is a table then, and no heading.
_TABLE = re.compile(r"^(?=[^\n]*\|)(?=[^\n]*-)[ |:-]+$", re.MULTILINE)
# A comment with the empty rest of its line, or code, in which there are none.
_CODE_OR_COMMENT = re.compile(
    r"^(?P<fence>[ ]{0,3}(?:`{3,}|~{3,})).*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|(?P<tick>`+)[^`\n]+(?P=tick)"
    r"|(?P<comment>(?:(?<=\n)|\A)[ \t]*<!--.*?(?:-->|\Z)[ \t]*(?:\n|\Z)|<!--.*?(?:-->|\Z))",
    re.DOTALL | re.MULTILINE,
)


def read_markdown(text: str) -> Content:
    """Content of Markdown text. Front matter that is no YAML mapping stays in the text."""
    text = plain(text)
    found = _FRONT_MATTER.match(text)
    metadata = _mapping(found.group(1)) if found else None
    if found and metadata is not None:
        text = text[found.end() :].lstrip("\n")
    metadata = metadata or {}
    text = _without_comments(text)
    headings = headings_of(text)
    title = metadata.pop("title", None) or _first(headings)
    return Content("text/markdown", text, title, headings, metadata=metadata)


def _without_comments(text: str) -> str:
    """The text without the comments that no reader of the page sees; those in code are code."""
    if "<!--" not in text:
        return text
    return _CODE_OR_COMMENT.sub(lambda found: "" if found["comment"] else found.group(), text).lstrip("\n")


def headings_of(text: str) -> tuple[Heading, ...]:
    """The headings of Markdown text outside lists and quotations, with the range of their lines."""
    starts = [0, *(at.end() for at in re.finditer("\n", text))]
    tokens = _parser().parse(text)
    found = []
    for opening, inline in pairwise(tokens):
        is_heading = opening.type == "heading_open" and opening.level == 0
        if is_heading and opening.map and not _TABLE.search(inline.content):
            first, after = opening.map
            end = starts[after] - 1 if after < len(starts) else len(text)
            start = starts[first]
            end = start + len(text[start:end].rstrip())
            found.append(Heading(int(opening.tag[1]), _words(inline.content), start, end))
    return tuple(heading for heading in found if heading.title)


def _first(headings: tuple[Heading, ...]) -> str | None:
    return next((h.title for h in headings if h.level == 1), headings[0].title if headings else None)


@cache
def _parser() -> MarkdownIt:
    """A parser of blocks alone: what stands inside them is not looked at, which is most of the work.

    A table is a paragraph to it, as it would take seconds over the cells of a long one.
    """
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")


@cache
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def _words(markup: str) -> str:
    """The words of a heading, without its marks."""
    tokens = _inline_parser().parseInline(markup)
    children = (tokens[0].children or []) if tokens else []
    return one_line(
        "".join(" " if t.type == "softbreak" else t.content for t in children if t.type != "html_inline")
    )


def _mapping(front_matter: str) -> dict[str, str] | None:
    """What the front matter says, in strings; None where it is not YAML or not a mapping."""
    import yaml

    if front_matter.count("[") + front_matter.count("{") > 200:
        return None  # nobody writes this, and the parser takes seconds over deep nesting
    try:
        found = yaml.safe_load(front_matter)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping):
        return None
    return described((str(key).lower(), _value(value)) for key, value in found.items())


def _value(value: object) -> str | None:
    """A scalar, or a list of scalars with commas between them; nothing that is nested deeper."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        return ", ".join(str(v) for v in value if isinstance(v, str | int | float | date))
    return None
