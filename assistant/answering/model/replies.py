"""Parsing of a model's reply into plain sentences with the numbers of the passages that they cite.

The prompt asks for plain text, but models write Markdown too. Only its text is kept: a heading or an
introduction precedes the first item, a table row becomes its cells. In a growing reply, the last claim is
unfinished.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.text import languages
from assistant.text.sentences import sentences
from assistant.text.words import folded

_LIST = r"\d{1,4}(?:\s*(?:[,;&–-]|and)\s*\d{1,4})*"
_WORD = r"(?:(?:passages?|sources?|citations?|no\.?|#)\s*)?"
_SQUARE = re.compile(rf"\\?[\[【]\s*\^?{_WORD}({_LIST})(?:†[^\]】]*)?\s*\\?[\]】](?:\([^()\s]*\))?:?", re.I)
_RAISED = re.compile(rf"<sup>\s*({_LIST})\s*</sup>", re.I)
# In round brackets, a number is a citation only where a sentence may end: "(2) oil" enumerates.
_ROUND = re.compile(rf"\(\s*{_WORD}({_LIST})\s*\)(?=\s*(?:[.!?。…,;:]|\Z|\n|[\[(【]))", re.I)
_PARTIAL = re.compile(r"\s*\\?[\[【(]\s*\^?(?:passages?|sources?)?[\d\s,;&–-]*\Z", re.I)
# Citation numbers pass through the Markdown parser between two characters of the private use area.
_MARK = re.compile(r"\s*\ue000([\d,]*)\ue001")

# Long white space carries no information and makes patterns slow.
_BLANK = re.compile(r"[^\S\n]{9,}")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.I | re.S)
_LABEL = re.compile(r"\A\W*(?:final )?answer\W*:\W*(?=\w)", re.I)
_SOURCES = re.compile(r"^[ \t*_#>-]*(?:sources?|references?|citations?)[*_ \t]*:?[*_ \t]*", re.I | re.M)
_NOT_FOUND = re.compile(
    r"\W*(?i:(?:the |final )?answer(?: is)?\W+)?(?:NOT[ _-]?FOUND\b|(?i:not[ _-]?found)\W*\Z)"
)
_BEGINS = ("notfound", "answernotfound", "theanswerisnotfound", "finalanswernotfound", "answerisnotfound")
_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|sub|sup|br|hr|p|div|span|img|ul|ol|li|table|thead|tbody|tr|t[dh]|h[1-6]|code|pre"
    r"|blockquote|script|style|iframe|object|embed|svg|math|form|input|button|video|audio|details|summary|mark"
    r"|font|center|cite|small|link|meta|base)\b[^<>]*>|<!--(?:(?!<!--).)*?-->",
    re.I | re.S,
)
_LEFT_OVER = re.compile(r"\*\*+|~~+|`+|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)")
_ENDED = re.compile(r"[.!?…。！？؟।;:][\"'”’»)\]]*\Z|\ue001\Z")
_WHOLE = re.compile(r"[.!?…。！？؟।][\"'”’»)\]]*\Z")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, and the numbers that it cites, in order."""

    text: str
    numbers: tuple[int, ...] = ()
    after: str = ""
    """The introduction of its list, if it is a later item of one."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A text of whole sentences; `is_item` for an item of a list or a row of a table."""

    text: str
    is_item: bool = False


def claims(text: str, known: int) -> list[Claim]:
    """Return the sentences of a reply to a prompt with `known` passages; the last may be unfinished."""
    found: list[Claim] = []
    for line, after in _with_introductions(_lines(_mark_citations(visible(text), known))):
        leading, line_claims = _split_claims(line)
        if leading and found and (not found[-1].numbers or not line_claims):
            found[-1] = replace(found[-1], numbers=found[-1].numbers + leading)
        elif leading and line_claims:
            line_claims[0] = replace(line_claims[0], numbers=leading + line_claims[0].numbers)
        found += [replace(claim, after=after) for claim in line_claims[:1]] + line_claims[1:]
    return [claim for claim in found if _says_something(claim.text)]


def visible(text: str) -> str:
    """Return the reply without the model's reasoning and without reserved characters."""
    text = _BLANK.sub("        ", re.sub(r"[\ue000\ue001]", "", _THOUGHT.sub("", text)))
    text = re.split(r"</think(?:ing)?>", text, flags=re.I)[-1].strip()
    return "" if "<think".startswith(text.lower()) else text


def is_not_found(text: str) -> bool:
    """Return True if the model says NOT FOUND, as the prompt demands if the passages do not answer."""
    return _NOT_FOUND.match(visible(text)) is not None


def is_denial(claims: Sequence[Claim]) -> bool:
    """Return True if the sentences only say, in the model's own words, that the passages do not answer."""
    return bool(claims) and all(folded(claim.text).startswith(_denials()) for claim in claims)


@cache
def _denials() -> tuple[str, ...]:
    found = (languages.vocabulary(code, "replies").get("not_found", ()) for code in languages.CODES)
    return tuple(folded(phrase) for phrases in found for phrase in phrases)


def is_undecided(text: str) -> bool:
    """Return True if the reply is so short that it may still become NOT FOUND."""
    letters = re.sub(r"[\W_]", "", visible(text)).lower()
    return any(words.startswith(letters) for words in _BEGINS)


def is_ended(text: str) -> bool:
    """Return True if the reply ends with the end of a sentence."""
    return _ENDED.search(visible(text)[-20:]) is not None


# -- numbers ---------------------------------------------------------------------------------------


