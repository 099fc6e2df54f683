"""The JSON forms of runs: what `assistant eval --json` prints, and what the page is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from assistant.core.types import ScoredPassage
from assistant.evaluation.drafting.suggest import Suggestion
from assistant.evaluation.golden.places import Quotes, gone
from assistant.evaluation.golden.sets import Conversation, GoldenSet, Question
from assistant.evaluation.report import text
from assistant.evaluation.report.review import expected, review, said
from assistant.evaluation.runs.comparison import Comparison
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import Figure, by_tag, summary, written

Json = dict[str, Any]


def run(found: Run, quotes: Quotes) -> Json:
    """A run with its figures, for all questions and by tag, and the questions that failed."""
    return told(found) | {
        "tags": {tag: figures(some) for tag, some in by_tag(found.results).items()},
        "failed": [_failed(result, quotes) for result in found.results if result.failed],
    }


def told(found: Run) -> Json:
    """What was measured on what, and the figures over all questions."""
    return {
        "run": found.id,
        "sets": found.sets,
        "questions": len(found.results),
        "conditions": dict(found.conditions),
        "figures": figures(summary(found.results)),
    }


def _failed(result: Result, quotes: Quotes) -> Json:
    asked = {"id": result.question.id, "question": result.question.text, "wrong": text.wrongs(result)}
    return asked | {"answer": said(result, quotes)}


def reviewed(result: Result, question: Question | None, quotes: Quotes) -> Json:
    """A failed question with what was expected, said, cited and retrieved."""
    shown = asdict(review(result, question, quotes))
    return _failed(result, quotes) | shown | {"set": result.set, "confidence": round(result.confidence, 4)}


def figures(found: Mapping[str, Figure]) -> dict[str, Json]:
    """Each figure with its interval, in numbers and as a person reads them."""
    return {name: _figure(figure) for name, figure in found.items()}


def _figure(found: Figure) -> Json:
    metric = found.metric
    numbers = {"value": found.value, "low": found.low, "high": found.high}
    return {
        **{name: round(number, 4) for name, number in numbers.items()},
        "questions": found.questions,
        "title": metric.title,
        "group": metric.group,
        "written": written(metric, found.value),
        "interval": f"{written(metric, found.low)} to {written(metric, found.high)}",
    }


def comparison(found: Comparison, quotes: Quotes) -> Json:
    """What changed, figure by figure and question by question."""
    return {
        "before": found.before,
        "questions": found.questions,
        "conditions": {name: [old, new] for name, old, new in found.conditions},
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
                "told": text.verdict(d),
                "written": [written(d.metric, d.before), written(d.metric, d.after)],
            }
            for d in found.differences
        },
        "changed": [
            {
                "id": c.after.question.id,
                "question": c.after.question.text,
                "moved": {name: [old, new] for name, old, new in c.moved},
                "answers": [said(c.before, quotes), said(c.after, quotes)],
            }
            for c in found.changes
        ],
    }


# -- questions -----------------------------------------------------------------------------------------------


def question(found: Question, quotes: Quotes) -> Json:
    """A golden question with the text that it points to; `gone` where a document is that it needs."""
    alone = GoldenSet("", (Conversation((found,)),))
    return {
        "id": found.id,
        "question": found.text,
        "earlier": found.earlier,
        "answerable": found.answerable,
        "expected": list(expected(found, quotes)),
        "tags": found.tags,
        "gone": any(gone(alone, quotes)),
    }


def quoting(found: Question, quotes: Quotes) -> Question:
    """The question with its places as text: for a file that a person takes along, outside of the store."""
    facts = tuple(tuple(quotes.texts(fact)) for fact in found.facts)
    return replace(
        found,
        passages=tuple(quotes.texts(found.passages)),
        wrong=tuple(quotes.texts(found.wrong)),
        facts=tuple(fact for fact in facts if fact),
    )


def suggestion(found: Suggestion, quotes: Quotes) -> Json:
    """A draft with its place and text."""
    draft = found.draft
    return {
        "id": draft.id,
        "question": draft.question,
        "kind": draft.kind,
        "source": found.source,
        "passage": asdict(quotes.quote(draft.passage)),
        "facts": quotes.texts(draft.facts),
        "elsewhere": found.elsewhere,
    }


def line(found: Json) -> Json:
    """A draft in the form of `suggestion` as a line of a golden set, for a person to edit."""
    several = [*found["elsewhere"]]
    return {
        "id": found["id"],
        "question": found["question"],
        "documents": [found["source"], *several],
        **({} if several else {"passages": [found["passage"]["text"]]}),
        **({"facts": found["facts"]} if found["facts"] else {}),
        "tags": ["suggested", found["kind"], *(["elsewhere"] if several else [])],
    }


def passage(scored: ScoredPassage) -> Json:
    """A retrieved passage with its place."""
    found = scored.passage
    place = {"document": found.document_id, "start": found.start, "end": found.end}
    return {"title": scored.title, "source": scored.source, "text": found.text, "place": place}
