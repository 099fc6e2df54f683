"""Plain text. What was scraped from a web page loses what the page wrote around its article."""

from __future__ import annotations

import re

from assistant.ingest.readers.content import Content, plain
from assistant.ingest.readers.scraped import cleaned


def read_text(text: str) -> Content:
    """Content of plain text: it has no headings, and its first line is its title where it reads like one."""
    text = cleaned(plain(text))
    return Content("text/plain", text, _title(text))


def _title(text: str) -> str | None:
    """The first line, if it is short, ends like no sentence, and something longer follows."""
    first, _, rest = text.lstrip().partition("\n")
    first = first.strip(" \t#=*_")
    if not re.search(r"[^\W\d_]{2}", first) or len(first) > 150 or first[-1] in ".,;:{([|":
        return None
    return first if len(rest.strip()) > len(first) else None
