"""A server asked while 4,000 passages come in, against the same one at rest: python -m eval.bench busy

The documents come over HTTP from one client, one after the other, as `assistant add FOLDER` sends them where
a server owns the store. Another client asks all the while, a question after the other.
"""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from eval.bench_corpus import DOCUMENTS, Question, documents, questions
from eval.bench_figure import Figure, share
from eval.bench_server import Server, serving
from eval.benchmarks.corpus import Item, opened

HELD = DOCUMENTS // 4
COMING = 470
"""Documents that come in: a little more than 4,000 passages."""
PASSAGES = 4_000
WARMING = 10
IDLE = 60


@dataclass
class Feeding:
    """The documents that have been added so far."""

    passages: int = 0
    faults: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def figures() -> list[Figure]:
    """Return the p95 of a question at rest and during ingestion, and the number of failures."""
    made = documents(HELD + COMING)
    asked = itertools.cycle(questions(made[:HELD], HELD // 2))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with opened("made-small", [one.item for one in made[:HELD]]) as corpus:
            kept = corpus.folder
        shutil.copytree(kept, home)
        with serving(home) as server:
            idle = [_asked(server, next(asked)) for _ in range(WARMING + IDLE)][WARMING:]
            busy, fed = _while_fed(server, asked, [one.item for one in made[HELD:]])
            health = server.http.post("/api/check", timeout=600).json()
    return _told([took for took, _ in idle], busy, fed, health["problems"])


def _told(
    idle: Sequence[float], busy: Sequence[tuple[float, str]], fed: Feeding, problems: Sequence[str]
) -> list[Figure]:
    faults = [*fed.faults, *problems, *(fault for _, fault in busy if fault)]
    for fault in faults[:5]:
        print(f"  {fault}", file=sys.stderr)
    took = [milliseconds for milliseconds, _ in busy]
    rest, meanwhile = share(idle, 0.95), share(took, 0.95)
    return [
        Figure("passages that came in", fed.passages, least=PASSAGES),
        Figure("questions meanwhile", len(busy)),
        Figure("a question at rest, p50", share(idle, 0.5), "ms"),
        Figure("a question at rest, p95", rest, "ms"),
        Figure("a question meanwhile, p50", share(took, 0.5), "ms"),
        Figure("a question meanwhile, p95", meanwhile, "ms"),
        Figure("the p95 meanwhile against that at rest", meanwhile / rest, "times", most=3),
        Figure("errors", len(faults), most=0),
    ]


def _asked(server: Server, question: Question) -> tuple[float, str]:
    """Return the milliseconds that an answer took, and the error if there was one."""
    try:
        reply, took = server.ask(question.text)
    except (httpx.HTTPError, ValueError) as fault:
        return 0.0, repr(fault)
    wrong = bool(question.source) and not reply["answered"] and not reply["related"]
    return took, f"nothing was found for {question.text!r}" if wrong else ""


def _while_fed(
    server: Server, asked: Iterator[Question], items: Sequence[Item]
) -> tuple[list[tuple[float, str]], Feeding]:
    """Return the time of each question asked until all documents are added."""
    fed = Feeding()
    feeder = threading.Thread(target=_feed, args=(str(server.http.base_url), items, fed))
    feeder.start()
    replies = []
    while not fed.ended.is_set():
        replies.append(_asked(server, next(asked)))
    feeder.join()
    return replies, fed


def _feed(address: str, items: Sequence[Item], fed: Feeding) -> None:
    try:
        with httpx.Client(base_url=address, timeout=600, trust_env=False) as http:
            for item in items:
                sent = http.post("/api/documents", params={"source": item.name}, content=item.data)
                outcome = sent.raise_for_status().json()
                fed.passages += outcome["passages"]
                if outcome["status"] != "added":
                    fed.faults.append(str(outcome))
    except (httpx.HTTPError, ValueError) as fault:
        fed.faults.append(repr(fault))
    finally:
        fed.ended.set()
