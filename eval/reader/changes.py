"""Changes to sentences and questions that make near misses of them, and harmless ones beside them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

NAME = re.compile(r"(?<=[a-z,;(\"'] )[A-Z][\w'’-]+(?: (?:of |the |de |von |al-)?[A-Z][\w'’-]+)*")
"""A run of words with capitals that does not begin the sentence."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|can|could|will|would|may|does|did)\b(?! not)")
NOT = re.compile(r"\b(?:not|never) ")
KANJI_NUMBER = re.compile(r"[0-9０-９]+")
CAPITAL = re.compile(r"[A-Z][\w'’-]+")
MONTHS = "January February March April May June July August September October November December".split()
OPPOSITES = [
    tuple(side.split() for side in pair.split(" | "))
    for pair in (
        "more higher greater larger bigger | less fewer lower smaller",
        "most highest greatest largest biggest | least lowest smallest",
        "increased rose grew expanded gained | decreased fell declined shrank dropped lost",
        "increase rise growth | decrease fall decline",
        "before | after",
        "above | below",
        "imports imported | exports exported",
        "bought | sold",
        "won | lost",
        "accepted approved agreed | rejected declined",
        "allowed permitted legal | forbidden banned illegal",
        "began started opened | ended finished closed",
        "first | last second third",
        "north northern | south southern",
        "east eastern | west western",
        "possible likely | impossible unlikely",
        "ally friend | enemy rival",
        "included | excluded",
        "positive | negative",
        "always | never rarely",
        "all | some few",
        "many | few no",
        "only | also",
        "early earliest | late latest",
        "old older oldest | young younger youngest new",
        "male men man boys father son husband | female women woman girls mother daughter wife",
        "successful succeeded | unsuccessful failed",
        "born | died",
        "alive living | dead",
        "best | worst",
        "good | bad",
        "hot warm | cold",
        "inside | outside",
        "left | right",
        "public | private",
        "rich | poor",
        "strong | weak",
        "rural | urban",
        "major | minor",
        "famous | unknown",
        "with | without",
        "American | British French German Chinese Russian Indian Japanese",
        "British | American French German",
        "actor | director singer writer politician",
        "singer | actor painter writer",
        "film | book song play",
        "novel book | film song",
        "single | married",
        "century | decade",
        "million | billion thousand",
        "day days | week weeks month months year years",
        "city | village country",
        "wrote written | read sold",
        "directed | produced wrote",
        "president | minister secretary",
    )
]


def cut(sentence: str, span: str) -> str | None:
    """The sentence without the words of `span`; nothing where too little is left."""
    at = sentence.find(span)
    if at < 0 or not span:
        return None
    left = f"{sentence[:at].rstrip()} {sentence[at + len(span) :].lstrip()}".strip()
    left = re.sub(r"\s+(?=[.,;:])", "", left)
    return left if len(left) >= 12 and len(left) > 0.25 * len(sentence) else None


def cut_elsewhere(sentence: str, spans: Sequence[str], chance: random.Random, words: int) -> str | None:
    """The sentence without some other run of words, as long as an answer, that touches none of `spans`."""
    tokens = list(re.finditer(r"\S+", sentence))
    taken = [(sentence.find(span), sentence.find(span) + len(span)) for span in spans if span in sentence]
    places = list(range(len(tokens) - words + 1))
    chance.shuffle(places)
    for place in places:
        begin, end = tokens[place].start(), tokens[place + words - 1].end()
        if all(end <= a or begin >= b for a, b in taken):
            return cut(sentence, sentence[begin:end])
    return None


def names(text: str) -> list[str]:
    """Names inside a sentence, and capitalised runs at its start where they have two words or more."""
    found = NAME.findall(text)
    start = re.match(r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)+", text)
    question = re.match(r"(?:Who|What|When|Where|Which|Why|How|Is|Are|Was|Were|Did|Does|Do|In|The|A) ", text)
    return [*([start[0]] if start and not question else []), *found]


def other_name(text: str, chance: random.Random, pool: Sequence[str], only: Sequence[str] = ()) -> str | None:
    """`text` with one of its names (one of `only`, where given) exchanged for another of as many words."""
    found = [n for n in names(text) if not only or n in only]
    if not found:
        return None
    old = chance.choice(found)
    others = [n for n in chance.sample(pool, min(len(pool), 60)) if n not in text and n != old]
    alike = [n for n in others if n.count(" ") == old.count(" ")] or others
    return text.replace(old, chance.choice(alike)) if alike else None


def other_number(text: str, chance: random.Random) -> str | None:
    """`text` with one of its numbers, or the month of a date, changed."""
    months = [m for m in MONTHS if re.search(rf"\b{m}\b", text)]
    if months and chance.random() < 0.4:
        return text.replace(months[0], chance.choice([m for m in MONTHS if m != months[0]]))
    found = [*NUMBER.finditer(text)]
    if not found:
        return None
    old = chance.choice(found)
    return f"{text[: old.start()]}{_near(old[0], chance)}{text[old.end() :]}"


def _near(number: str, chance: random.Random) -> str:
    digits = [at for at, c in enumerate(number) if c.isdigit()]
    at = chance.choice(digits[-2:] if len(digits) > 2 else digits)
    new = chance.choice([d for d in "123456789" if d != number[at]])
    return f"{number[:at]}{new}{number[at + 1 :]}"


def negated(text: str, chance: random.Random) -> str | None:
    """`text` with its negation taken out, or one put in."""
    if NOT.search(text) and chance.random() < 0.8:
        return NOT.sub("", text, count=1)
    verb = VERB.search(text)
    word = (
        "never"
        if verb and verb[0] in ("was", "were", "has", "had", "did") and chance.random() < 0.3
        else "not"
    )
    return f"{text[: verb.end()]} {word}{text[verb.end() :]}" if verb else None


def opposite(text: str, chance: random.Random) -> str | None:
    """`text` with one word turned into its opposite, or into another of its kind."""
    words = re.findall(r"\w+", text)
    found = []
    for pair in OPPOSITES:
        for one, other in (pair, pair[::-1]):
            found += [(word, other) for word in words if word in one]
    if not found:
        return None
    old, others = chance.choice(found)
    return re.sub(rf"\b{re.escape(old)}\b", chance.choice(others), text, count=1)


def exchanged(text: str, chance: random.Random) -> str | None:
    """`text` with two of its names in each other's places: who did what to whom."""
    found = [n for n in dict.fromkeys(names(text)) if text.count(n) == 1]
    if len(found) < 2:
        return None
    one, other = chance.sample(found, 2)
    if one in other or other in one:
        return None
    return text.replace(one, "\0").replace(other, one).replace("\0", other)


def other_word(text: str, chance: random.Random, pool: Sequence[str]) -> str | None:
    """`text` with one of its plain words exchanged for another word of the same ending."""
    found = [*re.finditer(r"\b[a-z]{4,}\b", text)]
    if not found:
        return None
    old = chance.choice(found)
    alike = [w for w in chance.sample(pool, min(len(pool), 400)) if w[-2:] == old[0][-2:] and w != old[0]]
    if not alike:
        return None
    return f"{text[: old.start()]}{chance.choice(alike)}{text[old.end() :]}"


def other_japanese_number(text: str, chance: random.Random) -> str | None:
    """Japanese text with one of its numbers changed."""
    found = [*KANJI_NUMBER.finditer(text)]
    if not found:
        return None
    old = chance.choice(found)
    return f"{text[: old.start()]}{_near(old[0], chance)}{text[old.end() :]}"
