"""Fits the model of `assistant.confidence` and writes its weights.

    python -m eval.fit_confidence --data ../shared/bench

Cases come from the golden sets over the shipped corpus, from CLAPnq (the passage given) and from SQuAD 2.0
(retrieved from all paragraphs). A question that the corpus nearly answers is the hardest to tell:
such cases are made by taking the passages that answer a question away ("open"). Each set weighs the same,
and so does each class within a set. The figure to trust is the one where a set, and what was made of it, is
left out of the fit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant import confidence, config, followup, retrieve
from assistant.assistant import Assistant
from assistant.evaluation.metrics import auc
from assistant.read import identity
from assistant.types import Query, ScoredPassage
from eval.benchmarks import clapnq, squad2
from eval.benchmarks.corpus import opened, progress

PENALTY = 0.001
"""Of the squared weights, beside a mean loss: enough that no two like features fight."""
FIXED = {"other_number": -2.6}
"""Weights that are not fitted: what says nothing of the number asked about is no answer, but too few
questions of the sets name a number for a fit to find that out."""
SQUAD_QUESTIONS = 560
FOUND = 20
"""Passages retrieved, so that enough are left when those that answer are taken away."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """The features of one question, whether its passages answer it, and the set that it is from."""

    features: dict[str, float]
    answerable: bool
    origin: str


def main() -> None:
    """Collects the cases, prints what each set left out gives, and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/bench"))
    arguments = parser.parse_args()
    # Each that may take the place of one that was taken away must have been read word by word.
    retrieve.READ = FOUND
    cases = [*_golden(Path("eval/golden")), *_clapnq(arguments.data / "clapnq"),
             *_squad(arguments.data / "squad2")]  # fmt: skip
    origins = sorted({case.origin for case in cases})
    names = list(cases[0].features)
    held_out = {}
    for origin in origins:
        family = origin.split(",")[0]
        rest = [case for case in cases if not case.origin.startswith(family)]
        own = [case for case in cases if case.origin == origin]
        held_out[origin] = round(_auc(own, names, _fit(rest, names)), 3)
        print(f"{origin:<16} {len(own):>5} cases  AUC {_auc(own, names, _fit(cases, names)):.3f} fitted,"
              f" {held_out[origin]:.3f} left out")  # fmt: skip
    fitted = _fit(cases, names)
    model = {
        "fitted_on": {origin: sum(c.origin == origin for c in cases) for origin in origins},
        "auc_left_out": held_out,
        "bias": round(float(fitted[0]), 4),
        "weights": {name: round(float(w), 4) for name, w in zip(names, fitted[1:], strict=True)},
    }
    Path(confidence.__file__).with_name("confidence.json").write_text(json.dumps(model, indent=2) + "\n")


def _golden(folder: Path) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as home:
        settings = replace(config.load({}), home=Path(home))
        with Assistant.open(settings) as assistant:
            assistant.fill()
            for path in sorted(folder.glob("*.jsonl")):
                for line in path.read_text("utf-8").splitlines():
                    yield from _conversation(assistant, json.loads(line))


def _conversation(assistant: Assistant, row: dict[str, Any]) -> Iterator[Case]:
    earlier: list[str] = []
    for turn in row.get("turns", [row]):
        query = followup.understood(turn["question"], earlier, assistant.likeness)
        passages = assistant.retriever.retrieve(query, FOUND)
        answerable = turn.get("answerable", True)
        yield _case(query.text, passages, answerable, "golden")
        if answerable:
            holding = [p for p in passages if _holds(p, turn["facts"])]
            yield from _open(query.text, passages, holding, "golden, open")
        earlier.append(turn["question"])


def _holds(scored: ScoredPassage, facts: Sequence[str | list[str]]) -> bool:
    """Whether a passage holds any of the facts."""
    text = " ".join(scored.passage.text.lower().split())
    forms = [form for fact in facts for form in ([fact] if isinstance(fact, str) else fact)]
    return any(" ".join(form.lower().split()) in text for form in forms)


def _clapnq(data: Path) -> Iterator[Case]:
    good, bad = (clapnq._records(data / f"dev_{kind}.jsonl") for kind in ("answerable", "unanswerable"))
    with opened("clapnq", [clapnq._item(record) for record in [*good, *bad]]) as corpus:
        for record in progress([*good, *bad], "CLAPnq"):
            query, own = Query(record["input"]), identity(clapnq._item(record).data)
            given = corpus.retriever.retrieve(query, documents=frozenset({own}))
            yield _case(query.text, given, record in good, "clapnq")
            if record in good:
                passages = corpus.retriever.retrieve(query, FOUND)
                answering = [p for p in passages if p.passage.document_id == own]
                yield from _open(query.text, passages, answering, "clapnq, open")


def _squad(data: Path) -> Iterator[Case]:
    articles = json.loads(next(data.glob("*.json")).read_text("utf-8"))["data"]
    questions = list(squad2._questions(articles))
    with opened("squad2", list(squad2._items(articles))) as corpus:
        for asked in progress(questions[:: max(1, len(questions) // SQUAD_QUESTIONS)], "SQuAD 2.0"):
            passages = corpus.retriever.retrieve(Query(asked.text), FOUND)
            if asked.answers:
                answering = [p for p in passages if asked.paragraph in corpus.keys[p.passage.document_id]]
                yield from _open(asked.text, passages, answering, "squad2, open")
            yield _case(asked.text, passages, bool(asked.answers), "squad2")


def _open(
    question: str, passages: Sequence[ScoredPassage], answering: Sequence[ScoredPassage], origin: str
) -> Iterator[Case]:
    """A question with all that was found, and with what is left when the answering passages are gone."""
    yield _case(question, passages, True, origin)
    yield _case(question, [p for p in passages if p not in answering], False, origin)


def _case(question: str, passages: Sequence[ScoredPassage], answerable: bool, origin: str) -> Case:
    return Case(confidence.features(question, passages[: retrieve.LIMIT]), answerable, origin)


def _fit(cases: Sequence[Case], names: Sequence[str]) -> Vector:
    """The bias and the weights: logistic regression by Newton's method."""
    rows = _matrix(cases, names)
    fixed = np.array([0.0, *(FIXED.get(name, 0.0) for name in names)])
    free = np.array([True, *(name not in FIXED for name in names)])
    offset, rows = rows @ fixed, rows[:, free]
    labels = np.array([case.answerable for case in cases], float)
    weight = _balance(cases)
    penalty = PENALTY * np.diag([0.0] + [1.0] * (rows.shape[1] - 1))
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-rows @ found - offset))
        slope = rows.T @ (weight * (likely - labels)) + penalty @ found
        curve = (rows * (weight * likely * (1 - likely))[:, None]).T @ rows + penalty
        found = found - np.linalg.solve(curve + 1e-9 * np.eye(len(found)), slope)
    fixed[free] = found
    return fixed


def _balance(cases: Sequence[Case]) -> Vector:
    """A weight a case, so that sets count alike, and classes within a set."""
    keys = [(case.origin, case.answerable) for case in cases]
    return np.array([1 / keys.count(key) for key in keys]) / len(set(keys))


def _matrix(cases: Sequence[Case], names: Sequence[str]) -> Vector:
    return np.array([[1.0, *(case.features[name] for name in names)] for case in cases])


def _auc(cases: Sequence[Case], names: Sequence[str], fitted: Vector) -> float:
    scores = _matrix(cases, names) @ fitted
    good, bad = ([float(s) for s, c in zip(scores, cases, strict=True) if c.answerable == kind]
                 for kind in (True, False))  # fmt: skip
    return auc(good, bad)


if __name__ == "__main__":
    main()
