"""Sentences of the shipped corpus as models give them back: with wrong numbers or none, or changed.

True ones, some with their source told at the other end, are cited rightly, wrongly, by a number that no
passage has, or not at all. False ones have another figure, another name, a negation, or another plain word,
and the right number. See `eval.benchmarks.support` for the changes.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from assistant.answering.model.checking import CitationChecker
from assistant.answering.model.replies import Claim
from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Query, ScoredPassage
from assistant.evaluation import evaluate
from assistant.text.words import is_kin, names
from eval.bench_figure import Figure
from eval.benchmarks.support import CHANGES

EACH = 43
"""Sentences of each kind: some 300 in all."""
MADE_UP = 99
TRUE = ("right number", "wrong number", "made-up number", "no number")
FALSE = ("number", "name", "negated")
"""The changes of which none may be shown unmarked."""
_SPOKEN = re.compile(r"(?P<said>[A-Z].*), (?P<by>according to .+|Khoshayand writes)\.")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence as a model gives it, with the passages that it was given."""

    kind: str
    claim: Claim
    passages: Sequence[ScoredPassage]


def figures(each: int = EACH) -> list[Figure]:
    """The shares that are shown unmarked over the shipped corpus."""
    with evaluate.open_shipped_store(config.load({}), lambda _: None) as assistant:
        return figures_over(assistant, each)


def figures_over(assistant: Assistant, each: int) -> list[Figure]:
    """The shares that are shown unmarked; each sentence that is judged wrongly is printed."""
    shown: dict[str, list[bool]] = {}
    for case in _cases(assistant, each):
        is_shown = _is_shown(assistant, case)
        shown.setdefault(case.kind, []).append(is_shown)
        if is_shown is not (case.kind in TRUE):
            print(f"  {case.kind}: {case.claim.text}", file=sys.stderr)
    total = sum(map(len, shown.values()))
    false = [judged for kind in FALSE for judged in shown[kind]]
    true = [judged for kind in TRUE for judged in shown[kind]]
    what = f"of {total} scripted sentences: a figure, name or negation changed, unmarked"
    return [
        Figure(what, sum(false), most=0),
        Figure("one plain word exchanged, unmarked", _share(shown["word"]), most=0.4),
        Figure("true ones without a number, repaired", _share(shown["no number"]), least=0.9),
        Figure("true ones, marked", 1 - _share(true), most=0.05),
    ]


def _share(judged: Sequence[bool]) -> float:
    return sum(judged) / len(judged)


def _cases(assistant: Assistant, each: int) -> Iterator[Case]:
    chance = random.Random(13)
    said = [sentence for entry in assistant.list() for sentence in _sentences(assistant, entry.id)]
    chance.shuffle(said)
    known = _names(said)
    for kind in TRUE:
        for sentence in said[:each]:
            yield _true(assistant, kind, sentence)
    for kind, change in CHANGES.items():
        changed = ((sentence, change(sentence, chance, _others(known, sentence))) for sentence in said)
        for sentence, other in [(old, new) for old, new in changed if new][:each]:
            passages, place = _found(assistant, sentence)
            yield Case(kind, Claim(other, (place + 1,)), passages)


def _others(known: Sequence[str], sentence: str) -> list[str]:
    """Return the names of which the sentence has no form: not Iranian for Iran."""
    own = names(sentence)
    return [name for name in known if not any(is_kin(word, name.lower()) for word in own)]


def _names(said: Sequence[str]) -> list[str]:
    """Return the words that have a capital inside of sentences, and are nowhere small."""
    small = {word for sentence in said for word in re.findall(r"\b[a-z]+\b", sentence)}
    inside = (re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}\b", sentence) for sentence in said)
    return sorted({name for found in inside for name in found if name.lower() not in small and names(name)})


def _true(assistant: Assistant, kind: str, sentence: str) -> Case:
    passages, place = _found(assistant, sentence)
    numbers = {
        "right number": (place + 1,),
        "wrong number": (place % len(passages) + 2 if place + 1 < len(passages) else 1,),
        "made-up number": (MADE_UP,),
        "no number": (),
    }
    return Case(kind, Claim(_reworded(sentence), numbers[kind]), passages)


def _reworded(sentence: str) -> str:
    """Return the sentence with whoever says it at its other end."""
    found = _SPOKEN.fullmatch(sentence)
    if found is None:
        return sentence
    if found["by"].startswith("according"):
        return f"{found['by'].capitalize()}, {found['said']}."
    return f"Khoshayand writes that {found['said']}."


def _sentences(assistant: Assistant, document_id: str) -> Iterator[str]:
    """Yield the sentences of a document that are plain prose."""
    for line in assistant.show(document_id).text.splitlines():
        if re.fullmatch(r"[A-Z][^|`*_]{40,200}\.", line) and line.count(". ") == 0:
            yield line


@cache
def _found(assistant: Assistant, sentence: str) -> tuple[list[ScoredPassage], int]:
    """Return the passages found for a sentence, and the place of the one that has it."""
    passages = assistant.retriever.retrieve(Query(sentence))
    holding = [at for at, scored in enumerate(passages) if sentence in scored.passage.text]
    return passages, (holding or [0])[0]


def _is_shown(assistant: Assistant, case: Case) -> bool:
    embed, supports = assistant.embedder.embed, assistant._answerer.reader.support
    checker = CitationChecker(case.passages, embed, lambda: None, supports)
    return checker.draft([case.claim]).answered
