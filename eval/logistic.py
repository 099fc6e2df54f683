"""Logistic regression over several sets of cases at once, by a few lines of Newton's method.

Sets differ in how hard they are: what tells good from bad in an easy one is all but noise in a hard one, and
a plain fit over both makes every weight small, in other proportions than either asks for. So the weights are
common, while each set has a scale and a bias of its own:

    logit = bias[set] + scale[set] × (weights · features)

At the end one scale and one bias are fitted for all sets together, for a likelihood. Each set counts the
same, and so does each class within a set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PENALTY = 0.003
"""Of the squared weights of standardised features, beside a mean loss: enough that no two like ones fight."""
ROUNDS = 8
LEAST_SCALE = 0.05
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """The features of one case, whether it is good, and the set that it is from."""

    features: Mapping[str, float]
    good: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Model:
    """A bias and the weights by name: `logit` is theirs for some features."""

    bias: float
    weights: Mapping[str, float]

    def logit(self, features: Mapping[str, float]) -> float:
        return self.bias + sum(weight * features[name] for name, weight in self.weights.items())


def fit(cases: Sequence[Case], names: Sequence[str], fixed: Mapping[str, float]) -> Model:
    """The model of the features `names` on `cases`; the weights of `fixed` are taken as they are, as far as
    their proportion to the others goes."""
    origins = sorted({case.origin for case in cases})
    of = np.array([origins.index(case.origin) for case in cases])
    good = np.array([case.good for case in cases], float)
    balance = _balance(of, good)
    rows = np.array([[case.features[name] for name in names] for case in cases])
    mean, spread = rows.mean(0), rows.std(0)
    spread[spread == 0] = 1
    rows = (rows - mean) / spread
    held = np.array([fixed.get(name, 0.0) for name in names]) * spread
    weights = _weights(rows, of, good, balance, held, np.array([name not in fixed for name in names]))
    scores = np.stack([np.ones(len(rows)), rows @ weights], 1)
    bias, scale = _newton(scores, np.zeros(len(rows)), good, balance, np.zeros(2), np.zeros(2))
    weights = scale * weights / spread
    return Model(float(bias - weights @ mean), dict(zip(names, map(float, weights), strict=True)))


def _balance(of: NDArray[np.int64], good: Vector) -> Vector:
    """A weight a case, so that sets count alike, and classes within a set; 1 in all."""
    keys = list(zip(of.tolist(), good.tolist(), strict=True))
    return np.array([1 / keys.count(key) for key in keys]) / len(set(keys))


def _weights(
    rows: Vector, of: NDArray[np.int64], good: Vector, balance: Vector, held: Vector, free: NDArray[np.bool_]
) -> Vector:
    """The common weights: in turn these with the biases, and the scales of the sets, until they agree."""
    sets = int(of.max()) + 1
    which = np.eye(sets)[of]
    weights, scales, biases = held.copy(), np.ones(sets), np.zeros(sets)
    penalty = np.array([0.0] * sets + [PENALTY] * int(free.sum()))
    for _ in range(ROUNDS):
        inputs = np.hstack([which, rows[:, free] * scales[of][:, None]])
        offset = rows @ held * scales[of]
        found = _newton(inputs, offset, good, balance, penalty, np.concatenate([biases, weights[free]]))
        biases, weights[free] = found[:sets], found[sets:]
        for number in range(sets):
            own = of == number
            scores = np.stack([np.ones(own.sum()), rows[own] @ weights], 1)
            start = np.array([biases[number], scales[number]])
            none = np.zeros(2)
            found = _newton(scores, np.zeros(own.sum()), good[own], balance[own], none, start)
            biases[number], scales[number] = found[0], max(found[1], LEAST_SCALE)
        scales /= np.exp(np.log(scales).mean())
    return weights


def _newton(
    inputs: Vector, offset: Vector, good: Vector, balance: Vector, penalty: Vector, start: Vector
) -> Vector:
    """The coefficients of the least loss."""
    found, least = start, math.inf
    step = np.zeros_like(start)
    for _ in range(40):
        logits = inputs @ (found + step) + offset
        loss = balance @ (np.logaddexp(0, logits) - good * logits) + penalty @ (found + step) ** 2 / 2
        if loss > least:  # too far: a long step can overshoot where classes are all but separate
            step = step / 2
            continue
        found, least = found + step, loss
        likely = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        slope = inputs.T @ (balance * (likely - good)) + penalty * found
        curve = (inputs * (balance * likely * (1 - likely))[:, None]).T @ inputs + np.diag(penalty)
        step = -np.linalg.solve(curve + 1e-9 * np.eye(len(found)), slope)
    return found
