"""Automatic numbers of lists and headings in Word documents (ECMA-376, part 1, 17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from assistant.ingest.readers.content import list_label

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_KINDS = {"lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    kind: str
    text: str
    style: str


class Numbering:
    """Counts the numbered paragraphs of a document in reading order."""

    def __init__(self, root: Any | None, styles: Any) -> None:
        """Read the definitions. `root` is the part with them, `styles` that of the styles."""
        self._lists: dict[str, str] = {}
        self._levels: dict[str, list[_Level]] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._counts: dict[str, list[int]] = {}
        self._begun: set[str] = set()
        self._styles = {style.get(f"{_W}styleId"): style for style in styles.iterchildren(f"{_W}style")}
        for abstract in root.iterchildren(f"{_W}abstractNum") if root is not None else ():
            levels = [_level(level) for level in abstract.iterchildren(f"{_W}lvl")]
            self._levels[abstract.get(f"{_W}abstractNumId", "")] = levels
        for number in root.iterchildren(f"{_W}num") if root is not None else ():
            key = number.get(f"{_W}numId", "")
            self._lists[key] = _value(number, "abstractNumId")
            for override in number.iterchildren(f"{_W}lvlOverride"):
                if start := _value(override, "startOverride"):
                    self._starts[key, _integer(override.get(f"{_W}ilvl"), 0)] = _integer(start, 1)

    def label(self, paragraph: Any, style: str) -> str:
        """Return the number of the next paragraph as it is shown; empty if it has none."""
        key, depth = self._place(paragraph, style)
        abstract = self._lists.get(key, "")
        levels = self._levels.get(abstract, [])
        if depth >= len(levels):
            return ""
        counts = self._counts.setdefault(abstract, [])
        if key not in self._begun:
            self._begun.add(key)
            if (key, depth) in self._starts:
                del counts[depth:]
        for at in range(len(counts), depth + 1):
            counts.append(self._starts.get((key, at), levels[at].start) - (at == depth))
        counts[depth] += 1
        del counts[depth + 1 :]
        return _shown(levels, depth, counts)

    def _place(self, paragraph: Any, style: str) -> tuple[str, int]:
        """Return the id of the list of a paragraph, and its level in it."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        key, depth = ("", "") if own is None else (_value(own, "numId"), _value(own, "ilvl"))
        seen: set[str] = set()
        first = style
        while (not key or not depth) and style in self._styles and style not in seen:
            seen.add(style)
            found = self._styles[style].find(f"{_W}pPr/{_W}numPr")
            if found is not None:
                key = key or _value(found, "numId")
                depth = depth or _value(found, "ilvl")
            style = _value(self._styles[style], "basedOn")
        levels = self._levels.get(self._lists.get(key, ""), [])
        linked = next((at for at, level in enumerate(levels) if first and level.style == first), 0)
        return key, _integer(depth, linked)


def _level(element: Any) -> _Level:
    start, kind = _value(element, "start"), _value(element, "numFmt")
    return _Level(_integer(start, 1), kind, _value(element, "lvlText"), _value(element, "pStyle"))


def _shown(levels: list[_Level], depth: int, counts: list[int]) -> str:
    if levels[depth].kind in ("bullet", "none"):
        return ""

    def number(place: re.Match[str]) -> str:
        at = min(int(place.group(1)) - 1, depth)
        return list_label(counts[at], _KINDS.get(levels[at].kind, "1"))

    return re.sub(r"%([1-9])", number, levels[depth].text).strip()


def _value(element: Any, name: str) -> str:
    child = element.find(f"{_W}{name}")
    return "" if child is None else child.get(f"{_W}val", "")


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else default
