"""Two runs, question by question: what changed, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import AUC, METRICS, Metric, confidences
from assistant.evaluation.scoring.metrics import RESAMPLES, SEED, Floats, auc, randomisation

Verdict = Literal["better", "worse", "noise", "same"]
LEVEL = 0.05
WATCHED = ("facts", "cited", "abstained_rightly", "abstained_wrongly")
"""The marks by which a single question is said to have changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in both runs, over the questions that both hold."""

    metric: Metric
    before: float
    after: float
    low: float
    high: float
    """95% interval of after - before, by the paired bootstrap."""
    probability: float | None
    """Of a difference this large between runs that are alike, by the paired randomisation test on the
    questions' marks; None where the figure is not made of such, and the interval decides."""
    improved: int
    worsened: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A question that was answered otherwise: its result in both runs, and which marks moved, how."""

    before: Result
    after: Result
    moved: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to the next; `conditions` are those that differ, with both values."""

    before: str
    after: str
    questions: int
    conditions: tuple[tuple[str, str, str], ...]
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]


Pairs = Sequence[tuple[Result, Result]]


def compare(before: Run, after: Run) -> Comparison:
    """What changed from `before` to `after`. Only questions that are the same in both count."""
    known = {result.question.id: result for result in shared(before, after)}
    pairs = [(known[r.question.id], r) for r in after.results if r.question.id in known]
    names = sorted({*before.conditions, *after.conditions})
    conditions = ((n, before.conditions.get(n, ""), after.conditions.get(n, "")) for n in names)
    differences = (_difference(metric, pairs) for metric in METRICS) if pairs else ()
    return Comparison(
        before.id,
        after.id,
        len(pairs),
        tuple(condition for condition in conditions if condition[1] != condition[2]),
        tuple(d for d in differences if d),
        tuple(change for pair in pairs if (change := _change(*pair)).moved),
    )


def shared(before: Run, after: Run) -> list[Result]:
    """The results of `before` whose questions are the same in `after`."""
    asked = {(r.question.id, r.question.fingerprint) for r in after.results}
    return [r for r in before.results if (r.question.id, r.question.fingerprint) in asked]


def _change(before: Result, after: Result) -> Change:
    moved = tuple(
        (name, before.marks[name], after.marks[name])
        for name in WATCHED
        if name in before.marks and name in after.marks and before.marks[name] != after.marks[name]
    )
    return Change(before, after, moved)


def _difference(metric: Metric, pairs: Pairs) -> Difference | None:
    if metric is AUC:
        return _auc_difference(pairs)
    marks = np.array([[side.marks.get(metric.mark, np.nan) for side in pair] for pair in pairs], np.float64)
    marks = marks[~np.isnan(marks).all(axis=1)]
    if not len(marks) or np.isnan(marks).all(axis=0).any():
        return None
    before, after = _value(metric, marks[None, :, 0]), _value(metric, marks[None, :, 1])
    drawn = np.random.default_rng(SEED).integers(0, len(marks), (RESAMPLES, len(marks)))
    resampled = _value(metric, marks[drawn, 1]) - _value(metric, marks[drawn, 0])
    both = marks[~np.isnan(marks).any(axis=1)]
    moved = (both[:, 1] - both[:, 0]) * (-1 if metric.lower else 1)
    # A mark that a question has in one run only (precision of what was answered) cannot be paired.
    probability = randomisation(moved.tolist()) if len(both) == np.isfinite(marks).any(axis=1).sum() else None
    return _judged(metric, float(before[0]), float(after[0]), resampled, probability, moved)


def _value(metric: Metric, samples: Floats) -> Floats:
    """The statistic of each row, over those that have the mark; NaN where none has it."""
    if not np.isnan(samples).any():
        return metric.statistic(samples)
    rows = (row[~np.isnan(row)] for row in samples)
    return np.array([metric.statistic(row[None])[0] if len(row) else np.nan for row in rows])


def _auc_difference(pairs: Pairs) -> Difference | None:
    kinds = [[pair for pair in pairs if pair[1].question.answerable is kind] for kind in (True, False)]
    if not all(kinds):
        return None
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(RESAMPLES // 4):
        drawn = [kind[at] for kind in kinds for at in rng.integers(0, len(kind), len(kind))]
        draws.append(_auc(drawn, 1) - _auc(drawn, 0))
    return _judged(AUC, _auc(pairs, 0), _auc(pairs, 1), np.array(draws), None, np.zeros(0))


def _auc(pairs: Pairs, side: int) -> float:
    return auc(*confidences(pair[side] for pair in pairs))


def _judged(
    metric: Metric, before: float, after: float, resampled: Floats, probability: float | None, moved: Floats
) -> Difference:
    low, high = (float(bound) for bound in np.nanquantile(resampled, [0.025, 0.975]))
    by_chance = probability >= LEVEL if probability is not None else low <= 0 <= high
    verdict: Verdict = "noise" if by_chance else "better" if (after < before) == metric.lower else "worse"
    if before == after and not moved.any():
        verdict = "same"
    counts = int((moved > 0).sum()), int((moved < 0).sum())
    return Difference(metric, before, after, low, high, probability, *counts, verdict)
