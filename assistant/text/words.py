"""Words normalised for comparing texts: case folding, stemming, and names.

Written for English. Other languages are folded likewise; scripts without spaces are split into characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from assistant.core.types import Span


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def word_spans(text: str) -> list[Span]:
    """Return the ranges of the words of a text, as they are written."""
    return [Span(*match.span()) for match in _RUN.finditer(text)]


_FUNCTION = word_set(
    "a about above after again all almost along already also although always am among an and another any "
    "are as at away be because been before being below between both but by can cannot could did do does "
    "doing done down during each either else etc ever every few for from further get given got had has "
    "have having he hence her here hers him his how however i if in including indeed instead into is it "
    "its itself just kind least less like made make makes making many may me meanwhile might moreover "
    "more most much must my near neither never no nobody none nor not nothing now of off often on once "
    "one only or other others our out over own part per perhaps rather same several shall she should "
    "since so some soon still such than that the their theirs them then there therefore these they this "
    "those though through thus to together too toward towards under until up upon us very via was we well "
    "were what when where whereas whether which while who whom whose why will with within without would "
    "yes yet you your yours s t d ll ve re don doesn didn isn aren wasn weren won accordingly "
    "additionally altogether besides consequently currently especially finally first firstly furthermore "
    "generally instead lastly later mainly nevertheless nonetheless notably overall particularly recently "
    "second secondly similarly specifically third thirdly today two three four five six seven eight nine "
    "ten hundred thousand million billion trillion percent dollar dollars euro euros"
)
# Words with which a model reports what it read; they claim nothing.
_REPORTING = word_set(
    "according account argues argue argued article articles author authors claim claims claimed describe "
    "described describes document documents explain explained explains mention mentioned mentions note "
    "noted notes passage passages point points report reported reports said say says source sources state "
    "stated states text view write writes wrote written"
)
_MONTHS = word_set(
    "january february march april may june july august september october november december jan feb mar apr "
    "jun jul aug sep sept oct nov dec"
)
# Irregular adjectives of countries, each followed by its country.
_NATIONS = (
    "american us british uk french france dutch netherlands spanish spain greek greece swiss switzerland "
    "turkish turkey danish denmark swedish sweden norwegian norway finnish finland polish poland "
    "irish ireland portuguese portugal"
).split()
_ALIASES = dict(zip(_NATIONS[::2], _NATIONS[1::2], strict=True))
_ALIASES |= {nation: adjective for adjective, nation in _ALIASES.items()}
_ENDINGS = ("", "n", "an", "ian", "ean", "ern", "ese", "i", "ish")
_SUFFIXES = "ations ation ments ment ings ing ions ion ates ate ies ied ers er es ed ly s y e".split()

# A number with thousands separators is one word.
_RUN = re.compile(r"(?<!\d)\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?!\d)|[^\W_]+")
# Scripts without spaces between words are split into characters.
WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|(?<![^\W_])[^\W\d_](?:[^\W_]|['’](?=[^\W\d_]))*"
)
_INITIALS = re.compile(r"\b((?:[A-Za-z]\.){2,})")
_CAPITALS = re.compile(r"[A-Z][\w'’]*(?:(?:\s+(?:of|the|and|for))*\s+[A-Z][\w'’]*)+")


@lru_cache(maxsize=1024)
def folded(text: str) -> str:
    """Return the text without case, accents, variants of quotes and dashes, and the dots of U.S."""
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = _without_dots(unicodedata.normalize("NFC", text))
    text = re.sub(r"[‘’`´]", "'", re.sub(r"[“”„«»]", '"', re.sub(r"[‐-―]", "-", text)))
    return re.sub(r"[^\S\n]+", " ", text).casefold()


@lru_cache(maxsize=1024)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in order, folded, without possessives."""
    return tuple(re.sub(r"'s?$", "", word) for word in WORD.findall(folded(text)))


def is_telling(word: str) -> bool:
    """Return True if a folded word has content: it is neither a function word nor a word of reporting."""
    return word not in _FUNCTION and word not in _REPORTING


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Remove English endings: exports, exported, exporting -> export."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= (2 if suffix == "s" else 3):
            word = word[: -len(suffix)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word.removesuffix("e")


@lru_cache(maxsize=1024)
def content(text: str) -> frozenset[str]:
    """Return the stems of the content words of a text."""
    return frozenset(stem(word) for word in words(text) if is_telling(word))


def share(stems: frozenset[str], *texts: str) -> float:
    """Return the share of `stems` that occur in `texts`, 0 to 1; 1 for no stems."""
    available = frozenset[str]().union(*(content(text) for text in texts))
    found = stems & available
    kin = sum(_has_kin(word, available) for word in stems - found)
    return (len(found) + kin) / len(stems) if stems else 1.0


# -- names -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def names(text: str) -> frozenset[str]:
    """Return the capitalised words, folded, without function words and months; first words are included."""
    capitals = (word for word in WORD.findall(_without_dots(text)) if word[0].isupper())
    found = (word for capital in capitals for word in words(capital))
    return frozenset(word for word in found if is_telling(word) and word not in _MONTHS)


def missing(text: str, other: str) -> frozenset[str]:
    """Return the names of `text` that do not occur in `other` in any form: Iranian, U.S., WHO."""
    other_words = frozenset(words(other))
    absent = {name for name in names(text) if not _occurs(name, other_words, other)}
    for phrase in _CAPITALS.findall(text) if absent else ():
        if "".join(word[0] for word in phrase.split() if word[0].isupper()).lower() in other_words:
            absent -= set(words(phrase))
    return frozenset(absent)


def _occurs(name: str, text_words: frozenset[str], text: str) -> bool:
    return _has_kin(name, text_words) or stem(name) in content(text) or name in _initials(text)


def _has_kin(word: str, others: frozenset[str]) -> bool:
    """Return True if `others` has a form of the same name: Iran and Iranian, Cuba and Cubans."""
    if word in others or _ALIASES.get(word) in others:
        return True
    near = (other for other in others if other[:3] == word[:3])
    return any(_are_kin(*sorted((word, other), key=len)) for other in near)


def is_kin(word: str, other: str) -> bool:
    """Return True if both are forms of one name: Iran and Iranian, US and American."""
    return _has_kin(word, frozenset({other}))


def _are_kin(short: str, long: str) -> bool:
    root = short.rstrip("aeiouy")
    bases = (short, root) if len(root) > 2 else (short,)
    forms = {base + ending for base in bases for ending in _ENDINGS}
    return len(short) > 3 and long.removesuffix("s") in forms


@lru_cache(maxsize=1024)
def _initials(text: str) -> frozenset[str]:
    """Return the possible initialisms of the capitalised phrases: United States -> us."""
    found = set()
    for phrase in _CAPITALS.findall(text):
        letters = "".join(word[0] for word in phrase.split() if word[0].isupper()).lower()
        found |= {letters[a : a + length] for a in range(len(letters) - 1) for length in range(2, 7)}
    return frozenset(found)


def _without_dots(text: str) -> str:
    return _INITIALS.sub(lambda initials: initials[1].replace(".", ""), text)
