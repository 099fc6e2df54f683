"""Results -> figures: each metric over the questions that it applies to, with 95% interval, and by tag."""

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

Kind = Literal["share", "milliseconds", "score"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run: which marks it is made of and how; `lower` where less is better."""

    name: str
    title: str
    group: str
    kind: Kind = "share"
    lower: bool = False
    statistic: Statistic = mean
    mark_name: str = ""

    @property
    def mark(self) -> str:
        """The mark of a question that it is made of: most often of its own name."""
        return self.mark_name or self.name


@dataclass(frozen=True, slots=True)
class Figure:
    """What a metric came to, its 95% bootstrap interval, and over how many questions."""

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
"""All that a run is measured by. The first four are what `make golden` prints."""
HEADLINE = METRICS[:4]


def summary(results: Sequence[Result], metrics: Iterable[Metric] = METRICS) -> dict[str, Figure]:
    """The figure of each metric that applies to any of the results, by the metric's name."""
    figures = (_figure(metric, results) for metric in metrics)
    return {figure.metric.name: figure for figure in figures if figure}


def by_tag(results: Sequence[Result], metrics: Iterable[Metric] = METRICS) -> dict[str, dict[str, Figure]]:
    """The same for the questions of each tag, and of each set; tags by name."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        for tag in (f"set {result.set}", *result.question.tags):
            groups.setdefault(tag, []).append(result)
    return {tag: summary(groups[tag], metrics) for tag in sorted(groups)}


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
    """The confidence on answerable questions, and on those that are not."""
    split: tuple[list[float], list[float]] = ([], [])
    for result in results:
        split[not result.question.answerable].append(result.confidence)
    return split


def recall_curve(results: Iterable[Result]) -> Curve:
    """(k, mean recall@k) from 1 on; empty where no question names documents or passages."""
    rows = [result.marks for result in results if "recall@1" in result.marks]
    depths = range(1, 11) if rows else ()
    return [(k, sum(row[f"recall@{k}"] for row in rows) / len(rows)) for k in depths]


def abstention_curve(results: Sequence[Result]) -> Curve:
    """(coverage, precision) as ever less sure questions are answered: what another threshold would do."""
    right = [result.would_be_right for result in results]
    return precision_at_coverage([result.confidence for result in results], right)


def operating_point(results: Sequence[Result]) -> tuple[float, float] | None:
    """(coverage, precision) of what was in fact answered; None where nothing was."""
    right = [result.would_be_right for result in results if result.answered]
    return (len(right) / len(results), sum(right) / len(right)) if right else None


def written(metric: Metric, value: float) -> str:
    """A value of the metric as a person reads it."""
    forms = {"share": f"{value:.1%}", "milliseconds": f"{value:.0f} ms", "score": f"{value:.3f}"}
    return forms[metric.kind]


def fails(figures: Mapping[str, Figure], floors: Mapping[str, float]) -> list[str]:
    """A sentence for each metric that is worse than its floor (its ceiling, where less is better)."""
    told = []
    for name, floor in floors.items():
        figure = figures.get(name)
        if figure is None:
            told.append(f"{name} was not measured: no question of these sets tells what it needs.")
        elif figure.metric.lower and figure.value > floor:
            told.append(f"{name} is {figure.value:.4g}, above {floor:g}.")
        elif not figure.metric.lower and figure.value < floor:
            told.append(f"{name} is {figure.value:.4g}, below {floor:g}.")
    return told
