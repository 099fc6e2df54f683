"""Makes the pairs that the reader is trained on, and holds back one document in twenty.

    python -m eval.reader.data --shared ../shared --out /tmp/reader

Pairs of question and sentence (`answers`) and of claim and evidence (`supports`), a JSON line each, in the
order in which they are trained on. Everything is drawn with one seed. A near miss and its harmless twin (the
answer's words cut out of the sentence, other words cut out) are made of the same sentence, so that neither
length nor a missing word tells them apart.
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from eval.reader import changes, rewording, written
from eval.reader.long_pairs import conclusions, passage_pairs, wice_passages
from eval.reader.search import Index
from eval.reader.sources import Asked, asked, lines
from eval.reader.support_pairs import by_opening, support_pairs, wice_pairs

QUESTIONS = {
    "qamr": 12000,
    "selqa": 2375,
    "policyqa": 2700,
    "covidqa": 1380,
    "jaquad": 2600,
    "pubmedqa": 150,
    "squad2": 1107,
}
"""How many questions of each source are taken."""
HELD_BACK = 20
REWORDED = 0.8
SEED = 11


@dataclass(frozen=True, slots=True)
class Pair:
    """A first text (question or claim), a second (sentence or evidence), its context, and whether
    the second answers, or supports, the first. `made` names how the pair was made."""

    task: str
    first: str
    second: str
    context: str
    label: int
    made: str
    origin: str
    group: str


def main() -> None:
    """Writes train.jsonl and held.jsonl, and says how many pairs there are of each making."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    made = [pair for pair in _with_rewordings(pairs(arguments.shared)) if 0 < len(pair.second) < 1200]
    random.Random(SEED).shuffle(made)
    parts = {"held": [p for p in made if _held(p)], "train": [p for p in made if not _held(p)]}
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        text = "".join(json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in part)
        (arguments.out / f"{name}.jsonl").write_text(text, "utf-8")
    for (task, kind, label), count in sorted(Counter((p.task, p.made, p.label) for p in made).items()):
        print(f"{task:<9} {kind:<22} {label} {count:>6}")
    print({name: len(part) for name, part in parts.items()}, Counter((p.task, p.label) for p in made))


def _with_rewordings(made: Iterator[Pair]) -> Iterator[Pair]:
    """Yield the pairs, and REWORDED of those of questions a second time, in other words."""
    chance = random.Random(SEED)
    for pair in made:
        yield pair
        if pair.task == "answers" and pair.origin not in ("jaquad", "written") and chance.random() < REWORDED:
            new = rewording.reworded(pair.first, f"{pair.second} {pair.context}", chance)
            if new:
                yield replace(pair, first=new, made=f"{pair.made}, reworded")


def pairs(shared: Path) -> Iterator[Pair]:
    """All pairs, source after source."""
    chance = random.Random(SEED)
    by_origin: defaultdict[str, list[Asked]] = defaultdict(list)
    for question in asked(shared):
        by_origin[question.origin].append(question)
    for origin, questions in by_origin.items():
        pool = Pool(questions)
        chosen = chance.sample(questions, min(QUESTIONS[origin], len(questions)))
        for question in chosen:
            yield from (_pair(question, *made) for made in answer_pairs(question, pool, chance))
        alike = by_opening(questions)
        for make in (support_pairs, passage_pairs):
            for question, *made in make(questions, alike, pool, chance):
                yield _pair(question, *made, task="supports")
    wice = shared / "reader/wice/non_supported_tokens-train.jsonl.gz"
    for made, claim in wice_passages(wice, chance):
        yield Pair("supports", *made, origin="wice", group=f"wice {claim}")
    for made, paper in conclusions(shared / "reader/pubmedqa/ori_pqal.json.gz", chance):
        yield Pair("supports", *made, origin="pubmedqa", group=paper)
    for made, claim in wice_pairs(lines(wice)):
        yield Pair("supports", *made, origin="wice", group=f"wice {claim}")
    yield from _written(shared, chance)


def _written(shared: Path, chance: random.Random) -> Iterator[Pair]:
    """Yield what was written for the project, each time with other sentences that do not answer."""
    passages = [*written.passages(shared, "training")]
    index = Index([sentence for passage in passages for sentence in passage.sentences])
    for passage in passages:
        for made in written.answer_pairs(passage, index, chance):
            yield Pair("answers", *made, origin="written", group=f"written {passage.id}")
        for made in written.support_pairs(passage, chance):
            yield Pair("supports", *made, origin="written", group=f"written {passage.id}")


class Pool:
    """Material for the near misses of one source: its sentences, their names and plain words."""

    def __init__(self, questions: Sequence[Asked]) -> None:
        self.sentences = list(dict.fromkeys(s for q in questions for s in q.sentences if len(s) > 15))
        self.index = Index(self.sentences)
        self.names = sorted({name for s in self.sentences for name in changes.names(s)})
        words = {w for s in self.sentences for w in s.split() if w.isalpha() and w.islower() and len(w) > 3}
        self.words = sorted(words)
        self.questions = questions


Made = tuple[str, str, str, int, str]
"""First text, second text, context, label, how it was made."""


