"""Contradictions: a sentence and a quote that speak of the same, one of them the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from assistant.answering.support.faithfulness import bears_out
from assistant.text.language import language
from assistant.text.words import WORD, folded, is_telling, missing, names, stem, words

SCOPE = 5
"""Content words after a negation that it may govern, up to the end of the clause."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPPOSITES = [
    (_set("more higher greater larger bigger"), _set("less fewer lower smaller")),
    (_set("most highest greatest largest biggest majority"), _set("least fewest lowest smallest minority")),
    (
        _set("increase rise rose risen grow grew grown growth expand strengthen gain climb"),
        _set("decrease fall fell fallen shrink shrank decline drop reduce weaken lose lost"),
    ),
    (_set("before prior"), _set("after since following")),
    (_set("above"), _set("below")),
    (_set("import"), _set("export")),
    (_set("buy bought purchase"), _set("sell sold")),
    (_set("win won victory"), _set("lose lost defeat")),
    (_set("accept approve agree"), _set("reject decline disagree")),
    (_set("allow permit legal"), _set("forbid forbade forbidden ban prohibit illegal")),
    (_set("begin began begun start open"), _set("end finish close stop")),
    (_set("north northern"), _set("south southern")),
    (_set("east eastern"), _set("west western")),
    (_set("possible likely able"), _set("impossible unlikely unable")),
    (_set("ally friend partner support"), _set("enemy rival opponent oppose")),
    (_set("include"), _set("exclude")),
    (_set("positive advantage"), _set("negative disadvantage")),
    (_set("true"), _set("false")),
]
_CLAUSE = re.compile(rf"(?P<end>[.;:!?|,()\n]|\s-\s)|(?P<word>{WORD.pattern})")
_RELATIVE = frozenset({"that", "which", "who", "whom"})
_NOT_ONLY = re.compile(r"\bnot (?:only|just|merely)\b")
_DIRECTION = re.compile(
    r"\b(to|from|by|against|over|than|into)\s+(?:the\s+)?([A-Z][\w'’]*(?:\s+[A-Z][\w'’]*)*)"
)
_OWNED = re.compile(r"\b([A-Z]\w+)['’]s? ([a-z]+)")


def contradicts(sentence: str, quote: str) -> bool:
    """True if both speak of the same, one of them the other way round."""
    ways = (_is_negated_otherwise, _is_no_limit, _is_opposite, is_turned_round, _is_anothers)
    return any(is_contradicted(sentence, quote) for is_contradicted in ways)


def _is_opposite(sentence: str, quote: str) -> bool:
    """True if one has a word and the other only its opposite."""
    ours, theirs = (_with_stems(words(text)) for text in (sentence, quote))
    for pair in _OPPOSITES:
        one, other = (_with_stems(side) for side in pair)
        for said, opposite in ((one, other), (other, one)):
            if ours & said and not ours & opposite and theirs & opposite and not theirs & said:
                return True
    return False


def _with_stems(spoken: Iterable[str]) -> frozenset[str]:
    return frozenset(form for word in spoken for form in (word, stem(word)))


def is_turned_round(sentence: str, quote: str) -> bool:
    """True if two names change places: "to Norway" here, and there "to Portugal", with both in both."""
    ours, theirs = _directed(sentence), _directed(quote)
    for way in ours.keys() & theirs.keys():
        new, gone = ours[way] - theirs[way], theirs[way] - ours[way]
        if new & names(quote) and gone & names(sentence):
            return True
    return False


def _is_anothers(sentence: str, quote: str) -> bool:
    """True if "Khoshayand's position" is there only "the position of Latin America"."""
    for owner, thing in _OWNED.findall(sentence):
        of = re.findall(rf"\b{thing} of (?:the )?((?:[A-Z]\w+ ?)+)", quote)
        owned = re.search(rf"\b{owner}['’]s? (?:\w+ )?{thing}\b", quote)
        if of and not owned and all(missing(owner, phrase) for phrase in of):
            return True
    return False


def _directed(text: str) -> dict[str, frozenset[str]]:
    """to, from, by... -> the names that follow it."""
    found: dict[str, frozenset[str]] = {}
    for way, name in _DIRECTION.findall(text):
        found[way] = found.get(way, frozenset()) | names(name)
    return found


def _is_negated_otherwise(sentence: str, quote: str) -> bool:
    """True if a word of both is negated in one only."""
    theirs = _polarity(quote)
    ours = _polarity(sentence).spoken_like(theirs)
    denied, affirmed = theirs.negated - theirs.plain, theirs.plain - theirs.negated
    if ours.heads & theirs.negated or theirs.heads & ours.negated:
        # The same negation, in a different order of words: only what is negated first can be compared.
        return bool(ours.heads & affirmed or (ours.plain - ours.negated) & denied & theirs.heads)
    return bool(ours.negated & affirmed or (ours.plain - ours.negated) & denied)


def _is_no_limit(sentence: str, quote: str) -> bool:
    """True if what is only so there is "not only" so here."""
    ours, theirs = (len(_NOT_ONLY.findall(folded(text))) for text in (sentence, quote))
    return ours > theirs and "only" in words(_NOT_ONLY.sub(" ", folded(quote)))


def lacks_negation(sentence: str, quote: str) -> bool:
    """True if the sentence denies what the quote does not deny."""
    theirs = _polarity(quote)
    ours = _polarity(sentence).spoken_like(theirs)
    # One that governs no word of substance, as in "is not given", is seen by its number alone.
    if ours.negations > theirs.negations:
        return True
    if ours.negated:
        return not ours.negated & theirs.negated
    return ours.negations > 0 and theirs.negations == 0


class _Polarity:
    """The stems of a text, by whether a negation governs them. Names are left out: nobody negates them."""

    def __init__(self) -> None:
        self.negated: set[str] = set()
        self.heads: set[str] = set()
        self.plain: set[str] = set()
        self.negations = 0

    def spoken_like(self, other: _Polarity) -> _Polarity:
        """The same with the other's words, where they are synonyms: hurt for injured."""
        known = other.negated | other.plain
        made = _Polarity()
        for name in ("negated", "heads", "plain"):
            setattr(made, name, {_in(known, word) for word in getattr(self, name)})
        made.negations = self.negations
        return made


def _in(known: set[str], word: str) -> str:
    return word if word in known else next((other for other in sorted(known) if bears_out(word, other)), word)


@lru_cache(maxsize=1024)
def _polarity(text: str) -> _Polarity:
    found, named, left, is_relative = _Polarity(), names(text), 0, False
    tokens = [*_CLAUSE.finditer(folded(text))]
    for at, token in enumerate(tokens):
        word = re.sub(r"'s$", "", token["word"] or "")
        following = tokens[at + 1]["word"] if at + 1 < len(tokens) else None
        if token["end"] or word in language().boundaries:
            left = 0
        elif is_relative and left and word in language().be | language().have:
            # "A file that no reader knows is refused": what follows is said of the file.
            left = 0
        elif word in language().negations or word.endswith("n't"):
            is_relative = at > 0 and tokens[at - 1]["word"] in _RELATIVE
            left = 0 if following in language().no_negation else SCOPE
            found.negations += left > 0
        elif is_telling(word) and word not in named:
            (found.negated if left else found.plain).add(stem(word))
            if left == SCOPE:
                found.heads.add(stem(word))
            left = max(0, left - 1)
    return found
