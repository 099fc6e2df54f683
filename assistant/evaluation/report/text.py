"""A run and its comparison as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assistant.evaluation.runs.comparison import Comparison, Difference
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import HEADLINE, METRICS, Figure, written


def headline(figures: Mapping[str, Figure]) -> Iterator[str]:
    """The four figures that matter first."""
    yield from (_line(figures[metric.name]) for metric in HEADLINE if metric.name in figures)


def table(figures: Mapping[str, Figure]) -> Iterator[str]:
    """All figures, by group."""
    for group in dict.fromkeys(metric.group for metric in METRICS):
        lines = [_line(f) for f in figures.values() if f.metric.group == group]
        if lines:
            yield from ("", group, *lines)


def tags(figures: Mapping[str, Mapping[str, Figure]]) -> Iterator[str]:
    """The figures that matter, for each set and tag: a line a figure, with its interval."""
    for tag, found in figures.items():
        yield from ("", tag, *headline(found))


def failures(results: Sequence[Result]) -> Iterator[str]:
    """A line for each question that failed: its id, what is wrong, the question."""
    for result in results:
        if result.failed:
            yield f"  {result.question.id}: {', '.join(wrongs(result))}: {result.question.text}"


def wrongs(result: Result) -> list[str]:
    """What is wrong with an answer, in a few words each."""
    marks = result.marks
    if marks.get("abstained_wrongly"):
        return [f"abstained wrongly (confidence {result.confidence:.2f})"]
    if marks.get("abstained_rightly") == 0:
        return [f"answered what the documents do not (confidence {result.confidence:.2f})"]
    told = [("facts", "facts are missing"), ("cited", "no right document is cited")]
    repeated = ["cites again what was marked wrong"] if marks.get("repeated") else []
    return [words for mark, words in told if marks.get(mark, 1) < 1] + repeated


def changes(comparison: Comparison) -> Iterator[str]:
    """What differs from the run before, figure by figure and question by question."""
    yield f"Compared with {comparison.before}, on {comparison.questions} questions that both hold:"
    yield from (f"  {name}: {old} -> {new}" for name, old, new in comparison.conditions)
    yield from (_difference(d) for d in comparison.differences if d.verdict != "same")
    for change in comparison.changes:
        moved = ", ".join(f"{name} {old:g} -> {new:g}" for name, old, new in change.moved)
        yield f"  {change.after.question.id}: {moved}: {change.after.question.text}"


def _line(figure: Figure) -> str:
    metric = figure.metric
    value, low, high = (written(metric, number) for number in (figure.value, figure.low, figure.high))
    return f"{metric.title:<36} {value:>8}   ({low} to {high})   {figure.questions} questions"


def _difference(found: Difference) -> str:
    metric = found.metric
    moved = f"{written(metric, found.before)} -> {written(metric, found.after)}"
    return f"  {metric.title:<36} {moved:<20}  {verdict(found)}"


def verdict(found: Difference) -> str:
    """Whether a difference is more than chance, and by what it is judged."""
    if found.verdict == "same":
        return "the same"
    counts = f"{found.improved} better, {found.worsened} worse"
    chance = found.probability
    told = None if chance is None else "p < 0.001" if chance < 0.001 else f"p = {chance:.3f}"
    by = f"{told}, {counts}" if told else "by its interval"
    return f"{'may be noise' if found.verdict == 'noise' else found.verdict} ({by})"
