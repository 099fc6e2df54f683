"""Comparison of two runs, question by question, with tests of significance."""

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
"""Marks whose change is reported for single questions."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in both runs, over their common questions."""

    metric: Metric
    before: float
    after: float
    low: float
    high: float
    """95% interval of after - before, by the paired bootstrap."""
    probability: float | None
    """p-value of the paired randomisation test on the questions' marks; None if the figure is not a
    statistic of marks, and the interval decides."""
    improved: int
    worsened: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question with different marks: its results in both runs, and (mark, before, after)."""

    before: Result
    after: Result
    moved: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Changes from one run to the next; `conditions` are (name, before, after) of those that differ."""

    before: str
    after: str
    questions: int
    conditions: tuple[tuple[str, str, str], ...]
    differences: tuple[Difference, ...]
    changes: tuple[QuestionChange, ...]


Pairs = Sequence[tuple[Result, Result]]


def compare(before: Run, after: Run) -> Comparison:
    """Compare two runs over the questions that are the same in both."""
    known = {result.question.id: result for result in common_results(before, after)}
    pairs = [(known[r.question.id], r) for r in after.results if r.question.id in known]
    old, new = before.conditions, after.conditions
    conditions = ((name, old.get(name, ""), new.get(name, "")) for name in sorted({*old, *new}))
    differences = (_difference(metric, pairs) for metric in METRICS) if pairs else ()
    return Comparison(
        before.id,
        after.id,
        len(pairs),
        tuple(condition for condition in conditions if condition[1] != condition[2]),
        tuple(d for d in differences if d),
        tuple(change for pair in pairs if (change := _change(*pair)).moved),
    )


def common_results(before: Run, after: Run) -> list[Result]:
    """Return the results of `before` whose questions are the same in `after`."""
    keys = {(r.question.id, r.question.fingerprint) for r in after.results}
    return [r for r in before.results if (r.question.id, r.question.fingerprint) in keys]


def _change(before: Result, after: Result) -> QuestionChange:
    moved = tuple(
        (name, before.marks[name], after.marks[name])
        for name in WATCHED
        if name in before.marks and name in after.marks and before.marks[name] != after.marks[name]
    )
    return QuestionChange(before, after, moved)


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
    # A mark present in one run only (precision of answered questions) cannot be paired.
    probability = randomisation(moved.tolist()) if len(both) == np.isfinite(marks).any(axis=1).sum() else None
    return _to_difference(metric, float(before[0]), float(after[0]), resampled, probability, moved)


def _value(metric: Metric, samples: Floats) -> Floats:
    """Return the statistic of each row over its marks, ignoring NaN; NaN for a row without marks."""
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
    return _to_difference(AUC, _auc(pairs, 0), _auc(pairs, 1), np.array(draws), None, np.zeros(0))


def _auc(pairs: Pairs, side: int) -> float:
    return auc(*confidences(pair[side] for pair in pairs))


def _to_difference(
    metric: Metric, before: float, after: float, resampled: Floats, probability: float | None, moved: Floats
) -> Difference:
    low, high = (float(bound) for bound in np.nanquantile(resampled, [0.025, 0.975]))
    by_chance = probability >= LEVEL if probability is not None else low <= 0 <= high
    verdict: Verdict = "noise" if by_chance else "better" if (after < before) == metric.lower else "worse"
    if before == after and not moved.any():
        verdict = "same"
    counts = int((moved > 0).sum()), int((moved < 0).sum())
    return Difference(metric, before, after, low, high, probability, *counts, verdict)
