"""The HTTP API of evaluation: runs and their progress, sets of golden questions, drafts, feedback."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from assistant.assistant import Assistant
from assistant.core import serialization, types
from assistant.core.config import bundled
from assistant.core.errors import AssistantError, ReadError
from assistant.core.limits import MAX_QUESTION
from assistant.evaluation import feedback
from assistant.evaluation.drafting import suggest
from assistant.evaluation.drafting.own_sets import NAMES, Name, Own
from assistant.evaluation.feedback import Reason
from assistant.evaluation.golden import sets as golden
from assistant.evaluation.golden.places import Quotes, gone
from assistant.evaluation.golden.sets import GoldenSet, Place
from assistant.evaluation.jobs import Measuring, Standing
from assistant.evaluation.report import html
from assistant.evaluation.report import serialization as forms
from assistant.evaluation.report.plots import plots
from assistant.evaluation.runs import records
from assistant.evaluation.runs.comparison import compare, shared
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.summary import HEADLINE, by_tag, summary

Json = dict[str, Any]
HISTORY = 30
"""Runs that are listed."""
FAILURES = 200
"""Failed questions of a run that are shown."""
CANDIDATES = 8
"""Passages that are offered as the right one."""
Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
REPORT = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "sandbox"}


class Sent(BaseModel):
    """A golden set as a client has it: its lines, never a path of this machine."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    text: str


class Asked(BaseModel):
    """The body of POST /api/eval: sets by name, or as they are."""

    names: Annotated[list[str], Field(max_length=10)] = []
    sets: Annotated[list[Sent], Field(max_length=100)] = []


class Wanted(BaseModel):
    """The body of POST /api/eval/drafts."""

    documents: list[str] = []
    number: Annotated[int, Field(ge=1, le=1_000)] = suggest.NUMBER
    again: bool = False
    """Whether those that wait already are given again."""


class Decision(BaseModel):
    """The body of POST /api/eval/drafts/{id}: whether it is accepted, and how it is worded then."""

    accepted: bool
    question: Annotated[str, Field(max_length=MAX_QUESTION)] = ""
    facts: list[Text] | None = None


class Where(BaseModel):
    """A range of a document's characters."""

    document: str
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class Bad(BaseModel):
    """The body of POST /api/eval/feedback: which turn of a conversation is no good, why, what is right."""

    conversation: str
    turn: Annotated[int, Field(ge=0)]
    question: Text
    reason: Reason
    passage: Where | None = None


def router(assistant: Assistant) -> APIRouter:
    """The routes below /api/eval."""
    measuring = Measuring(assistant)
    own = Own(assistant.settings.home)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(measuring.cancel)

    routes = APIRouter(prefix="/api/eval", lifespan=lifespan)
    _add_runs(routes, assistant, own, measuring)
    _add_questions(routes, assistant, own)
    _add_drafts(routes, assistant, own)
    return routes


# -- runs ----------------------------------------------------------------------------------------------------


def _add_runs(routes: APIRouter, assistant: Assistant, own: Own, measuring: Measuring) -> None:
    home = assistant.settings.home

    @routes.get("")
    def overview() -> Json:
        quotes = Quotes(assistant)
        sets = [_shipped(quotes), *(_told(name, own, quotes) for name in NAMES)]
        history = [_line(home, ident) for ident in reversed(records.kept(home)[-HISTORY:])]
        return {
            "sets": sets,
            "runs": [line for line in history if line],
            "drafts": len(own.pending(assistant)),
            "standing": asdict(measuring.standing),
        }

    @routes.post("", status_code=202)
    def start(body: Asked) -> Json:
        sets = [*_named(body.names, own), *(_read(one) for one in body.sets)]
        golden.require_unique(sets)
        measuring.start(sets)
        return asdict(measuring.standing)

    @routes.delete("")
    def cancel() -> Json:
        measuring.cancel()
        return asdict(measuring.standing)

    @routes.get("/progress")
    async def progress() -> StreamingResponse:
        return StreamingResponse(_progress(measuring.followed()), media_type="text/event-stream")

    @routes.get("/runs/{ident}")
    def run(ident: str) -> Json:
        return _run(assistant, ident)

    @routes.get("/runs/{ident}/report")
    def page(ident: str) -> Response:
        found, quotes = _loaded(assistant, ident), Quotes(assistant)
        before = records.before(found, home)
        comparison = compare(before, found) if before else None
        made = html.page(html.Contents(found, quotes, records.expected(found, quotes), before, comparison))
        name = {"Content-Disposition": f'attachment; filename="accuracy-{found.id}.html"'}
        return Response(made, headers=REPORT | name)


async def _progress(followed: AsyncIterator[Standing]) -> AsyncIterator[str]:
    async for standing in followed:
        yield serialization.event("progress", asdict(standing))
    yield serialization.event("done", {})


