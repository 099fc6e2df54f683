"""The visible structure of plain text or Markdown: questions with answers, lists, `name: value` lines.

It is parsed from the text line by line, so it does not depend on the format of the original file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from assistant.core.types import Document, Span
from assistant.text.languages.questions import question_vocabulary
from assistant.text.marks import unmarked
from assistant.text.sentences import sentences, trimmed
from assistant.text.tables import Row, Table
from assistant.text.words import folded

MAX_AROUND = 20_000
"""Characters before and after a passage that are parsed; longer lists and answers are not quoted whole."""
ANSWER = 900
"""Limit on the characters of an answer below a question; the rest can be quoted by itself."""

LineKind = Literal["blank", "heading", "row", "fence", "item", "text"]

_MARKER = re.compile(
    r"[ \t]*(?P<marker>[-*+•‣◦▪●·–]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]"
    r"|\(?[\d０-９一二三四五六七八九十]{1,3}[、．）])"
    r"(?:[ \t]+|(?<=[、．）]))(?=\S)"
)
_FACT = re.compile(
    r"[ \t]*[*_]{0,2}(?P<key>[^\W\d_](?:[^:：|\n.!?]{0,48}[^\s:：|.!?])?)[*_]{0,2}[:：]"
    r"[*_]{0,2}[ \t]+(?P<value>\S.*)"
)
_QUOTES = "\"'“”’»)*_ \t"
_RULE = re.compile(r"[ \t]*(?:[-=*_]{3,}|\|?[ \t]*:?-+[-:| \t]*)$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or the lines of one item or paragraph; `body` is the offset of its first word."""

    kind: LineKind
    start: int
    end: int
    body: int = 0
    marker: str = ""
    indent: int = 0

    @property
    def number(self) -> int | None:
        """The number of a numbered or lettered item."""
        sign = self.marker.strip("().、．）")
        if sign.isdecimal():
            return int(sign)
        return ord(sign.lower()) - 96 if len(sign) == 1 and sign.isascii() and sign.isalpha() else None


