"""HTTP API of evaluation: runs and their progress, golden sets, drafts, feedback."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from assistant.assistant import Assistant
from assistant.core import serialization, types
from assistant.core.config import bundled
from assistant.core.errors import AssistantError, ReadError
from assistant.core.limits import MAX_QUESTION
from assistant.core.serialization import Json
from assistant.evaluation import feedback
from assistant.evaluation.drafting import suggest
from assistant.evaluation.drafting.home_sets import NAMES, HomeSets, Name
from assistant.evaluation.feedback import Reason
from assistant.evaluation.golden import sets as golden
from assistant.evaluation.golden.places import QuoteLookup, find_gone
from assistant.evaluation.golden.sets import GoldenSet, Place
from assistant.evaluation.jobs import EvaluationJob, JobProgress
from assistant.evaluation.report import html
from assistant.evaluation.report import serialization as forms
from assistant.evaluation.report.plots import render_plots
from assistant.evaluation.runs import records
from assistant.evaluation.runs.comparison import common_results, compare
from assistant.evaluation.runs.summary import HEADLINE, summarise_by_tag
from assistant.web.conversations import meant

HISTORY = 30
"""Runs in the overview."""
FAILURES = 200
"""Failed questions of a run in a reply."""
CANDIDATES = 8
"""Passages offered as the right one."""
Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
REPORT = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "sandbox"}


class SetBody(BaseModel):
    """A golden set sent by a client: its lines, never a path of this machine."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    text: str


class RunBody(BaseModel):
    """Body of POST /api/eval: sets by name, or with their text."""

    names: Annotated[list[str], Field(max_length=10)] = []
    sets: Annotated[list[SetBody], Field(max_length=100)] = []


class DraftsBody(BaseModel):
    """Body of POST /api/eval/drafts."""

    documents: list[str] = []
    number: Annotated[int, Field(ge=1, le=1_000)] = suggest.NUMBER
    again: bool = False
    """True to return pending drafts again."""


class DecisionBody(BaseModel):
    """Body of POST /api/eval/drafts/{id}: the decision, and the wording of an accepted draft."""

    accepted: bool
    question: Annotated[str, Field(max_length=MAX_QUESTION)] = ""
    facts: list[Text] | None = None


class PlaceBody(BaseModel):
    """A range of a document's characters."""

    document: str
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class FeedbackBody(BaseModel):
    """Body of POST /api/eval/feedback: a bad turn of a conversation, the reason, and the right passage."""

    conversation: str
    turn: Annotated[int, Field(ge=0)]
    question: Text
    reason: Reason
    passage: PlaceBody | None = None


def router(assistant: Assistant) -> APIRouter:
    """Return the routes below /api/eval."""
    job = EvaluationJob(assistant)
    home_sets = HomeSets(assistant.settings.home)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(job.cancel)

    routes = APIRouter(prefix="/api/eval", lifespan=lifespan)
    _add_runs(routes, assistant, home_sets, job)
    _add_questions(routes, assistant, home_sets)
    _add_drafts(routes, assistant, home_sets)
    return routes


# -- runs ----------------------------------------------------------------------------------------------------


def _add_runs(routes: APIRouter, assistant: Assistant, home_sets: HomeSets, job: EvaluationJob) -> None:
    home = assistant.settings.home

    @routes.get("")
    def overview() -> Json:
        quotes = QuoteLookup(assistant)
        history = [run_summary(home, ident) for ident in reversed(records.list_ids(home)[-HISTORY:])]
        return {
            "sets": [_describe_shipped(quotes), *(_describe_set(name, home_sets, quotes) for name in NAMES)],
            "runs": [summary for summary in history if summary],
            "drafts": len(home_sets.pending_drafts(assistant)),
            "standing": asdict(job.progress),
        }

    @routes.post("", status_code=202)
    def start(body: RunBody) -> Json:
        sent = (golden.parse_set(each.text, each.name) for each in body.sets)
        sets = [*_load_named(body.names, home_sets), *sent]
        golden.require_unique(sets)
        job.start(sets)
        return asdict(job.progress)

    @routes.delete("")
    def cancel() -> Json:
        job.cancel()
        return asdict(job.progress)

    @routes.get("/progress")
    async def progress() -> StreamingResponse:
        return StreamingResponse(_progress_events(job.follow()), media_type="text/event-stream")

    @routes.get("/runs/{ident}")
    def run(ident: str) -> Json:
        return _run_to_json(assistant, ident)

    @routes.get("/runs/{ident}/report")
    def page(ident: str) -> Response:
        found, quotes = records.load_by_id(ident, home), QuoteLookup(assistant)
        before = records.find_previous(found, home)
        comparison = compare(before, found) if before else None
        expected = records.load_expected(found, quotes)
        report = html.render(html.Contents(found, quotes, expected, before, comparison))
        name = {"Content-Disposition": f'attachment; filename="accuracy-{found.id}.html"'}
        return Response(report, headers=REPORT | name)


async def _progress_events(progress: AsyncIterator[JobProgress]) -> AsyncIterator[str]:
    async for state in progress:
        yield serialization.event("progress", asdict(state))
    yield serialization.event("done", {})


