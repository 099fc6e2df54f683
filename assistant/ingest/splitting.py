"""Document -> Passages: pieces small enough to be embedded whole, with exact character offsets.

The text is seen as lines, the lines as blocks (headings, paragraphs, list items, table rows, code), the
blocks as atoms (sentences, rows, lines of code), and the atoms are packed into passages. Everything but white
space between passages is kept: no character of the text is in two passages or in none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from assistant.core.types import Document, Heading, Passage, Span
from assistant.text.sentences import sentences, trimmed
from assistant.text.tokens import cut, shortened, tokens

TARGET = 120
"""Tokens (estimated) that sentences are packed to: small passages are found with less around them."""
MAXIMUM = 200
"""Tokens (estimated) that no passage exceeds, title, headings and column names included."""
_CONTEXT = 40
_HEADER = 30
_WIDEST = 4_000
"""Characters of column names above which no row is said with them: each passage would hold them all."""

_Kind = Literal["heading", "header", "row", "code", "item", "paragraph"]


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    heading: Heading | None


@dataclass(frozen=True, slots=True)
class _Block:
    kind: _Kind
    lines: tuple[_Line, ...]
    header: str | None = None
    heading: Heading | None = None


@dataclass(frozen=True, slots=True)
class _Atom:
    """A piece that is never divided further. `quote` is the part of it that may be quoted, if any."""

    start: int
    end: int
    tokens: int
    kind: _Kind
    block: int
    quote: Span | None
    header: str | None = None
    heading: Heading | None = None
    leads: bool = False
    """It announces what follows (a heading, a line with a colon), so it never ends a passage."""


def split(document: Document, size: int = TARGET) -> tuple[Passage, ...]:
    """The passages of a document in reading order, of about `size` estimated tokens at most (at least 60).

    A passage never crosses a heading or a page. Its `sentences` are what can be quoted of it.
    """
    passages: list[Passage] = []
    for section, path in _sections(_atoms(document, size)):
        for atoms in _packed(section, size, [page.start for page in document.pages]):
            passages.append(_passage(document, len(passages), atoms, path))
    return tuple(passages)


def contextual(document_title: str, passage: Passage) -> tuple[str, int]:
    """The text that is embedded for a passage, and where the passage's own text begins in it.

    The title, the headings above the passage and, for rows cut off from their header row, the column names
    come first, each on a line, shortened to what `MAXIMUM` leaves for them. What the passage opens with, or
    what the title says already, is not said twice.
    """
    opening = {line.strip("# \t") for line in passage.text[:2000].split("\n")[:8]}
    title = [] if document_title in opening else [document_title]
    path = [h for h in passage.headings if h != document_title and h not in opening]
    # The innermost heading says most, so what is too long is cut from the title and the outer headings first.
    inner = shortened(path.pop(), _CONTEXT // 2) if path else ""
    outer = shortened(" > ".join(title + path), _CONTEXT - tokens(inner) - 1)
    columns = shortened(passage.header or "", _HEADER)
    before = "".join(f"{line}\n" for line in (outer, inner, columns) if line)
    return before + passage.text, len(before)


# -- lines and blocks ----------------------------------------------------------------------------------------

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_ITEM = re.compile(r"[ \t]*(?:[-*+•‣◦▪●·]|\d{1,3}[.)]|[a-zA-Z]\))[ \t]+(?=\S)")


def _lines(document: Document) -> list[_Line]:
    ends = [at.start() for at in re.finditer(r"\n", document.text)] + [len(document.text)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    headings: dict[int, Heading] = {}
    for heading in document.headings:
        first = bisect_right(starts, heading.start) - 1
        last = bisect_right(starts, max(heading.start, heading.end - 1)) - 1
        headings.update(dict.fromkeys(range(first, last + 1), heading))
    spans = enumerate(zip(starts, ends, strict=True))
    return [_Line(start, end, document.text[start:end], headings.get(n)) for n, (start, end) in spans]


def _blocks(lines: list[_Line]) -> Iterator[_Block]:
    header: str | None = None
    at = 0
    while at < len(lines):
        if not lines[at].text.strip():
            header, at = None, at + 1
            continue
        kind = _kind(lines, at)
        if header is not None and kind in ("paragraph", "item") and "|" in lines[at].text:
            kind = "row"
        stop = _stop(kind, lines, at)
        if kind not in ("row", "header"):
            header = None
        yield _Block(kind, tuple(lines[at:stop]), header, lines[at].heading)
        if kind == "header":
            header = " | ".join(cell.strip() for cell in lines[at].text.strip(" \t|").split("|"))
        at = stop


def _kind(lines: list[_Line], at: int) -> _Kind:
    text = lines[at].text
    if lines[at].heading:
        return "heading"
    if _FENCE.match(text):
        return "code"
    if "|" in text and at + 1 < len(lines) and _is_separator(lines[at + 1]):
        return "header"
    if text.lstrip().startswith("|"):
        return "row"
    return "item" if _ITEM.match(text) else "paragraph"


def _is_separator(line: _Line) -> bool:
    """True if the line is the `|---|---|` under the column names."""
    return set(line.text) <= set("|-: \t\r") and "-" in line.text and "|" in line.text and not line.heading


def _stop(kind: _Kind, lines: list[_Line], at: int) -> int:
    """The line after the block's last."""
    stop = at + 1
    while stop < len(lines):
        line = lines[stop]
        if kind == "heading":
            goes_on = line.heading is not None and line.heading is lines[at].heading
        elif kind == "code":
            goes_on = line.heading is None and not (stop > at + 1 and _closes(lines[at], lines[stop - 1]))
        elif kind in ("header", "row"):
            goes_on = _is_separator(line)
        else:
            goes_on = bool(line.text.strip()) and _kind(lines, stop) == "paragraph"
        if not goes_on:
            break
        stop += 1
    return stop


