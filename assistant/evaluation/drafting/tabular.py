"""Questions from tables: what one column says of what stands in the first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.types import Span
from assistant.evaluation.drafting.phrases import VERBS, Wording

LONGEST_KEY, LONGEST_CELL = 45, 60
"""Characters of what is asked about, and of what is asked for."""
MOST = 12
"""Questions of one table: of a long one those that are spread over it."""
_LINE = re.compile(r"[^\n]+")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")
_MARKS = re.compile(r"[`*_<>\[\]\\]|https?:")
_EMPTY = frozenset("yes no none n/a na - – — x ? unknown other total sum".split())
_NOUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?: [A-Za-z0-9'’-]+){0,6}")
_WHAT_IT = re.compile(r"What (?:it|they) (?P<verb>[a-z]+)")
_NO_NOUN = frozenset(
    "what when where who why how which notes note comment comments remarks details description example "
    "examples default type kind id no nr # name names".split()
)


@dataclass(frozen=True, slots=True)
class _Row:
    span: Span
    cells: Sequence[tuple[Span, str]]


def rows(text: str, lowercase: frozenset[str]) -> Iterator[Wording]:
    """The questions of all tables in a text; `lowercase` are its words that are no names."""
    for header, body in _tables(text):
        yield from _spread([wording for row in body for wording in _of_row(header, row, body, lowercase)])


def _tables(text: str) -> Iterator[tuple[_Row, list[_Row]]]:
    """The row of column names and the other rows of each table that is whole."""
    lines = [Span(line.start(), line.end()) for line in _LINE.finditer(text)]
    for at in range(1, len(lines)):
        if not _RULE.match(text, lines[at].start, lines[at].end) or "|" not in _cut(text, lines[at - 1]):
            continue
        body: list[_Row] = []
        for line in lines[at + 1 :]:
            if "|" not in _cut(text, line) or text.count("\n", lines[at].end, line.start) > len(body) + 1:
                break
            body.append(_row(text, line))
        header = _row(text, lines[at - 1])
        yield header, [row for row in body if len(row.cells) == len(header.cells)]


def _cut(text: str, span: Span) -> str:
    return text[span.start : span.end]


def _row(text: str, line: Span) -> _Row:
    inner = Span(line.start, line.end)
    cells = [Span(cell.start(), cell.end()) for cell in _CELL.finditer(text, inner.start, inner.end)]
    return _Row(line, [_bare(text, cell) for cell in cells])


def _bare(text: str, cell: Span) -> tuple[Span, str]:
    """A cell without the marks around all of it: `name`, **name**."""
    start, end = cell.start, cell.end
    while end - start > 2 and text[start] == text[end - 1] and text[start] in "`*_":
        start, end = start + 1, end - 1
    return Span(start, end), text[start:end]


def _of_row(header: _Row, row: _Row, body: Sequence[_Row], lowercase: frozenset[str]) -> Iterator[Wording]:
    (_, key), *cells = row.cells
    keys = Counter(other.cells[0][1].casefold() for other in body)
    if keys[key.casefold()] > 1 or not _is_key(key):
        return
    is_name = key[0].isupper() and key[1:2].islower() and key.split()[0].lower() not in lowercase
    for at, (span, cell) in enumerate(cells, 1):
        kind, column = header.cells[0][1], header.cells[at][1]
        question = _of_name(column, key) if is_name else _question(kind, column, key)
        if question and _is_answer(cell, [other.cells[at][1] for other in body]):
            yield Wording(question, row.span, (span,))


def _is_key(key: str) -> bool:
    telling = any(character.isalpha() for character in key) and not re.search(r"[,;:]", key)
    return telling and len(key) <= LONGEST_KEY and not _MARKS.search(key) and key.casefold() not in _EMPTY


def _is_answer(cell: str, column: Sequence[str]) -> bool:
    """Whether a cell says something short that not every row says."""
    told = any(map(str.isalnum, cell)) and cell.casefold() not in _EMPTY and not cell.startswith("not ")
    fits = 1 < len(cell) <= LONGEST_CELL and not _MARKS.search(cell)
    return told and fits and column.count(cell) * 2 <= len(column)


def _question(kind: str, column: str, key: str) -> str | None:
    """What is asked of a row that is about a thing of a kind: the name of the first column."""
    subject = _subject(kind, key)
    if subject is None:
        return None
    if found := _WHAT_IT.fullmatch(column):
        base = _base(found["verb"])
        return f"What does {subject} {base}?" if base else None
    return f"What {_be(column)} the {_lower(column)} of {subject}?" if _is_noun(column) else None


def _of_name(column: str, name: str) -> str | None:
    """What is asked of a row that is about something with a name."""
    if found := _WHAT_IT.fullmatch(column):
        base = _base(found["verb"])
        return f"What does {name} {base}?" if base else None
    if not _is_noun(column):
        return None
    own = f"{name}’" if name.endswith("s") else f"{name}’s"
    with_more = re.search(r" (?:in|of|for|with|to|from|on) ", column)
    said = f"{own} {_lower(column)}" if with_more else f"the {_lower(column)} of {name}"
    return f"What {_be(column)} {said}?"


def _subject(kind: str, key: str) -> str | None:
    if not _NOUN.fullmatch(kind) or kind.lower() in _NO_NOUN:
        return None
    kind = _lower(kind)
    return f"the {kind} “{key}”" if len(kind.split()) <= 2 else f"“{key}” ({kind})"


def _is_noun(column: str) -> bool:
    words = column.lower().split()
    told = bool(_NOUN.fullmatch(column)) and words[0] not in _NO_NOUN
    return told and not any(word in ("by", "that", "is", "are") or word.endswith("ed") for word in words[1:])


def _be(column: str) -> str:
    head = re.split(r" (?:in|of|for|with|to|from|on|that|by) ", column)[0]
    return "are" if re.search(r"(?<![sui])s$", head) else "is"


def _lower(name: str) -> str:
    return name if name[1:2].isupper() else name[0].lower() + name[1:]


def _base(verb: str) -> str | None:
    """The verb of “What it does” in its first form; none of “What it is”."""
    if verb in ("is", "are", "was", "were", "has"):
        return None
    return VERBS.get(verb, ("", "do" if verb == "does" else verb.removesuffix("s")))[1]


def _spread(found: list[Wording]) -> list[Wording]:
    step = max(1, -(-len(found) // MOST))
    return found[::step]