def _run(assistant: Assistant, ident: str) -> Json:
    """A run with its plots, its failures, and what changed since the run before it."""
    found, quotes = _loaded(assistant, ident), Quotes(assistant)
    before = records.before(found, assistant.settings.home)
    expected = records.expected(found, quotes)
    failed = [result for result in found.results if result.failed]
    shown = [forms.reviewed(one, expected.get(one.question.id), quotes) for one in failed[:FAILURES]]
    return forms.told(found) | {
        "tags": {tag: forms.figures(some) for tag, some in by_tag(found.results, HEADLINE).items()},
        "failed": shown,
        "failures": len(failed),
        "plots": "".join(plots(found.results, shared(before, found) if before else ())),
        "comparison": forms.comparison(compare(before, found), quotes) if before else None,
    }


def _loaded(assistant: Assistant, ident: str) -> Run:
    return records.load_kept(ident, assistant.settings.home)


@functools.lru_cache(maxsize=4 * HISTORY)
def _line(home: Path, ident: str) -> Json | None:
    """A run in the history; a kept one never changes."""
    try:
        found = records.load_kept(ident, home)
    except AssistantError:
        return None
    failed = sum(result.failed for result in found.results)
    figures = forms.figures(summary(found.results, HEADLINE))
    told = {"run": found.id, "sets": found.sets, "questions": len(found.results), "failed": failed}
    return {**told, "figures": figures, "conditions": dict(found.conditions)}


# -- sets ----------------------------------------------------------------------------------------------------


def _shipped(quotes: Quotes) -> Json:
    """The shipped sets; they can be asked where the shipped corpus is there."""
    shipped = golden.read([bundled("eval/golden")])
    questions = [q for one in shipped for q in golden.questions(one)]
    named = {name for question in questions for name in question.documents}
    return {
        "name": "shipped",
        "questions": len(questions),
        "askable": all(map(quotes.holds, named)),
        "gone": 0,
        "files": [one.name for one in shipped],
    }


def _told(name: Name, own: Own, quotes: Quotes) -> Json:
    questions = own.questions(name)
    left_out = sum(1 for _ in gone(own.golden_set(name), quotes))
    return {"name": name, "questions": len(questions), "askable": left_out < len(questions), "gone": left_out}


def _named(names: Sequence[str], own: Own) -> list[GoldenSet]:
    known = {"shipped": bundled("eval/golden"), **own.paths()}
    for name in names:
        if name not in known:
            raise ReadError(f"There is no set {name}; known are {', '.join(known)}.")
    there = [known[name] for name in names if known[name].exists()]
    return list(golden.read(there)) if there else []


def _read(sent: Sent) -> GoldenSet:
    return golden.parse(sent.text, sent.name)


def _add_questions(routes: APIRouter, assistant: Assistant, own: Own) -> None:
    @routes.get("/questions/{name}")
    def questions(name: Name) -> list[Json]:
        quotes = Quotes(assistant)
        return [forms.question(one, quotes) for one in own.questions(name)]

    @routes.delete("/questions/{name}/{ident}")
    def remove(name: Name, ident: str) -> Json:
        own.remove(name, ident)
        return {"removed": ident}

    @routes.get("/questions/{name}/file")
    def file(name: Name) -> Response:
        quotes = Quotes(assistant)
        lines = (golden.written(forms.quoting(one, quotes)) for one in own.questions(name))
        given = {"Content-Disposition": f'attachment; filename="{name}.jsonl"'}
        return Response("".join(f"{line}\n" for line in lines), media_type="application/jsonl", headers=given)

    @routes.get("/passages")
    def passages(query: Annotated[str, Query(min_length=1, max_length=MAX_QUESTION)]) -> list[Json]:
        found = assistant.retriever.retrieve(types.Query(serialization.asked(query)), CANDIDATES)
        return [forms.passage(scored) for scored in found]

    @routes.post("/feedback")
    def bad(body: Bad) -> Json:
        right = Place(**body.passage.model_dump()) if body.passage else None
        made = feedback.question(assistant, body.conversation, (body.turn, body.question), body.reason, right)
        own.put("feedback", made)
        return forms.question(made, Quotes(assistant))


def _add_drafts(routes: APIRouter, assistant: Assistant, own: Own) -> None:
    @routes.get("/drafts")
    def drafts() -> list[Json]:
        quotes = Quotes(assistant)
        return [forms.suggestion(one, quotes) for one in own.pending(assistant)]

    @routes.post("/drafts")
    def draft(body: Wanted) -> Json:
        notes: list[str] = []
        known = own.decided() if body.again else own.known()
        found = suggest.suggest(assistant, body.documents, body.number, known, notes.append)
        own.keep(found)
        quotes = Quotes(assistant)
        return {"drafts": [forms.suggestion(one, quotes) for one in found], "notes": notes}

    @routes.post("/drafts/{ident}")
    def decide(ident: str, body: Decision) -> Json:
        if not body.accepted:
            own.reject(ident)
            return {"rejected": ident}
        made = own.accept(ident, assistant, body.question, body.facts)
        return forms.question(made, Quotes(assistant))
