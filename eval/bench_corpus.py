"""A large corpus made for the benchmarks: invented towns, firms, ships and people, and questions about them.

Words and sentences are in bench_corpus.toml. In a sentence `{slot}` takes a value, the same all over a
document where it is its subject's, a new one otherwise, and `[one/other]` takes one of the words. The corpus
is always the same.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.benchmarks.corpus import Item

DOCUMENTS = 2_300
"""As many as give a little more than 20,000 passages."""


@dataclass(frozen=True, slots=True)
class Made:
    """One document, and the questions that its sentences answer."""

    item: Item
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the file name of the document that answers it; empty where none does."""

    text: str
    source: str


def documents(number: int = DOCUMENTS) -> list[Made]:
    """The first `number` documents of the corpus."""
    return [_document(random.Random(f"document {n}"), n) for n in range(number)]


def questions(made: Sequence[Made], number: int) -> list[Question]:
    """Questions about different documents; one in ten is about what no document tells."""
    source = random.Random("questions")
    asked = [Question(source.choice(one.questions), one.item.name) for one in source.sample(made, number)]
    return [_unknown(source) if n % 10 == 9 else question for n, question in enumerate(asked)]


def _document(source: random.Random, number: int) -> Made:
    kind = _DATA["kinds"][number % len(_DATA["kinds"])]
    subject = _subject(source, kind["subject"])
    title = _filled(kind["title"], subject, source)
    parts, asked = [], []
    for heading, section in kind["sections"].items():
        pairs = _section(_DATA["sentences"][section], subject, source)
        told, half = [sentence for sentence, _ in pairs], len(pairs) // 2
        parts += [f"## {heading}", " ".join(told[:half]), " ".join(told[half:])]
        asked += [question for _, question in pairs if question]
    return Made(Item.titled(f"made-{number:05d}", title, "\n\n".join(parts)), tuple(asked))


def _section(
    templates: Sequence[str], subject: Mapping[str, str], source: random.Random
) -> list[tuple[str, str]]:
    """Sentences, each with its question: every template once, and half of them again with other values."""
    drawn = source.sample(templates, len(templates)) + source.sample(templates, len(templates) // 2)
    return [_pair(template, subject, source) for template in drawn]


def _pair(template: str, subject: Mapping[str, str], source: random.Random) -> tuple[str, str]:
    """A sentence and the question that it answers, with the same values; or an empty question."""
    sentence, _, question = _filled(template, subject, source).partition(" ? ")
    return sentence[0].upper() + sentence[1:], question


def _filled(template: str, subject: Mapping[str, str], source: random.Random) -> str:
    values = dict(subject)

    def value(slot: re.Match[str]) -> str:
        if slot[1] not in values:
            values[slot[1]] = SLOTS[slot[1].rstrip("2")](source)
        return values[slot[1]]

    chosen = re.sub(r"\[([^]]+)\]", lambda words: source.choice(words[1].split("/")), template)
    return re.sub(r"\{(\w+)\}", value, chosen)


def _subject(source: random.Random, kind: str) -> dict[str, str]:
    name = SLOTS[kind](source)
    home = name if kind == "place" else _town(source)
    return {"name": name, "home": home, "head": _person(source)}


def _unknown(source: random.Random) -> Question:
    asked = source.choice(_DATA["sentences"]["unknown"])
    return Question(_filled(asked, {"name": _town(source)}, source), "")


# -- values ------------------------------------------------------------------------------------------


def _data() -> Any:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


_DATA = _data()
_NAMES: dict[str, list[str]] = {name: text.split() for name, text in _DATA["names"].items()}


def _name(source: random.Random, *parts: str) -> str:
    return "".join(source.choice(_NAMES[part]) for part in parts)


def _town(source: random.Random) -> str:
    return _name(source, "front", "middle", "back").capitalize()


def _person(source: random.Random) -> str:
    return f"{_name(source, 'first')} {_name(source, 'front', 'family').capitalize()}"


def _firm(source: random.Random) -> str:
    return f"{_town(source)} {_name(source, 'trades')} {_name(source, 'forms')}"


def _ship(source: random.Random) -> str:
    return f"{_name(source, 'adjectives')} {SLOTS['animal'](source).capitalize()} of {_town(source)}"


def _number(form: str, least: int, most: int) -> Callable[[random.Random], str]:
    return lambda source: form.format(source.randint(least, most))


def _one_of(words: str) -> Callable[[random.Random], str]:
    choices = [" ".join(word.split()) for word in words.split(";")]
    return lambda source: source.choice(choices)


SLOTS: dict[str, Callable[[random.Random], str]] = {
    "year": _number("{}", 1781, 2019),
    "day": _number("{}", 1, 28),
    "few": _number("{}", 3, 48),
    "percent": _number("{} percent", 2, 94),
    "kilometres": _number("{} kilometres", 2, 780),
    "tonnes": lambda source: f"{source.randint(3, 990) * 10:,} tonnes",
    "count": lambda source: f"{int(10 ** source.uniform(1.3, 5)):,}",
    "money": lambda source: f"{source.uniform(0.2, 90):.1f} million crowns",
    "person": _person,
    "place": _town,
    "firm": _firm,
    "ship": _ship,
} | {slot: _one_of(words) for slot, words in _DATA["slots"].items()}
