"""Questions from headings that are one already, or name one thing that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.core.types import Document, Heading, Span
from assistant.evaluation.drafting.phrases import Wording, running

LONGEST = 1_500
"""Characters of a section that a question may rest on; of a longer one its beginning."""
_NUMBERING = re.compile(
    r"^(?:(?:chapter|section|part) )?(?:\d+(?:\.\d+)*|[IVX]+|[A-Z])[.):]?\s+", re.IGNORECASE
)
_ASKS = re.compile(
    r"(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|should|will)\b",
    re.IGNORECASE,
)
_HOW_TO = re.compile(r"How to (?P<do>[a-z].+)")
_WORKS = re.compile(r"How (?P<s>[a-z].+?|[A-Z].+?) (?P<v>works?)(?P<rest>(?: [a-z].*)?)")
_WHEN = re.compile(
    r"(?P<w>When|Why|Where) (?P<s>.+?) (?P<be>is|are) "
    r"(?P<done>[a-z]+ed|found|kept|held|made)(?P<rest>(?: .*)?)"
)
_THAT = re.compile(r"(?P<s>[A-Z][a-z]+s(?: of [a-z]+)?) that (?P<rest>(?:are|can|may|must|were|have)\b.+)")
_GERUND = re.compile(r"(?P<v>[A-Z][a-z]+ing) (?P<o>(?:an?|the|your|all|new|several|[a-z]+s)\b.*)")
_OWN = re.compile(
    r"(?P<s>[A-Z][\w’'-]*(?:['’]s|s['’]) (?P<head>[a-z][a-z ]+?)"
    r"(?: (?:of|with|in|for|to|on|from|between) .+)?)"
)
_JUNK = re.compile(
    r"\b(?:table of|see also|further reading|references|appendix|introduction|overview|summary|conclusions?"
    r"|notes|links|faq|contents)\b",
    re.IGNORECASE,
)


def worded(document: Document, lowercase: frozenset[str]) -> Iterator[Wording]:
    """The questions of a document's headings."""
    for heading, section in _sections(document):
        title = _NUMBERING.sub("", " ".join(heading.title.split())).strip(" .:")
        question = None if _JUNK.search(title) else _question(title, document.text, section, lowercase)
        if question:
            yield Wording(question, section)


def _sections(document: Document) -> Iterator[tuple[Heading, Span]]:
    """Each heading with the text right below it, but for those without text and the document's title."""
    headings = document.headings
    for at, heading in enumerate(headings):
        end = headings[at + 1].start if at + 1 < len(headings) else len(document.text)
        start = heading.end
        while start < end and document.text[start].isspace():
            start += 1
        end = min(end, start + LONGEST)
        while end > start and document.text[end - 1].isspace():
            end -= 1
        if end - start > 40 and heading.title != document.title:
            yield heading, Span(start, end)


def _question(title: str, text: str, section: Span, lowercase: frozenset[str]) -> str | None:
    if title.endswith("?"):
        return title if _ASKS.match(title) and len(title.split()) >= 4 else None
    for pattern, ask in _FORMS:
        if found := pattern.fullmatch(title):
            return ask(found, text[section.start : section.end], lowercase)
    return None


def _how_to(found: re.Match[str], text: str, lowercase: frozenset[str]) -> str | None:
    return f"How do I {_mine(found['do'])}?" if len(found["do"].split()) > 1 else None


def _works(found: re.Match[str], text: str, lowercase: frozenset[str]) -> str | None:
    aid = "does" if found["v"] == "works" else "do"
    return f"How {aid} {running(found['s'], lowercase)} work{found['rest']}?"


def _when(found: re.Match[str], text: str, lowercase: frozenset[str]) -> str | None:
    return f"{found['w']} {found['be']} {running(found['s'], lowercase)} {found['done']}{found['rest']}?"


def _that(found: re.Match[str], text: str, lowercase: frozenset[str]) -> str | None:
    return f"Which {found['s'].lower()} {found['rest']}?"


def _gerund(found: re.Match[str], text: str, lowercase: frozenset[str]) -> str | None:
    """The verb is that form of the word which stands in the section itself."""
    root = found["v"].lower().removesuffix("ing")
    forms = [root, f"{root}e", *([root[:-1]] if root[-1:] == root[-2:-1] else [])]
    base = next((form for form in forms if re.search(rf"\b{form}\b", text, re.IGNORECASE)), None)
    return f"How do I {base} {_mine(found['o'])}?" if base else None


def _mine(phrase: str) -> str:
    return re.sub(r"\b([Yy])our\b", "my", phrase)


def _own(found: re.Match[str], text: str, lowercase: frozenset[str]) -> str | None:
    head = found["head"].split()[-1]
    be = "are" if head.endswith("s") and not head.endswith(("ss", "us", "is")) else "is"
    return f"What {be} {running(found['s'], lowercase)}?"


_FORMS = (
    (_HOW_TO, _how_to),
    (_WORKS, _works),
    (_WHEN, _when),
    (_THAT, _that),
    (_GERUND, _gerund),
    (_OWN, _own),
)