def _run_to_json(assistant: Assistant, ident: str) -> Json:
    """Return a run with its plots, its failures, and the changes since the run before it."""
    home, quotes = assistant.settings.home, QuoteLookup(assistant)
    run = records.load_by_id(ident, home)
    before, expected = records.find_previous(run, home), records.load_expected(run, quotes)
    failed = [result for result in run.results if result.failed]
    tags = summarise_by_tag(run.results, HEADLINE).items()
    return forms.summary_to_json(run) | {
        "tags": {tag: forms.figures_to_json(figures) for tag, figures in tags},
        "failed": [
            forms.review_to_json(result, expected.get(result.question.id), quotes)
            for result in failed[:FAILURES]
        ],
        "failures": len(failed),
        "plots": render_plots(run.results, common_results(before, run) if before else ()),
        "comparison": forms.comparison_to_json(compare(before, run), quotes) if before else None,
    }


@functools.lru_cache(maxsize=4 * HISTORY)
def run_summary(home: Path, ident: str) -> Json | None:
    """Return a run for the overview, None if it is unreadable; cached, as a stored run never changes."""
    try:
        run = records.load_by_id(ident, home)
    except AssistantError:
        return None
    return {**forms.summary_to_json(run, HEADLINE), "failed": sum(result.failed for result in run.results)}


# -- sets ----------------------------------------------------------------------------------------------------


def _describe_shipped(quotes: QuoteLookup) -> Json:
    """Describe the shipped sets, which need the shipped corpus."""
    shipped = golden.load_sets([bundled("eval/golden")])
    questions = [question for each in shipped for question in golden.questions(each)]
    documents = {name for question in questions for name in question.documents}
    return {
        "name": "shipped",
        "questions": len(questions),
        "askable": all(map(quotes.has_document, documents)),
        "gone": 0,
        "files": [each.name for each in shipped],
    }


def _describe_set(name: Name, home_sets: HomeSets, quotes: QuoteLookup) -> Json:
    golden_set = home_sets.load_set(name)
    total, gone = len(list(golden.questions(golden_set))), len(list(find_gone(golden_set, quotes)))
    return {"name": name, "questions": total, "askable": gone < total, "gone": gone}


def _load_named(names: Sequence[str], home_sets: HomeSets) -> list[GoldenSet]:
    known = {"shipped": bundled("eval/golden"), **home_sets.paths()}
    for name in names:
        if name not in known:
            raise ReadError(f"There is no set {name}; known are {', '.join(known)}.")
    paths = [known[name] for name in names if known[name].exists()]
    return list(golden.load_sets(paths)) if paths else []


def _add_questions(routes: APIRouter, assistant: Assistant, home_sets: HomeSets) -> None:
    @routes.get("/questions/{name}")
    def questions(name: Name) -> list[Json]:
        quotes = QuoteLookup(assistant)
        return [forms.question_to_json(question, quotes) for question in home_sets.questions(name)]

    @routes.delete("/questions/{name}/{ident}")
    def remove(name: Name, ident: str) -> Json:
        home_sets.remove_question(name, ident)
        return {"removed": ident}

    @routes.get("/questions/{name}/file")
    def file(name: Name) -> Response:
        quotes = QuoteLookup(assistant)
        questions = (forms.inline_quotes(question, quotes) for question in home_sets.questions(name))
        text = "".join(f"{golden.to_line(question)}\n" for question in questions)
        headers = {"Content-Disposition": f'attachment; filename="{name}.jsonl"'}
        return Response(text, media_type="application/jsonl", headers=headers)

    @routes.get("/passages")
    def passages(query: Annotated[str, Query(min_length=1, max_length=MAX_QUESTION)]) -> list[Json]:
        found = assistant.retriever.retrieve(types.Query(serialization.asked(query)), CANDIDATES)
        return [forms.passage_to_json(scored) for scored in found]

    @routes.post("/feedback")
    def add_feedback(request: Request, body: FeedbackBody) -> Json:
        conversation = meant(assistant, request, body.conversation)
        right = Place(**body.passage.model_dump()) if body.passage else None
        marked = (body.turn, body.question)
        question = feedback.make_question(assistant, conversation, marked, body.reason, right)
        home_sets.save_question("feedback", question)
        return forms.question_to_json(question, QuoteLookup(assistant))


def _add_drafts(routes: APIRouter, assistant: Assistant, home_sets: HomeSets) -> None:
    @routes.get("/drafts")
    def drafts() -> list[Json]:
        quotes = QuoteLookup(assistant)
        return [forms.suggestion_to_json(each, quotes) for each in home_sets.pending_drafts(assistant)]

    @routes.post("/drafts")
    def draft(body: DraftsBody) -> Json:
        notes: list[str] = []
        known = home_sets.decided_ids() if body.again else home_sets.known_ids()
        drafts = suggest.suggest(assistant, body.documents, body.number, known, notes.append)
        home_sets.add_drafts(drafts)
        quotes = QuoteLookup(assistant)
        return {"drafts": [forms.suggestion_to_json(each, quotes) for each in drafts], "notes": notes}

    @routes.post("/drafts/{ident}")
    def decide(ident: str, body: DecisionBody) -> Json:
        if not body.accepted:
            home_sets.reject(ident)
            return {"rejected": ident}
        question = home_sets.accept(ident, assistant, body.question, body.facts)
        return forms.question_to_json(question, QuoteLookup(assistant))
