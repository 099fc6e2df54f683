"""Cleans plain text that was scraped from a web page: comment forms, teasers and broken tables.

Only text with page furniture is cleaned; ordinary text files stay unchanged to the character.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from assistant.ingest.readers.web.wording import wording

_LOADER = re.compile(r"loader image|(?:loading|lazy load(?:ing)?) ?(?:\.{3}|…)?", re.IGNORECASE)
_DEBRIS = re.compile(r"[{< ]{0,8}(?:/?\bt[dr] ?[}>]|</?t[dr]\b)[{}<> ]*|\{ ?\}|< ?<|[<{] ?$")
_ROW_END = re.compile(r"</?t[dr]\s*\}|</?t[dr]\b[^>|]{0,9}\}|t[dr]>\s*\}")
_LONG = 40


def remove_furniture(text: str) -> str:
    """Remove page furniture around the article and repair its tables."""
    return _remove_forms(_repair_tables(text))


def _remove_forms(text: str) -> str:
    lines = text.split("\n")
    form = [n for n, line in enumerate(lines) if wording("forms").fullmatch(line.strip())]
    loaders = [n for n, line in enumerate(lines) if _LOADER.fullmatch(line.strip())]
    # One such line may occur in any text; two are a comment form.
    is_scraped = len(form) >= 2 or (len(loaders) >= 2 or any("image" in lines[n].lower() for n in loaders))
    if not is_scraped:
        return text
    end = len(lines)
    if len(form) >= 2 and _is_teasers(lines[form[-1] + 1 :]):
        end = form[-1] + 1
    dropped = {*form, *loaders} if len(form) >= 2 else {*loaders}
    kept = [line for n, line in enumerate(lines[:end]) if n not in dropped]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept)).strip("\n") + "\n"


def _is_teasers(lines: list[str]) -> bool:
    """True if the lines only link to other articles: by their heading, or because most occur twice."""
    blocks = [line.strip() for line in lines if line.strip() and not _LOADER.fullmatch(line.strip())]
    if not blocks or wording("teasers", r"{}\W*").fullmatch(blocks[0]):
        return True
    counts = Counter(block for block in blocks if len(block) > _LONG)
    twice = sum(len(block) * n for block, n in counts.items() if n > 1)
    return twice * 2 > sum(map(len, blocks))


def _repair_tables(text: str) -> str:
    if not _ROW_END.search(text):
        return text
    lines = text.split("\n")
    repaired: list[str] = []
    at = 0
    while at < len(lines):
        stop = at
        while stop < len(lines) and lines[stop].lstrip().startswith("|"):
            stop += 1
        table = lines[at:stop]
        if any(_ROW_END.search(line) for line in table):
            repaired.extend(_repair_rows(table))
        else:
            repaired.extend(table or lines[at : at + 1])
        at = max(stop, at + 1)
    return "\n".join(repaired)


def _repair_rows(table: list[str]) -> Iterator[str]:
    """Yield the rows of a table, one on each line.

    The first row sets the number of columns, and the other cells are divided into rows of that width. If
    their number is not a multiple of it, each line keeps its cells.
    """
    header, *body = [_cells(line) for line in table if set(line) - set("|-: \t")]
    cells = [cell for row in body for cell in row]
    width = len(header)
    even = width > 1 and len(cells) % width == 0
    rows = [cells[n : n + width] for n in range(0, len(cells), width)] if even else body
    yield _row(header)
    yield "|---" * max(width, 1) + "|"
    yield from (_row(row) for row in rows if row)


def _cells(line: str) -> list[str]:
    cells = (_DEBRIS.sub(" ", " ".join(cell.split())).strip(" {}<>") for cell in line.split("|"))
    return [" ".join(cell.split()) for cell in cells if cell]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
