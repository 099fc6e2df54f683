"""Questions from tables: the value of a column for the thing in the first column. For English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.types import Span
from assistant.evaluation.drafting.phrases import VERBS, WordedQuestion

LONGEST_KEY, LONGEST_CELL = 45, 60
"""Characters of the cell in the first column, and of the answer."""
MOST = 12
"""Questions per table; in a long one they are spread over it."""
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


def ask_tables(text: str, lowercase: frozenset[str]) -> Iterator[WordedQuestion]:
    """Yield the questions of all tables in a text; `lowercase` are its words that are no names."""
    for header, body in _tables(text):
        questions = [question for row in body for question in _ask_row(header, row, body, lowercase)]
        yield from questions[:: max(1, -(-len(questions) // MOST))]


def _tables(text: str) -> Iterator[tuple[_Row, list[_Row]]]:
    """Yield the header and the complete rows of each table."""
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
    cells = [Span(cell.start(), cell.end()) for cell in _CELL.finditer(text, line.start, line.end)]
    return _Row(line, [_strip_marks(text, cell) for cell in cells])


def _strip_marks(text: str, cell: Span) -> tuple[Span, str]:
    """Return a cell without marks around all of it: `name`, **name**."""
    start, end = cell.start, cell.end
    while end - start > 2 and text[start] == text[end - 1] and text[start] in "`*_":
        start, end = start + 1, end - 1
    return Span(start, end), text[start:end]


def _ask_row(
    header: _Row, row: _Row, body: Sequence[_Row], lowercase: frozenset[str]
) -> Iterator[WordedQuestion]:
    (_, key), *cells = row.cells
    keys = Counter(other.cells[0][1].casefold() for other in body)
    if keys[key.casefold()] > 1 or not _is_key(key):
        return
    is_name = key[0].isupper() and key[1:2].islower() and key.split()[0].lower() not in lowercase
    for at, (span, cell) in enumerate(cells, 1):
        kind, column = header.cells[0][1], header.cells[at][1]
        question = _ask_named(column, key) if is_name else _ask_kind(kind, column, key)
        if question and _is_answer(cell, [other.cells[at][1] for other in body]):
            yield WordedQuestion(question, row.span, (span,))


def _is_key(key: str) -> bool:
    is_plain = any(character.isalpha() for character in key) and not re.search(r"[,;:]", key)
    return is_plain and len(key) <= LONGEST_KEY and not _MARKS.search(key) and key.casefold() not in _EMPTY


def _is_answer(cell: str, column: Sequence[str]) -> bool:
    """True if a cell is short, and at most half of the rows have the same."""
    is_value = any(map(str.isalnum, cell)) and cell.casefold() not in _EMPTY and not cell.startswith("not ")
    fits = 1 < len(cell) <= LONGEST_CELL and not _MARKS.search(cell)
    return is_value and fits and column.count(cell) * 2 <= len(column)


def _ask_kind(kind: str, column: str, key: str) -> str | None:
    """Ask about a thing of a kind, which is the name of the first column."""
    subject = _subject(kind, key)
    return _ask_column(column, subject, f"the {_lower(column)} of {subject}") if subject else None


def _ask_named(column: str, name: str) -> str | None:
    """Ask about something with a name."""
    if not re.search(r" (?:in|of|for|with|to|from|on) ", column):
        return _ask_column(column, name, f"the {_lower(column)} of {name}")
    return _ask_column(column, name, f"{name}’{'' if name.endswith('s') else 's'} {_lower(column)}")


def _ask_column(column: str, subject: str, phrase: str) -> str | None:
    if match := _WHAT_IT.fullmatch(column):
        base = _base(match["verb"])
        return f"What does {subject} {base}?" if base else None
    return f"What {_be(column)} {phrase}?" if _is_noun(column) else None


def _subject(kind: str, key: str) -> str | None:
    if not _NOUN.fullmatch(kind) or kind.lower() in _NO_NOUN:
        return None
    kind = _lower(kind)
    return f"the {kind} “{key}”" if len(kind.split()) <= 2 else f"“{key}” ({kind})"


def _is_noun(column: str) -> bool:
    words = column.lower().split()
    is_noun = bool(_NOUN.fullmatch(column)) and words[0] not in _NO_NOUN
    return is_noun and not any(
        word in ("by", "that", "is", "are") or word.endswith("ed") for word in words[1:]
    )


def _be(column: str) -> str:
    head = re.split(r" (?:in|of|for|with|to|from|on|that|by) ", column)[0]
    return "are" if re.search(r"(?<![sui])s$", head) else "is"


def _lower(name: str) -> str:
    return name if name[1:2].isupper() else name[0].lower() + name[1:]


def _base(verb: str) -> str | None:
    """Return the base form of the verb in “What it does”; None for “What it is”."""
    if verb in ("is", "are", "was", "were", "has"):
        return None
    return VERBS.get(verb, ("", "do" if verb == "does" else verb.removesuffix("s")))[1]