def _closes(fence: _Line, line: _Line) -> bool:
    opened = _FENCE.match(fence.text)
    found = _FENCE.match(line.text)
    if opened is None or found is None:
        return False
    return found.group(1).startswith(opened.group(1)) and found.end() == len(line.text.rstrip())


# -- atoms ---------------------------------------------------------------------------------------------------

_WRAPPED = 160
"""Nobody wraps lines wider than this: where one is, every line end is meant."""


def _atoms(document: Document, size: int) -> list[_Atom]:
    text = document.text
    atoms: list[_Atom] = []
    for number, block in enumerate(_paragraphs(_blocks(_lines(document)))):
        for whole, quote in _sentences(text, block):
            for span in cut(text, whole, size):
                count = tokens(text[span.start : span.end])
                shown = _common(text, span, quote)
                place = (span.start, span.end, count, block.kind, number)
                atoms.append(_Atom(*place, shown, block.header, block.heading))
    return _marked(text, atoms, titled=bool(document.headings))


def _paragraphs(blocks: Iterator[_Block]) -> Iterator[_Block]:
    """The blocks, with those whose lines are not wrapped taken apart into one for each line."""
    for block in blocks:
        if block.kind in ("paragraph", "item") and any(len(line.text) > _WRAPPED for line in block.lines):
            yield replace(block, lines=block.lines[:1])
            yield from (_Block("paragraph", (line,)) for line in block.lines[1:])
        else:
            yield block


def _sentences(text: str, block: _Block) -> list[tuple[Span, Span | None]]:
    """The sentences of a block: what each covers, and what of it can be quoted (no marker, no fence)."""
    whole = trimmed(text, block.lines[0].start, block.lines[-1].end)
    if block.kind == "heading":
        return [(whole, _title(text, whole, block.heading))]
    if block.kind in ("header", "row"):
        return [(whole, trimmed(text, block.lines[0].start, block.lines[0].end))]
    if block.kind == "code":
        return _code(text, block)
    marker = _ITEM.match(block.lines[0].text) if block.kind == "item" else None
    quotes = sentences(text, block.lines[0].start + marker.end() if marker else whole.start, whole.end)
    return [(Span(whole.start if n == 0 else q.start, q.end), q) for n, q in enumerate(quotes)]


def _title(text: str, line: Span, heading: Heading | None) -> Span:
    found = text.find(heading.title, line.start, line.end) if heading and heading.title else -1
    return Span(found, found + len(heading.title)) if heading and found >= 0 else line


def _code(text: str, block: _Block) -> list[tuple[Span, Span | None]]:
    """A line of code each; the fences belong to the first and the last."""
    closed = len(block.lines) > 1 and _closes(block.lines[0], block.lines[-1])
    inner = block.lines[1:-1] if closed else block.lines[1:]
    quotes = [trimmed(text, line.start, line.end) for line in inner if line.text.strip()]
    whole = trimmed(text, block.lines[0].start, block.lines[-1].end)
    if not quotes:
        return [(whole, None)]
    starts = [whole.start, *(q.start for q in quotes[1:])]
    ends = [*(q.end for q in quotes[:-1]), whole.end]
    return [(Span(s, e), q) for s, e, q in zip(starts, ends, quotes, strict=True)]


