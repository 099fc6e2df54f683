"""Building blocks of questions: phrases as they read within a sentence, and forms of verbs. For English."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.core.types import Span
from assistant.text.words import is_telling

_DETERMINERS = frozenset("the a an all most some many each every both several his her its their our".split())
_POINTING = frozenset(
    "it this that these those they he she we you i there here his her its their our my your one who what "
    "which such another other others both each more most some many few now then also however but and or so "
    "if when while as for to from with without by at on in of after before during since until because "
    "although though not no yes today recently currently among amongst above below near under over "
    "between".split()
)
_VERBS = frozenset(
    "this that these those their its his her them it he she they such former latter "
    "is are was were be been being has have had do does did can could will would shall should may might must "
    "says said say according indeed perhaps "
    "that which who whose whom where when if because although while but then than".split()
)
_OURS = frozenset("your you my our we i me".split())
_BASES = (
    "open close start end launch join move visit publish establish create release introduce adopt approve "
    "acquire produce export import employ serve cover contain include use reach receive earn raise own "
    "operate play score live marry graduate study discover invent design develop complete finish destroy "
    "arrive return enter host attract generate store process handle support print contain require last "
    "weigh cost land collapse merge expand resign retire emigrate settle occur happen ship carry "
    "treat consume"
).split()
_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "begin:began win:won become:became build:built buy:bought sell:sold hold:held lose:lost spend:spent "
        "pay:paid grow:grew fall:fell rise:rose run:ran write:wrote leave:left sink:sank die:died take:took "
        "make:made find:found found:founded cost:cost give:gave come:came go:went break:broke speak:spoke "
        "sign:signed"
    ).split()
)
PARTICIPLE = (
    "(?:[a-z]+ed|built|born|made|written|sold|won|held|set|begun|taken|bought|found|lost|sent|shot|struck)"
)


@dataclass(frozen=True, slots=True)
class WordedQuestion:
    """A question, the span that answers it, and the parts of the span required in an answer."""

    question: str
    span: Span
    facts: tuple[Span, ...] = ()


def _past(base: str) -> str:
    if base in _IRREGULAR:
        return _IRREGULAR[base]
    if base.endswith("e"):
        return f"{base}d"
    return f"{base[:-1]}ied" if base.endswith("y") and base[-2] not in "aeiou" else f"{base}ed"


def _third(base: str) -> str:
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ies"
    return f"{base}es" if base.endswith(("s", "sh", "ch", "o")) else f"{base}s"


_VERB_BASES = tuple(dict.fromkeys([*_BASES, *_IRREGULAR]))
# The past last: "found" is more often the past of "find" than the verb "to found".
VERBS = {
    form: (auxiliary, base)
    for pair in ((("do", str), ("does", _third)), (("did", _past),))
    for base in _VERB_BASES
    for auxiliary, inflect in pair
    for form in [inflect(base)]
}
"""A form of a verb -> the auxiliary and the base form of its question."""
PASTS = "|".join(
    sorted((form for form, (auxiliary, _) in VERBS.items() if auxiliary == "did"), key=len, reverse=True)
)
ANY = "|".join(sorted(VERBS, key=len, reverse=True))


def to_running(phrase: str, lowercase: frozenset[str]) -> str:
    """Return a phrase as it reads within a sentence: without its capital, unless it is a name."""
    first, space, rest = phrase.partition(" ")
    lower = first.lower()
    common = lower in _DETERMINERS or lower in lowercase
    return f"{lower}{space}{rest}" if (common and first[1:].islower()) or len(first) == 1 else phrase


def is_subject(phrase: str, lowercase: frozenset[str]) -> bool:
    """True if a phrase names something that can be asked about by itself, and is no clause."""
    words = to_running(phrase, lowercase).split()
    lower = [word.lower() for word in words]
    if not 0 < len(words) <= 10 or lower[0] in _POINTING or (_VERBS | _OURS) & set(lower):
        return False
    if lower[0].endswith(("ly", "ing")):
        return False
    if not _is_named(words) and re.search(r" the [a-z]+$", phrase):
        return False
    return _is_named(words) or sum(map(is_telling, (word for word in lower if word.isalpha()))) >= 2


def _is_named(words: list[str]) -> bool:
    return any(re.match(r"[A-Z][^\W\d_]", word) for word in words)


def find_words(text: str, span: Span, words: str) -> Span | None:
    """Return the span of `words` in `text[span]`, with any white space between them; None for no words."""
    pattern = r"\s+".join(map(re.escape, words.split()))
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text[span.start : span.end])
    return Span(span.start + match.start(), span.start + match.end()) if match and pattern else None
