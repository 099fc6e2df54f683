"""Faults of models, mixed, over one store: each is told, the quotes stand in, and the next turn works."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from model_server import Reply, refused, serve

from assistant.answering.answers import WITHOUT
from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Answer, Source
from eval.bench_figure import Figure

EACH = 20
SECONDS = 3.0
"""The deadline of an answer."""
SLACK = 1.0
QUESTION = "What boils in three minutes?"
TEXT = b"# Kettles\n\nA kettle boils a litre of water in three minutes.\n"
BEGUN = "A kettle boils a litre of water in three minutes. [1] It is "
WHOLE = "A kettle boils a litre of water in three minutes. [1]"
WAIT = ("Retry-After", "1")
FAULTS: dict[str, Reply] = {
    "time-out before anything": Reply(fault="hang"),
    "time-out in the headers": Reply(fault="trickle headers"),
    "400": Reply(status=400),
    "401": Reply(status=401),
    "403": Reply(status=403),
    "404": Reply(status=404),
    "429": Reply(status=429),
    "429 with Retry-After": Reply(status=429, headers=[WAIT]),
    "500": Reply(status=500),
    "503": Reply(status=503),
    "cut in the middle": Reply([BEGUN], fault="cut"),
    "malformed JSON": Reply([BEGUN], fault="garbage"),
    "malformed events": Reply(fault="sse"),
    "empty": Reply(),
    "a megabyte in one piece": Reply(["a" * 1_000_000]),
    "wrong encoding": Reply(fault="encoding"),
    "without an end": Reply([f"{BEGUN} number {number} of them. " for number in range(5000)], fault="hang"),
    "slow drip": Reply([BEGUN], fault="trickle"),
    "repetition": Reply([WHOLE, " "] * 500, fault="hang"),
}
ADDRESSES = {
    "connection refused": refused(),
    "name unknown": "http://model.invalid/v1",
    "TLS wrong": refused().replace("http", "https"),
}
KEPT = {"without an end", "repetition"}
"""Faults after which what the model had finished is shown, as it is supported."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a question asked of a faulty model, and of the one after it."""

    name: str
    seconds: float
    is_told: bool
    is_whole: bool
    goes_on: bool


def figures(each: int = EACH) -> list[Figure]:
    """The counts of what must not be, and the longest time; each that falls short is printed."""
    results = run(each)
    for result in results:
        if not (result.is_told and result.is_whole and result.goes_on):
            print(f"  {result}", file=sys.stderr)
    what = f"of {len(results)} faulty replies:"
    return [
        Figure(f"{what} not told, or a half answer for a whole", sum(not r.is_told for r in results), most=0),
        Figure("turns kept otherwise than shown", sum(not r.is_whole for r in results), most=0),
        Figure("next turns that fail", sum(not r.goes_on for r in results), most=0),
        Figure("the longest answer", max(r.seconds for r in results), "s", most=SECONDS + SLACK),
    ]


def run(each: int) -> list[Result]:
    """Ask of each fault so many times, in a random order."""
    names = [*FAULTS, *ADDRESSES] * each
    random.Random(0).shuffle(names)
    now: list[Reply | str] = [WHOLE]
    with tempfile.TemporaryDirectory() as folder, serve(lambda _: now[0]) as server:
        settings = replace(config.load({}), home=Path(folder) / "home", corpus=None, model="m")
        with Assistant.open(replace(settings, base_url=server.url, model_timeout=60)) as assistant:
            list(assistant.add([Source("kettles.md", lambda: TEXT)]))
            assistant.ask(QUESTION)
            return [_result(assistant, name, server.url, now) for name in names]


def _result(assistant: Assistant, name: str, url: str, now: list[Reply | str]) -> Result:
    now[0] = FAULTS.get(name, WHOLE)
    _use(assistant, ADDRESSES.get(name, url), SECONDS)
    before = len(assistant.turns("mixed"))
    began = time.monotonic()
    answer = assistant.ask(QUESTION, "mixed")
    seconds = time.monotonic() - began
    turns = assistant.turns("mixed")
    is_kept = len(turns) == before + 1 and turns[-1].answer.text == answer.text
    now[0] = WHOLE
    _use(assistant, url, 60)
    after = assistant.ask(QUESTION)
    goes_on = after.answered and after.mode == "model" and after.notice is None
    return Result(name, seconds, _is_told(name, answer), is_kept, goes_on)


def _is_told(name: str, answer: Answer) -> bool:
    if not answer.answered or "three minutes" not in answer.text:
        return False
    if name in KEPT and answer.mode == "model":
        return all(sentence.is_whole for sentence in answer.sentences)
    return answer.mode == "extractive" and (answer.notice or "").endswith(WITHOUT)


def _use(assistant: Assistant, url: str, seconds: float) -> None:
    assistant.__dict__.pop("_model", None)
    assistant.settings = replace(assistant.settings, base_url=url, model_timeout=seconds)
