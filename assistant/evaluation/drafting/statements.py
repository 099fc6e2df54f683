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
    WordedQuestion,
    find_words,
    is_subject,
    to_running,
)

SENTENCE_LENGTH = range(25, 301)
"""Characters of a sentence that becomes a question."""
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
_SECOND_VERB = re.compile(r" and [a-z]+ed\b| (?:that|which|who)\b")
_GRADED = re.compile(r"(?:first|last|only|same|most|least|next|other|main|[a-z]+est)\b")
NEXT_CHARACTERS = 300
"""Characters after a definition searched for signs of a person."""
_MARKS = re.compile(r"[`*_<>\[\]\\]|https?:")
_ADJECTIVES = "long|wide|high|tall|deep|old|thick|heavy|large"

_SAYS = r"(?:[A-Z][\w.’'-]+ ){1,3}(?:writes|says|said|argues|notes|reports|states|explains)"
_BEFORE = re.compile(rf"(?:According to [^,]{{3,60}}, |{_SAYS} that )")
_AFTER = re.compile(rf", (?:according to [^,]{{3,80}}|{_SAYS})\.$")


def ask_statement(text: str, span: Span, lowercase: Lowercase) -> Iterator[tuple[str, WordedQuestion]]:
    """Yield the question, if any, that a sentence answers, with its kind; `lowercase` are no names."""
    sentence = _strip_attribution(" ".join(text[span.start : span.end].split()))
    if len(sentence) not in SENTENCE_LENGTH or not sentence.endswith(".") or re.search(r"[|@]", sentence):
        return
    for ask, pattern in _PATTERNS:
        if (match := pattern.match(sentence)) is None or not is_subject(match["s"], lowercase):
            continue
        groups = match.groupdict("") | {"subject": to_running(match["s"], lowercase)}
        asked = ask(groups) if callable(ask) else _fill(ask, groups)
        if asked and callable(ask):
            asked = _ask_who_or_what(asked, match["s"], text[span.end : span.end + NEXT_CHARACTERS])
        fact = find_words(text, span, asked[1]) if asked and not _MARKS.search(asked[1]) else None
        if asked and fact:
            yield "definition" if callable(ask) else "figure", WordedQuestion(asked[0], span, (fact,))
            return


def _strip_attribution(sentence: str) -> str:
    """Return a sentence without its speaker, and without the mark of a list."""
    sentence = re.sub(r"^(?:[-*+•] |\d{1,2}[.)] )", "", sentence)
    claim = _BEFORE.sub("", _AFTER.sub(".", sentence), count=1)
    return claim[:1].upper() + claim[1:]


# -- questions, each with the words that answer it ---------------------------------------------------------

Groups = dict[str, str]
Asked = tuple[str, str] | None


def _fill(templates: tuple[str, str], groups: Groups) -> Asked:
    """Fill the templates of a question and its answer; {aux} and {base} are forms of the verb `v`."""
    if _SECOND_VERB.search(groups.get("mid", "")):
        return None
    verb = groups.get("v", "")
    auxiliary, base = _AUXILIARIES.get(verb) or VERBS.get(verb, ("", ""))
    values = groups | {"aux": auxiliary, "base": base, "past": "was" if verb == "had" else "is"}
    question, answer = (" ".join(template.format(**values).split()) for template in templates)
    return question, answer


def _ask_who_or_what(asked: tuple[str, str], subject: str, after: str) -> Asked:
    """Ask for a bare name only if the text after it shows whether it is a person or a thing."""
    question, answer = asked
    if not all(word[:1].isupper() for word in subject.split()) or question.startswith("Who"):
        return asked
    pronoun = re.search(r"\b(?:(he|she|his|her|him)|its?)\b", after, re.IGNORECASE)
    if pronoun is None:
        return None
    return (f"Who{question.removeprefix('What')}", answer) if pronoun[1] else asked


def _ask_definition(groups: Groups) -> Asked:
    subject, definition = groups["subject"], groups["o"]
    words = subject.split()
    first = re.split(r" (?:of|for|that|which|who|whose|in|on|from|with|by|to|at) |,", definition)[0]
    head = first.split()[-1].lower()
    has_article = words[0] in ("a", "an", "the")
    if words[0] in ("a", "an") and (len(words) > 4 or words[-1] in _VAGUE):
        return None
    if head in _VAGUE or _GRADED.match(definition) or (not has_article and groups["a"] not in ("a", "an")):
        return None
    is_person = not _PEOPLE.isdisjoint([head, *subject.lower().split()])
    is_person = is_person or (head.endswith(("ist", "ician")) and not has_article)
    fact = _shorten_definition(definition)
    return (f"{'Who' if is_person else 'What'} {groups['be']} {subject}?", fact) if fact else None


