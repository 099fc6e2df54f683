"""Questions from headings that are questions, or can be turned into one. For English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from assistant.core.types import Document, Heading, Span
from assistant.evaluation.drafting.phrases import WordedQuestion, to_running

MAX_SECTION = 1_500
"""Characters of a section used as the passage of a question; a longer one is cut."""
SHORTEST = 40
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


def ask_headings(document: Document, lowercase: frozenset[str]) -> Iterator[WordedQuestion]:
    """Yield the questions of a document's headings; `lowercase` are its words that are no names."""
    for heading, section in _sections(document):
        title = _NUMBERING.sub("", " ".join(heading.title.split())).strip(" .:")
        question = None if _JUNK.search(title) else _to_question(title, document.text, section, lowercase)
        if question:
            yield WordedQuestion(question, section)


def _sections(document: Document) -> Iterator[tuple[Heading, Span]]:
    """Yield each heading with the text directly below it, except the title and headings without text."""
    text, headings = document.text, document.headings
    ends = [*(heading.start for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=False):
        below = text[heading.end : end]
        start = heading.end + len(below) - len(below.lstrip())
        section = Span(start, start + len(text[start : min(end, start + MAX_SECTION)].rstrip()))
        if section.end - section.start > SHORTEST and heading.title != document.title:
            yield heading, section


def _to_question(title: str, text: str, section: Span, lowercase: frozenset[str]) -> str | None:
    if title.endswith("?"):
        return title if _ASKS.match(title) and len(title.split()) >= 4 else None
    for pattern, ask in _FORMS:
        if match := pattern.fullmatch(title):
            groups = match.groupdict("")
            subject = to_running(groups.get("s", ""), lowercase)
            return ask(groups | {"subject": subject, "text": text[section.start : section.end]})
    return None


Groups = dict[str, str]


def _ask_how_to(groups: Groups) -> str | None:
    return f"How do I {_to_first_person(groups['do'])}?" if " " in groups["do"] else None


def _ask_how_it_works(groups: Groups) -> str:
    auxiliary = "does" if groups["v"] == "works" else "do"
    return f"How {auxiliary} {groups['subject']} work{groups['rest']}?"


def _ask_gerund(groups: Groups) -> str | None:
    """Use the base form of the verb that occurs in the section."""
    root = groups["v"].lower().removesuffix("ing")
    forms = [root, f"{root}e", *([root[:-1]] if root[-1:] == root[-2:-1] else [])]
    used = (form for form in forms if re.search(rf"\b{form}\b", groups["text"], re.IGNORECASE))
    base = next(used, None)
    return f"How do I {base} {_to_first_person(groups['o'])}?" if base else None


def _to_first_person(phrase: str) -> str:
    return re.sub(r"\b([Yy])our\b", "my", phrase)


def _ask_possession(groups: Groups) -> str:
    head = groups["head"].split()[-1]
    verb = "are" if head.endswith("s") and not head.endswith(("ss", "us", "is")) else "is"
    return f"What {verb} {groups['subject']}?"


_FORMS: tuple[tuple[re.Pattern[str], Callable[[Groups], str | None]], ...] = (
    (_HOW_TO, _ask_how_to),
    (_WORKS, _ask_how_it_works),
    (_WHEN, lambda groups: "{w} {be} {subject} {done}{rest}?".format(**groups)),
    (_THAT, lambda groups: f"Which {groups['s'].lower()} {groups['rest']}?"),
    (_GERUND, _ask_gerund),
    (_OWN, _ask_possession),
)
