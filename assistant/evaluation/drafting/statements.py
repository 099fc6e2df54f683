"""Questions from sentences that define something, date it, or give a figure. For English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from assistant.core.types import Span
from assistant.evaluation.drafting.phrases import (
    ANY,
    PARTICIPLE,
    PASTS,
    VERBS,
    Wording,
    is_subject,
    running,
    within,
)

LENGTH = range(25, 301)
"""Characters of a sentence that is asked about."""
Lowercase = frozenset[str]
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_YEAR = r"(?:1[0-9]|20)\d\d(?!\d|[-–/]\d)"
_DATE = (
    rf"(?P<date>(?:(?:early|late|mid)[- ])?(?:\d{{1,2}} )?(?:(?:{_MONTH})(?: \d{{1,2}},)? )?{_YEAR}"
    r"|the (?:early |late )?\d{1,2}(?:st|nd|rd|th) century)"
)
_NUMBER = (
    r"(?:[$€£]\s?)?\d[\d,.]*\d|[$€£]?\d|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty"
    "|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_SCALE = r"(?:[ -](?:hundred|thousand|million|billion|trillion))*(?:\s?%| per ?cent)?"
_ABOUT = (
    "(?:about |around |over |under |more than |less than |fewer than |at least |at most |up to |nearly "
    "|almost |some |only |just |currently )*"
)
_FIGURE = rf"{_ABOUT}(?P<figure>(?:{_NUMBER}){_SCALE})"
_UNIT = r"(?: [a-z][a-z-]*){0,3}?"
_TIME = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
_S = r"(?P<s>[A-Z][^,;:.()“”\"?!]{1,90}?)"
_REST = r"[^,;:.()“”\"?!]{0,70}?"
_NOUNS = r"(?P<noun>(?:[a-z][a-z-]+ ){0,2}[a-z][a-z-]+s)"
_END = r"(?:[,;(:–—]| and | but | or | – | — |\.?$)"
_TAIL = rf"(?P<tail>(?: (?:in|of|on|at|for|from|to|per|by|with|a|each|every) {_REST})?)"
_PEOPLE = frozenset(
    (
        "person man woman president minister author writer professor researcher scientist teacher "
        "politician leader engineer journalist reporter analyst director founder painter singer actor "
        "actress player king queen poet emperor bishop pope saint chief captain colonel duke prince "
        "princess sir lord lady mr mrs ms dr composer lawyer officer general philosopher historian "
        "economist physicist chemist ambassador mayor governor"
    ).split()
)
_VAGUE = frozenset(
    (
        "way part kind type form sort example one result list lot matter number good great key issue theme "
        "step consequence problem thing reason favorite favourite friend member fan mistake challenge "
        "aspect response"
    ).split()
)
_SECOND = re.compile(r" and [a-z]+ed\b| (?:that|which|who)\b")
_GRADED = re.compile(r"(?:first|last|only|same|most|least|next|other|main|[a-z]+est)\b")
NEAR = 300
"""Characters after a definition that show whether it is of a person."""
_MARKS = re.compile(r"[`*_<>\[\]\\]|https?:")
_ADJECTIVES = "long|wide|high|tall|deep|old|thick|heavy|large"

_SAYS = r"(?:[A-Z][\w.’'-]+ ){1,3}(?:writes|says|said|argues|notes|reports|states|explains)"
_BEFORE = re.compile(rf"(?:According to [^,]{{3,60}}, |{_SAYS} that )")
_AFTER = re.compile(rf", (?:according to [^,]{{3,80}}|{_SAYS})\.$")


def worded(text: str, span: Span, lowercase: Lowercase) -> Iterator[tuple[str, Wording]]:
    """The question, if any, that a sentence answers, with its kind; `lowercase` are no names."""
    sentence = _bare(" ".join(text[span.start : span.end].split()))
    if len(sentence) not in LENGTH or not sentence.endswith(".") or re.search(r"[|@]", sentence):
        return
    for kind, pattern, ask in _PATTERNS:
        if (found := pattern.match(sentence)) is None:
            continue
        asked = ask(found, lowercase) if is_subject(found["s"], lowercase) else None
        if asked and kind == "definition":
            asked = _of_whom(asked, found["s"], text[span.end : span.end + NEAR])
        place = within(text, span, asked[1]) if asked and not _MARKS.search(asked[1]) else None
        if asked and place:
            yield kind, Wording(asked[0], span, (place,))
            return


def _bare(sentence: str) -> str:
    """A sentence without who says it, and without the mark of a list."""
    sentence = re.sub(r"^(?:[-*+•] |\d{1,2}[.)] )", "", sentence)
    said = _BEFORE.sub("", _AFTER.sub(".", sentence), count=1)
    return said[:1].upper() + said[1:]


# -- what is asked: the question and the words that answer it ----------------------------------------------

Asked = tuple[str, str] | None
Ask = Callable[[re.Match[str], Lowercase], Asked]


def _of_whom(asked: Asked, subject: str, after: str) -> Asked:
    """A bare name may be of a person or of a thing: what follows tells, or else nothing is asked."""
    if asked is None or not all(word[:1].isupper() for word in subject.split()) or asked[0].startswith("Who"):
        return asked
    pointing = re.search(r"\b(?:(he|she|his|her|him)|its?)\b", after, re.IGNORECASE)
    if pointing is None:
        return None
    return (f"Who{asked[0].removeprefix('What')}", asked[1]) if pointing[1] else asked


def _defined(found: re.Match[str], lowercase: Lowercase) -> Asked:
    subject, said = running(found["s"], lowercase), found["o"]
    head = (
        re.split(r" (?:of|for|that|which|who|whose|in|on|from|with|by|to|at) |,", said)[0].split()[-1].lower()
    )
    article = subject.split()[0] in ("a", "an", "the")
    if subject.split()[0] in ("a", "an") and (len(subject.split()) > 4 or subject.split()[-1] in _VAGUE):
        return None
    if head in _VAGUE or _GRADED.match(said) or (not article and found["a"] not in ("a", "an")):
        return None
    is_person = not _PEOPLE.isdisjoint([head, *subject.lower().split()])
    is_person = is_person or (head.endswith(("ist", "ician")) and not article)
    fact = _cut(said)
    return (f"{'Who' if is_person else 'What'} {found['be']} {subject}?", fact) if fact else None


def _cut(said: str) -> str | None:
    """What a definition says in the end, in 2 to 10 words."""
    whole = re.split(r",(?!\d)|[;:(–—]| when | where ", said)[0].strip()
    if len(whole.split()) > 10:
        whole = re.split(r" (?:that|which|who|whose|where|in which|to which|by which) ", whole)[0]
    return whole if 2 <= len(whole.split()) <= 10 else None


def _named(found: re.Match[str], lowercase: Lowercase) -> Asked:
    subject = running(found["s"], lowercase)
    head = re.split(r" (?:of|for|in|on|from|at) ", subject)[0].split()[-1]
    return f"{'Who' if head in _PEOPLE else 'What'} {found['be']} {subject}?", found["o"]


def _passive(found: re.Match[str], lowercase: Lowercase) -> Asked:
    said = f"{running(found['s'], lowercase)} {found['done']}{found['mid']}".strip()
    if _SECOND.search(found["mid"]):
        return None
    return f"When {found['be']} {said}?", found["date"]


def _active(found: re.Match[str], lowercase: Lowercase) -> Asked:
    _, base = VERBS[found["v"]]
    if _SECOND.search(found["mid"]):
        return None
    return f"When did {running(found['s'], lowercase)} {base}{found['mid']}?", found["date"]


def _amounting(found: re.Match[str], lowercase: Lowercase) -> Asked:
    aid = {"s": "does", "ed": "did", "": "do"}[found["v"].removeprefix("amount")]
    return f"How much {aid} {running(found['s'], lowercase)} amount to?", found["figure"]


def _having(found: re.Match[str], lowercase: Lowercase) -> Asked:
    aid = {"has": "does", "have": "do", "had": "did"}[found["v"]]
    asked = f"{aid} {running(found['s'], lowercase)} have{found['tail']}"
    return f"How many {found['noun']} {asked}?", found["figure"]


def _doing(found: re.Match[str], lowercase: Lowercase) -> Asked:
    aid, base = VERBS[found["v"]]
    asked = f"{aid} {running(found['s'], lowercase)} {base}{found['tail']}"
    return f"How many {found['noun']} {asked}?", found["figure"]


def _costing(found: re.Match[str], lowercase: Lowercase) -> Asked:
    aid, base = VERBS[found["v"]]
    return f"How much {aid} {running(found['s'], lowercase)} {base}?", found["figure"]


def _lasting(found: re.Match[str], lowercase: Lowercase) -> Asked:
    aid, base = VERBS[found["v"]]
    return f"How long {aid} {running(found['s'], lowercase)} {base}?", f"{found['figure']} {found['unit']}"


def _measuring(found: re.Match[str], lowercase: Lowercase) -> Asked:
    asked = f"How {found['how']} {found['be']} {running(found['s'], lowercase)}?"
    return asked, f"{found['figure']} {found['unit']}"


def _with_a(found: re.Match[str], lowercase: Lowercase) -> Asked:
    be = "was" if found["v"] == "had" else "is"
    return f"What {be} the {found['noun']} of {running(found['s'], lowercase)}?", found["figure"]


def _being(found: re.Match[str], lowercase: Lowercase) -> Asked:
    return f"What {found['be']} {running(found['s'], lowercase)}?", found["figure"]


_BE = "(?P<be>is|are|was|were)"
_NAMED = r"[A-Z][\w’'-]+(?: (?:[A-Z][\w’'-]+|of|de)){0,4}"
_DONE = rf"{_BE} (?:first |formally |officially )?(?P<done>{PARTICIPLE})(?P<mid>{_REST})"
_DID = rf"(?P<v>{PASTS})(?P<mid>{_REST})"
_THE_S = _S.replace("[A-Z]", "[A-Za-z]")
_HAS = "(?P<v>has|have|had)"
_PATTERNS: tuple[tuple[str, re.Pattern[str], Ask], ...] = tuple(
    (kind, re.compile(form), ask)
    for kind, ask, form in (
        ("figure", _passive, rf"{_S} {_DONE} (?:in|on) {_DATE}{_END}"),
        ("figure", _passive, rf"(?:In|On) {_DATE},? {_THE_S} {_DONE}{_END}"),
        ("figure", _active, rf"{_S} {_DID} (?:in|on) {_DATE}{_END}"),
        ("figure", _active, rf"(?:In|On) {_DATE},? {_THE_S} {_DID}{_END}"),
        ("figure", _amounting, rf"{_S} (?:currently |now )?(?P<v>amount(?:s|ed)?) to {_FIGURE}{_UNIT}{_END}"),
        ("figure", _with_a, rf"{_S} {_HAS} (?:a|an) (?P<noun>[a-z]+(?: [a-z]+)?) of {_FIGURE}{_UNIT}{_END}"),
        ("figure", _having, rf"{_S} {_HAS} {_FIGURE} {_NOUNS}{_TAIL}{_END}"),
        ("figure", _costing, rf"{_S} (?P<v>costs?|weighs?|weighed) {_FIGURE}{_REST}{_END}"),
        (
            "figure",
            _lasting,
            rf"{_S} (?P<v>takes?|took|lasts?|lasted) {_FIGURE} (?P<unit>{_TIME}){_REST}{_END}",
        ),
        ("figure", _measuring, rf"{_S} {_BE} {_FIGURE} (?P<unit>[a-z]+) (?P<how>{_ADJECTIVES}){_END}"),
        ("figure", _doing, rf"{_S} (?P<v>{ANY}) {_FIGURE} {_NOUNS}{_TAIL}{_END}"),
        ("figure", _being, rf"{_S} {_BE} {_FIGURE}(?: [a-z]+){{0,2}}{_END}"),
        ("definition", _defined, rf"{_S} (?P<be>is|was) (?P<a>an?|the) (?P<o>.+)\.$"),
        ("definition", _named, rf"(?P<s>The {_REST}) (?P<be>is|was) (?P<o>{_NAMED})\.$"),
    )
)
"""The first that fits, and can be worded, is asked."""
