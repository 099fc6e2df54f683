"""Support: how well the support check tells sentences from changed ones, on CLAPnq (Apache-2.0).

Rosenthal et al., 2025, https://arxiv.org/abs/2404.02103

People wrote the answers of CLAPnq from one passage each, so their sentences are supported by it. Each is
changed in one place, or held against another passage, and is unsupported then. A figure is the share that
is taken as supported: `as_written` should be high, all others low. People add a little of what they know, and
some changes are none, so no figure can reach 1 or 0.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.answering.support import support_check
from assistant.core import config
from assistant.embedding.embedders import E5, create_embedder
from assistant.retrieval.reader import Reader
from assistant.text.sentences import sentences
from eval.benchmarks.corpus import progress

Change = Callable[[str, random.Random, Sequence[str]], str | None]
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
_PLAIN = re.compile(r"\b[a-z]{5,}\b")
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|can|could|will|would|may)\b(?! not)")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, the sentences of a passage, the passage's title, and what was done to the sentence."""

    kind: str
    sentence: str
    quotes: tuple[str, ...]
    title: str


def number(sentence: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """The sentence with one of its numbers changed."""
    return _changed(sentence, re.compile(r"\d+"), chance, lambda old: str(int(old) + chance.randint(1, 9)))


def name(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """The sentence with one of its names changed for another one's."""
    others = [other for other in names if other not in sentence]
    return _changed(sentence, _NAME, chance, lambda _: chance.choice(others))


def word(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """The sentence with one of its longer plain words changed for another."""
    return _changed(sentence, _PLAIN, chance, lambda _: chance.choice(names).lower())


def negated(sentence: str, _: random.Random, __: Sequence[str]) -> str | None:
    """The sentence with its first verb negated."""
    verb = _VERB.search(sentence)
    return f"{sentence[: verb.end()]} not{sentence[verb.end() :]}" if verb else None


CHANGES: dict[str, Change] = {"number": number, "name": name, "negated": negated, "word": word}


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """The share of each kind that is taken as supported, with vectors, as in the product."""
    settings = config.load()
    embed, reader = create_embedder(settings).embed, Reader(E5(settings.cache))
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for case in progress([*_cases(data / "dev_answerable.jsonl", limit)], "Judging"):
        vectors = embed([case.sentence, *case.quotes])
        cosines = [float(cosine) for cosine in vectors[1:] @ vectors[0]]
        found[case.kind].append(_is_supported(case, cosines, reader))
    return {kind: sum(judged) / len(judged) for kind, judged in found.items()}


def _cases(path: Path, limit: int | None) -> Iterator[Case]:
    chance = random.Random(0)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    names = sorted({found for row in rows for found in _NAME.findall(row["passages"][0]["text"])})
    for at, row in enumerate(rows[:limit]):
        passage, other = row["passages"][0], rows[at - 7]["passages"][0]
        for sentence in _sentences(row["output"][0]["answer"]):
            written = Case("as_written", sentence, tuple(passage["sentences"]), passage["title"])
            yield written
            yield Case("other_passage", sentence, tuple(other["sentences"]), other["title"])
            for kind, change in CHANGES.items():
                if changed := change(sentence, chance, names):
                    yield replace(written, kind=kind, sentence=changed)


def _sentences(answer: str) -> Iterator[str]:
    """The sentences of an answer, without the spaces before stops of tokenised text."""
    for line in re.sub(r" (?=[.,;])", "", answer).splitlines():
        yield from (line[span.start : span.end] for span in sentences(line))


def _is_supported(case: Case, cosines: Sequence[float], reader: Reader) -> bool:
    return bool(support_check.find_support(case.sentence, case.quotes, cosines, case.title, reader.support))


def _changed(
    sentence: str, what: re.Pattern[str], chance: random.Random, new: Callable[[str], str]
) -> str | None:
    found = [*what.finditer(sentence)]
    if not found:
        return None
    old = chance.choice(found)
    return f"{sentence[: old.start()]}{new(old[0])}{sentence[old.end() :]}"
