"""A run as one HTML file that needs nothing else: figures, plots, what changed, and each failed question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.golden.places import Quotes
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.report.plots import STYLE, plots
from assistant.evaluation.report.review import Review, Shown, review, said
from assistant.evaluation.report.text import verdict, wrongs
from assistant.evaluation.runs.comparison import Change, Comparison, shared
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import HEADLINE, METRICS, Figure, by_tag, summary, written
from assistant.text.html import Html, element, text


@dataclass(frozen=True, slots=True)
class Contents:
    """What a report is made of. `expected` are the questions as their sets tell them, by id."""

    run: Run
    quotes: Quotes
    expected: Mapping[str, Question]
    before: Run | None = None
    comparison: Comparison | None = None


def page(contents: Contents) -> str:
    """The report of a run, as a whole HTML page; with what changed since `before`, where that is given."""
    run = contents.run
    files = (Path(__file__).with_name("report.css"), STYLE)
    css = "\n".join(file.read_text("utf-8") for file in files)
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", text(f"Accuracy, {run.id}")),
        # Our own files, which no text of others is written into.
        Html(f"<style>{css}</style>"),
    )
    body = element("body", *_body(contents))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _body(contents: Contents) -> Iterator[Html]:
    run, before = contents.run, contents.before
    figures = summary(run.results)
    yield element("h1", text("Accuracy"))
    yield _told(f"{len(run.results)} questions of {', '.join(run.sets)}; run {run.id} (UTC).")
    yield _told("; ".join(f"{name} {value}" for name, value in run.conditions.items()))
    yield element("div", *(_card(figures[m.name]) for m in HEADLINE if m.name in figures), class_="cards")
    yield element("div", *plots(run.results, shared(before, run) if before else ()), class_="plots")
    if contents.comparison:
        yield from _comparison(contents.comparison, contents.quotes)
    yield from _failures(contents)
    yield element("h2", text("All figures"))
    yield _told("In brackets the 95% interval: bootstrap over questions.")
    yield _figures(figures)
    yield element("h2", text("By set and tag"))
    yield _tags(by_tag(run.results, HEADLINE))


def _told(words: str) -> Html:
    return element("p", text(words), class_="soft")


def _card(figure: Figure) -> Html:
    return element(
        "div",
        element("span", text(figure.metric.title)),
        element("b", text(written(figure.metric, figure.value))),
        element("span", text(f"{_interval(figure)}, {figure.questions} questions")),
        class_="card",
    )


def _interval(figure: Figure) -> str:
    return f"{written(figure.metric, figure.low)} to {written(figure.metric, figure.high)}"


# -- tables ------------------------------------------------------------------------------------------------


def _figures(figures: Mapping[str, Figure]) -> Html:
    rows = []
    for group in dict.fromkeys(metric.group for metric in METRICS):
        some = [figure for figure in figures.values() if figure.metric.group == group]
        if some:
            rows.append(element("tr", element("th", text(group), colspan="4", class_="group", scope="col")))
        rows += [
            _row(f.metric.title, written(f.metric, f.value), f"({_interval(f)})", str(f.questions))
            for f in some
        ]
    return _table(("", "figure", "95% interval", "questions"), rows)


def _tags(tags: Mapping[str, Mapping[str, Figure]]) -> Html:
    rows = []
    for tag, figures in tags.items():
        cells = [_cell(figures.get(metric.name)) for metric in HEADLINE]
        rows.append(_row(tag, str(max((f.questions for f in figures.values()), default=0)), *cells))
    return _table(("", "questions", *(metric.title for metric in HEADLINE)), rows)


def _cell(figure: Figure | None) -> str:
    return f"{written(figure.metric, figure.value)} ({_interval(figure)})" if figure else ""


def _table(names: Sequence[str], rows: Iterable[Html]) -> Html:
    head = element(
        "tr", *(element("th", text(n), scope="col", class_="figure" if n else None) for n in names)
    )
    inner = element("table", element("thead", head), element("tbody", *rows))
    return element("div", inner, class_="wide")


def _row(name: str, *cells: str) -> Html:
    figures = (element("td", text(cell), class_="figure") for cell in cells)
    return element("tr", element("th", text(name), scope="row"), *figures)


# -- comparison --------------------------------------------------------------------------------------------


def _comparison(comparison: Comparison, quotes: Quotes) -> Iterator[Html]:
    yield element("h2", text(f"Compared with {comparison.before}"))
    yield _told(
        f"On {comparison.questions} questions that are the same in both runs. Differences are called "
        "noise where runs that are alike would show them in one case of twenty or more."
    )
    for name, old, new in comparison.conditions:
        yield element("p", text(f"{name}: {old} → {new}"))
    rows = [
        _row(d.metric.title, written(d.metric, d.before), written(d.metric, d.after), verdict(d))
        for d in comparison.differences
        if d.verdict != "same"
    ]
    yield _table(("", "before", "now", "verdict"), rows) if rows else _told("All figures are the same.")
    yield from (_change(change, quotes) for change in comparison.changes)


def _change(change: Change, quotes: Quotes) -> Html:
    moved = ", ".join(f"{name} {old:g} → {new:g}" for name, old, new in change.moved)
    summed = element(
        "summary", text(change.after.question.text), Html(" "), element("span", text(moved), class_="soft")
    )
    rows = [("before", text(said(change.before, quotes))), ("now", text(said(change.after, quotes)))]
    return element("details", summed, element("div", _list(rows)))


# -- failed questions --------------------------------------------------------------------------------------


def _failures(contents: Contents) -> Iterator[Html]:
    results = contents.run.results
    failed = [result for result in results if result.failed]
    yield element("h2", text(f"Failed questions: {len(failed)} of {len(results)}"))
    for result in failed:
        yield _failure(result, review(result, contents.expected.get(result.question.id), contents.quotes))


def _failure(result: Result, found: Review) -> Html:
    wrong = element("span", text(", ".join(wrongs(result))), class_="bad")
    summed = element("summary", text(result.question.text), Html(" "), wrong)
    return element("details", summed, element("div", _list(list(_details(result, found)))))


def _details(result: Result, found: Review) -> Iterator[tuple[str, Html]]:
    yield "question", text(f"{result.question.id} ({result.set})")
    if result.search_query not in ("", result.question.text):
        yield "searched for", text(result.search_query)
    yield "expected", element("ol", *(element("li", text(line)) for line in found.expected))
    yield "answered", text(found.said)
    if found.cited:
        yield "cited", _quotes(found.cited)
    yield "confidence", text(f"{result.confidence:.2f}")
    yield "retrieved", _quotes(found.retrieved)


def _quotes(quotes: Iterable[Shown]) -> Html:
    return element("ol", *map(_quote, quotes))


def _quote(shown: Shown) -> Html:
    name = element("span", text(shown.title), class_="name")
    place = element("span", text(shown.source), class_="soft")
    words = element("span", text(shown.text), class_="quote")
    return element("li", name, Html(" "), place, words, class_="right" if shown.right else None)


def _list(rows: Iterable[tuple[str, Html]]) -> Html:
    return element(
        "dl", *(part for name, value in rows for part in (element("dt", text(name)), element("dd", value)))
    )
