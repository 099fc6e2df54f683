"""Figures of a run: each metric over the questions it applies to, with 95% interval, and by tag."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.evaluation.runs.runner import Result
from assistant.evaluation.scoring.metrics import (
    Curve,
    Statistic,
    auc,
    auc_interval,
    interval,
    mean,
    precision_at_coverage,
    quantile,
)

MetricKind = Literal["share", "milliseconds", "score"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run and the marks it is computed from; `lower` if less is better."""

    name: str
    title: str
    group: str
    kind: MetricKind = "share"
    lower: bool = False
    statistic: Statistic = mean
    mark_name: str = ""

    @property
    def mark(self) -> str:
        """Name of the marks that it is computed from: by default its own."""
        return self.mark_name or self.name


@dataclass(frozen=True, slots=True)
class Figure:
    """Value of a metric, its 95% bootstrap interval, and the number of questions."""

    metric: Metric
    value: float
    low: float
    high: float
    questions: int


AUC = Metric("auc", "AUC of the confidence", "Abstention", kind="score")
METRICS = (
    Metric("facts", "facts found", "Answer"),
    Metric("cited", "right document cited", "Citations"),
    Metric("abstained_rightly", "abstained rightly", "Abstention"),
    Metric("abstained_wrongly", "abstained wrongly", "Abstention", lower=True),
    *(Metric(f"recall@{k}", f"recall@{k}", "Retrieval") for k in (1, 3, 5, 10)),
    *(Metric(f"hit@{k}", f"hit@{k}", "Retrieval") for k in (1, 3, 5, 10)),
    Metric("mrr", "mean reciprocal rank", "Retrieval"),
    Metric("ndcg@10", "nDCG@10", "Retrieval"),
    Metric("rougeL", "RougeL with the reference", "Answer"),
    Metric("similarity", "similarity to the reference", "Answer", kind="score"),
    Metric("citation_precision", "citations that are right", "Citations"),
    Metric("citation_recall", "sentences supported by their citation", "Citations"),
    Metric("repeated", "cites again what was marked wrong", "Citations", lower=True),
    Metric("abstention_precision", "abstentions that are right", "Abstention"),
    Metric("abstention_recall", "unanswerable ones refused", "Abstention", mark_name="abstained_rightly"),
    AUC,
    Metric("faithfulness", "faithful to the passages (judged)", "Judged by the model"),
    Metric("relevancy", "relevant to the question (judged)", "Judged by the model"),
    Metric("correctness", "correctness, 1 to 5 (judged)", "Judged by the model", kind="score"),
    Metric("p50", "latency, median", "Latency", "milliseconds", True, quantile(0.5), "latency"),
    Metric("p95", "latency, 95th percentile", "Latency", "milliseconds", True, quantile(0.95), "latency"),
)
"""All metrics of a run. `make golden` prints the first four."""
HEADLINE = METRICS[:4]


def summarise(results: Sequence[Result], metrics: Iterable[Metric] = METRICS) -> dict[str, Figure]:
    """Return the figure of each metric that applies to any of the results, by name."""
    figures = (_figure(metric, results) for metric in metrics)
    return {figure.metric.name: figure for figure in figures if figure}


def summarise_by_tag(
    results: Sequence[Result], metrics: Iterable[Metric] = METRICS
) -> dict[str, dict[str, Figure]]:
    """Return the figures for the questions of each tag and each set, sorted by tag."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        for tag in (f"set {result.set}", *result.question.tags):
            groups.setdefault(tag, []).append(result)
    return {tag: summarise(groups[tag], metrics) for tag in sorted(groups)}


def _figure(metric: Metric, results: Sequence[Result]) -> Figure | None:
    if metric is AUC:
        return _auc_figure(results)
    values = [result.marks[metric.mark] for result in results if metric.mark in result.marks]
    if not values:
        return None
    value = float(metric.statistic(np.array([values]))[0])
    return Figure(metric, value, *interval(values, metric.statistic), len(values))


def _auc_figure(results: Sequence[Result]) -> Figure | None:
    above, below = confidences(results)
    value = auc(above, below)
    if math.isnan(value):
        return None
    return Figure(AUC, value, *auc_interval(above, below), len(results))


def confidences(results: Iterable[Result]) -> tuple[list[float], list[float]]:
    """Return the confidences on answerable and on unanswerable questions."""
    split: tuple[list[float], list[float]] = ([], [])
    for result in results:
        split[not result.question.answerable].append(result.confidence)
    return split


def recall_curve(results: Iterable[Result]) -> Curve:
    """Return (k, mean recall@k) for k from 1 to 10; empty if no question names documents or passages."""
    rows = [result.marks for result in results if "recall@1" in result.marks]
    depths = range(1, 11) if rows else ()
    return [(k, sum(row[f"recall@{k}"] for row in rows) / len(rows)) for k in depths]


def abstention_curve(results: Sequence[Result]) -> Curve:
    """Return (coverage, precision) for each threshold of the confidence, in falling order."""
    right = [result.would_be_right for result in results]
    return precision_at_coverage([result.confidence for result in results], right)


def operating_point(results: Sequence[Result]) -> tuple[float, float] | None:
    """Return (coverage, precision) of the answered questions; None if there are none."""
    right = [result.would_be_right for result in results if result.answered]
    return (len(right) / len(results), sum(right) / len(right)) if right else None


def format_value(metric: Metric, value: float) -> str:
    """Format a value with the unit of its metric."""
    forms = {"share": f"{value:.1%}", "milliseconds": f"{value:.0f} ms", "score": f"{value:.3f}"}
    return forms[metric.kind]


def check_floors(figures: Mapping[str, Figure], floors: Mapping[str, float]) -> list[str]:
    """Return a sentence for each metric worse than its floor, or its ceiling if less is better."""
    failures = []
    for name, floor in floors.items():
        figure = figures.get(name)
        if figure is None:
            failures.append(f"{name} was not measured: no question of these sets has what it needs.")
        elif figure.metric.lower and figure.value > floor:
            failures.append(f"{name} is {figure.value:.4g}, above {floor:g}.")
        elif not figure.metric.lower and figure.value < floor:
            failures.append(f"{name} is {figure.value:.4g}, below {floor:g}.")
    return failures
