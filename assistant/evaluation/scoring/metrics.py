"""Figures of merit, each a plain function of what was given and what was right. No model, no randomness but
in `interval` and `randomisation`, whose seed is fixed, so that the same run gives the same figures.
"""

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
"""Points, from left to right."""
Statistic = Callable[[Floats], Floats]
"""From samples [resamples, n] to one figure each [resamples]."""

RESAMPLES = 2000
SEED = 20240229

# -- ranking: `ranked` holds each name once, best first --------------------------------------------------


def recall_at(k: int, ranked: Sequence[str], gold: AbstractSet[str]) -> float:
    """The share of `gold` among the first `k`. `gold` must not be empty."""
    return len(gold & set(ranked[:k])) / len(gold)


def hit_at(k: int, ranked: Sequence[str], gold: AbstractSet[str]) -> float:
    """1 where any of `gold` is among the first `k`, else 0."""
    return float(not gold.isdisjoint(ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], gold: AbstractSet[str]) -> float:
    """1 / the place of the first of `gold`; 0 where there is none."""
    return next((1 / place for place, name in enumerate(ranked, 1) if name in gold), 0.0)


def ndcg_at(k: int, ranked: Sequence[str], gains: Mapping[str, float]) -> float:
    """Normalised discounted cumulative gain as trec_eval's `ndcg_cut`: linear gain, log2 of place + 1.

    Järvelin & Kekäläinen, 2002. What has a gain and was not found still counts in the ideal.
    """
    ideal = _discounted(sorted((g for g in gains.values() if g > 0), reverse=True)[:k])
    return _discounted([gains.get(name, 0.0) for name in ranked[:k]]) / ideal if ideal else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(max(gain, 0.0) / math.log2(place + 1) for place, gain in enumerate(gains, 1))


# -- text --------------------------------------------------------------------------------------------------


def rouge_l(text: str, reference: str) -> float:
    """RougeL, F-measure: the longest common subsequence of words. Lin, 2004, without stemming, 0 to 1."""
    words, wanted = _words(text), _words(reference)
    common = _common(words, wanted)
    return 2 * common / (len(words) + len(wanted)) if common else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, row by row."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for at, wanted in enumerate(other):
            row.append(before[at] + 1 if word == wanted else max(before[at + 1], row[at]))
    return row[-1]


# -- abstention: scores, higher where the assistant is surer that it can answer ------------------------------


def auc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """How often an answerable question scores above an unanswerable one, ties by half (Mann-Whitney).

    NaN where either is empty.
    """
    if not len(answerable) or not len(unanswerable):
        return math.nan
    above, below = np.asarray(answerable), np.sort(unanswerable)
    lower = np.searchsorted(below, above, side="left")
    equal = np.searchsorted(below, above, side="right") - lower
    return float((lower + equal / 2).sum() / (len(above) * len(below)))


def refusing(share: float, unanswerable: Sequence[float]) -> float:
    """The least score s such that at least `share` of the unanswerable score s or less, and are refused by
    answering only above s."""
    ranked = sorted(unanswerable)
    return ranked[max(math.ceil(share * len(ranked) - 1e-9), 1) - 1]


def precision_at_coverage(scores: Sequence[float], right: Sequence[bool]) -> Curve:
    """(coverage, precision) when only the surest are answered: the share of questions that score at least a
    threshold, and the share of those that were answered rightly, one pair a threshold, from the surest on."""
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
    """The mean of each row."""
    return np.asarray(samples.mean(axis=1), np.float64)


def quantile(q: float) -> Statistic:
    """The statistic that gives the `q` quantile of each row."""
    return lambda samples: np.asarray(np.quantile(samples, q, axis=1), np.float64)


def interval(
    values: Sequence[float], statistic: Statistic = mean, level: float = 0.95
) -> tuple[float, float]:
    """The percentile bootstrap interval of `statistic` over questions. Efron, 1979. Not for no values."""
    given = np.asarray(values, np.float64)
    rng = np.random.default_rng(SEED)
    figures = statistic(given[rng.integers(0, len(given), (RESAMPLES, len(given)))])
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def auc_interval(
    answerable: Sequence[float], unanswerable: Sequence[float], level: float = 0.95
) -> tuple[float, float]:
    """The same for `auc`, each kind of question drawn from its own."""
    rng = np.random.default_rng(SEED)
    above, below = np.asarray(answerable, np.float64), np.asarray(unanswerable, np.float64)
    draws = [
        auc(rng.choice(above, len(above)).tolist(), rng.choice(below, len(below)).tolist())
        for _ in range(RESAMPLES // 4)
    ]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


EXACT = 12
"""Changed questions up to which every assignment of signs is counted."""


def randomisation(differences: Sequence[float]) -> float:
    """How probable a mean difference this large is when the two runs are alike: 0 to 1, two-sided.

    The paired randomisation test (Smucker, Allan & Carterette, 2007), exact where few questions changed; on
    figures of 0 and 1 it is the exact sign test.
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
