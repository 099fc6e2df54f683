"""Fitting over several sets: what tells good from bad is found whatever else the sets differ in."""

from __future__ import annotations

import numpy as np
import pytest

from eval.logistic import Case, fit


def cases(origin: str, noise: float, base: float, count: int = 200) -> list[Case]:
    """`told` tells good from bad, the less the more noise there is; `other` says nothing."""
    random = np.random.default_rng(7)
    return [
        Case({"told": good + base + noise * random.normal(), "other": random.normal()}, bool(good), origin)
        for good in (0, 1)
        for _ in range(count)
    ]


def test_what_tells_good_from_bad_weighs_and_the_rest_does_not() -> None:
    model = fit(cases("easy", 0.5, 0.0), ["told", "other"], {})
    assert model.weights["told"] > 2
    assert abs(model.weights["other"]) < 0.4
    assert model.logit({"told": 0.5, "other": 0.0}) == pytest.approx(0, abs=0.5)


def test_a_hard_set_and_one_on_another_level_leave_the_proportions_as_they_are() -> None:
    alone = fit(cases("easy", 0.5, 0.0), ["told", "other"], {}).weights
    mixed = fit([*cases("easy", 0.5, 0.0), *cases("hard", 5.0, 3.0)], ["told", "other"], {}).weights
    assert mixed["other"] / mixed["told"] == pytest.approx(alone["other"] / alone["told"], abs=0.15)


def test_a_weight_that_is_given_is_kept_beside_the_fitted_ones() -> None:
    model = fit(cases("easy", 0.5, 0.0), ["told", "other"], {"other": -2.0})
    assert model.weights["told"] > 1
    assert model.weights["other"] < -0.5


def test_classes_that_do_not_touch_are_fitted_too() -> None:
    model = fit(cases("sure", 0.001, 0.0), ["told", "other"], {})
    assert np.isfinite([model.bias, *model.weights.values()]).all()
    assert model.logit({"told": 1.0, "other": 0.0}) > 0 > model.logit({"told": 0.0, "other": 0.0})


def test_sets_count_alike_whatever_their_size() -> None:
    few, many = cases("few", 0.5, 0.0, 50), cases("many", 0.5, 4.0, 400)
    once = fit([*few, *many], ["told"], {})
    again = fit([*few, *few, *many], ["told"], {})
    assert again.weights["told"] == pytest.approx(once.weights["told"], rel=0.05)
