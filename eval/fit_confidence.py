"""Fits the model of `assistant.confidence` and writes its weights.

    python -m eval.fit_confidence --data ../shared/bench

Cases come from the golden sets over the shipped corpus, from CLAPnq (the passage given) and from SQuAD 2.0
(retrieved from all paragraphs). Each set weighs the same, and so does each class within a set. The figure to
trust is the one of a set left out of the fit; the threshold is where the sets together are told apart best.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant import config, confidence, followup
from assistant.assistant import Assistant
from assistant.evaluation.metrics import auc
from assistant.read import identity
from assistant.types import Query
from eval.benchmarks import clapnq, squad2
from eval.benchmarks.corpus import opened, progress

PENALTY = 0.001
"""Of the squared weights, beside a mean loss: enough that no two like features fight."""
SQUAD_QUESTIONS = 700
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
    cases = [*_golden(Path("eval/golden")), *_clapnq(arguments.data / "clapnq"),
             *_squad(arguments.data / "squad2")]  # fmt: skip
    origins = sorted({case.origin for case in cases})
    names = list(cases[0].features)
    held_out = {}
    for origin in origins:
        rest = [case for case in cases if case.origin != origin]
        own = [case for case in cases if case.origin == origin]
        held_out[origin] = round(_auc(own, names, _fit(rest, names)), 3)
        print(f"{origin:<8} {len(own):>5} cases  AUC {_auc(own, names, _fit(cases, names)):.3f} fitted,"
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


def _conversation(assistant: Assistant, row: dict[str, object]) -> Iterator[Case]:
    earlier: list[str] = []
    for turn in row.get("turns", [row]):  # type: ignore[attr-defined]
        query = followup.understood(turn["question"], earlier, assistant.likeness)
        passages = assistant.retriever.retrieve(query)
        yield Case(confidence.features(query.text, passages), turn.get("answerable", True), "golden")
        earlier.append(turn["question"])


def _clapnq(data: Path) -> Iterator[Case]:
    kinds = {good: clapnq._records(data / f"dev_{'' if good else 'un'}answerable.jsonl") for good in (True, False)}
    with opened("clapnq", [clapnq._item(r) for records in kinds.values() for r in records]) as corpus:
        for answerable, records in kinds.items():
            for record in progress(records, "CLAPnq"):
                given = frozenset({identity(clapnq._item(record).data)})
                passages = corpus.retriever.retrieve(Query(record["input"]), documents=given)
                yield Case(confidence.features(record["input"], passages), answerable, "clapnq")


def _squad(data: Path) -> Iterator[Case]:
    articles = json.loads(next(data.glob("*.json")).read_text("utf-8"))["data"]
    questions = list(squad2._questions(articles))
    chosen = questions[:: max(1, len(questions) // SQUAD_QUESTIONS)]
    with opened("squad2", list(squad2._items(articles))) as corpus:
        for asked in progress(chosen, "SQuAD 2.0"):
            passages = corpus.retriever.retrieve(Query(asked.text))
            yield Case(confidence.features(asked.text, passages), bool(asked.answers), "squad2")


def _fit(cases: Sequence[Case], names: Sequence[str]) -> Vector:
    """The bias and the weights: logistic regression by Newton's method."""
    rows = _matrix(cases, names)
    labels = np.array([case.answerable for case in cases], float)
    weight = _balance(cases)
    penalty = PENALTY * np.diag([0.0] + [1.0] * len(names))
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weight * (likely - labels)) + penalty @ found
        curve = (rows * (weight * likely * (1 - likely))[:, None]).T @ rows + penalty
        found = found - np.linalg.solve(curve + 1e-9 * np.eye(len(found)), slope)
    return found


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
