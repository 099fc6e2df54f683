"""JSON and JSON Lines: lists of flat objects as tables, everything else as lines with key paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line, plain
from assistant.ingest.readers.grid import check_size, write_table

_START = re.compile(r"""\s*(?:\{\s*(?:"|\}\s*\Z)|\[\s*(?:["{\[\]]|-?\d|true\b|false\b|null\b))""")
_LINES = (".jsonl", ".ndjson")
_NAMES = ("title", "name", "headline", "label", "subject", "question", "query", "input", "id", "key")
"""Keys that may name an object, best first."""
_LONG = 400
"""Characters above which a text does not fit in a table cell."""
_COLUMNS = 60


def is_records(start: str, suffix: str) -> bool:
    """True if text with this beginning may be JSON."""
    return suffix in (".json", *_LINES) or _START.match(start) is not None


def read_records(text: str, suffix: str) -> Content | None:
    """Parse JSON or JSON Lines.

    Returns None if the text is neither; raises ReadError if its suffix says that it is.
    """
    kind = "application/x-ndjson" if suffix in _LINES else "application/json"
    try:
        value = _lines(text) if suffix in _LINES else _value(text)
    except _InvalidJson as fault:
        if suffix not in (".json", *_LINES):
            return None
        raise ReadError(f"is not valid JSON ({fault}); correct it and add it again.") from None
    draft = ContentBuilder()
    _Writer(draft).write(value, (), 0)
    items = value.items() if isinstance(value, dict) else ()
    fields = {str(key).lower(): text for key, text in items if isinstance(text, str)}
    title = one_line(fields.get("title") or fields.get("name") or "") or None
    return draft.content(kind, title, clean_metadata((key, fields.get(key)) for key in ("author", "date")))


class _InvalidJson(Exception):
    """The text is not JSON; the message says where and why."""


def _value(text: str) -> Any:
    """Parse the text as one value, or as a list with one value on each line."""
    try:
        return json.loads(text, parse_constant=str)
    except ValueError as error:
        try:
            return _lines(text)
        except _InvalidJson:
            raise _InvalidJson(_describe(error)) from None


def _describe(error: ValueError, line: int | None = None) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return "a number in it is too long"
    return f"line {line or error.lineno}: {error.msg[0].lower()}{error.msg[1:]}"


def _lines(text: str) -> list[Any]:
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append(json.loads(line, parse_constant=str))
            except ValueError as error:
                raise _InvalidJson(_describe(error, number)) from None
    if not any(isinstance(value, list | dict) for value in values):
        raise _InvalidJson("no line holds an object")
    return values


Path = tuple[str, ...]


class _Writer:
    """Writes a value to a draft, each part under the path of its keys."""

    def __init__(self, draft: ContentBuilder) -> None:
        self._draft = draft

    def write(self, value: Any, path: Path, depth: int) -> None:
        """Write a value `depth` headings below the top. Elements of a list have the path of the list."""
        if isinstance(value, dict):
            self._object(value, path, depth)
        elif isinstance(value, list):
            self._list(value, path, depth)
        else:
            self._field(path, value)

    def _object(self, value: Mapping[str, Any], path: Path, depth: int) -> None:
        """Write plain values first, then nested ones under headings."""
        nested = {key: inner for key, inner in value.items() if _is_nested(inner)}
        for key, inner in value.items():
            if key not in nested:
                self._field((*path, key), inner)
        for key, inner in nested.items():
            self._with_heading(inner, (*path, key), depth + 1, ".".join((*path, key)))

    def _with_heading(self, value: Any, path: Path, depth: int, title: str) -> None:
        if value:
            self._draft.heading(depth, title)
            self.write(value, path, depth)

    def _list(self, values: Sequence[Any], path: Path, depth: int) -> None:
        if not any(_is_nested(value) for value in values):
            for value in values:
                self._draft.item(_format(value))
        elif (table := _table(values)) is not None:
            write_table(self._draft, *table)
        else:
            for number, value in enumerate(values, 1):
                name = _name(value)
                title = name if re.search(r"[^\W\d_]", name) else ".".join((*path, name or str(number)))
                self._with_heading(value, path, depth + 1, title)

    def _field(self, path: Path, value: Any) -> None:
        key = ".".join(path)
        is_broken = isinstance(value, list) and any("\n" in item for item in value if isinstance(item, str))
        text = "".join(map(_format, value)) if is_broken else _format(value)
        if len(text) > _LONG or "\n" in text.strip():
            if key:
                self._draft.paragraph(f"{key}:")
            for paragraph in re.split(r"\n\s*\n", plain(text)):
                self._draft.paragraph(paragraph)
        elif text.strip():
            self._draft.item(f"{key}: {text}" if key else text)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
    )


def _format(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_format, value))
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _name(value: Any) -> str:
    """Return the name of an object from its keys; empty if it has none."""
    if not isinstance(value, dict):
        return ""
    lower = {str(key).lower(): each for key, each in value.items()}
    texts = (one_line(_format(lower[key])) for key in _NAMES if isinstance(lower.get(key), str | int))
    return next((text for text in texts if 0 < len(text) <= 150), "")


def _table(values: Sequence[Any]) -> tuple[list[str], list[list[str]]] | None:
    """Return column names and rows if all values are objects that are flat, or flattened by key paths."""
    rows: list[dict[str, str]] = []
    names: dict[str, None] = {}
    for value in values:
        if not isinstance(value, dict):
            return None
        row = dict(islice(_flat(value, ""), _COLUMNS + 1))
        if len(row) > _COLUMNS or any(len(text) > _LONG or _BROKEN in text for text in row.values()):
            return None
        rows.append(row)
        names |= dict.fromkeys(row)
        check_size(len(rows) * len(names))
    filled = sum(map(len, rows))
    if not 2 <= len(names) <= _COLUMNS or filled * 3 < len(rows) * len(names):
        return None
    return list(names), [[row.get(name, "") for name in names] for row in rows]


_BROKEN = "\n\n"


def _flat(value: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{before}{key}.")
        elif _is_nested(inner):
            yield f"{before}{key}", _BROKEN
        else:
            yield f"{before}{key}", one_line(_format(inner))
