"""How well `assistant.support` tells supported sentences from changed ones, on CLAPnq.

People wrote the answers of CLAPnq from one passage each, so their sentences are supported by it. Each is
changed in one place, or held against another passage, and is unsupported then. People add a little of what
they know, and some changes are none ("not" where nothing was claimed), so no row can reach 100%.

    python eval/benchmarks/support.py dev_answerable.jsonl [--show KIND]
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from assistant import config, support
from assistant.embed import embedder
from assistant.sentences import sentences

Change = Callable[[str, random.Random, Sequence[str]], str | None]
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
_PLAIN = re.compile(r"\b[a-z]{5,}\b")
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|can|could|will|would|may)\b(?! not)")


def number(sentence: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """The sentence with one of its numbers changed."""
    found = [*re.finditer(r"\d+", sentence)]
    if not found:
        return None
    digits = chance.choice(found)
    return f"{sentence[: digits.start()]}{int(digits[0]) + chance.randint(1, 9)}{sentence[digits.end() :]}"


def name(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """The sentence with one of its names changed for another one's."""
    found = [*_NAME.finditer(sentence)]
    if not found:
        return None
    old = chance.choice(found)
    new = chance.choice([other for other in names if other not in sentence])
    return f"{sentence[: old.start()]}{new}{sentence[old.end() :]}"


def negated(sentence: str, _: random.Random, __: Sequence[str]) -> str | None:
    """The sentence with its first verb negated."""
    verb = _VERB.search(sentence)
    return f"{sentence[: verb.end()]} not{sentence[verb.end() :]}" if verb else None


def word(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """The sentence with one of its longer plain words changed for another."""
    found = [*_PLAIN.finditer(sentence)]
    if not found:
        return None
    old = chance.choice(found)
    return f"{sentence[: old.start()]}{chance.choice(names).lower()}{sentence[old.end() :]}"


CHANGES: dict[str, Change] = {"number": number, "name": name, "negated": negated, "word": word}


def cases(path: Path) -> Iterator[tuple[str, str, list[str], str]]:
    """Kind of change (or `as written`, `other passage`), sentence, the passage's sentences, its title."""
    chance = random.Random(0)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    names = sorted({found for row in rows for found in _NAME.findall(row["passages"][0]["text"])})
    for at, row in enumerate(rows):
        passage, other = row["passages"][0], rows[at - 7]["passages"][0]
        answer = re.sub(r" (?=[.,;])", "", row["output"][0]["answer"])
        for sentence in (line[s.start : s.end] for line in answer.splitlines() for s in sentences(line)):
            yield "as written", sentence, passage["sentences"], passage["title"]
            yield "other passage", sentence, other["sentences"], other["title"]
            for kind, change in CHANGES.items():
                if changed := change(sentence, chance, names):
                    yield kind, changed, passage["sentences"], passage["title"]


def main() -> None:
    """Print what share of each kind is taken as supported, with and without vectors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--show", default="", help="a kind whose wrong judgements are printed")
    arguments = parser.parse_args()
    embed = embedder(config.load()).embed
    found: dict[str, list[tuple[bool, bool]]] = {}
    for kind, sentence, quotes, title in cases(arguments.path):
        vectors = embed([sentence, *quotes])
        similarities = [float(cosine) for cosine in vectors[1:] @ vectors[0]]
        judged = tuple(_is_supported(sentence, quotes, known, title) for known in (None, similarities))
        found.setdefault(kind, []).append((judged[0], judged[1]))
        if kind == arguments.show and judged[1] != (kind == "as written"):
            print(f"- {sentence}\n  {' '.join(quotes)}\n")
    for kind, rows in found.items():
        words, vectors_too = (sum(row[at] for row in rows) / len(rows) for at in (0, 1))
        print(
            f"{kind:14} {len(rows):4} sentences; supported: words {words:.3f}, with vectors {vectors_too:.3f}"
        )


def _is_supported(sentence: str, quotes: list[str], known: Sequence[float] | None, title: str) -> bool:
    run = support.best_quote(sentence, quotes, known, title)
    alone = support.supported(sentence, support.joined(quotes, run), support.closest(known, run), title)
    return alone or bool(support.fewest(sentence, quotes, known, title))


if __name__ == "__main__":
    main()