def _common(text: str, span: Span, quote: Span | None) -> Span | None:
    if quote is None or quote.end <= span.start or span.end <= quote.start:
        return None
    return trimmed(text, max(span.start, quote.start), min(span.end, quote.end))


def _marked(text: str, atoms: list[_Atom], *, titled: bool) -> list[_Atom]:
    """The atoms, those marked that announce the next: headings, "as follows:", bare titles in plain text."""
    sizes = Counter(atom.block for atom in atoms)
    marked = atoms[:]
    for n, (atom, following) in enumerate(zip_longest(atoms, atoms[1:])):
        announces = atom.kind == "heading"
        if atom.kind == "paragraph" and sizes[atom.block] == 1 and following and not following.heading:
            last = text[atom.end - 1]
            is_title = not titled and last.isalnum() and atom.tokens <= 20 and following.tokens > atom.tokens
            announces = last in ":：" or is_title
        if announces:
            marked[n] = replace(atom, leads=True)
    return marked


# -- packing -------------------------------------------------------------------------------------------------


def _sections(atoms: list[_Atom]) -> Iterator[tuple[list[_Atom], tuple[str, ...]]]:
    """The text below one heading, with its path; a heading directly above a deeper one belongs to it."""
    section: list[_Atom] = []
    path: list[Heading] = []
    for atom in atoms:
        if atom.heading and (not path or atom.heading is not path[-1]):
            bare = bool(section) and all(a.heading for a in section)
            if section and not (bare and path and path[-1].level < atom.heading.level):
                yield section, tuple(h.title for h in path)
                section = []
            path = [*(h for h in path if h.level < atom.heading.level), atom.heading]
        section.append(atom)
    if section:
        yield section, tuple(h.title for h in path)


def _packed(section: list[_Atom], size: int, pages: list[int]) -> Iterator[list[_Atom]]:
    """The atoms of a section in groups of at most `size` tokens, plus a quarter for headings."""
    remaining = Counter[int]()
    for atom in section:
        remaining[atom.block] += atom.tokens
    group: list[_Atom] = []
    used = 0
    for atom in section:
        if group and _parts(group, used, atom, remaining[atom.block], size, pages):
            leading = _leading(group, size // 4)
            if len(leading) < len(group):
                yield group[: len(group) - len(leading)]
                group = leading
            elif used > size // 4:
                yield group
                group = []
            used = _weight(group)
        group.append(atom)
        used += atom.tokens
    yield group


def _parts(group: list[_Atom], used: int, atom: _Atom, block: int, size: int, pages: list[int]) -> bool:
    """True if a new passage begins with `atom`: it does not fit, or its whole paragraph would."""
    if used + atom.tokens > size or bisect_right(pages, atom.start) != bisect_right(pages, group[0].start):
        return True
    begins = atom.block != group[-1].block
    return begins and used >= size // 2 and used + block > size >= block


def _leading(group: list[_Atom], limit: int) -> list[_Atom]:
    """The end of the group that only announces what comes next, as far as it is short."""
    kept = 0
    while kept < len(group) and group[-1 - kept].leads and _weight(group[-1 - kept :]) <= limit:
        kept += 1
    return group[len(group) - kept :]


def _weight(group: list[_Atom]) -> int:
    return sum(atom.tokens for atom in group)


def _passage(document: Document, position: int, atoms: list[_Atom], path: tuple[str, ...]) -> Passage:
    start, end = atoms[0].start, atoms[-1].end
    page = bisect_right([page.start for page in document.pages], start)
    only_headings = all(atom.heading for atom in atoms)
    return Passage(
        id=f"{document.id}-{position:04d}",
        document_id=document.id,
        position=position,
        start=start,
        end=end,
        text=document.text[start:end],
        headings=path,
        page=document.pages[page - 1].number if page else None,
        sentences=() if only_headings else tuple(atom.quote for atom in atoms if atom.quote),
        header=_missing_header(atoms),
    )


def _missing_header(atoms: list[_Atom]) -> str | None:
    """The column names of rows that do not follow their header row in this passage."""
    first = next((atom for atom in atoms if not atom.leads), None)
    header = first.header if first and first.kind == "row" else None
    return header if header and len(header) <= _WIDEST else None
