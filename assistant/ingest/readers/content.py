"""What every reader hands back, and the draft that readers of rich formats write it with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.core.types import Heading, Page


@dataclass(frozen=True, slots=True)
class Content:
    """A document as one reader understood it. `title` is None where the bytes name none."""

    media_type: str
    text: str
    title: str | None = None
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters but tab and newline, halves of surrogate pairs, byte order marks, what is no character.
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text with lines that end in a newline alone, and without what nobody can see or store."""
    return _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """The text with each run of white space as one space."""
    return " ".join((text if text.isascii() and text.isprintable() else plain(text)).split())


def described(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Metadata of those pairs that say anything, each value on one line."""
    found = ((key, one_line(str(value))) for key, value in pairs if value not in (None, ""))
    return {key: value for key, value in found if value}


def _line(row: Sequence[str]) -> str:
    """A row of a Markdown table."""
    text = f"| {' | '.join(row)} |"
    # Most rows are clean, and to look at them whole takes a tenth of the time.
    clean = text.isascii() and text.isprintable() and "  " not in text.replace("|  |", "||")
    if clean and text.count("|") == len(row) + 1:
        return text
    cells = (one_line(cell).replace("|", "\\|") for cell in row)
    return f"| {' | '.join(cells)} |"


class Draft:
    """A document's text while it is written: Markdown without emphasis, and where its headings stand."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self._parts: list[str] = []
        self._length = 0
        self._kind = ""
        self._page: int | None = None
        self._pages: dict[int, Page] = {}

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages that were begun and hold text."""
        return tuple(self._pages.values())

    def page(self, number: int) -> None:
        """What follows stands on this page."""
        self._page = number

    def heading(self, level: int, title: str) -> None:
        """A heading on a line of its own; `level` is cut to 1 to 6."""
        level, title = min(max(level, 1), 6), one_line(title)
        if title:
            start, end = self._add("heading", f"{'#' * level} {title}")
            self.headings.append(Heading(level, title, start, end))

    def paragraph(self, text: str) -> None:
        """A paragraph; line ends in it are kept, empty lines are not."""
        lines = [one_line(line) for line in plain(text).split("\n")]
        self._add("paragraph", "\n".join(line for line in lines if line))

    def item(self, text: str, depth: int = 0, marker: str = "-") -> None:
        """An item of a list, `depth` levels inside another."""
        if text := one_line(text):
            self._add("item", f"{'  ' * depth}{marker} {text}")

    def code(self, text: str) -> None:
        """Lines of code in a fence."""
        if text.strip():
            self._add("code", "```\n" + plain(text).strip("\n") + "\n```")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table; the first row holds the column names. Rows without text are left out."""
        filled = [row for row in rows if any(map(one_line, row))]
        width = max(map(len, filled), default=0)
        if len(filled) < 2 or width < 2:
            for row in filled:
                self.paragraph(" ".join(filter(None, map(one_line, row))))
            return
        lines = [_line([*row, *[""] * (width - len(row))]) for row in filled]
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
            begun = self._pages.get(self._page)
            self._pages[self._page] = Page(self._page, begun.start if begun else start, self._length)
        return start, self._length
