"""Report of a run as one self-contained HTML file: figures, plots, changes, and each failed question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from assistant.evaluation.golden.places import QuoteLookup
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.report.plots import STYLE, render_plots
from assistant.evaluation.report.review import describe_answer, review
from assistant.evaluation.report.templates import render as render_template
from assistant.evaluation.report.text import by_group, describe_faults, describe_moves, describe_verdict
from assistant.evaluation.runs.comparison import Comparison, common_results
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.summary import HEADLINE, summarise, summarise_by_tag


@dataclass(frozen=True, slots=True)
class Contents:
    """Contents of a report. `expected` are the golden questions by id."""

    run: Run
    quotes: QuoteLookup
    expected: Mapping[str, Question]
    before: Run | None = None
    comparison: Comparison | None = None


def render(contents: Contents) -> str:
    """Render the report as a whole HTML page; with the changes since `before`, if there is such a run."""
    run, before, comparison, quotes = contents.run, contents.before, contents.comparison, contents.quotes
    files = (Path(__file__).with_name("report.css"), STYLE)
    figures = summarise(run.results)
    plots = render_plots(run.results, common_results(before, run) if before else ())
    failures = [
        (result, review(result, contents.expected.get(result.question.id), quotes), describe_faults(result))
        for result in run.results
        if result.failed
    ]
    return render_template(
        "report.html.j2",
        # Our own files, which hold no text from outside.
        css=Markup("\n".join(file.read_text("utf-8") for file in files)),  # noqa: S704
        run=run,
        headline=[figures[metric.name] for metric in HEADLINE if metric.name in figures],
        plots=Markup(plots),  # noqa: S704 - escaped by its own template
        comparison=comparison,
        differences=[
            (difference, describe_verdict(difference))
            for difference in (comparison.differences if comparison else ())
            if difference.verdict != "same"
        ],
        changes=[
            {
                "question": change.after.question.text,
                "moved": describe_moves(change, "→"),
                "before": describe_answer(change.before, quotes),
                "after": describe_answer(change.after, quotes),
            }
            for change in (comparison.changes if comparison else ())
        ],
        failures=[(result, reviewed, ", ".join(faults)) for result, reviewed, faults in failures],
        groups=by_group(figures),
        metrics=HEADLINE,
        tags=summarise_by_tag(run.results, HEADLINE),
    )
