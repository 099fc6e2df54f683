"""Metrics as pure functions, without a model. Resampling uses a fixed seed and is reproducible."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Curve = Sequence[tuple[float, float]]
"""Points (x, y), from left to right."""
Statistic = Callable[[Floats], Floats]
"""Maps samples [resamples, n] to figures [resamples]."""

RESAMPLES = 2000
SEED = 20240229
LEVEL = 0.95
"""Level of the confidence intervals."""

# -- ranking: `ranked` holds each name once, best first --------------------------------------------------


def recall_at(k: int, ranked: Sequence[str], gold: AbstractSet[str]) -> float:
    """Return the share of `gold` among the first `k`. `gold` must not be empty."""
    return len(gold & set(ranked[:k])) / len(gold)


def hit_at(k: int, ranked: Sequence[str], gold: AbstractSet[str]) -> float:
    """Return 1 if any of `gold` is among the first `k`, else 0."""
    return float(not gold.isdisjoint(ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], gold: AbstractSet[str]) -> float:
    """Return 1 / the rank of the first of `gold`; 0 if there is none."""
    return next((1 / place for place, name in enumerate(ranked, 1) if name in gold), 0.0)


def ndcg_at(k: int, ranked: Sequence[str], gains: Mapping[str, float]) -> float:
    """Return the normalised discounted cumulative gain as in trec_eval: linear gain, log2(rank + 1).

    Järvelin & Kekäläinen, 2002. The ideal ranking includes gains that were not found.
    """
    ideal = _discounted(sorted((g for g in gains.values() if g > 0), reverse=True)[:k])
    return _discounted([gains.get(name, 0.0) for name in ranked[:k]]) / ideal if ideal else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(max(gain, 0.0) / math.log2(place + 1) for place, gain in enumerate(gains, 1))


# -- text --------------------------------------------------------------------------------------------------


def rouge_l(text: str, reference: str) -> float:
    """Return RougeL, F-measure of the longest common subsequence of words, 0 to 1. Lin, 2004; no stemming."""
    words, wanted = _words(text), _words(reference)
    common = _longest_common_subsequence(words, wanted)
    return 2 * common / (len(words) + len(wanted)) if common else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    row = [0] * (len(second) + 1)
    for word in first:
        before, row = row, [0]
        for at, other in enumerate(second):
            row.append(before[at] + 1 if word == other else max(before[at + 1], row[at]))
    return row[-1]


# -- abstention: a higher score means more confidence that the question can be answered ----------------------


def auc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """Return how often an answerable question scores above an unanswerable one, ties by half (Mann-Whitney).

    NaN if either is empty.
    """
    if not len(answerable) or not len(unanswerable):
        return math.nan
    above, below = np.asarray(answerable), np.sort(unanswerable)
    lower = np.searchsorted(below, above, side="left")
    equal = np.searchsorted(below, above, side="right") - lower
    return float((lower + equal / 2).sum() / (len(above) * len(below)))


def refusing(share: float, unanswerable: Sequence[float]) -> float:
    """Return the least threshold that refuses at least `share` of the unanswerable questions, if only scores
    above it are answered."""
    ranked = sorted(unanswerable)
    return ranked[max(math.ceil(share * len(ranked) - 1e-9), 1) - 1]


def precision_at_coverage(scores: Sequence[float], right: Sequence[bool]) -> Curve:
    """Return (coverage, precision) for each threshold, highest first: the share of questions that score at
    least that, and the share of these that are right."""
    if not scores:
        return []
    order = sorted(zip(scores, right, strict=True), key=lambda pair: -pair[0])
    pairs: list[tuple[float, float]] = []
    hits = 0
    for place, (score, good) in enumerate(order, 1):
        hits += good
        if place == len(order) or order[place][0] < score:
            pairs.append((place / len(order), hits / place))
    return pairs


# -- certainty ---------------------------------------------------------------------------------------------


def mean(samples: Floats) -> Floats:
    """Return the mean of each row."""
    return np.asarray(samples.mean(axis=1), np.float64)


def quantile(q: float) -> Statistic:
    """Return the statistic for the `q` quantile of each row."""
    return lambda samples: np.asarray(np.quantile(samples, q, axis=1), np.float64)


def interval(values: Sequence[float], statistic: Statistic = mean) -> tuple[float, float]:
    """Return the percentile bootstrap interval of `statistic` over `values`, at least one. Efron, 1979."""
    array = np.asarray(values, np.float64)
    rng = np.random.default_rng(SEED)
    figures = statistic(array[rng.integers(0, len(array), (RESAMPLES, len(array)))])
    return _percentiles(figures)


def auc_interval(answerable: Sequence[float], unanswerable: Sequence[float]) -> tuple[float, float]:
    """Return the interval of `auc`, resampling each kind of question separately."""
    rng = np.random.default_rng(SEED)
    above, below = np.asarray(answerable, np.float64), np.asarray(unanswerable, np.float64)
    draws = [
        auc(rng.choice(above, len(above)).tolist(), rng.choice(below, len(below)).tolist())
        for _ in range(RESAMPLES // 4)
    ]
    return _percentiles(draws)


def _percentiles(figures: Floats | list[float]) -> tuple[float, float]:
    low, high = np.quantile(figures, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


EXACT = 12
"""Changed questions up to which all assignments of signs are enumerated."""


def randomisation(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the paired randomisation test. Smucker, Allan & Carterette, 2007.

    Exact if at most `EXACT` questions changed; on figures of 0 and 1 it is the exact sign test.
    """
    changed = np.array([d for d in differences if d != 0], np.float64)
    if not len(changed):
        return 1.0
    reached = abs(changed.sum()) - 1e-12
    if len(changed) <= EXACT:
        signs = np.array(list(itertools.product((-1, 1), repeat=len(changed))))
        return float((abs(signs @ changed) >= reached).mean())
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (10_000, len(changed)))
    return float((1 + (abs(signs @ changed) >= reached).sum()) / 10_001)