@dataclass(frozen=True, slots=True)
class Pair:
    """A question in a document and its answer there."""

    question: Span
    answer: Span


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its introduction (an empty span if there is none) and its items, nested ones included."""

    lead: Span
    items: tuple[Line, ...]

    @property
    def top(self) -> tuple[Line, ...]:
        """The items of the outer level."""
        return tuple(item for item in self.items if item.indent <= self.items[0].indent)


class Structure:
    """The structure of a document near a range of it."""

    def __init__(self, document: Document, around: Span) -> None:
        self.text = document.text
        begin = max(0, self.text.rfind("\n", 0, max(0, around.start - MAX_AROUND)))
        end = self.text.find("\n", min(len(self.text), around.end + MAX_AROUND))
        self._bounds = Span(begin, len(self.text) if end < 0 else end)
        self._headings = {heading.start for heading in document.headings}

    @cached_property
    def lines(self) -> Sequence[Line]:
        """All lines, in order, including blank ones."""
        found, at, fenced = [], self._bounds.start, False
        while at < self._bounds.end:
            stop = self.text.find("\n", at, self._bounds.end)
            stop = self._bounds.end if stop < 0 else stop
            line = self._line(at, stop, fenced)
            fenced ^= line.kind == "fence" and self.text[line.start : line.start + 3] in ("```", "~~~")
            found.append(line)
            at = stop + 1
        return found

    @cached_property
    def _starts(self) -> list[int]:
        return [line.start for line in self.lines]

    def line_at(self, position: int) -> int:
        """Return the index of the line at a position of the document."""
        return max(0, bisect_right(self._starts, position) - 1)

    def _line(self, start: int, end: int, fenced: bool) -> Line:
        text = self.text[start:end]
        indent = len(text) - len(text.lstrip())
        if not text.strip():
            return Line("blank", start, end)
        if fenced or text.lstrip().startswith(("```", "~~~")):
            return Line("fence", start + indent, end)
        if start in self._headings or start + indent in self._headings:
            return Line("heading", start, end, start + len(text) - len(text.lstrip("# \t")))
        if text.lstrip().startswith("|") or _RULE.match(text):
            return Line("row", start, end, start)
        marker = _MARKER.match(text)
        if marker:
            return Line("item", start, end, start + marker.end(), marker["marker"], indent)
        return Line("text", start, end, start + indent, "", indent)

    # -- questions -------------------------------------------------------------------------------

    def pair(self, span: Span) -> Pair | None:
        """Return the question and answer that a sentence is part of; None if there are none."""
        if is_question(self.text[span.start : span.end]):
            return self._answered(span)
        asked = self._asked_before(span)
        pair = self._answered(asked) if asked else None
        return pair if pair and pair.answer.start <= span.start and span.end <= pair.answer.end else None

    def _asked_before(self, span: Span) -> Span | None:
        """Return the nearest question above that a sentence may answer."""
        at = self.line_at(span.start)
        own = self._sentences(Span(self.lines[at].body, max(span.start, self.lines[at].body)))
        if asked := self._question(own):
            return asked
        gaps = 0
        for line in reversed(self.lines[max(0, at - 12) : at]):
            gaps += line.kind == "blank"
            if line.kind in ("row", "fence") or gaps > 3:
                return None
            spans = self._sentences(Span(line.body, line.end)) if line.kind != "blank" else []
            if asked := self._question(spans):
                return asked
            if line.kind == "heading":
                return None
        return None

    def _question(self, spans: Sequence[Span]) -> Span | None:
        """Return the last or the first of some sentences if it is a question."""
        return next((span for span in [*spans[-1:], *spans[:1]] if is_question(self._text(span))), None)

    def _answered(self, question: Span) -> Pair | None:
        at = self.line_at(question.start)
        line = self.lines[at]
        whole = Span(self._label_start(line, question), question.end)
        rest = trimmed(self.text, question.end, line.end)
        while rest.start < rest.end and self.text[rest.start] in _QUOTES:
            rest = trimmed(self.text, rest.start + 1, rest.end)
        first = self._sentences(Span(line.body, line.end))[:1]
        leads = not first or question.start <= first[0].start or line.kind == "heading"
        if not leads:
            following = self._sentences(rest)[:1]
            return (
                Pair(whole, following[0]) if following and not is_question(self._text(following[0])) else None
            )
        end = self._answer_end(at, rest, line)
        begin = rest.start if rest.start < rest.end else self._next_text(at)
        return Pair(whole, trimmed(self.text, begin, end)) if begin is not None and begin < end else None

    def _answer_end(self, at: int, rest: Span, asked: Line) -> int:
        """Return the end of the answer to the question in line `at`: the next question, heading or gap."""
        end, seen = rest.end, rest.start < rest.end
        limit = rest.start + ANSWER
        for place in range(at + 1, len(self.lines)):
            line = self.lines[place]
            if line.kind == "blank":
                if seen and not self._continues_after_blank(place, asked):
                    break
                continue
            if line.kind in ("heading", "row", "fence") or line.end > limit or self._asks(line):
                break
            if asked.kind == "item" and line.kind == "item" and line.indent <= asked.indent:
                break
            end, seen = line.end, True
        return end

    def _continues_after_blank(self, blank: int, asked: Line) -> bool:
        """Return True if an answer continues after a blank line: below a heading, or with a list."""
        following = next((line for line in self.lines[blank + 1 :] if line.kind != "blank"), None)
        before = next((line for line in reversed(self.lines[:blank]) if line.kind != "blank"), None)
        if following is None or before is None:
            return False
        announced = self.text[before.start : before.end].rstrip().endswith((":", "："))
        return asked.kind == "heading" or (following.kind == "item" and (announced or before.kind == "item"))

    def _asks(self, line: Line) -> bool:
        spans = self._sentences(Span(line.body, line.end))
        return bool(spans) and is_question(self._text(spans[0]))

    def _next_text(self, at: int) -> int | None:
        for line in self.lines[at + 1 :]:
            if line.kind != "blank":
                return None if line.kind in ("heading", "row", "fence") else line.start
        return None

    def _label_start(self, line: Line, question: Span) -> int:
        """Return the start of a question with its label and marks ("**Q:** ")."""
        before = self.text[line.body : question.start]
        return line.body if not any(map(str.isalnum, unlabelled(before + "x")[:-1])) else question.start

    # -- lists -----------------------------------------------------------------------------------

    def listing(self, span: Span) -> Listing | None:
        """Return the list that a sentence introduces or is an item of; None if there is none."""
        at = self.line_at(span.start)
        line = self.lines[at]
        if line.kind == "item":
            return self._listing_of(at)
        if line.kind == "text" and self.text[span.start : span.end].rstrip(_QUOTES).endswith((":", "：")):
            following = next((n for n in range(at + 1, len(self.lines)) if self.lines[n].kind != "blank"), at)
            if self.lines[following].kind == "item":
                return self._listing_of(following)
        return None

    def _listing_of(self, at: int) -> Listing:
        first, last = self._first_item(at), at
        for place in range(at + 1, len(self.lines)):
            line = self.lines[place]
            if line.kind == "item":
                last = place
            elif line.kind != "blank" and not (line.kind == "text" and self._continues(place, last)):
                break
        items = self._items(first, last)
        return Listing(self._lead(first), tuple(items))

    def _first_item(self, at: int) -> int:
        first = at
        for place in range(at - 1, -1, -1):
            line = self.lines[place]
            if line.kind == "item":
                first = place
            elif line.kind != "blank" and not (line.kind == "text" and line.indent > 0):
                break
        return first

    def _continues(self, place: int, item: int) -> bool:
        """Return True if a line of text belongs to the item above: it is indented, or follows directly."""
        line = self.lines[place]
        if line.indent > self.lines[item].indent:
            return True
        touches = all(self.lines[n].kind == "text" for n in range(item + 1, place + 1))
        stopped = self.text[self.lines[place - 1].end - 1] in ".!?。！？"
        return touches and not stopped and self.lines[item].marker in "-*+•"

    def _items(self, first: int, last: int) -> Iterable[Line]:
        for place in range(first, last + 1):
            line = self.lines[place]
            if line.kind != "item":
                continue
            end = line.end
            for after in range(place + 1, len(self.lines)):
                if self.lines[after].kind != "text" or not self._continues(after, place):
                    break
                end = self.lines[after].end
            yield Line("item", line.start + line.indent, end, line.body, line.marker, line.indent)

    def _lead(self, first: int) -> Span:
        for place in range(first - 1, -1, -1):
            line = self.lines[place]
            if line.kind == "blank":
                continue
            spans = self._sentences(Span(line.body, line.end)) if line.kind == "text" else []
            if spans and self._text(spans[-1]).rstrip(_QUOTES).endswith((":", "：")):
                return spans[-1]
            break
        return Span(self.lines[first].start, self.lines[first].start)

    # -- facts -----------------------------------------------------------------------------------

    def records(self) -> list[Table]:
        """Return the blocks of lines such as `Owner: Ola Dahl`, each as a table of one row, in order."""
        blocks: list[list[tuple[str, str, Span]]] = [[]]
        for line in self.lines:
            fact = self._fact(line)
            if fact:
                blocks[-1].append(fact)
            elif blocks[-1]:
                blocks.append([])
        return [_record(block) for block in blocks if block]

    def facts(self, span: Span) -> list[tuple[str, str, Span]]:
        """Return the lines such as `Owner: Ola Dahl` of a sentence; empty if it has other lines."""
        own = self.lines[self.line_at(span.start) : self.line_at(max(span.start, span.end - 1)) + 1]
        found = [self._fact(line) for line in own]
        return [fact for fact in found if fact] if all(found) else []

    def _fact(self, line: Line) -> tuple[str, str, Span] | None:
        if line.kind not in ("text", "item"):
            return None
        found = _FACT.fullmatch(self.text, line.body, line.end)
        if found is None or is_question(found["value"]) or folded(found["key"].strip("*_ ")) in _labels():
            return None
        if found["key"].count("`") % 2 or found["key"].count("(") > found["key"].count(")"):
            return None
        return unmarked(found["key"]), unmarked(found["value"]), trimmed(self.text, line.body, line.end)

    def _sentences(self, span: Span) -> list[Span]:
        return sentences(self.text, span.start, span.end) if span.start < span.end else []

    def _text(self, span: Span) -> str:
        return self.text[span.start : span.end]


def _record(facts: Sequence[tuple[str, str, Span]]) -> Table:
    names, values, places = zip(*facts, strict=True)
    whole = Span(places[0].start, places[-1].end)
    return Table(names, (Row(whole, values, places),), Span(whole.start, whole.start))


def _labels() -> Collection[str]:
    return question_vocabulary().question_labels | question_vocabulary().answer_labels


def is_question(text: str) -> bool:
    """Return True if a sentence is a question."""
    return unmarked(text).rstrip(_QUOTES).endswith(("?", "？", "؟"))


def unlabelled(text: str) -> str:
    """Remove the label before a question or an answer: "Q:", "Answer:", "**A.**"."""
    found = re.match(
        r"[\s*_#>]*(?:\d{1,3}[.)]\s*)?([^\W\d_]{1,12})\s*\d{0,3}[*_]{0,2}\s*[:：.)][*_]{0,2}\s*", text
    )
    return text[found.end() :] if found and folded(found[1]) in _labels() else text
