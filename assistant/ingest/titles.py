"""The title of a document: the one in the file, if it is not a default of a program, or its first heading."""

from __future__ import annotations

import re

from assistant.ingest.readers.content import Content, one_line

_JUNK = re.compile(
    r"""\W*(?:
      anonymous|unspecified|untitled.{0,20}|no\ ?title|(?:new\ )?(?:document|presentation|workbook)\W*\d*
      |(?:word|excel|powerpoint)\ (?:document|presentation|workbook)|microsoft\ (?:word|excel|powerpoint).*
      |(?:scan|img|image|doc)[-_\ ]?\d+|slide\ ?\d+|about:blank|title
      )\W*|.*\.(?:docx?|indd|tex|pdf|qxd|pptx?|xlsx?|rtf|odt|dvi|cdr|p65)""",
    re.IGNORECASE | re.VERBOSE,
)
_WRITTEN = ("application/pdf", "wordprocessingml", "application/rtf", "opendocument.text")
"""Parts of media types of documents that begin with their title, as a person would write them."""


def title_of(content: Content) -> str | None:
    """Return the title of a document; None if nothing in it can be one."""
    title = one_line(content.title or "")
    if title and not _JUNK.fullmatch(title):
        return title
    if not any(kind in content.media_type for kind in _WRITTEN):
        return None
    return content.headings[0].title if content.headings else _first_line(content.text)


def _first_line(text: str) -> str | None:
    """Return the first line if it is like a heading: a few words without an end of a sentence."""
    first, _, rest = text.lstrip().partition("\n")
    first = one_line(first)
    is_heading = 3 < len(first) <= 100 and first[0].isalnum() and first[-1] not in ".,;:!?"
    return (
        first if is_heading and re.search(r"[^\W\d_]{2}", first) and len(rest.strip()) > len(first) else None
    )