def _shorten_definition(definition: str) -> str | None:
    """Return the core of a definition, 2 to 10 words."""
    core = re.split(r",(?!\d)|[;:(–—]| when | where ", definition)[0].strip()
    if len(core.split()) > 10:
        core = re.split(r" (?:that|which|who|whose|where|in which|to which|by which) ", core)[0]
    return core if 2 <= len(core.split()) <= 10 else None


def _ask_name(groups: Groups) -> Asked:
    subject = groups["subject"]
    head = re.split(r" (?:of|for|in|on|from|at) ", subject)[0].split()[-1]
    return f"{'Who' if head in _PEOPLE else 'What'} {groups['be']} {subject}?", groups["o"]


_BE = "(?P<be>is|are|was|were)"
_NAMED = r"[A-Z][\w’'-]+(?: (?:[A-Z][\w’'-]+|of|de)){0,4}"
_DONE = rf"{_BE} (?:first |formally |officially )?(?P<done>{PARTICIPLE})(?P<mid>{_REST})"
_DID = rf"(?P<v>{PASTS})(?P<mid>{_REST})"
_THE_S = _S.replace("[A-Z]", "[A-Za-z]")
_HAS = "(?P<v>has|have|had)"
_AUXILIARIES = {
    **{"has": ("does", "have"), "have": ("do", "have"), "had": ("did", "have")},
    **{"amounts": ("does", "amount"), "amounted": ("did", "amount"), "amount": ("do", "amount")},
}
_WHEN_DONE = ("When {be} {subject} {done}{mid}?", "{date}")
_WHEN_DID = ("When did {subject} {base}{mid}?", "{date}")
_HOW_MANY = ("How many {noun} {aux} {subject} {base}{tail}?", "{figure}")
_HOW_MUCH = ("How much {aux} {subject} {base}?", "{figure}")
_AMOUNT = ("How much {aux} {subject} amount to?", "{figure}")
_HOW_LONG = ("How long {aux} {subject} {base}?", "{figure} {unit}")
_HOW_LARGE = ("How {how} {be} {subject}?", "{figure} {unit}")
_PROPERTY = ("What {past} the {noun} of {subject}?", "{figure}")
_VALUE = ("What {be} {subject}?", "{figure}")
_PATTERNS: tuple[tuple[tuple[str, str] | Callable[[Groups], Asked], re.Pattern[str]], ...] = tuple(
    (ask, re.compile(pattern))
    for ask, pattern in (
        (_WHEN_DONE, rf"{_S} {_DONE} (?:in|on) {_DATE}{_END}"),
        (_WHEN_DONE, rf"(?:In|On) {_DATE},? {_THE_S} {_DONE}{_END}"),
        (_WHEN_DID, rf"{_S} {_DID} (?:in|on) {_DATE}{_END}"),
        (_WHEN_DID, rf"(?:In|On) {_DATE},? {_THE_S} {_DID}{_END}"),
        (_AMOUNT, rf"{_S} (?:currently |now )?(?P<v>amount(?:s|ed)?) to {_FIGURE}{_UNIT}{_END}"),
        (_PROPERTY, rf"{_S} {_HAS} (?:a|an) (?P<noun>[a-z]+(?: [a-z]+)?) of {_FIGURE}{_UNIT}{_END}"),
        (_HOW_MANY, rf"{_S} {_HAS} {_FIGURE} {_NOUNS}{_TAIL}{_END}"),
        (_HOW_MUCH, rf"{_S} (?P<v>costs?|weighs?|weighed) {_FIGURE}{_REST}{_END}"),
        (_HOW_LONG, rf"{_S} (?P<v>takes?|took|lasts?|lasted) {_FIGURE} (?P<unit>{_TIME}){_REST}{_END}"),
        (_HOW_LARGE, rf"{_S} {_BE} {_FIGURE} (?P<unit>[a-z]+) (?P<how>{_ADJECTIVES}){_END}"),
        (_HOW_MANY, rf"{_S} (?P<v>{ANY}) {_FIGURE} {_NOUNS}{_TAIL}{_END}"),
        (_VALUE, rf"{_S} {_BE} {_FIGURE}(?: [a-z]+){{0,2}}{_END}"),
        (_ask_definition, rf"{_S} (?P<be>is|was) (?P<a>an?|the) (?P<o>.+)\.$"),
        (_ask_name, rf"(?P<s>The {_REST}) (?P<be>is|was) (?P<o>{_NAMED})\.$"),
    )
)
"""The first match that can be worded is used. Figures have templates, definitions functions."""
