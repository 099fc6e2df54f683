"""Source code: the text as it is, its blocks parted, the name of each above it as a heading."""

from __future__ import annotations

import re

from assistant.core.types import Heading
from assistant.ingest.readers.content import Content, one_line, plain

SUFFIXES = frozenset(
    (
        ".py .js .ts .jsx .tsx .java .c .h .cc .cpp .hpp .cs .go .rs .rb .php .swift .kt .scala .sh .sql "
        ".r .jl .lua .pl .toml .yaml .yml .ini .cfg .css"
    ).split()
)
_NAMED = re.compile(
    r"^(?:export |public |private |protected |static |async |abstract |pub )*"
    r"(?:def|class|function|func|fn|interface|struct|enum|trait|impl|module|type|sub)\s+(\w[\w.:]*)",
    re.MULTILINE,
)


def read_code(text: str) -> Content:
    """Read source code; definitions that begin a line are headings."""
    text = plain(text).expandtabs(4)
    headings = tuple(
        Heading(2, one_line(match.group(1)), match.start(), match.end()) for match in _NAMED.finditer(text)
    )
    return Content("text/x-source", text, None, headings)