def _mark_citations(text: str, known: int) -> str:
    """Replace numbers in brackets by marks, and remove an unclosed bracket at the end."""

    def mark(found: re.Match[str]) -> str:
        return f"\ue000{','.join(map(str, _numbers(found[1])))}\ue001"

    def mark_known(found: re.Match[str]) -> str:
        return mark(found) if all(0 < number <= known for number in _numbers(found[1])) else found[0]

    text = _ROUND.sub(mark_known, _SQUARE.sub(mark, _RAISED.sub(mark, text)))
    return _without_sources(_LABEL.sub("", _PARTIAL.sub("", text)))


def _numbers(text: str) -> list[int]:
    """Parse numbers and ranges: "1, 2 and 3", "1-3" -> 1, 2, 3."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*[–-]\s*(\d+))?", text):
        found += range(int(first), min(int(last or first), int(first) + 20) + 1)
    return found


def _without_sources(text: str) -> str:
    """Remove a list of sources from the end of the text; a line with only their numbers keeps the numbers."""
    for label in _SOURCES.finditer(text):
        rest = text[label.end() :].partition("\n")[0]
        if re.fullmatch(r"[\s,.;&]*(?:\ue000[\d,]*\ue001[\s,.;&]*)+", rest):
            return text[: label.start()] + re.sub(r"[,.;&]", "", rest) + text[label.end() + len(rest) :]
        if label.start() and (":" in label[0] or not rest.strip()):
            return text[: label.start()]
    return text


# -- Markdown --------------------------------------------------------------------------------------


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Accept every address, as addresses are dropped."""
        return True


@cache
def _markdown() -> MarkdownIt:
    # Indented code, underlined headings and link definitions such as [1]: are not intended by models.
    rules = _Markdown("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return rules.disable(["code", "lheading", "reference"])


def _lines(text: str) -> Iterator[_Line]:
    """Yield the text of each block, in order."""
    depth, cells, is_body = 0, list[str](), False
    for token in _markdown().parse(text):
        depth += token.nesting * (token.type.startswith(("list_item", "tr")))
        is_body = token.type == "tbody_open" or (is_body and token.type != "tbody_close")
        if token.type in {"th_open", "td_open"}:
            cells.append("")
        elif token.type == "tr_close":
            yield _Line(_without_markup(", ".join(filter(None, cells)) + ("" if is_body else ":")), is_body)
            cells = []
        elif token.type in {"inline", "fence"}:
            words = _inline(token.children or []) or token.content
            if cells:
                cells[-1] = words
                continue
            for at, line in enumerate(_unwrapped(words)):
                yield _Line(_without_markup(line), depth > 0 and at == 0)


def _inline(tokens: Iterable[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif token.type == "image":
            parts.append(_inline(token.children or []))
        else:
            parts.append(token.content)
    return "".join(parts)


def _unwrapped(text: str) -> list[str]:
    """Return the lines of a text, joined if a line ends within a sentence."""
    found: list[list[str]] = []
    for line in text.split("\n"):
        if found and not _ENDED.search(found[-1][-1][-20:]):
            found[-1].append(line.strip())
        else:
            found.append([line.strip()])
    return [" ".join(parts) for parts in found]


def _without_markup(text: str) -> str:
    """Remove HTML tags and stray Markdown."""
    return re.sub(r"\s+", " ", _LEFT_OVER.sub("", _TAG.sub("", text))).strip()


def _with_introductions(lines: Iterable[_Line]) -> Iterator[tuple[str, str]]:
    """Yield the lines, each with its heading or introduction; later items have it as a separate text."""
    pending, introduction = _Line(""), ""
    for line in filter(lambda line: line.text, lines):
        if not line.is_item:
            introduction = ""
        whole = _join(pending, line) if pending.text else line
        if _WHOLE.search(line.text) or _MARK.search(line.text):
            yield whole.text, "" if pending.text else introduction
            pending = _Line("")
        else:
            introduction = whole.text if line.text.endswith(":") else introduction
            pending = whole
    if pending.text:
        yield pending.text, "" if pending.text.startswith(introduction) else introduction


def _join(heading: _Line, line: _Line) -> _Line:
    separator = ", " if heading.is_item and not heading.text.endswith(":") else ": "
    return _Line(f"{heading.text.rstrip(' :,')}{separator}{line.text}", line.is_item)


# -- sentences -------------------------------------------------------------------------------------


def _split_claims(line: str) -> tuple[tuple[int, ...], list[Claim]]:
    """Return the numbers before the first sentence of a line, and its sentences with their numbers."""
    plain, marks = "", list[tuple[int, list[int]]]()
    at = 0
    for mark in _MARK.finditer(line):
        plain += line[at : mark.start()]
        marks.append((len(plain.rstrip()), [int(number) for number in mark[1].split(",") if number]))
        at = mark.end()
        if plain and line[at : at + 1].isalnum():
            plain += " "
    plain += line[at:]
    found: list[Claim] = []
    spans = sentences(plain)
    for place, span in enumerate(spans):
        end = spans[place + 1].start if place + 1 < len(spans) else len(plain)
        own = [number for where, numbers in marks if span.start < where <= end for number in numbers]
        found.append(
            Claim(re.sub(r"\s+(?=[.,;!?])", "", plain[span.start : span.end]), tuple(dict.fromkeys(own)))
        )
    first = spans[0].start if spans else 0
    return tuple(number for where, numbers in marks if where <= first for number in numbers), found


def _says_something(text: str) -> bool:
    return any(c.isalnum() for c in text) and not _NOT_FOUND.fullmatch(text.rstrip(" .!\"'”*"))