def answer_pairs(q: Asked, pool: Pool, chance: random.Random) -> Iterator[Made]:
    """A question's pairs: its sentence, its near misses, their twins."""
    if not q.answers:
        yield from _unanswered(q, pool, chance)
        return
    place = chance.choice(q.answers)
    sentence, above = q.sentences[place], context(q, place, chance)
    spans = [span for at, span in q.spans if at == place]
    yield q.question, sentence, above, 1, "right"
    for other in _hard(q, pool, chance)[: 2 if q.origin in ("selqa", "squad2", "covidqa") else 1]:
        yield q.question, q.sentences[other], context(q, other, chance), 0, "same paragraph"
    if chance.random() < 0.17 and (far := _elsewhere(q, pool, chance)):
        yield q.question, far, above if chance.random() < 0.3 else "", 0, "other document"
    ways = (_cuts, _renamed, _transplanted) if spans else (_renamed, _transplanted)
    if q.origin != "policyqa":
        for way in chance.sample(ways, chance.choice([0, 1, 1, 2])):
            yield from way(q, sentence, above, spans, pool, chance)


def _unanswered(q: Asked, pool: Pool, chance: random.Random) -> Iterator[Made]:
    hard = _hard(q, pool, chance)[:2]
    for place in dict.fromkeys([*q.plausible, *hard]):
        kind = "plausible" if place in q.plausible else "no answer"
        yield q.question, q.sentences[place], context(q, place, chance), 0, kind


def context(q: Asked, place: int, chance: random.Random) -> str:
    """Title and the sentence before, as the product has them; now and then without."""
    parts = [q.title] if q.title and chance.random() < 0.8 else []
    if place and chance.random() < 0.6:
        parts.append(q.sentences[place - 1])
    return " | ".join(parts)


def _hard(q: Asked, pool: Pool, chance: random.Random) -> list[int]:
    """Other sentences of the paragraph, those first that share most words with the question."""
    spans = [span.lower() for _, span in q.spans]
    others = [
        n for n, s in enumerate(q.sentences)
        if n not in q.answers and len(s) > 15 and not any(span in s.lower() for span in spans)
    ]  # fmt: skip
    return sorted(others, key=lambda n: -pool.index.shared(q.question, q.sentences[n]) - 2 * chance.random())


def _elsewhere(q: Asked, pool: Pool, chance: random.Random) -> str | None:
    spans = [span.lower() for _, span in q.spans]
    near = pool.index.nearest(q.question, 12)
    own = set(q.sentences)
    others = [s for s in near if s not in own and not any(span in s.lower() for span in spans)]
    return chance.choice(others[:4]) if others else None


def _cuts(
    q: Asked, sentence: str, above: str, spans: list[str], _: Pool, chance: random.Random
) -> Iterator[Made]:
    """The sentence without the answer; as often without other words."""
    answer = max(spans, key=len)
    if (bare := changes.cut(sentence, answer)) and not any(s in bare for s in spans):
        yield q.question, bare, above, 0, "answer cut"
        twin = changes.cut_elsewhere(sentence, spans, chance, max(1, len(answer.split())))
        if twin and chance.random() < 0.8:
            yield q.question, twin, above, 1, "other words cut"


def _renamed(
    q: Asked, sentence: str, above: str, spans: list[str], pool: Pool, chance: random.Random
) -> Iterator[Made]:
    """A name or number that question and sentence share, exchanged in one; a name in both."""
    shared = [n for n in changes.names(q.question) if n in sentence or n in above]
    numbers = [n for n in changes.NUMBER.findall(q.question) if n in sentence]
    if numbers and (other := changes.other_number(q.question, chance)):
        yield other, sentence, above, 0, "other number"
    elif shared and (other := changes.other_name(q.question, chance, pool.names, shared)):
        yield other, sentence, above, 0, "other name"
        old = next((n for n in shared if n not in other), None)
        if old and not any(old in span for span in spans) and chance.random() < 0.6:
            new = changes.other_name(old.join(["x ", ""]), chance, pool.names)
            if new and old in sentence:
                yield (
                    q.question.replace(old, new[2:]), sentence.replace(old, new[2:]),
                    above.replace(old, new[2:]), 1, "renamed in both",
                )  # fmt: skip


def _transplanted(
    q: Asked, sentence: str, above: str, spans: list[str], pool: Pool, chance: random.Random
) -> Iterator[Made]:
    """Another question, asked about a name of this sentence: the subject is right, what is asked is not."""
    own = changes.names(sentence)
    for _ in range(8):
        other = chance.choice(pool.questions)
        asked_about = changes.names(other.question)
        if own and asked_about and other.group != q.group:
            question = other.question.replace(chance.choice(asked_about), chance.choice(own))
            yield question, sentence, above, 0, "other question"
            return


def _pair(
    q: Asked, first: str, second: str, above: str, label: int, made: str, task: str = "answers"
) -> Pair:
    return Pair(task, first, second, above, label, made, q.origin, q.group)


def _held(pair: Pair) -> bool:
    return zlib.crc32(pair.group.encode()) % HELD_BACK == 0


if __name__ == "__main__":
    main()
