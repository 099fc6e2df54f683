"""Plain text, without the remains of a web page that it was scraped from."""

from __future__ import annotations

import re

from assistant.ingest.readers.content import Content, plain
from assistant.ingest.readers.scraped import remove_furniture


def read_text(text: str) -> Content:
    """Parse plain text. It has no headings; its first line is the title if it looks like one."""
    text = remove_furniture(plain(text))
    return Content("text/plain", text, _title(text))


def _title(text: str) -> str | None:
    """Return the first line if it is short, does not end like a sentence, and longer text follows."""
    first, _, rest = text.lstrip().partition("\n")
    first = first.strip(" \t#=*_")
    if not re.search(r"[^\W\d_]{2}", first) or len(first) > 150 or first[-1] in ".,;:{([|":
        return None
    return first if len(rest.strip()) > len(first) else None
