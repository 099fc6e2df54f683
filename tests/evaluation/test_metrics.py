"""Metrics against values worked out by hand, and against what must hold for any input."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.scoring import metrics

names = st.lists(st.sampled_from("abcdefgh"), unique=True)
gold_names = st.frozensets(st.sampled_from("abcdefgh"), min_size=1)
scores = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12)
words = st.lists(st.sampled_from(["iran", "exports", "oil", "to", "cuba"]), max_size=8).map(" ".join)


def test_recall_counts_what_was_not_found() -> None:
    assert metrics.recall_at(3, ["a", "x", "b", "c"], {"a", "b", "c", "missing"}) == 0.5


def test_a_hit_is_one_of_the_gold_within_k() -> None:
    assert metrics.hit_at(2, ["x", "b", "a"], {"a", "b"}) == 1
    assert metrics.hit_at(1, ["x", "b", "a"], {"a", "b"}) == 0


def test_reciprocal_rank_is_of_the_first_gold() -> None:
    assert metrics.reciprocal_rank(["x", "y", "a", "b"], {"a", "b"}) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(["x"], {"a"}) == 0


def test_ndcg_is_what_trec_eval_gives() -> None:
    gains = {"a": 1.0, "b": 1.0, "missing": 1.0}
    found = 1 / math.log2(2) + 1 / math.log2(4)
    ideal = 1 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert metrics.ndcg_at(5, ["a", "x", "b"], gains) == pytest.approx(found / ideal)


def test_ndcg_weighs_grades() -> None:
    gains = {"good": 2.0, "fair": 1.0}
    turned = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    assert metrics.ndcg_at(5, ["good", "fair"], gains) == 1
    assert metrics.ndcg_at(5, ["fair", "good"], gains) == pytest.approx(turned)


@given(names, gold_names, st.integers(1, 10))
def test_ranking_figures_are_shares_and_grow_with_k(ranked: list[str], gold: frozenset[str], k: int) -> None:
    recall = [metrics.recall_at(n, ranked, gold) for n in (k, k + 1)]
    assert 0 <= recall[0] <= recall[1] <= 1
    assert metrics.hit_at(k, ranked, gold) == (recall[0] > 0)
    assert 0 <= metrics.ndcg_at(k, ranked, dict.fromkeys(gold, 1.0)) <= 1 + 1e-9


@given(gold_names)
def test_gold_first_is_ideal(gold: frozenset[str]) -> None:
    ranked = [*sorted(gold), "x", "y"]
    assert metrics.ndcg_at(10, ranked, dict.fromkeys(gold, 1.0)) == pytest.approx(1)


def test_rouge_l_is_that_of_the_published_examples() -> None:
    # Lin, 2004: "police killed the gunman" against two candidates, with recall and precision of equal weight.
    assert metrics.rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert metrics.rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)


def test_rouge_l_sees_no_case_and_no_marks() -> None:
    assert metrics.rouge_l("The GUNMAN, 'police'!", "the gunman police") == 1
    assert metrics.rouge_l("", "police") == 0
    assert metrics.rouge_l("police", "...") == 0


@given(words, words)
def test_rouge_l_is_symmetric_and_a_share(one: str, other: str) -> None:
    assert metrics.rouge_l(one, other) == pytest.approx(metrics.rouge_l(other, one))
    assert 0 <= metrics.rouge_l(one, other) <= 1


@given(scores, scores)
def test_auc_is_the_share_of_pairs_in_order(above: list[float], below: list[float]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in above for b in below]
    assert metrics.auc(above, below) == pytest.approx(sum(pairs) / len(pairs))


def test_auc_of_one_kind_alone_is_no_number() -> None:
    assert math.isnan(metrics.auc([], [0.5]))


@given(scores, st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_refusing_refuses_that_share_and_not_more_than_it_must(below: list[float], share: float) -> None:
    threshold = metrics.refusing(share, below)
    assert sum(s <= threshold for s in below) / len(below) >= share
    assert sum(s < threshold for s in below) / len(below) < share


def test_precision_over_coverage_goes_from_the_surest_on() -> None:
    curve = metrics.precision_at_coverage([0.9, 0.2, 0.5, 0.5], [True, False, True, False])
    assert curve == [(0.25, 1.0), (0.75, pytest.approx(2 / 3)), (1.0, 0.5)]


def test_an_interval_holds_the_mean_and_narrows_with_questions() -> None:
    low, high = metrics.interval([1.0, 0.0] * 10)
    lower, higher = metrics.interval([1.0, 0.0] * 200)
    assert low < lower < 0.5 < higher < high


def test_an_interval_is_the_same_each_time() -> None:
    values = [0.1, 0.9, 0.4, 0.4]
    assert metrics.interval(values) == metrics.interval(values)


def test_an_interval_of_the_mean_is_as_wide_as_theory_says() -> None:
    low, high = metrics.interval([1.0] * 80 + [0.0] * 20)
    half = 1.96 * math.sqrt(0.8 * 0.2 / 100)
    assert low == pytest.approx(0.8 - half, abs=0.02)
    assert high == pytest.approx(0.8 + half, abs=0.02)


def test_randomisation_is_the_sign_test_where_marks_are_0_or_1() -> None:
    # Five better, none worse: two of 32 assignments of signs are as far out.
    assert metrics.randomisation([1, 1, 1, 1, 1, 0, 0]) == pytest.approx(2 / 32)
    # Seven better, one worse: 2 * (C(8,0) + C(8,1)) of 256.
    assert metrics.randomisation([1] * 7 + [-1]) == pytest.approx(18 / 256)


def test_randomisation_finds_nothing_where_nothing_changed() -> None:
    assert metrics.randomisation([0.0, 0.0]) == 1
    assert metrics.randomisation([1, -1, 1, -1]) == 1


def test_randomisation_of_many_changes_comes_near_the_exact_figure() -> None:
    drawn = metrics.randomisation([1] * 14 + [-1] * 4)
    exact = 2 * sum(math.comb(18, k) for k in range(5)) / 2**18
    assert drawn == pytest.approx(exact, abs=0.01)
