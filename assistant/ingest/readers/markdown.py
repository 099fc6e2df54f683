"""Markdown: the text as written, with headings from a real parser and front matter as metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from assistant.core.types import Heading
from assistant.ingest.readers.content import Content, clean_metadata, one_line, plain

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.{0,16384}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)

_FIELD = re.compile(r"([^\W\d][\w -]{0,40}):[ \t]+([^\s\[{&*!|>%@`].*)")
# The line below the column names: a rule after it belongs to a table and makes no heading.
_TABLE = re.compile(r"^(?=[^\n]*\|)(?=[^\n]*-)[ |:-]+$", re.MULTILINE)
# A comment with the empty rest of its line, or code, in which there are none.
_CODE_OR_COMMENT = re.compile(
    r"^(?P<fence>[ ]{0,3}(?:`{3,}|~{3,})).*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|(?P<tick>`+)[^`\n]+(?P=tick)"
    r"|(?P<comment>(?:(?<=\n)|\A)[ \t]*<!--.*?(?:-->|\Z)[ \t]*(?:\n|\Z)|<!--.*?(?:-->|\Z))",
    re.DOTALL | re.MULTILINE,
)


def read_markdown(text: str) -> Content:
    """Parse Markdown. Front matter that is not a YAML mapping stays in the text."""
    text = plain(text)
    front_matter = _FRONT_MATTER.match(text)
    metadata = _mapping(front_matter.group(1)) if front_matter else None
    if front_matter and metadata is not None:
        text = text[front_matter.end() :].lstrip("\n")
    text = _without_comments(text)
    headings = headings_of(text)
    if front_matter and metadata is None:  # its last line looks like a heading above a rule
        headings = tuple(heading for heading in headings if heading.start >= front_matter.end())
    metadata = metadata or {}
    title = metadata.pop("title", None) or _first(headings)
    return Content("text/markdown", text, title, headings, metadata=metadata)


def _without_comments(text: str) -> str:
    """The text without the comments that no reader of the page sees; those in code are code."""
    if "<!--" not in text:
        return text
    return _CODE_OR_COMMENT.sub(lambda found: "" if found["comment"] else found.group(), text).lstrip("\n")


def headings_of(text: str) -> tuple[Heading, ...]:
    """Return the headings outside lists and quotations, with the ranges of their lines."""
    starts = [0, *(at.end() for at in re.finditer("\n", text))]
    tokens = _parser().parse(text)
    headings = []
    for opening, inline in pairwise(tokens):
        is_heading = opening.type == "heading_open" and opening.level == 0
        if is_heading and opening.map and not _TABLE.search(inline.content):
            first, after = opening.map
            end = starts[after] - 1 if after < len(starts) else len(text)
            start = starts[first]
            end = start + len(text[start:end].rstrip())
            headings.append(Heading(int(opening.tag[1]), _words(inline.content), start, end))
    return tuple(heading for heading in headings if heading.title)


def _first(headings: tuple[Heading, ...]) -> str | None:
    return next((h.title for h in headings if h.level == 1), headings[0].title if headings else None)


@cache
def _parser() -> MarkdownIt:
    """Return a parser of blocks without inline markup and tables, which take most of the time."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")


@cache
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def _words(markup: str) -> str:
    """Return the words of a heading without markup."""
    tokens = _inline_parser().parseInline(markup)
    children = (tokens[0].children or []) if tokens else []
    return one_line(
        "".join(" " if t.type == "softbreak" else t.content for t in children if t.type != "html_inline")
    )


def _mapping(front_matter: str) -> dict[str, str] | None:
    """Parse front matter to strings; None if it is not a YAML mapping."""
    import yaml

    if front_matter.count("[") + front_matter.count("{") > 200:
        return None  # deep nesting takes the parser seconds, and real front matter has none
    try:
        fields = yaml.safe_load(front_matter)
    except yaml.YAMLError:
        return _lines(front_matter)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, Mapping):
        return None
    return clean_metadata((str(key).lower(), _value(value)) for key, value in fields.items())


def _lines(front_matter: str) -> dict[str, str] | None:
    """Parse front matter that is no YAML because its values have colons; None if a line is not a field."""
    fields = [_FIELD.fullmatch(line) for line in front_matter.split("\n") if line.strip()]
    if not all(fields):
        return None
    return clean_metadata((field[1].lower(), field[2].strip().strip("\"'")) for field in fields if field)


def _value(value: object) -> str | None:
    """Return a scalar, or a list of scalars joined by commas; None for anything nested."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        return ", ".join(str(v) for v in value if isinstance(v, str | int | float | date))
    return None
