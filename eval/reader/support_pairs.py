"""Pairs of claim and evidence: what a sentence bears out, and the same with one thing changed."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eval.reader import changes
from eval.reader.claims import japanese, statement
from eval.reader.sources import Asked

if TYPE_CHECKING:
    from eval.reader.data import Pool

QUESTIONS = {"qamr": 9000, "squad2": 700, "covidqa": 500, "jaquad": 1800}
SENTENCES = {"qamr": 976, "selqa": 2200, "squad2": 500, "covidqa": 500, "jaquad": 900, "policyqa": 200}
"""How many questions, and how many bare sentences, claims are made of."""
_CLAUSE = re.compile(
    r", (?:which|who|where|when|while|although|and|but|after|before|because|as|including)\b[^,;()]{12,}"
    r"|, [^,;()]{12,}(?=,|[.]$)| \([^()]{6,}\)"
)

Made = tuple[Any, ...]
Alike = dict[str, list[Asked]]
"""Questions by what they ask for."""


def support_pairs(
    questions: Sequence[Asked], alike: Alike, pool: Pool, chance: random.Random
) -> Iterator[Made]:
    """The question that a pair is made of, then claim, evidence, context, label, how it was made."""
    origin = questions[0].origin
    answered = [q for q in questions if q.spans]
    for q in chance.sample(answered, min(QUESTIONS.get(origin, 0), len(answered))):
        yield from ((q, *made) for made in _of_question(q, alike, pool, chance))
    for q in chance.sample(list(questions), min(SENTENCES.get(origin, 0), len(questions))):
        place = chance.randrange(len(q.sentences))
        yield from ((q, *made) for made in _of_sentence(q, place, pool, chance))


def wice_pairs(rows: Sequence[dict[str, Any]]) -> Iterator[Made]:
    """Claims that are borne out but for some words; without these words they are borne out. Each with the
    number of the claim."""
    for number, row in enumerate(rows):
        for places in row["supporting_sentences"][:2]:
            evidence = " ".join(row["evidence"][n] for n in places)[:900]
            title = next((e.split("TITLE:")[1].strip() for e in row["evidence"][:2] if "TITLE:" in e), "")
            yield (row["claim"], evidence, title, 0, "wice"), number
            kept = [
                t for t, off in zip(row["claim_tokens"], row["non_supported_spans"], strict=True) if not off
            ]
            if len(kept) >= 5:
                borne = re.sub(r" (?=[.,;:?!)'’-])|(?<=[-(]) ", "", " ".join(kept))
                yield (borne, evidence, title, 1, "wice"), number


def by_opening(questions: Sequence[Asked]) -> Alike:
    """Those with an answer, by its kind (person, date) or how they begin; of QAMR also by sentence."""
    alike: defaultdict[str, list[Asked]] = defaultdict(list)
    for q in (q for q in questions if q.spans):
        alike[_opening(q)].append(q)
        if q.origin == "qamr":
            alike[f"sentence {q.sentences[0]}"].append(q)
    return alike


def _opening(q: Asked) -> str:
    return q.kind or " ".join(q.question.split()[:2]).lower()


def _of_question(
    q: Asked, alike: Alike, pool: Pool, chance: random.Random
) -> Iterator[tuple[str, str, str, int, str]]:
    place, answer = chance.choice(q.spans)
    claim = said(q, answer)
    if claim is None:
        return
    sentence, above = q.sentences[place], q.title if chance.random() < 0.7 else ""
    evidence = _evidence(q, place, chance)
    yield claim, evidence, above, 1, "answer said"
    way = chance.random()
    if way < 0.5:
        wrong = wrong_answer(q, place, answer, alike, chance)
        if wrong and (false := said(q, wrong)) and false != claim:
            yield false, evidence, above, 0, "wrong answer said"
    elif way < 0.65:
        if (bare := changes.cut(sentence, answer)) and answer not in bare:
            yield claim, bare, above, 0, "evidence cut"
    elif way < 0.75:
        if near := [s for s in pool.index.nearest(claim, 8) if s not in q.sentences and answer not in s]:
            yield claim, near[0], above, 0, "other evidence"
    elif changed := _changed(claim, sentence, pool, chance, q.origin):
        yield changed[0], evidence, above, 0, changed[1]


def said(q: Asked, answer: str) -> str | None:
    return japanese(q.question, answer) if q.origin == "jaquad" else statement(q.question, answer)


def wrong_answer(q: Asked, place: int, answer: str, alike: Alike, chance: random.Random) -> str | None:
    """An answer to another question of the same kind; of the same sentence or paragraph if possible."""
    own = {span.lower() for _, span in q.spans}
    group = [o for o in alike[_opening(q)] if o.question != q.question]
    near = [o for o in _sample(group, 400, chance) if o.group == q.group]
    if q.origin == "qamr" and chance.random() < 0.6:
        near = alike[f"sentence {q.sentences[0]}"]
    for other in _sample(near or group, 8, chance):
        wrong = chance.choice(other.spans)[1]
        words = set(wrong.lower().split())
        if not any(
            words & set(span.split()) or wrong.lower() in span or span in wrong.lower() for span in own
        ):
            return wrong
    return None


def _sample(items: Sequence[Asked], count: int, chance: random.Random) -> list[Asked]:
    return chance.sample(list(items), min(count, len(items)))


def _evidence(q: Asked, place: int, chance: random.Random) -> str:
    """The sentence, now and then with its neighbours."""
    before = 1 if place and chance.random() < 0.3 else 0
    after = 1 if chance.random() < 0.3 else 0
    join = "" if q.origin == "jaquad" else " "
    return join.join(q.sentences[place - before : place + 1 + after])


def _changed(
    claim: str, sentence: str, pool: Pool, chance: random.Random, origin: str
) -> tuple[str, str] | None:
    """The claim with one thing changed that the sentence does not say, and the change's name."""
    ways = {
        "other number": lambda: changes.other_number(claim, chance),
        "other name": lambda: changes.other_name(claim, chance, pool.names),
        "negated": lambda: changes.negated(claim, chance),
        "opposite": lambda: changes.opposite(claim, chance),
        "exchanged": lambda: changes.exchanged(claim, chance),
        "other word": lambda: changes.other_word(claim, chance, pool.words),
    }
    if origin == "jaquad":
        ways = {"other number": lambda: changes.other_japanese_number(claim, chance)}
    for name in chance.sample(sorted(ways), len(ways)):
        changed = ways[name]()
        if changed and changed not in (claim, sentence):
            return changed, name
    return None


def _of_sentence(
    q: Asked, place: int, pool: Pool, chance: random.Random
) -> Iterator[tuple[str, str, str, int, str]]:
    """A sentence with a clause left out is borne out by the whole; not the other way round."""
    sentence, above = q.sentences[place], q.title if chance.random() < 0.7 else ""
    if not 30 < len(sentence) < 600:
        return
    evidence = _evidence(q, place, chance)
    clauses = [*_CLAUSE.finditer(sentence)]
    if clauses:
        clause = chance.choice(clauses)
        short = sentence[: clause.start()] + sentence[clause.end() :]
        if 25 < len(short) < len(sentence) - 8:
            yield short, evidence, above, 1, "clause left out"
            yield sentence, short, above, 0, "clause added"
            if changed := _changed(short, sentence, pool, chance, q.origin):
                yield changed[0], evidence, above, 0, changed[1]
            return
    if chance.random() < 0.4:
        yield sentence, evidence, above, 1, "as written"
    if changed := _changed(sentence, sentence, pool, chance, q.origin):
        yield changed[0], evidence, above, 0, changed[1]
