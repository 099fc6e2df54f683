"""Claims over evidence of several sentences: what a whole passage bears out, and what it only seems to."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.reader import changes
from eval.reader.search import Index
from eval.reader.sources import Asked, lines, load
from eval.reader.support_pairs import Alike, said, wrong_answer

if TYPE_CHECKING:
    from eval.reader.data import Pool

QUESTIONS = {"squad2": 700, "covidqa": 900, "jaquad": 900}
Made = tuple[str, str, str, int, str]


def passage_pairs(
    questions: Sequence[Asked], alike: Alike, pool: Pool, chance: random.Random
) -> Iterator[tuple[Any, ...]]:
    """Answers said of a run of sentences; a wrong answer, or the run without the sentence."""
    origin = questions[0].origin
    answered = [q for q in questions if q.spans and len(q.sentences) > 2]
    for q in chance.sample(answered, min(QUESTIONS.get(origin, 0), len(answered))):
        place, answer = chance.choice(q.spans)
        claim = said(q, answer)
        if claim is None:
            continue
        places = _run(len(q.sentences), place, chance)
        join = "" if origin == "jaquad" else " "
        evidence = join.join(q.sentences[n] for n in places)
        lacking = join.join(q.sentences[n] for n in places if n != place)
        yield q, claim, evidence, q.title, 1, "answer said, passage"
        if chance.random() < 0.5 and answer not in lacking:
            yield q, claim, lacking, q.title, 0, "passage without it"
        elif (wrong := wrong_answer(q, place, answer, alike, chance)) and (false := said(q, wrong)):
            yield q, false, evidence, q.title, 0, "wrong answer said, passage"


def _run(count: int, place: int, chance: random.Random) -> range:
    size = chance.randint(3, 6)
    first = max(0, min(place - chance.randrange(size), count - size))
    return range(first, min(count, first + size))


def wice_passages(path: Path, chance: random.Random) -> Iterator[tuple[Made, int]]:
    """WiCE's claims with their sentences among others of the same page, and the number of the claim."""
    for number, row in enumerate(lines(path)):
        kept = [t for t, off in zip(row["claim_tokens"], row["non_supported_spans"], strict=True) if not off]
        borne = re.sub(r" (?=[.,;:?!)'’-])|(?<=[-(]) ", "", " ".join(kept))
        title = next((e.split("TITLE:")[1].strip() for e in row["evidence"][:2] if "TITLE:" in e), "")
        for places in row["supporting_sentences"][:3]:
            others = [n for n in range(len(row["evidence"])) if n not in places]
            run = sorted([*places, *chance.sample(others, min(len(others), chance.randint(1, 5)))])
            evidence = " ".join(row["evidence"][n] for n in run)[:1100]
            yield (row["claim"], evidence, title, 0, "wice passage"), number
            if len(kept) >= 5:
                yield (borne, evidence, title, 1, "wice passage"), number


def conclusions(path: Path, chance: random.Random) -> Iterator[tuple[Made, str]]:
    """Yield conclusions of papers from their results; also from their background, from another paper's
    results, or with one thing changed. Each with the number of the paper."""
    papers = [(number, row, _part(row, "RESULTS")) for number, row in load(path).items()]
    papers = [paper for paper in papers if paper[2]]
    index = Index([results for *_, results in papers])
    for number, row, results in papers:
        claim = row["LONG_ANSWER"].split(". ")[0].rstrip(".") + "."
        if not 6 < len(claim.split()) < 60:
            continue
        yield (claim, results, "", 1, "concluded"), number
        background = _part(row, "BACK") or _part(row, "OBJ")
        changed = [c for c in (changes.negated(claim, chance), changes.opposite(claim, chance)) if c]
        way = chance.random()
        if way < 0.4 and background:
            yield (claim, background, "", 0, "background"), number
        elif way < 0.6:
            near = [other for other in index.nearest(claim, 4) if other != results]
            yield (claim, near[0], "", 0, "other results"), number
        elif changed:
            yield (chance.choice(changed), results, "", 0, "concluded, changed"), number


def _part(row: dict[str, Any], label: str) -> str:
    parts = zip(row["CONTEXTS"], row["LABELS"], strict=True)
    return " ".join(text for text, name in parts if name.startswith(label))[:1100]
