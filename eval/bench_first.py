"""The first word of a model's answer over 5,000 passages, against the model's own: python -m eval.bench first

The model is a server on this machine that writes at once. Each question is asked of the assistant, and the
prompt that it made of it is then sent to the model again: the difference is what retrieval and checking take.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from assistant.answering.model.language_model import Model
from assistant.assistant import Assistant
from eval.bench_corpus import DOCUMENTS, documents, questions
from eval.bench_figure import Figure, share
from eval.bench_server import settings
from eval.benchmarks.corpus import opened
from eval.benchmarks.player import playing

SMALL = DOCUMENTS // 4
WARMING = 10
QUESTIONS = 100


def figures() -> list[Figure]:
    """Return the milliseconds to the first word, with the assistant and without."""
    made, prompts = documents()[:SMALL], list[str]()

    def reply(prompt: str) -> str:
        prompts.append(prompt)
        return "The first sentence of the passage says so. [1] Nothing else is said. [2]"

    with tempfile.TemporaryDirectory() as folder, playing(reply) as url:
        with opened("made-small", [one.item for one in made]) as corpus:
            passages, kept = corpus.library.ledger.counts()[1], corpus.folder
        home = Path(shutil.copytree(kept, Path(folder) / "home"))
        with Assistant.open(replace(settings(home), model="played", base_url=url)) as assistant:
            model, taken = Model("played", url), list[tuple[float, float]]()
            for question in questions(made, WARMING + QUESTIONS):
                whole = _first(answer for answer in assistant.stream(question.text) if answer.sentences)
                taken.append((whole, _first(model.stream(prompts[-1]))))
    whole, alone = ([pair[at] for pair in taken[WARMING:]] for at in (0, 1))
    more = [each - own for each, own in zip(whole, alone, strict=True)]
    return [
        Figure("passages", passages, least=5_000),
        Figure("to the first word, p50", share(whole, 0.5), "ms"),
        Figure("of the model alone, p50", share(alone, 0.5), "ms"),
        Figure("more than the model's own, p50", share(more, 0.5), "ms", most=150),
        Figure("more than the model's own, p95", share(more, 0.95), "ms"),
    ]


def _first(pieces: Iterable[object]) -> float:
    """Return the milliseconds until the first piece; the others are read afterwards."""
    began = time.perf_counter()
    stream = iter(pieces)
    next(stream, None)
    took = (time.perf_counter() - began) * 1000
    for _ in stream:
        pass
    return took
