"""Runs and comparisons as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assistant.evaluation.runs.comparison import Comparison, Difference, QuestionChange
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import HEADLINE, METRICS, Figure, format_value


def headline(figures: Mapping[str, Figure]) -> Iterator[str]:
    """Yield the four most important figures."""
    yield from (_line(figures[metric.name]) for metric in HEADLINE if metric.name in figures)


def table(figures: Mapping[str, Figure]) -> Iterator[str]:
    """Yield all figures, by group."""
    for group, members in by_group(figures).items():
        yield from ("", group, *map(_line, members))


def by_group(figures: Mapping[str, Figure]) -> dict[str, list[Figure]]:
    """Return the figures of each group that has any, in the order of METRICS."""
    groups = dict.fromkeys(metric.group for metric in METRICS)
    members = {group: [f for f in figures.values() if f.metric.group == group] for group in groups}
    return {group: found for group, found in members.items() if found}


def failures(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each failed question: its id, faults and text."""
    for result in results:
        if result.failed:
            yield f"  {result.question.id}: {', '.join(describe_faults(result))}: {result.question.text}"


def describe_faults(result: Result) -> list[str]:
    """Return the faults of an answer, in a few words each."""
    marks = result.marks
    if marks.get("abstained_wrongly"):
        return [f"abstained wrongly (confidence {result.confidence:.2f})"]
    if marks.get("abstained_rightly") == 0:
        return [f"answered what the documents do not (confidence {result.confidence:.2f})"]
    repeated = ["cites again what was marked wrong"] if marks.get("repeated") else []
    faults = {"facts": "facts are missing", "cited": "no right document is cited"}
    return [fault for mark, fault in faults.items() if marks.get(mark, 1) < 1] + repeated


def changes(comparison: Comparison) -> Iterator[str]:
    """Yield the differences from the run before, figure by figure and question by question."""
    yield f"Compared with {comparison.before}, on {comparison.questions} questions that both hold:"
    yield from (f"  {name}: {old} -> {new}" for name, old, new in comparison.conditions)
    for difference in comparison.differences:
        if difference.verdict != "same":
            metric, values = difference.metric, (difference.before, difference.after)
            moved = " -> ".join(format_value(metric, value) for value in values)
            yield f"  {metric.title:<36} {moved:<20}  {describe_verdict(difference)}"
    for change in comparison.changes:
        question = change.after.question
        yield f"  {question.id}: {describe_moves(change, '->')}: {question.text}"


def describe_moves(change: QuestionChange, arrow: str) -> str:
    """Return the marks that moved: `facts 1 -> 0, cited 1 -> 0`."""
    return ", ".join(f"{name} {old:g} {arrow} {new:g}" for name, old, new in change.moved)


def _line(figure: Figure) -> str:
    metric = figure.metric
    value, low, high = (format_value(metric, number) for number in (figure.value, figure.low, figure.high))
    return f"{metric.title:<36} {value:>8}   ({low} to {high})   {figure.questions} questions"


def describe_verdict(difference: Difference) -> str:
    """Return the verdict on a difference with its evidence: `worse (p = 0.012, 1 better, 8 worse)`."""
    if difference.verdict == "same":
        return "the same"
    evidence = "by its interval"
    if (p := difference.probability) is not None:
        counts = f"{difference.improved} better, {difference.worsened} worse"
        evidence = f"{'p < 0.001' if p < 0.001 else f'p = {p:.3f}'}, {counts}"
    return f"{'may be noise' if difference.verdict == 'noise' else difference.verdict} ({evidence})"
