"""Questions, near misses, follow-ups and claims that were written for this project, as pairs.

The files of `written/` hold a passage a line: what was written on it, and either its sentences, where the
passage was written for the project too, or the `key` by which it is found in the public data. They are in
everyday words and twelve languages, which the public questions, written beside their sentence, are not. The
reader is trained on the files `training-*`; abstention is fitted on the others, which it has not seen.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.types import Query
from assistant.retrieval.query_rewriting.rewriting import Exchange, understood
from assistant.text.sentences import sentences as spans_of
from eval.reader.search import Index
from eval.reader.sources import load, untokenised

FOLDER = Path(__file__).with_name("written")
SHORT, LONG = 40, 400
"""Characters of the sentences taken from papers: others are headings, or were not parted."""
OTHERS = 0.4
"""How often a near miss is read with a second sentence of its passage."""
Made = tuple[str, str, str, int, str]
"""First text, second text, context, label, how it was made."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The title and sentences of a passage, and what was written on it."""

    id: str
    title: str
    sentences: tuple[str, ...]
    questions: tuple[Mapping[str, Any], ...]
    near: tuple[Mapping[str, Any], ...]
    claims: tuple[Mapping[str, Any], ...]
    follow: tuple[Mapping[str, Any], ...]


def passages(shared: Path, part: str) -> Iterator[Passage]:
    """Yield the passages of a part, "training" or "fitting", that are found in the public data."""
    known = {key(texts): texts for texts in _public(shared)}
    for file in sorted(FOLDER.glob(f"{part}-*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            texts = row.get("sentences") or known.get(row["key"])
            if texts:
                parts = (tuple(row.get(name, ())) for name in ("questions", "near", "claims", "follow"))
                yield Passage(row["id"], row["title"], tuple(texts), *parts)


def key(texts: Sequence[str]) -> str:
    """Return the name of a passage by its sentences."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _public(shared: Path) -> Iterator[list[str]]:
    """Yield the sentences of every passage of the public data that could have been written on."""
    reader = shared / "reader"
    for part in ("dev", "test"):
        for row in load(reader / "selqa" / f"{part}.json.gz"):
            yield [untokenised(text) for text in row["candidates"]]
        for text in _contexts(reader / "policyqa" / f"{part}.json.gz"):
            yield _cut(text)
    for text in _contexts(reader / "covidqa" / "200423_covidQA.json.gz"):
        texts = [sentence for sentence in _cut(text) if SHORT < len(sentence) < LONG]
        yield from (texts[at : at + 7] for at in range(max(1, len(texts) - 7)))
    for row in load(reader / "pubmedqa" / "ori_pqal.json.gz").values():
        yield [text for part in (*row["CONTEXTS"], row["LONG_ANSWER"]) for text in _cut(part)]
    for text in _contexts(reader / "jaquad" / "train.json.gz"):
        yield [line for line in text.replace("。", "。\n").split("\n") if line.strip()]


def _contexts(path: Path) -> Iterator[str]:
    for article in load(path)["data"]:
        yield from (paragraph["context"] for paragraph in article["paragraphs"])


def _cut(text: str) -> list[str]:
    return [" ".join(text[span.start : span.end].split()) for span in spans_of(text)]


def answer_pairs(passage: Passage, index: Index, chance: random.Random) -> Iterator[Made]:
    """Yield pairs of question and sentence: those that answer, and what is nearest where nothing does."""
    for row in passage.questions:
        yield from _read(passage, row["q"], row["answers"], "written", index, chance)
    for row in passage.near:
        for place in _places(row["closest"], passage)[:2]:
            yield _pair(passage, row["q"], place, 0, "written near miss", chance)
        if chance.random() < OTHERS:
            yield from _others(passage, row["q"], row["closest"], index, chance)
    for row in passage.follow:
        for text in _texts(understood(row["q"], [Exchange(row["before"])])):
            if row["answers"]:
                yield from _read(passage, text, row["answers"], "written follow-up", index, chance)
            for place in () if row["answers"] else _places(row.get("closest", []), passage):
                yield _pair(passage, text, place, 0, "written follow-up", chance)


def support_pairs(passage: Passage, chance: random.Random) -> Iterator[Made]:
    """Yield pairs of claim and evidence: the sentences that it is held against, and others."""
    for row in passage.claims:
        places = _places(row["s"], passage)
        if not places:
            continue
        evidence = " ".join(passage.sentences[place] for place in places)
        above = _above(passage, places[0], chance)
        yield row["c"], evidence, above, int(row["ok"]), f"written {row['kind']}"
        others = [n for n in range(len(passage.sentences)) if n not in places]
        if row["ok"] and others:
            yield _pair(passage, row["c"], chance.choice(others), 0, "written other evidence", chance)


def _texts(query: Query) -> list[str]:
    return [query.text, query.focus] if query.focus else [query.text]


def _read(
    passage: Passage, question: str, answers: Sequence[int], made: str, index: Index, chance: random.Random
) -> Iterator[Made]:
    for place in _places(answers, passage)[:2]:
        yield _pair(passage, question, place, 1, made, chance)
    yield from _others(passage, question, answers, index, chance)


def _others(
    passage: Passage, question: str, without: Sequence[int], index: Index, chance: random.Random
) -> Iterator[Made]:
    """Yield the sentence that shares most words with the question, of those that do not answer."""
    others = [n for n in range(len(passage.sentences)) if n not in without]
    others.sort(key=lambda n: -index.shared(question, passage.sentences[n]) - chance.random())
    for place in others[:1]:
        yield _pair(passage, question, place, 0, "written, same passage", chance)


def _places(given: Sequence[int], passage: Passage) -> list[int]:
    return [place for place in given if 0 <= place < len(passage.sentences)]


def _pair(passage: Passage, first: str, place: int, label: int, made: str, chance: random.Random) -> Made:
    return first, passage.sentences[place], _above(passage, place, chance), label, made


def _above(passage: Passage, place: int, chance: random.Random) -> str:
    """Return the title and the sentence before, as the product has them; now and then without."""
    parts = [passage.title] if passage.title and chance.random() < 0.85 else []
    if place and chance.random() < 0.6:
        parts.append(passage.sentences[place - 1])
    return " | ".join(parts)
