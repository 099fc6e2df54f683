"""Notebooks (.ipynb): the texts, the code and what it printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content
from assistant.ingest.readers.markdown import read_markdown

_SHOWN = 5000
"""Limit on the characters of one output: more is a log, or data."""


def read_notebook(text: str) -> Content:
    """Parse a notebook (nbformat 4, and 3 with its worksheets). Raises ReadError if it has no cells."""
    data = json.loads(text)
    sheets = data.get("worksheets") or [data]
    cells = [cell for sheet in sheets for cell in sheet.get("cells", ()) if isinstance(cell, dict)]
    if not cells:
        raise ReadError("is a notebook without cells.")
    language = str(data.get("metadata", {}).get("language_info", {}).get("name", ""))
    content = read_markdown("\n\n".join(part for cell in cells for part in _parts(cell, language)))
    return Content("application/x-ipynb+json", content.text, content.title, content.headings)


def _parts(cell: dict[str, Any], language: str) -> Iterator[str]:
    source = _joined(cell.get("source", cell.get("input", "")))
    if cell.get("cell_type") != "code":
        yield source
        return
    if source.strip():
        yield _fenced(source, language)
    for output in cell.get("outputs", ()):
        shown = _joined(output.get("text") or output.get("data", {}).get("text/plain", ""))
        if shown.strip():
            yield _fenced(shown[:_SHOWN], "")


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _joined(source: object) -> str:
    """Return a text that is written as lines or as one."""
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
