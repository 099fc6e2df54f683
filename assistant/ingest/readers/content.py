"""The result of every reader, and the draft in which readers of rich formats write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.core.types import Heading, Page


@dataclass(frozen=True, slots=True)
class Content:
    """A parsed document. `title` is None if the file has none."""

    media_type: str
    text: str
    title: str | None = None
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters except tab and newline, surrogates, byte order marks and noncharacters.
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def plain(text: str) -> str:
    """Normalise line ends to newlines and remove invisible and unencodable characters."""
    return _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """Collapse each run of white space into one space."""
    return " ".join((text if text.isascii() and text.isprintable() else plain(text)).split())


def clean_metadata(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return the pairs with a non-empty value, each value on one line."""
    lines = ((key, one_line(str(value))) for key, value in pairs if value not in (None, ""))
    return {key: line for key, line in lines if line}


def list_label(number: int, kind: str) -> str:
    """Return the number of a list item: of kind 1, a, A, i or I, as in HTML."""
    text = str(number)
    if kind in ("a", "A") and 1 <= number <= 26:
        text = chr(96 + number)
    elif kind in ("i", "I") and 1 <= number < 40:
        text, left = "", number
        for value, sign in ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
            text, left = text + sign * (left // value), left % value
    return text.upper() if kind in ("A", "I") else text


def superscript(text: str, before: str, *, is_note: bool = False) -> str:
    """Return a superscript as plain text: a power as ^6, the mark of a note as [1], others as they are."""
    word = re.search(r"[^\W\d_]*$", before)
    is_number = re.fullmatch(r"[-+−–]?\d{1,4}", text) is not None
    after_word = word is not None and len(word.group()) > 3
    if is_note or (is_number and (after_word or before[-1:] in (*'.,;:!?"”’', ""))):
        return text if text[:1] in "[(" else f"[{text}]"
    return f"^{text}" if is_number or re.fullmatch(r"[-+−–]?[\dnxkij]", text) else text


def _table_row(row: Sequence[str]) -> str:
    text = f"| {' | '.join(row)} |"
    # Most rows are clean, and checking a whole row takes a tenth of the time.
    clean = text.isascii() and text.isprintable() and "  " not in text.replace("|  |", "||")
    if clean and text.count("|") == len(row) + 1:
        return text
    cells = (one_line(cell).replace("|", "\\|") for cell in row)
    return f"| {' | '.join(cells)} |"


_MARKER = re.compile(r"\d{1,3}[.)]")


class ContentBuilder:
    """A document being written: Markdown without emphasis, with the ranges of headings and pages."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self._parts: list[str] = []
        self._length = 0
        self._kind = ""
        self._page: int | None = None
        self._pages: dict[int, Page] = {}

    def content(
        self, media_type: str, title: str | None, metadata: Mapping[str, str] | None = None
    ) -> Content:
        """Return the finished document."""
        pages = tuple(self._pages.values())
        return Content(media_type, "".join(self._parts), title, tuple(self.headings), pages, metadata or {})

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    @property
    def first_heading(self) -> str | None:
        """The title of the first heading, if any."""
        return self.headings[0].title if self.headings else None

    def page(self, number: int) -> None:
        """Begin a page; pages without text are left out."""
        self._page = number

    def heading(self, level: int, title: str) -> None:
        """Write a heading. `level` is clamped to 1 to 6."""
        level, title = min(max(level, 1), 6), one_line(title)
        if title:
            start, end = self._add("heading", f"{'#' * level} {title}")
            self.headings.append(Heading(level, title, start, end))

    def paragraph(self, text: str) -> None:
        """Write a paragraph, keeping its line ends but no empty lines."""
        lines = [one_line(line) for line in plain(text).split("\n")]
        self._add("paragraph", "\n".join(line for line in lines if line))

    def item(self, text: str, depth: int = 0, label: str = "") -> None:
        """Write a list item, nested `depth` levels deep, after its number, if any."""
        if text := one_line(text):
            marker = label if _MARKER.fullmatch(label) else f"- {label}".strip()
            self._add("item", f"{'  ' * depth}{marker} {text}")

    def code(self, text: str) -> None:
        """Write a fenced block of code."""
        if text.strip():
            self._add("code", "```\n" + plain(text).strip("\n") + "\n```")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Write a table. The first row has the column names; empty rows are left out."""
        filled = [row for row in rows if any(map(one_line, row))]
        width = max(map(len, filled), default=0)
        if len(filled) < 2 or width < 2:
            for row in filled:
                self.paragraph(" ".join(filter(None, map(one_line, row))))
            return
        lines = [_table_row([*row, *[""] * (width - len(row))]) for row in filled]
        self._add("table", "\n".join([lines[0], "|---" * width + "|", *lines[1:]]))

    def _add(self, kind: str, text: str) -> tuple[int, int]:
        if not text:
            return self._length, self._length
        if self._parts:
            gap = "\n" if kind == "item" == self._kind else "\n\n"
            self._parts.append(gap)
            self._length += len(gap)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self._kind = kind
        if self._page is not None:
            page = self._pages.get(self._page)
            self._pages[self._page] = Page(self._page, page.start if page else start, self._length)
        return start, self._length
