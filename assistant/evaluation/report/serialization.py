"""JSON forms of runs and golden questions, for `assistant eval --json` and the web page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from assistant.core.serialization import Json
from assistant.core.types import ScoredPassage
from assistant.evaluation.drafting.suggest import Suggestion
from assistant.evaluation.golden.places import QuoteLookup, find_gone
from assistant.evaluation.golden.sets import Conversation, GoldenSet, Question
from assistant.evaluation.report.review import describe_answer, describe_expected, review
from assistant.evaluation.report.text import describe_faults, describe_verdict
from assistant.evaluation.runs.comparison import Comparison
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import (
    METRICS,
    Figure,
    Metric,
    format_value,
    summarise,
    summarise_by_tag,
)


def run_to_json(run: Run, quotes: QuoteLookup) -> Json:
    """Return a run with its figures, overall and by tag, and its failed questions."""
    return summary_to_json(run) | {
        "tags": {tag: figures_to_json(figures) for tag, figures in summarise_by_tag(run.results).items()},
        "failed": [_failure_to_json(result, quotes) for result in run.results if result.failed],
    }


def summary_to_json(run: Run, metrics: Iterable[Metric] = METRICS) -> Json:
    """Return the sets and conditions of a run, and its figures over all questions."""
    return {
        "run": run.id,
        "sets": run.sets,
        "questions": len(run.results),
        "conditions": dict(run.conditions),
        "figures": figures_to_json(summarise(run.results, metrics)),
    }


def _failure_to_json(result: Result, quotes: QuoteLookup) -> Json:
    return {
        "id": result.question.id,
        "question": result.question.text,
        "wrong": describe_faults(result),
        "answer": describe_answer(result, quotes),
    }


def review_to_json(result: Result, question: Question | None, quotes: QuoteLookup) -> Json:
    """Return a failed question with its review."""
    details = {"set": result.set, "confidence": round(result.confidence, 4)}
    return _failure_to_json(result, quotes) | asdict(review(result, question, quotes)) | details


def figures_to_json(figures: Mapping[str, Figure]) -> dict[str, Json]:
    """Return each figure with its interval, as numbers and formatted."""
    return {name: _figure_to_json(figure) for name, figure in figures.items()}


def _figure_to_json(figure: Figure) -> Json:
    metric = figure.metric
    return {
        **{name: round(getattr(figure, name), 4) for name in ("value", "low", "high")},
        "questions": figure.questions,
        "title": metric.title,
        "group": metric.group,
        "written": format_value(metric, figure.value),
        "interval": f"{format_value(metric, figure.low)} to {format_value(metric, figure.high)}",
    }


def comparison_to_json(comparison: Comparison, quotes: QuoteLookup) -> Json:
    """Return the changes figure by figure and question by question."""
    return {
        "before": comparison.before,
        "questions": comparison.questions,
        "conditions": {name: [old, new] for name, old, new in comparison.conditions},
        "figures": {
            d.metric.name: {
                "before": d.before,
                "after": d.after,
                "low": d.low,
                "high": d.high,
                "p": d.probability,
                "improved": d.improved,
                "worsened": d.worsened,
                "verdict": d.verdict,
                "title": d.metric.title,
                "told": describe_verdict(d),
                "written": [format_value(d.metric, d.before), format_value(d.metric, d.after)],
            }
            for d in comparison.differences
        },
        "changed": [
            {
                "id": c.after.question.id,
                "question": c.after.question.text,
                "moved": {name: [old, new] for name, old, new in c.moved},
                "answers": [describe_answer(side, quotes) for side in (c.before, c.after)],
            }
            for c in comparison.changes
        ],
    }


# -- questions -----------------------------------------------------------------------------------------------


def question_to_json(question: Question, quotes: QuoteLookup) -> Json:
    """Return a golden question with its texts; `gone` if a document that it needs was removed."""
    golden = GoldenSet("", (Conversation((question,)),))
    return {
        "id": question.id,
        "question": question.text,
        "earlier": question.earlier,
        "answerable": question.answerable,
        "expected": list(describe_expected(question, quotes)),
        "tags": question.tags,
        "gone": any(find_gone(golden, quotes)),
    }


def inline_quotes(question: Question, quotes: QuoteLookup) -> Question:
    """Return the question with its places as text, for a file outside the store."""
    facts = tuple(tuple(quotes.texts(fact)) for fact in question.facts)
    return replace(
        question,
        passages=tuple(quotes.texts(question.passages)),
        wrong=tuple(quotes.texts(question.wrong)),
        facts=tuple(fact for fact in facts if fact),
    )


def suggestion_to_json(suggestion: Suggestion, quotes: QuoteLookup) -> Json:
    """Return a draft with its place and text."""
    draft = suggestion.draft
    return {
        "id": draft.id,
        "question": draft.question,
        "kind": draft.kind,
        "source": suggestion.source,
        "passage": asdict(quotes.quote(draft.passage)),
        "facts": quotes.texts(draft.facts),
        "elsewhere": suggestion.elsewhere,
    }


def suggestion_to_row(suggestion: Json) -> Json:
    """Convert the result of `suggestion_to_json` into a line of a golden set, for a person to edit."""
    elsewhere = [*suggestion["elsewhere"]]
    return {
        "id": suggestion["id"],
        "question": suggestion["question"],
        "documents": [suggestion["source"], *elsewhere],
        **({} if elsewhere else {"passages": [suggestion["passage"]["text"]]}),
        **({"facts": suggestion["facts"]} if suggestion["facts"] else {}),
        "tags": ["suggested", suggestion["kind"], *(["elsewhere"] if elsewhere else [])],
    }


def passage_to_json(scored: ScoredPassage) -> Json:
    """Return a retrieved passage with its place."""
    passage = scored.passage
    place = {"document": passage.document_id, "start": passage.start, "end": passage.end}
    return {"title": scored.title, "source": scored.source, "text": passage.text, "place": place}
