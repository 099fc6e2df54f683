"""The shapes of a page. Points from its top left corner, as it is shown: `top` is less than `bottom`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assistant.ingest.readers.grid import Merge


class Word(NamedTuple):
    """A word and its box, which is as high as its font."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    way: int = 0
    """Where it reads to, in quarters of a turn: 0 to the right, 1 down, 3 up; 2 for all else."""


class Run(NamedTuple):
    """Words of one line without a wide gap, in the order of the file."""

    words: tuple[Word, ...]
    left: float
    top: float
    right: float
    bottom: float
    at: int
    """The place in the order of the file."""

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Rule(NamedTuple):
    """A line that is drawn, level or upright: one of its sides is zero."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. `column` counts the columns of the page in reading order."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    """The usual height of its words."""
    lead: float
    """The width of its first word."""
    column: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table as rows of cells; cells over several rows or columns are in `merges`."""

    rows: tuple[tuple[str, ...], ...]
    left: float
    top: float
    right: float
    bottom: float
    merges: tuple[Merge, ...] = ()
    column: int = 0
    at: int = 0
    """The place in the order of the file."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A page: its lines and tables in reading order, and lines of what is filled in and noted on it."""

    items: tuple[Line | Table, ...]
    height: float
    turned: tuple[str, ...] = ()
    """Texts that are not level, such as stamps and watermarks."""
    extra: tuple[str, ...] = ()


def run_of(words: Sequence[Word], at: int) -> Run:
    """Return words beside each other as a run."""
    first = words[0]
    left, top, right, bottom = first.left, first.top, first.right, first.bottom
    for word in words[1:]:
        left = word.left if word.left < left else left
        top = word.top if word.top < top else top
        right = word.right if word.right > right else right
        bottom = word.bottom if word.bottom > bottom else bottom
    return Run(tuple(words), left, top, right, bottom, at)
